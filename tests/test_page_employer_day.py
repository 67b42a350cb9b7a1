"""/employer through a shift: who comes, who does not, who is asked back, and what a late withdrawal costs."""

from __future__ import annotations

import re

from playwright.async_api import expect

from matcher.model import HOUR_MS
from tests import browser, builders
from tests.browser import (
    Service,
    in_browser,
)
from tests.employers_page import Cast, begun, in_play, looks_right, opened

pytestmark = in_browser


async def test_arrival_no_show_and_done(service: Service, cast: Cast) -> None:
    seated = await in_play(service, cast, "j-day", 3, headcount=3, starts_in_ms=4_000, lasts_ms=HOUR_MS)
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
    await begun(service.api.store, "j-day")
    await third.get_by_role("button", name="没来").click()  # it comes by itself: before that nobody is missing
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
