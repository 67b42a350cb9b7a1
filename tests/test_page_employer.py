"""/employer in a real Chromium: one sentence is posted and fills before one's eyes; what is wrong is said beside it."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from playwright.async_api import expect

from server.keys import BOARDS
from tests import browser, builders
from tests.browser import (
    DESK,
    LIVE_MS,
    PHONE,
    Service,
    first_view_bytes,
    in_browser,
)
from tests.employers_page import SENTENCE, Cast, accept, in_play, looks_right, of, opened

pytestmark = in_browser


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
    await expect(page.locator(".live kz-seats")).to_contain_text("2/3人", timeout=LIVE_MS)
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
