"""/desk in a real Chromium: everything that waits for a clerk, done from the keyboard."""

from __future__ import annotations

import itertools
from typing import Any

import pytest_asyncio
from msgspec import structs
from playwright.async_api import expect

from ingest.pipeline import machinery
from matcher.model import HOUR_MS
from server import staff
from server.keys import SEAL, VAULT, now_ms
from server.staff import code_at
from tests import browser, builders
from tests.api import HashEncoder, plain
from tests.browser import DESK, LIVE_MS, Service, first_view_bytes, in_browser
from tests.desk_page import looks_right, opened
from tests.intake import PROFILES, profile_line

pytestmark = in_browser
SHOWN = ".split:not([hidden]) .shown"
PASSWORD = "样本窗口的一个长长的口令"
_numbers = itertools.count(1)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _nothing_waits(service: Service) -> None:
    """What earlier tests left is over."""
    store = service.api.store
    for id_ in await store.ids("posting"):
        if (await store.posting(id_)).state not in ("closed", "withdrawn", "expired"):
            await store.withdraw(id_)
    await store.put_employer(builders.EMPLOYER, builders.employer())


async def posted(service: Service, text: str, **over: Any) -> str:
    """A posting as its employer sends it."""
    token = await service.api.token("employer", builders.EMPLOYER)
    body = {"posting": plain(builders.posting(now_ms(), text=text, **over))}
    reply = await service.api.post("/v1/postings", body, token=token)
    assert reply.status == 201, reply.data
    return str(reply.data["id"])


async def state(service: Service, posting: str) -> str:
    return (await service.api.store.posting(posting)).state


async def test_the_review_queue_from_the_keyboard(service: Service) -> None:
    page = await opened(service)
    await expect(page.locator(".split:not([hidden])")).to_contain_text("没有要审的岗位")
    await looks_right(page)
    long = await posted(service, "虚构:搬家具,一天干9小时", lasts_ms=9 * HOUR_MS)
    await expect(page.locator(".tabs .count").first).to_have_text("1")
    await expect(page.locator(f"{SHOWN} h2")).to_have_text("搬运工 2人")
    await expect(page.locator(".findings")).to_contain_text("一天工作超过8小时")
    old = await posted(service, "虚构:搬运,要45周岁以下的", age_max=45, starts_in_ms=12 * HOUR_MS)
    await expect(page.locator(".queue .item")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator("mark")).to_contain_text("45周岁以下")
    await looks_right(page)
    await page.keyboard.press("n")
    reason = page.locator("dialog textarea")
    await expect(reason).to_be_focused()
    assert "年龄" in await reason.input_value()
    await looks_right(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".queue .item")).to_have_count(1)
    assert await state(service, old) == "draft"
    await page.keyboard.press("e")
    pay = page.locator("dialog [data-field=pay] input")
    await pay.fill("260")
    await looks_right(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".banner.yes")).to_have_text("改好了")
    assert (await service.api.store.posting(long)).doc.pay.fen == 26_000
    await page.keyboard.press("y")
    await expect(page.locator(".split:not([hidden])")).to_contain_text("没有要审的岗位")
    assert await state(service, long) in ("open", "filled")


async def test_what_was_stopped_is_opened_only_with_a_reason(service: Service) -> None:
    id_ = f"j-stopped-{next(_numbers)}"
    await builders.post(service.api.store, id_, verdict="blocked", text="虚构:搬运,只要男的")
    page = await opened(service)
    await expect(page.locator(".queue .badge")).to_have_text("被拦下")
    await expect(page.locator("mark.block")).to_contain_text("只要男的")
    await page.keyboard.press("y")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("dialog .wrong")).to_contain_text("请写一句")
    await looks_right(page)
    await page.keyboard.type("虚构:剧组的角色")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".queue .item")).to_have_count(0)
    record = await service.api.store.posting(id_)
    assert (record.state, record.review_reason) == ("open", "虚构:剧组的角色")


async def test_an_employer_is_verified_and_risk_or_time_orders(service: Service) -> None:
    await service.api.store.put_employer(builders.EMPLOYER, builders.employer(verified=False))
    await posted(service, "虚构:搬运纸箱")
    await posted(service, "虚构:搬运,先转账激活账户再上岗,加微信", starts_in_ms=20 * HOUR_MS)
    page = await opened(service)
    await expect(page.locator(".queue .item")).to_have_count(2)
    await expect(page.locator(SHOWN)).to_contain_text("没核验")
    soonest = await page.locator(".queue .item").first.get_attribute("data-key")
    await page.keyboard.press("o")
    await expect(page.locator(".queue .item").first).not_to_have_attribute("data-key", soonest or "")
    await page.keyboard.press("v")
    await expect(page.locator(".banner.yes")).to_contain_text("核验过了")
    assert (await service.api.store.employer(builders.EMPLOYER)).doc.verified
    await looks_right(page)


async def test_people_are_rung_up(service: Service) -> None:
    store, number = service.api.store, next(_numbers)
    names, id_ = [f"called-{number}-{n}" for n in range(3)], f"j-call-{number}"
    for n, name in enumerate(names):
        person = service.api.app[VAULT].seal(builders.person(n, telephone=f"1990000{n:04d}"))
        profile = builders.profile(channels=["call"])
        await store.register(name, profile, person, builders.vector(), builders.MODEL)
    await builders.post(store, id_)
    page = await opened(service)
    await expect(page.locator(".tabs .count").nth(1)).to_have_text("3")
    await page.keyboard.press("2")
    calls = page.locator(".split:not([hidden])")
    await expect(calls.locator(".item")).to_have_count(3)
    await expect(calls.locator(".script")).to_contain_text("您来吗")
    await page.keyboard.press("p")
    await expect(calls.locator(".telephone")).to_have_text("19900000000")
    await looks_right(page)
    await page.keyboard.press("m")
    await expect(calls.locator(".banner")).to_contain_text("没人接")
    entries = await store.entries(id_)
    assert sum(entry.rings for entry in entries.values()) == 1
    await page.keyboard.press("a")
    await expect(calls.locator(".item")).to_have_count(2)
    await page.keyboard.press("d")
    await page.keyboard.press("Control+Enter")
    await expect(calls.locator(".item")).to_have_count(1)
    await expect(page.locator(".tabs .count").nth(1)).to_have_text("1")
    answers = sorted(entry.offer for entry in (await store.entries(id_)).values())
    assert answers == ["accepted", "declined", "open"]


async def collected(service: Service) -> None:
    """What the collector does: takes in what waits."""
    parts = machinery(service.api.store, service.api.app[VAULT], HashEncoder)

    async def empty() -> bool:
        return await parts.queue.waiting() == 0

    await parts.intake.run(empty, block_ms=1)


def row(ref: str, **over: str) -> dict[str, str]:
    return dict(zip(PROFILES.strip().split(","), profile_line(ref, **over).strip().split(","), strict=True))


async def test_rows_that_stayed_out_are_mended_and_merges_undone(service: Service) -> None:
    token = await service.api.token("integration")
    for site, rows in (("licang", [row("81", pay=""), row("82", pay=""), row("83")]), ("jimo", [row("83")])):
        await service.api.post("/v1/ingest", {"site": site, "source": "hr", "rows": rows}, token=token)
        await collected(service)
    page = await opened(service)
    await page.keyboard.press("5")
    shown = page.locator(".split:not([hidden])")
    await expect(shown.locator(".item")).to_have_count(2)
    await expect(shown.locator("kz-field", has_text="期望工资").locator(".wrong")).to_have_text("请补全:期望工资")
    await looks_right(page)
    await shown.get_by_label("期望工资(元/天)").fill("210")
    await page.keyboard.press("Escape")
    before = await service.api.store.count("profile")
    await page.keyboard.press("r")
    await expect(shown.locator(".item")).to_have_count(1)
    await collected(service)
    assert await service.api.store.count("profile") == before + 1
    await page.keyboard.press("x")
    await looks_right(page)
    await page.locator("dialog").get_by_role("button", name="不要了").click()
    await expect(shown).to_contain_text("没有留在外面的行")
    await page.keyboard.press("6")
    merges = page.locator(".split:not([hidden])")
    await expect(merges.locator(".item")).to_have_count(1)
    await expect(page.locator(".tabs .count").nth(5)).to_have_text("1")
    await looks_right(page)
    await page.keyboard.press("u")
    await expect(merges.locator(".item")).to_contain_text("已分开")


async def test_appeals_are_decided_and_complaints_answered(service: Service) -> None:
    store, worker = service.api.store, f"voice-{next(_numbers)}"
    await builders.register(store, worker)
    id_ = f"j-{worker}"
    await builders.post(store, id_, starts_in_ms=HOUR_MS, headcount=1)
    await browser.asked(store, id_, [worker])
    await builders.accept(store, id_, worker)
    await store.release(id_, worker, "worker", "")
    token = await service.api.worker(worker)
    (penalty,) = (await service.api.get(f"/v1/profiles/{worker}/penalties", token=token)).data["penalties"]
    page = await opened(service)
    body = {"penalty": penalty["id"], "reason": "虚构:车坏在路上"}
    await service.api.post(f"/v1/profiles/{worker}/penalties/appeal", body, token=token)
    await expect(page.locator(".tabs .count").nth(2)).to_have_text("1")
    await page.keyboard.press("3")
    shown = page.locator(".split:not([hidden])")
    await expect(shown.locator("blockquote")).to_have_text("虚构:车坏在路上")
    await looks_right(page)
    await page.keyboard.press("y")
    await page.keyboard.type("虚构:核实过")
    await page.keyboard.press("Control+Enter")
    await expect(shown).to_contain_text("没有等着的申诉")
    (lifted,) = (await service.api.get(f"/v1/profiles/{worker}/penalties", token=token)).data["penalties"]
    assert (lifted["state"], lifted["decision"]) == ("lifted", "虚构:核实过")
    complaint = {"category": "pay", "text": "虚构:说好的日结没给"}
    await service.api.post("/v1/complaints", complaint, token=token)
    await expect(page.locator(".tabs .count").nth(3)).to_have_text("1")
    await page.keyboard.press("4")
    told = page.locator(".split:not([hidden])")
    await expect(told.locator("blockquote")).to_have_text("虚构:说好的日结没给")
    await looks_right(page)
    await page.keyboard.press("r")
    await page.keyboard.type("虚构:联系了用工方,今天结清")
    await page.keyboard.press("Control+Enter")
    await expect(told).to_contain_text("没有等着答复的投诉")
    (answered,) = (await service.api.get("/v1/complaints", token=token)).data["complaints"]
    assert answered["answer"] == "虚构:联系了用工方,今天结清"


async def test_the_sheet_of_keys_and_switching_them_off(service: Service) -> None:
    page = await opened(service)
    await page.keyboard.press("?")
    await expect(page.locator("dialog")).to_contain_text("退回并说明")
    await looks_right(page)
    await page.get_by_role("button", name="关掉单键快捷键").click()
    await expect(page.locator("dialog")).to_have_count(0)
    await page.keyboard.press("2")
    await expect(page.locator("section:not([hidden]) h2").first).to_have_text("审核")
    await page.keyboard.press("?")
    await page.get_by_role("button", name="打开单键快捷键").click()
    await expect(page.locator("dialog")).to_have_count(0)
    await page.keyboard.press("2")
    await expect(page.locator("section:not([hidden]) h2").first).to_have_text("电话")
    for number in range(1, 10):  # and every place is accessible when nothing waits there
        await page.keyboard.press("Escape")
        await page.keyboard.press(str(number))
        await page.wait_for_function("() => !document.querySelector('section:not([hidden]) .skeleton')")
        await looks_right(page)


async def test_in_by_password_and_authenticator(service: Service) -> None:
    api = service.api
    secret = await staff.add(api.store, api.app[SEAL], "window-1", "clerk", PASSWORD)
    page = await service.page("/desk", DESK)
    await expect(page.get_by_label("账号")).to_be_focused()
    await page.keyboard.type("window-1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".wrong").filter(has_text="请写口令")).to_be_visible()
    await looks_right(page)
    await page.get_by_label("口令", exact=True).first.fill(PASSWORD)
    code = code_at(secret, await api.store.now_ms() / 1000)
    await page.get_by_label("动态码").fill("000000" if code != "000000" else "111111")
    await page.keyboard.press("Enter")
    await expect(page.locator(".wrong").filter(has_text="有一样不对")).to_be_visible()
    await page.get_by_label("动态码").fill(code)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".split:not([hidden])")
    await api.store.end_sessions("clerk:window-1")
    await expect(page.locator(".door")).to_contain_text("登录过期了")


async def test_the_line_drops_and_what_came_meanwhile_is_there(service: Service) -> None:
    page = await opened(service)
    await expect(page.locator(".split:not([hidden])")).to_contain_text("没有要审的岗位")
    await page.context.set_offline(True)
    await expect(page.locator("kz-line")).to_contain_text("网络断了")
    await looks_right(page)
    await posted(service, "虚构:搬家具,一天干9小时", lasts_ms=9 * HOUR_MS)
    await page.context.set_offline(False)
    await expect(page.locator("kz-line")).to_contain_text("网络恢复了")
    await expect(page.locator(".queue .item")).to_have_count(1)


async def test_a_clerk_lets_it_pass_and_the_employer_sees_it_within_a_second(service: Service) -> None:
    firm = structs.replace(builders.employer(), verified=False)
    await service.api.store.put_employer(builders.EMPLOYER, firm)
    token = await service.api.token("employer", builders.EMPLOYER)
    employer = await service.page("/employer", DESK, token=token)
    await employer.fill(".compose textarea", "明天6点到14点 2个搬运工 200元/天 城阳区流亭 日结")
    await expect(employer.locator(".outlook")).to_contain_text("由工作人员先看一眼")
    await employer.click(".publish")
    await expect(employer.locator(".detail .badge").first).to_have_text("待审核")
    await looks_right(employer)
    desk = await opened(service)
    await expect(desk.locator(".queue .item")).to_have_count(1)
    await expect(desk.locator(SHOWN)).to_contain_text("用工方还没核验")
    await desk.keyboard.press("n")
    await desk.keyboard.type("请写清楚几楼、有没有电梯")
    await desk.keyboard.press("Control+Enter")
    await expect(employer.locator(".detail .banner.warn")).to_have_text(
        "要改:请写清楚几楼、有没有电梯", timeout=LIVE_MS
    )
    await looks_right(employer)
    await employer.get_by_role("button", name="改一改").click()
    await employer.locator("dialog textarea").fill("虚构:搬家具,三楼有电梯")
    await employer.get_by_role("button", name="存下").click()
    await employer.get_by_role("button", name="重新提交").click()
    await expect(desk.locator(SHOWN)).to_contain_text("三楼有电梯")
    await desk.keyboard.press("y")
    await expect(employer.locator(".detail .badge").first).to_have_text("招人中", timeout=LIVE_MS)


async def test_the_first_view_of_who_is_logged_in_is_small(service: Service) -> None:
    assert await first_view_bytes(service, "/desk", token=await service.api.token("clerk")) < 100_000
