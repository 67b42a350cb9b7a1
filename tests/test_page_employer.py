"""/employer in a real Chromium: one sentence is posted and fills before one's eyes; what is wrong is said beside it."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from matcher.model import HOUR_MS
from server.keys import BOARDS, VAULT
from server.simulated_gateway import SimulatedGateway, Weather
from tests import browser, builders
from tests.api import Api
from tests.browser import (
    DESK,
    PHONE,
    Service,
    check_accessible,
    check_contrast,
    check_sizes,
    first_view_bytes,
    in_browser,
)

pytestmark = in_browser
SENTENCE = "明天6点 3个搬运工 200元/天 城阳区流亭 日结"
_firms, _people = itertools.count(1), itertools.count(1)


@dataclass
class Cast:
    """A firm and porters of one test's own."""

    firm: str
    workers: list[str]
    telephones: dict[str, str]


@pytest_asyncio.fixture(loop_scope="session")
async def cast(service: Service) -> Cast:
    """An invented firm, and porters whom everything fits, with who they are; what earlier tests posted is over."""
    store, vault = service.api.store, service.api.app[VAULT]
    for posting in await store.ids("posting"):
        if (await store.posting(posting)).state not in ("closed", "withdrawn", "expired"):
            await store.withdraw(posting)
    made = Cast(f"firm-of-test-{next(_firms)}", [], {})
    await store.put_employer(made.firm, builders.employer())
    for n in itertools.islice(_people, 9):
        id_ = f"worker-{n:03d}"
        made.workers.append(id_)
        made.telephones[id_] = f"199{n:08d}"
        person = vault.seal(builders.person(n, telephone=made.telephones[id_]))
        await store.register(id_, builders.profile(), person, builders.vector(), builders.MODEL)
    return made


async def opened(service: Service, cast: Cast, viewport: dict[str, int] = DESK) -> Page:
    token = await service.api.token("employer", cast.firm)
    page = await service.page("/employer", viewport, token=token)
    await page.wait_for_selector(".compose textarea")
    return page


async def looks_right(page: Page) -> None:
    await check_accessible(page)
    await check_contrast(page)
    await check_sizes(page, target=24, text=14)


def of(page: Page, name: str) -> Any:
    return page.locator(f"[data-field={name}]").first


async def accept(api: Api, posting: str, count: int) -> list[str]:
    """So many of those who were asked say yes, over the API, each for themselves."""
    asked: list[str] = []
    async with asyncio.timeout(20):
        while len(asked) < count:
            entries = await api.store.entries(posting)
            asked = sorted(p for p, e in entries.items() if e.offer == "open")
            await asyncio.sleep(0.05)
    for profile in asked[:count]:
        reply = await api.post(f"/v1/offers/{posting}:{profile}:1/accept", token=await api.worker(profile))
        assert reply.status == 200, reply.data
    return asked[:count]


async def in_play(service: Service, cast: Cast, id_: str, seated: int, **over: Any) -> list[str]:
    """A posting with so many seated, made by the store alone: nobody else is asked."""
    people = cast.workers[:seated]
    await builders.post(service.api.store, id_, employer=cast.firm, **over)
    await browser.asked(service.api.store, id_, people)
    await builders.accept(service.api.store, id_, *people)
    return people


async def test_one_sentence_is_posted_and_fills_before_ones_eyes(service: Service, cast: Cast) -> None:
    began = time.monotonic()
    page = await opened(service, cast)
    await expect(page.locator(".empty")).to_contain_text("还没有岗位")
    await looks_right(page)
    await expect(page.locator(".compose textarea")).to_be_focused()
    await page.keyboard.type(SENTENCE)
    await expect(of(page, "headcount").locator("input")).to_have_value("3")
    await expect(of(page, "headcount").locator(".source")).to_have_text("来自“3个”")
    await expect(of(page, "trade").locator("input")).to_have_value("搬运工")
    await expect(of(page, "pay").locator(".source")).to_have_text("来自“200元/天”")
    await expect(of(page, "end").locator(".source")).to_have_text("请补全:几点收工")
    await looks_right(page)
    await page.click(".publish")
    await expect(of(page, "end").locator("input")).to_be_focused()
    await page.keyboard.type("14点")
    await page.keyboard.press("Tab")
    await expect(page.locator(".compose textarea")).to_have_value(re.compile(r"06:00-14:00 3个搬运工"))
    await expect(page.locator(".outlook")).to_contain_text(re.compile(r"现在有\d+人合适"))
    await looks_right(page)
    await page.locator("summary").click()
    await of(page, "award").locator("select").select_option("instant")
    await page.click(".publish")
    await expect(page.locator(".detail h2")).to_have_text("搬运工 3人")
    assert time.monotonic() - began < 60
    posting = await page.locator(".live li").first.get_attribute("data-posting")
    assert posting
    seated = await accept(service.api, posting, 2)
    await expect(page.locator(".live kz-seats")).to_contain_text("2/3人", timeout=1_000)
    await expect(page.locator(".live kz-seats i.taken")).to_have_count(2)
    await expect(page.locator(".detail .fill")).to_contain_text(re.compile(r"已通知 \d+ 人 · 第 1 批"))
    await expect(page.locator(".detail .person")).to_have_count(2)
    await looks_right(page)
    await accept(service.api, posting, 2)
    await expect(page.locator(".live .badge")).to_have_text("已招满")
    await expect(page.locator(".detail .fill")).to_contain_text("候补 1")
    await service.api.store.confirm(posting, seated[0])
    confirmed = page.locator(f"[data-profile={seated[0]}]")
    await expect(confirmed.locator(".badge")).to_have_text("会来")
    await confirmed.get_by_role("button", name="电话").click()
    await expect(confirmed).to_contain_text(cast.telephones[seated[0]])
    masked = page.locator(f"[data-profile={seated[1]}]")
    await masked.get_by_role("button", name="电话").click()
    await expect(masked.locator(".reach")).to_contain_text("****")
    await looks_right(page)


async def test_what_breaks_a_rule_is_marked_and_mended(service: Service, cast: Cast) -> None:
    page = await opened(service, cast)
    await page.fill(".compose textarea", f"{SENTENCE.replace('6点', '6点到14点')} 只要男的,先交押金100")
    await expect(page.locator("mark.block")).to_have_count(2)
    await expect(page.locator("mark.block").first).to_contain_text("只要男的")
    await expect(page.locator(".findings li.block")).to_have_count(2)
    await expect(page.locator(".findings")).to_contain_text("怎么改:请删除“只要男的”")
    await looks_right(page)
    await expect(page.locator(".publish")).to_have_text("先改好 2 处,再发布")
    await page.click(".publish")
    await expect(page.locator(".compose .banner.stop")).to_contain_text("岗位不符合规定")
    assert "押金100" in await page.locator(".compose textarea").input_value()
    await page.fill(".compose textarea", SENTENCE.replace("6点", "6点到14点"))
    await expect(page.locator(".findings")).to_have_count(0)
    await expect(page.locator(".publish")).to_have_text("马上发布")


async def test_what_was_corrected_stays_and_the_sentence_says_it(service: Service, cast: Cast) -> None:
    page = await opened(service, cast)
    box, pay = page.locator(".compose textarea"), of(page, "pay")
    await box.fill(SENTENCE)
    await expect(pay.locator("input")).to_have_value("200")
    await pay.locator("input").fill("220")
    await pay.locator("input").blur()
    await expect(box).to_have_value(re.compile("220元/天"))
    await expect(pay.locator(".source")).to_contain_text("你改的")
    await of(page, "trade").locator("input").fill("打扫卫生的")
    await of(page, "trade").locator("input").blur()
    await expect(of(page, "trade").locator("input")).not_to_have_value("打扫卫生的")
    await of(page, "place").locator("input").fill("没有的地方")
    await of(page, "place").locator("input").blur()
    await expect(of(page, "place").locator(".wrong")).to_contain_text("没找到这个地点")
    await looks_right(page)
    await box.fill(SENTENCE.replace("200元/天", "240元/天"))
    await expect(pay.locator("input")).to_have_value("240")
    await of(page, "headcount").locator("input").fill("900")
    await of(page, "headcount").locator("input").blur()
    await expect(of(page, "headcount").locator(".wrong")).to_have_text("请核对这一项")
    await of(page, "headcount").get_by_role("button", name="还原").click()
    await expect(of(page, "headcount").locator("input")).to_have_value("3")


async def test_several_days_are_a_series(service: Service, cast: Cast) -> None:
    page = await opened(service, cast)
    await page.fill(".compose textarea", SENTENCE.replace("6点", "6点到14点"))
    await expect(of(page, "days").locator("select")).to_have_count(1)
    await page.wait_for_selector(".outlook b")
    await of(page, "days").get_by_role("button", name="再加一天").click()
    await expect(of(page, "days").locator("select")).to_have_count(2)
    await expect(page.locator(".series")).to_contain_text("全程")
    await looks_right(page)
    await page.get_by_label("可选").check()
    await page.click(".publish")
    await expect(page.locator(".live li")).to_have_count(2)
    views = [(await service.api.store.posting(i)).doc for i in await service.api.store.ids("posting")]
    assert len({doc.series for doc in views if doc.series}) == 1
    await page.get_by_role("button", name="撤回岗位").click()
    await looks_right(page)
    await page.get_by_role("button", name="整个系列都撤回").click()
    await expect(page.locator(".live .badge")).to_have_text(["已撤回", "已撤回"])


async def test_a_change_asks_those_who_are_seated_again(service: Service, cast: Cast) -> None:
    seated = await in_play(service, cast, "j-change", 2)
    page = await opened(service, cast)
    await page.locator("[data-posting=j-change] button").click()
    await expect(page.locator(".detail .person")).to_have_count(2)
    await page.get_by_role("button", name="改一改").click()
    dialog = page.locator("dialog")
    pay = dialog.locator("[data-field=pay] input")
    await expect(pay).to_have_value("200")
    await pay.fill("190")
    await pay.blur()
    await expect(dialog).to_contain_text("录用的 2 个人要重新同意")
    await looks_right(page)
    await dialog.get_by_role("button", name="存下").click()
    await expect(page.locator(".person .badge").first).to_contain_text(re.compile(r"等他重新同意,到 \d+:\d\d"))
    await looks_right(page)
    await service.api.store.reconsent("j-change", seated[0], 2, True)
    await service.api.store.reconsent("j-change", seated[1], 2, True)
    await expect(page.locator(".person .badge").first).not_to_contain_text("重新同意")
    await page.get_by_role("button", name="改一改").click()
    await dialog.locator("[data-field=headcount] input").fill("1")
    await dialog.get_by_role("button", name="存下").click()
    await page.get_by_role("checkbox").last.check()
    await looks_right(page)
    await page.get_by_role("button", name="就不要他们了").click()
    await expect(page.locator(".detail")).to_contain_text("退出和没来 1")
    await expect(page.locator(".live kz-seats")).to_contain_text("1/1人")


async def test_arrival_no_show_and_done(service: Service, cast: Cast) -> None:
    seated = await in_play(service, cast, "j-day", 3, headcount=3, starts_in_ms=2_500, lasts_ms=HOUR_MS)
    own = await service.api.get(f"/v1/assignments/j-day:{seated[0]}/pass", token=await service.api.worker(seated[0]))
    page = await opened(service, cast)
    await page.locator("[data-posting=j-day] button").click()
    code = page.locator(".check-in input")
    await code.fill("12")
    await code.press("Enter")
    await expect(page.locator(".check-in .wrong")).to_contain_text("六位数字")
    await looks_right(page)
    await code.fill(own.data["code"])
    await code.press("Enter")
    first, second, third = (page.locator(f"[data-profile={profile}]") for profile in seated)
    await expect(first.locator(".badge")).to_have_text("到了")
    await page.get_by_role("button", name="现场的码").click()
    await expect(page.locator("dialog .digits")).to_have_text(re.compile(r"^\d{6}$"))
    await looks_right(page)
    await page.keyboard.press("Escape")
    await second.get_by_role("button", name="签到").click()
    await expect(second.locator(".badge")).to_have_text("到了")
    await asyncio.sleep(2.5)  # the shift begins: before that nobody is missing
    await page.locator("[data-posting=j-day] button").click()
    await third.get_by_role("button", name="没来").click()
    await looks_right(page)
    await page.locator("dialog").get_by_role("button", name="没来").click()
    await expect(page.locator(".detail")).to_contain_text("退出和没来 1")
    await first.get_by_role("button", name="干完了").click()
    await expect(first.locator(".badge")).to_contain_text("等他确认收到工钱")
    await service.api.store.paid("j-day", seated[0])
    await expect(first.locator(".badge")).to_have_text("工钱已收到")
    await first.get_by_role("button", name="收藏").click()
    await expect(page.locator(".detail .banner.yes")).to_contain_text("收藏了")
    await first.get_by_role("button", name="以后不要").click()
    await page.locator("dialog").get_by_role("button", name="算了").click()
    await looks_right(page)
    await page.get_by_role("button", name="再招一次").click()
    await expect(page.locator(".compose textarea")).to_have_value("虚构:搬运纸箱,日结")
    await expect(page.locator(".compose .banner.yes")).to_contain_text("先叫1个")


async def test_a_fair_award_counts_down(service: Service, cast: Cast) -> None:
    await builders.post(service.api.store, "j-fair", award="fair", employer=cast.firm)
    await browser.asked(service.api.store, "j-fair", cast.workers[:2])
    await builders.accept(service.api.store, "j-fair", cast.workers[0])
    page = await opened(service, cast)
    item = page.locator("[data-posting=j-fair]")
    await expect(item).to_contain_text("1 人报了名")
    await expect(item.locator("kz-countdown")).to_contain_text(re.compile(r"公布结果还有0:[0-3]\d"))
    await looks_right(page)


async def test_people_who_worked_here_are_chosen_marked_and_refused(service: Service, cast: Cast) -> None:
    await in_play(service, cast, "j-past", 1, headcount=1, starts_in_ms=HOUR_MS)
    await service.api.store.check_in("j-past", cast.workers[0])
    page = await opened(service, cast)
    await service.api.store.favour(cast.firm, cast.workers[1], True)
    await page.get_by_role("button", name="干过活的人").click()
    row = page.locator(f"tr[data-profile={cast.workers[1]}]")
    await expect(row).to_contain_text("已收藏")
    await looks_right(page)
    await row.get_by_role("checkbox").check()
    await row.get_by_role("button", name="以后不要").click()
    await expect(row.get_by_role("checkbox")).to_be_disabled()
    await row.get_by_role("button", name="恢复").click()
    await row.get_by_role("checkbox").check()
    await page.get_by_role("button", name="再叫他们(1人)").click()
    await expect(page.locator(".compose .banner.yes")).to_contain_text("先叫1个")
    await row.get_by_role("button", name="收藏").wait_for(state="hidden")


async def test_a_late_withdrawal_leaves_points_and_is_appealed(service: Service, cast: Cast) -> None:
    await in_play(service, cast, "j-late", 1, headcount=1, starts_in_ms=HOUR_MS)
    page = await opened(service, cast)
    await page.locator("[data-posting=j-late] button").click()
    await page.get_by_role("button", name="撤回岗位").click()
    await expect(page.locator("dialog")).to_contain_text("临近开工撤回会记分")
    await page.get_by_role("button", name="撤回这一天").click()
    await expect(page.locator("[data-posting=j-late] .badge")).to_have_text("已撤回")
    await page.get_by_role("button", name="记分和申诉").click()
    penalty = page.locator("li", has_text="临近开工撤回岗位").first
    await penalty.get_by_role("button", name="申诉").click()
    await page.get_by_role("button", name="递上去").click()
    await expect(page.locator(".wrong").filter(has_text="写一句")).to_be_visible()
    await looks_right(page)
    await page.get_by_label("怎么回事").fill("虚构:停电了,没法开工")
    await page.get_by_role("button", name="递上去").click()
    await expect(penalty).to_contain_text("申诉中")
    await looks_right(page)


async def test_the_line_drops_and_comes_back(service: Service, cast: Cast) -> None:
    await in_play(service, cast, "j-line", 1)
    page = await opened(service, cast)
    await page.fill(".compose textarea", SENTENCE)
    await page.wait_for_selector("[data-posting=j-line]")
    await page.context.set_offline(True)
    service.api.app[BOARDS].end_all()  # the sockets that were open do not notice by themselves
    await expect(page.locator("kz-line")).to_contain_text("网络断了,填的内容还在")
    await looks_right(page)
    await browser.asked(service.api.store, "j-line", cast.workers[5:6])
    await builders.accept(service.api.store, "j-line", cast.workers[5])
    await page.context.set_offline(False)
    await expect(page.locator("kz-line")).to_contain_text("网络恢复了")
    await expect(page.locator("[data-posting=j-line] kz-seats")).to_contain_text("2/2人")
    await expect(page.locator(".compose textarea")).to_have_value(SENTENCE)
    await expect(page.locator("[data-field=trade] input").first).to_have_value("搬运工")


async def test_a_session_that_ends_keeps_the_sentence(service: Service, cast: Cast) -> None:
    page = await opened(service, cast)
    await page.fill(".compose textarea", SENTENCE)
    await service.api.store.end_sessions(f"employer:{cast.firm}")
    await expect(page.locator(".door")).to_contain_text("写好的那句话还在")
    await looks_right(page)
    token = await service.api.token("employer", cast.firm)
    await page.context.add_cookies([{"name": "kuaizhao", "value": token, "url": service.url}])
    await page.reload()
    await expect(page.locator(".compose textarea")).to_have_value(SENTENCE)


async def test_while_it_loads_there_is_a_skeleton_and_a_failure_says_so(service: Service, cast: Cast) -> None:
    token, held = await service.api.token("employer", cast.firm), asyncio.Event()
    page = await service.page("/healthz", DESK, token=token)

    async def late(route: Any) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/v1/employers/*", late)
    await page.goto(f"{service.url}/employer")
    await expect(page.locator(".skeleton")).to_be_visible()
    await looks_right(page)
    held.set()
    await page.wait_for_selector(".compose")
    await page.route("**/v1/employers/*/people", lambda route: route.fulfill(status=500, body="{}"))
    await page.get_by_role("button", name="干过活的人").click()
    await expect(page.get_by_role("button", name="再试一次")).to_be_visible()
    await looks_right(page)


async def test_on_a_phone_nothing_is_cut_off(service: Service, cast: Cast) -> None:
    await in_play(service, cast, "j-phone", 2)
    page = await opened(service, cast, PHONE)
    await page.fill(".compose textarea", SENTENCE)
    await expect(of(page, "headcount").locator("input")).to_have_value("3")
    await looks_right(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator("[data-posting=j-phone] button").click()
    await page.wait_for_selector(".person")
    await looks_right(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_first_view_of_who_is_logged_in_is_small(service: Service, cast: Cast) -> None:
    token = await service.api.token("employer", cast.firm)
    assert await first_view_bytes(service, "/employer", token=token) < 100_000


@pytest_asyncio.fixture(loop_scope="session")
async def texted(chromium: Browser, valkey_url: str, tmp_path: Path) -> AsyncIterator[tuple[Service, SimulatedGateway]]:
    """A service whose messages go through a simulated gateway."""
    gateway = SimulatedGateway(Weather(longest_delay_s=0.0), seed=7)
    server = TestServer(gateway.app(), host="127.0.0.1")
    await server.start_server()
    try:
        address = str(server.make_url("/messages"))
        async with browser.serving(chromium, valkey_url, tmp_path, gateway_url=address) as service:
            yield service, gateway
            await service.close_pages()
    finally:
        await server.close()


async def test_in_by_telephone_and_code(texted: tuple[Service, SimulatedGateway]) -> None:
    service, gateway = texted
    telephone, clerk = builders.person(7).telephone, await service.api.token("clerk")
    body = {"telephone": telephone}
    assert (await service.api.post(f"/v1/employers/{builders.EMPLOYER}/logins", body, token=clerk)).status == 200
    page = await service.page("/employer", DESK)
    await page.get_by_label("手机号").fill("123")
    await page.get_by_role("button", name="发验证码").click()
    await expect(page.locator(".wrong").first).to_contain_text("11位数字")
    await looks_right(page)
    await page.get_by_label("手机号").fill(telephone)
    await page.get_by_role("button", name="发验证码").click()
    async with asyncio.timeout(20):
        while not gateway.of(telephone):  # noqa: ASYNC110 - a telephone can only be looked at
            await asyncio.sleep(0.01)
    (code,) = re.findall(r"\d{6}", gateway.of(telephone)[0])
    wrong = "000000" if code != "000000" else "111111"
    await page.get_by_label("验证码").fill(wrong)
    await page.keyboard.press("Enter")
    await expect(page.locator(".wrong").filter(has_text="不对")).to_be_visible()
    await page.get_by_label("验证码").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.locator(".bar")).to_contain_text(builders.employer().name)
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_label("手机号")).to_be_visible()


async def test_in_by_a_token_of_the_right_role(service: Service, cast: Cast) -> None:
    page = await service.page("/employer", DESK)
    await page.locator("summary").click()
    tokens = [await service.api.token(role, cast.firm) for role in ("clerk", "employer")]
    for token, said in (("nothing", "口令不对"), (tokens[0], "不是给这一页的")):
        await page.get_by_label("口令", exact=True).fill(token)
        await page.get_by_role("button", name="进入").click()
        await expect(page.locator(".wrong").filter(has_text=said)).to_be_visible()
        await looks_right(page)
    await page.get_by_label("口令", exact=True).fill(tokens[1])
    await page.get_by_label("口令", exact=True).press("Enter")
    await expect(page.locator(".bar")).to_contain_text(builders.employer().name)
    await page.reload()
    await expect(page.locator(".bar")).to_contain_text(builders.employer().name)
