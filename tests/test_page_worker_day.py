"""/worker through a working day: the award, standby, changed terms, arrival and pay. Time moves on only."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from matcher.model import HOUR_MS
from server import sockets
from tests import builders
from tests.api import plain
from tests.browser import Service, in_browser
from tests.conftest import move_clock
from tests.workers_page import asked, card, check, closed, opened, posted, somebody

pytestmark = in_browser


async def standing_by(page: Page, place: int) -> bool:
    """Whether somebody stands by in this place; only once the page knows its place, if it has one."""
    await expect(page.locator(".standing").filter(has_text="第").or_(page.locator(".seated")).first).to_be_visible()
    return await page.get_by_text(f"你排第 {place} 候补").count() > 0


async def test_a_fair_award_shows_the_order_and_computes_the_draw_anew(service: Service) -> None:
    api = service.api
    people = [await somebody(api) for _ in range(3)]
    pages = [await opened(service, who) for who in people]
    posting = await posted(api, award="fair", headcount=1)
    for page in pages:
        await card(page, posting, "offered").get_by_role("button", name="接这个活").click()
        await expect(card(page, posting, "waiting")).to_contain_text("公布还有")
    await check(pages[0])
    await move_clock(api.store, 31_000)
    await api.store.sweep()
    for page in pages:
        await page.wait_for_selector(f"[data-posting='{posting}']:is(.seated, .standby)")
    (second,) = [page for page in pages if await standing_by(page, 2)]
    await card(second, posting, "standby").get_by_text("看清楚").click()
    await second.get_by_role("button", name="看顺序和抽签").click()
    await expect(second.locator(".order .mine")).to_contain_text("候补")
    await second.get_by_text("怎么知道抽签没作假").click()
    await expect(second.get_by_text("已在这台手机上重算")).to_be_visible()
    await check(second)
    await second.get_by_role("button", name="关上").click()
    await closed(api, posting)


async def test_from_the_offer_to_the_pay(service: Service) -> None:
    api, who = service.api, await somebody(service.api)
    page, firm = await opened(service, who), await service.api.token("employer", builders.EMPLOYER)
    posting = await posted(api, award="instant", headcount=1, starts_in_ms=90 * 60_000)
    await expect(card(page, posting, "offered")).to_be_visible()
    await page.get_by_text("看清楚").click()
    await check(page)
    await page.get_by_role("button", name="接这个活").click()
    await expect(card(page, posting, "seated")).to_contain_text("在东门")
    await check(page)
    await page.get_by_role("button", name="我会来").click()
    await page.get_by_role("link", name="我的活").click()
    await expect(card(page, posting, "confirmed")).to_be_visible()
    await check(page)

    await page.get_by_role("button", name="签到", exact=True).click()
    await page.wait_for_selector(".qr")
    await check(page)
    shown = (await page.locator(".code").inner_text()).replace(" ", "")[-6:]
    own = (await api.get(f"/v1/assignments/{posting}:{who}/pass", token=await api.worker(who))).data
    assert shown == own["code"]
    await page.get_by_text("输入现场的码").click()
    await page.get_by_label("现场的六位数字").fill(shown)
    await page.get_by_role("dialog").get_by_role("button", name="签到").click()
    await expect(page.get_by_role("alert").last).to_contain_text("签到码不对")
    assert await page.get_by_label("现场的六位数字").input_value() == shown
    place = (await api.get(f"/v1/postings/{posting}/pass", token=firm)).data["code"]
    await page.get_by_label("现场的六位数字").fill(place)
    await page.get_by_role("dialog").get_by_role("button", name="签到").click()
    await expect(card(page, posting, "checked_in")).to_be_visible()
    await check(page)

    await move_clock(api.store, 12 * HOUR_MS)
    assert (await api.post(f"/v1/assignments/{posting}:{who}/done", token=firm)).status == 200
    await expect(card(page, posting, "done")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="已收到工钱").click()
    await page.get_by_role("button", name="看最近30天的").click()
    await expect(card(page, posting, "paid")).to_be_visible()
    await check(page)
    assert (await api.store.entries(posting))[who].assignment == "paid"


async def test_a_standby_is_called_and_changed_terms_are_asked_about(service: Service) -> None:
    api, clerk = service.api, await service.api.token("clerk")
    who, other = await somebody(api), await somebody(api)
    page = await opened(service, who)
    posting = await posted(api, award="instant", headcount=1, starts_in_ms=90 * 60_000, lasts_ms=4 * HOUR_MS)
    await asked(api, other, posting)
    await builders.accept(api.store, posting, other)
    await card(page, posting, "offered").get_by_role("button", name="接这个活").click()
    await expect(card(page, posting, "standby")).to_contain_text("你排第 1 候补")
    await api.store.release(posting, other, "worker")
    await expect(card(page, posting, "called")).to_contain_text("候补轮到你了")
    await expect(page.get_by_role("status").filter(has_text="候补轮到你了")).to_have_count(1)
    await check(page)
    await page.get_by_role("button", name="我来").click()
    await expect(card(page, posting, "seated")).to_be_visible()

    doc = plain((await api.store.posting(posting)).doc)
    lower = doc | {"pay": {"fen": 18_000, "unit": "day"}}
    assert (await api.put(f"/v1/postings/{posting}", {"posting": lower}, token=clerk)).status == 200
    due = card(page, posting, "consent_due")
    await expect(due.locator("del")).to_have_text(["200元/天"])
    await expect(due.locator("ins")).to_have_text(["180元/天"])
    await check(page)
    await due.get_by_role("button", name="同意", exact=True).click()
    await expect(card(page, posting, "seated")).to_be_visible()
    await card(page, posting, "seated").get_by_role("button", name="来不了").click()
    await page.get_by_role("dialog").get_by_role("button", name="来不了,退出").click()
    await expect(card(page, posting, "released")).to_be_visible()
    await check(page)
    assert (await api.store.entries(posting))[who].consented_terms == 2
    await closed(api, posting)


async def test_an_offer_that_nobody_answered_is_said_to_be_over_without_blame(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "ALIVE_S", 24 * 3600)  # the server's clock does not run as fast
    api, who = service.api, await somebody(service.api)
    page = await opened(service, who)
    await page.clock.install()
    await page.reload()
    posting = await posted(service.api)
    await expect(card(page, posting, "offered")).to_be_visible()
    await page.clock.fast_forward("20:00:00")
    await expect(card(page, posting, "expired")).to_contain_text("不扣分")
    await check(page)
    await closed(api, posting)
