"""/worker, 我: what somebody may see, change, object to, copy and delete of their own."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import Page, expect

from matcher.model import HOUR_MS
from matcher.trades import trade_name
from tests import builders
from tests.browser import Service, in_browser
from tests.workers_page import check, opened, posted, somebody

REAL_MODEL = True
pytestmark = in_browser


async def part(service: Service, who: str, name: str) -> Page:
    page = await opened(service, who, f"me/{name}")
    await page.wait_for_function("() => document.querySelector('main .stack h1')")
    return page


async def test_the_registration_is_changed_in_ones_own_words(service: Service) -> None:
    api, who = service.api, await somebody(service.api)
    page = await part(service, who, "profile")
    await check(page)
    await page.get_by_label("我会干的").fill("后厨帮忙会切菜,会开叉车")
    await page.get_by_role("button", name="叉车").first.click()
    await page.get_by_role("button", name="6公里").click()
    await page.get_by_role("button", name="上午").click()
    await page.get_by_label("加一样不做的").select_option(label="高处作业")
    await page.get_by_label("最少要多少钱").fill("很多")
    await page.get_by_role("button", name="存下来").click()
    await expect(page.get_by_role("alert").filter(has_text="请填数字")).to_be_visible()
    await check(page)
    await page.get_by_label("最少要多少钱").fill("26.5")
    await page.get_by_role("button", name="存下来").click()
    await expect(page.get_by_text("记下了")).to_be_visible()
    doc = (await api.store.profile(who)).doc
    assert (doc.radius_m, doc.pay.fen, doc.hours[0].start) == (6_000, 2_650, "05:00")
    assert {"porter"} < set(doc.trades)
    assert "heights" in doc.refused
    assert doc.skills == "后厨帮忙会切菜,会开叉车"
    wrong = doc.recognised[0]
    page = await part(service, who, "profile")
    await expect(page.get_by_text("从你的话里还听出")).to_contain_text(trade_name(wrong))
    await page.get_by_label("加一样不做的").select_option(label=trade_name(wrong))
    await check(page)
    await page.get_by_role("button", name="存下来").click()
    await expect(page.get_by_text("记下了")).to_be_visible()
    doc = (await api.store.profile(who)).doc
    assert wrong in doc.refused
    assert wrong not in doc.recognised


async def test_a_complaint_is_sent_and_its_answer_read(service: Service) -> None:
    api, who = service.api, await somebody(service.api)
    page = await part(service, who, "complain")
    await page.get_by_role("button", name="交给工作人员").click()
    await expect(page.get_by_role("alert").first).to_contain_text("请选是哪方面的事")
    await page.get_by_role("button", name="工钱没给、少给").click()
    await page.get_by_role("button", name="交给工作人员").click()
    await expect(page.get_by_role("alert").last).to_contain_text("请写几句")
    await check(page)
    await page.get_by_label("发生了什么?").fill("虚构:少给了50元")
    await page.get_by_role("button", name="交给工作人员").click()
    await expect(page.get_by_text("工作人员在处理")).to_be_visible()
    (waiting,) = await api.store.complaints(who)
    await api.post(f"/v1/complaints/{waiting.id}/answer", {"answer": "已补发"}, token=await api.token("clerk"))
    await page.evaluate("location.hash = 'me/messages'")
    await expect(page.get_by_text("你的投诉有答复了")).to_be_visible()
    await check(page)
    await page.evaluate("location.hash = 'me/complain'")
    await expect(page.get_by_text("已补发")).to_be_visible()
    await check(page)


async def test_a_crew_forms_by_everybodys_own_yes(service: Service) -> None:
    api = service.api
    leader, mate = await somebody(api), await somebody(api)
    page, other = await part(service, leader, "crew"), await part(service, mate, "crew")
    await page.get_by_role("button", name="我来当组长").click()
    await page.get_by_label("邀一个人").fill("nobody-here")
    await page.get_by_role("button", name="邀他").click()
    await expect(page.get_by_role("alert").filter(has_text="没有这个代号")).to_be_visible()
    await check(page)
    code = await other.locator(".small-code").inner_text()
    await page.get_by_label("邀一个人").fill(code)
    await page.get_by_role("button", name="邀他").click()
    await expect(page.get_by_text("等他点头")).to_be_visible()
    await other.reload()
    await other.get_by_role("button", name="加入", exact=True).click()
    await expect(other.get_by_role("button", name="退出班组")).to_be_visible()
    await check(other)
    (crew,) = await api.store.crews_of(leader)
    assert crew.consented == sorted([leader, mate])
    await other.get_by_role("button", name="退出班组").click()
    await check(other)
    await other.get_by_role("dialog").get_by_role("button", name="退出", exact=True).click()
    await expect(other.get_by_text("你还没有班组")).to_be_visible()


async def test_an_employer_is_blocked_and_a_penalty_appealed(service: Service) -> None:
    api, who = service.api, await somebody(service.api)
    posting = await posted(api, award="instant", headcount=1, starts_in_ms=3 * HOUR_MS)
    page = await opened(service, who)
    await page.get_by_role("button", name="接这个活").click()
    await page.get_by_role("button", name="来不了").click()
    await page.get_by_role("dialog").get_by_role("button", name="来不了,退出").click()
    await page.wait_for_selector(f"[data-posting='{posting}'].released")
    await page.evaluate("location.hash = 'me/record'")
    await page.get_by_text("申诉", exact=True).click()
    await check(page)
    await page.get_by_role("button", name="交给工作人员复核").click()
    await expect(page.get_by_role("alert").filter(has_text="请写一两句")).to_be_visible()
    await page.get_by_label("不同意?说说当时的情况").fill("虚构:老人住院")
    await page.get_by_role("button", name="交给工作人员复核").click()
    await expect(page.get_by_text("申诉中")).to_be_visible()
    assert [p.state for p in (await api.store.penalties("profile", who)).values()] == ["appealed"]
    await api.store.favour(builders.EMPLOYER, who, True, "worker")
    await page.evaluate("location.hash = 'me/employers'")
    await expect(page.get_by_role("button", name="★ 已收藏")).to_be_visible()
    await check(page)
    await api.store.block(builders.EMPLOYER, who, "worker", True, "少给")
    await page.get_by_role("button", name="★ 已收藏").click()
    await expect(page.get_by_text("已不再派给你")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="改回来").click()
    await expect(page.get_by_text("还没有干过活的用工方")).to_be_visible()


async def test_ones_data_is_shown_copied_and_deleted(service: Service, tmp_path: Path) -> None:
    api, who = service.api, await somebody(service.api)
    page = await part(service, who, "data")
    await expect(page.get_by_text("虚构人")).to_be_visible()
    await check(page)
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="存一份到手机").click()
    saved = tmp_path / "copy.json"
    await (await saving.value).save_as(saved)
    copy = json.loads(saved.read_text("utf-8"))
    assert copy["profile"]["id"] == who
    await page.get_by_role("button", name="撤回同意").click()
    await page.get_by_role("dialog").get_by_role("button", name="撤回同意").click()
    await expect(page.get_by_text("同意已撤回")).to_be_visible()
    await check(page)
    await page.evaluate("location.hash = 'find'")
    await expect(page.get_by_role("link", name="去看")).to_be_visible()
    await check(page)
    await page.get_by_role("link", name="去看").click()
    await page.get_by_role("button", name="同意", exact=True).click()
    await expect(page.get_by_role("button", name="撤回同意")).to_be_visible()
    await page.get_by_role("button", name="删除全部").click()
    await check(page)
    await page.get_by_role("button", name="马上删除").click()
    await expect(page.get_by_text("数据已经全部删除")).to_be_visible()
    await check(page)
    assert who not in await api.store.ids("profile")


async def test_everything_works_from_the_keyboard(service: Service) -> None:
    page = await opened(service, await somebody(service.api))
    posting = await posted(service.api, award="instant")
    await page.wait_for_selector(f"[data-posting='{posting}'].offered")

    async def tab_to(words: str) -> None:
        for _ in range(40):
            await page.keyboard.press("Tab")
            if words in await page.evaluate(
                "() => document.activeElement.ariaLabel || document.activeElement.innerText"
            ):
                return
        raise AssertionError(f"{words} is not reached")

    await tab_to("今天能干")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    assert await page.evaluate("() => document.activeElement.role") == "switch"
    await tab_to("接这个活")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"[data-posting='{posting}'].seated")
    assert await page.evaluate("() => document.activeElement !== document.body")
    await tab_to("我的活")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".calendar")
    assert await page.evaluate("() => document.activeElement.tagName") == "H1"


async def test_larger_and_clearer_is_remembered_on_the_phone(service: Service) -> None:
    page = await opened(service, await somebody(service.api), "me")
    await page.get_by_role("button", name="大字").click()
    await page.get_by_role("button", name="高对比").click()
    await check(page)
    await page.reload()
    await page.wait_for_selector("nav.tabs")
    assert await page.evaluate("() => document.body.className") == "worker large-type high-contrast"
    assert await page.evaluate("() => ({...localStorage})") == {"large-type": "true", "high-contrast": "true"}
