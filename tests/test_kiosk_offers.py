"""The kiosk, in Chromium: offers, the last seat, standby, wishes, crews, and the slip that is printed."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import expect

from matcher.model import HOUR_MS
from server.keys import VAULT
from tests import builders
from tests.browser import LIVE_MS, in_browser
from tests.kiosk_page import Hall, checked, press, printed, until_waved

pytestmark = in_browser


async def test_an_offer_is_there_within_a_second_and_ends_in_a_slip_without_an_id_number(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await hall.post("slip-1", headcount=1, meeting_point="虚构东门")
    card = page.locator("[data-posting=slip-1]")
    await expect(card.get_by_role("button", name="接这个活")).to_be_visible(timeout=LIVE_MS)
    await expect(card.get_by_text("为什么给你:")).to_be_visible()
    await expect(page.locator(".skeleton")).to_have_count(0)
    await checked(page)
    await card.get_by_role("button", name="接这个活").click()
    await expect(card.get_by_text("录用了!")).to_be_visible()
    await checked(page)
    await card.get_by_role("button", name="我一定来").click()
    await expect(card.get_by_role("button", name="我一定来")).to_have_count(0)
    assert (await hall.store.entries("slip-1"))[id_].assignment == "confirmed"
    await page.evaluate("window.print = () => {}")
    await card.get_by_role("button", name="打印小票").click()
    await page.wait_for_selector("#slip", state="attached")
    text = await printed(page)
    for words in ("搬运工", "岗位号", "slip-1", "虚构路1号", "虚构东门", "200元/天", "签到码", "12333", "12345"):
        assert words in text
    assert not re.search(r"\d{17}[\dX]|1\d{10}", text)
    assert await page.locator("#slip svg.qr path").get_attribute("d")
    pdf = await page.pdf(prefer_css_page_size=True)
    width, height = (float(n) / 72 * 25.4 for n in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)[0])
    assert (round(width), pdf.count(b"/Type /Page\n")) == (80, 1), height


async def test_two_take_the_last_seat_one_is_seated_the_other_is_told_kindly_and_stands_by(hall: Hall) -> None:
    slips = [(await hall.person())[1] for _ in range(2)]
    pages = [await hall.kiosk() for _ in slips]
    for page, slip in zip(pages, slips, strict=True):
        await hall.come_in(page, slip)
    await hall.post("last-1", headcount=1)
    cards = [page.locator("[data-posting=last-1]") for page in pages]
    for card in cards:
        await expect(card.get_by_role("button", name="接这个活")).to_be_visible()
    await asyncio.gather(*(card.get_by_role("button", name="接这个活").click() for card in cards))
    for card in cards:
        await expect(card.get_by_text(re.compile("录用了!|这次没轮到你"))).to_be_visible()
    told = [await card.get_by_role("status").all_inner_texts() for card in cards]
    assert sum("录用了!" in "".join(t) for t in told) == 1
    other = pages[["没轮到你" in "".join(t) for t in told].index(True)]
    await expect(other.get_by_text("你在候补里")).to_be_visible()
    await checked(other)
    await other.locator("[data-posting=last-1]").get_by_role("button", name="为什么").click()
    await expect(other.get_by_role("dialog")).to_contain_text("问过你")
    await checked(other)


async def test_a_fair_window_counts_down_and_a_no_is_free(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await hall.post("fair-1", award="fair", headcount=1)
    await hall.post("no-1", trade="porter", headcount=1, starts_in_ms=60 * HOUR_MS)
    await page.locator("[data-posting=no-1]").get_by_role("button", name="不去", exact=True).click()
    await expect(page.locator("[data-posting=no-1]").get_by_role("button", name="接这个活")).to_be_visible()
    assert (await hall.store.entries("no-1"))[id_].offer == "declined"
    card = page.locator("[data-posting=fair-1]")
    await card.get_by_role("button", name="接这个活").click()
    await expect(card.get_by_text("报名了。")).to_be_visible()
    await expect(card.locator("kz-countdown")).to_contain_text(re.compile(r"0:[0-3]\d"))
    await checked(page)
    await card.get_by_role("button", name="不等了").click()
    await expect(card.get_by_role("button", name="不等了")).to_have_count(0)


async def test_a_posting_that_was_not_offered_can_be_taken_and_what_is_almost_right_says_what_is_missing(
    hall: Hall,
) -> None:
    await hall.post("wish-1", headcount=1)
    await until_waved(hall, "wish-1")
    await hall.post("wish-2", headcount=1, certificates=["forklift"])
    _, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    missing = page.locator("[data-posting=wish-2]")
    await expect(missing.get_by_text("差一个叉车证")).to_be_visible()
    card = page.locator("[data-posting=wish-1]")
    await card.get_by_role("button", name="接这个活").click()
    await expect(card.get_by_text("录用了!")).to_be_visible()
    await checked(page)


async def test_an_offer_that_runs_out_says_so_and_what_can_be_done(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await hall.post("late-1", headcount=1, listed_only=True)  # so that the matcher asks nobody again
    await builders.offer(hall.store, "late-1", [id_], reply_ms=1_000)
    card = page.locator("[data-posting=late-1]")
    await expect(card.get_by_role("button", name="接这个活")).to_be_visible()
    await expect(card.get_by_text("这个派单过时了")).to_be_visible()
    await checked(page)
    await card.get_by_role("button", name="再要一次").click()
    await expect(card.get_by_text("这个岗位已不再招人")).to_be_visible()


async def test_a_couple_goes_together(hall: Hall) -> None:
    (first, slip), (second, other) = await hall.person(), await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await press(page, "和同伴一起")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("同伴的排队号").fill(str(other["queue_no"]))
    await dialog.get_by_label("同伴的密码").fill("000000")
    await dialog.get_by_role("button", name="同伴同意,一起接活").click()
    await expect(dialog.get_by_text("登录不成功")).to_be_visible()
    await checked(page)
    await dialog.get_by_label("同伴的密码").fill(other["pin"])
    await dialog.get_by_role("button", name="同伴同意,一起接活").click()
    await expect(page.get_by_text("你们是一个班组了")).to_be_visible()
    (crew,) = await hall.store.crews_of(first)
    assert crew.members == {first: "consented", second: "consented"}
    await press(page, "知道了")
    await expect(page.get_by_text("你在一个2人的班组里")).to_be_visible()
    await checked(page)
    await press(page, "我好了,退出")
    await hall.come_in(page, other)
    await press(page, "退出班组")
    await expect(page.get_by_text("班组里")).to_have_count(0)
    await until_crews(hall, second, 0)


async def until_crews(hall: Hall, profile: str, count: int) -> None:
    async with asyncio.timeout(10):
        while len(await hall.store.crews_of(profile)) != count:  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.01)


async def test_an_invitation_waits_for_an_answer(hall: Hall) -> None:
    (leader, _), (guest, slip) = await hall.person(), await hall.person()
    await hall.store.form_crew("crew-1", leader, [guest])
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await expect(page.get_by_text("有人邀请你加入1人的班组")).to_be_visible()
    await checked(page)
    await press(page, "加入")
    await expect(page.get_by_text("你在一个2人的班组里")).to_be_visible()


async def test_a_new_text_is_consented_to_before_anything_else(hall: Hall) -> None:
    id_, slip = await hall.person()
    vault, older = hall.service.api.app[VAULT], builders.person(consent="an-older-text")
    await hall.store.give_consent(id_, vault.seal(older), vault.mark(older))
    page = await hall.kiosk()
    await press(page, "我登记过,直接看活")
    await page.get_by_role("radio", name="排队号").click()
    await page.get_by_label("排队号", exact=True).fill(str(slip["queue_no"]))
    await page.get_by_label("密码").fill(slip["pin"])
    await press(page, "下一步")
    await expect(page.get_by_role("dialog")).to_contain_text("登记时同意的话有改动")
    await checked(page)
    await press(page, "我同意")
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    token = await hall.service.api.worker(id_)
    assert not (await hall.service.api.get(f"/v1/profiles/{id_}/consent", token=token)).data["asked"]
