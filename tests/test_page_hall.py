"""/hall/SITE in a real Chromium: what is open, who is called, a lost line, and weeks without growing."""

from __future__ import annotations

import math
import time

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from server import sockets
from tests import builders, halls
from tests.browser import (
    HALL,
    Service,
    asked,
    check_accessible,
    check_contrast,
    check_sizes,
    first_view_bytes,
    in_browser,
)
from tests.conftest import move_clock

pytestmark = in_browser
PATH = f"/hall/{builders.SITE}"
HOURS = 8
BATCHES = 160
OPEN_SHIFTS = 24
STEP_MS = HOURS * 3_600_000 // BATCHES


async def screen(service: Service, path: str = PATH) -> Page:
    """The page of a screen that is bound to the site."""
    page = await service.page(path, HALL, token=await halls.bound(service.api.store))
    await page.locator("footer").wait_for()
    return page


async def row_count(page: Page) -> int:
    return await page.locator("tbody tr:visible").count()


async def test_a_screen_is_bound_once(service: Service) -> None:
    page = await service.page(PATH, HALL)
    await page.get_by_text("这块大屏还没启用").wait_for()
    await check_accessible(page)
    await page.get_by_label("设备口令").fill("wrong")
    await page.get_by_role("button", name="启用").click()
    await page.get_by_text("口令不对,或已经停用").wait_for()
    await page.get_by_label("设备口令").fill(await halls.bound(service.api.store, "hall-2"))
    await page.keyboard.press("Enter")
    await page.locator("footer").wait_for()
    await page.reload()
    await page.locator("footer").wait_for()
    assert "kuaizhao" not in await page.evaluate("document.cookie")


async def test_a_morning(service: Service) -> None:
    store = service.api.store
    page = await screen(service)
    await page.get_by_text("现在没有在招的活").wait_for()
    await check_accessible(page)
    await halls.morning(store)
    await expect(page.get_by_text("第 1 页,共 2 页")).to_be_visible()
    await page.keyboard.press("Space")  # holds the page
    assert await row_count(page) == 8
    times = await page.locator("tbody tr:visible .time span").all_inner_texts()
    assert len(times) == 8
    await expect(page.locator("tbody tr").first).to_contain_text("搬运工")
    await expect(page.locator("tbody tr").first).to_contain_text("200元/天")
    await expect(page.locator("tbody tr").first).to_contain_text("还差 2 人")
    assert await page.locator("tbody tr").first.locator(".seats i.taken").count() == 3
    await expect(page.locator("tbody tr").nth(3)).to_contain_text("招满了")
    await expect(page.locator(".called")).to_contain_text("22号")
    await expect(page.locator("h1")).to_have_text("虚构零工之家")
    await check_accessible(page)
    await check_contrast(page)
    await check_sizes(page, text=28)
    assert await page.evaluate("document.documentElement.scrollWidth") <= HALL["width"]
    assert await page.evaluate("document.querySelector('footer').getBoundingClientRect().bottom") <= HALL["height"]
    await page.keyboard.press("ArrowRight")
    assert await row_count(page) == 2
    await expect(page.get_by_text("第 2 页,共 2 页")).to_be_visible()


async def test_what_happens_is_on_the_screen_at_once(service: Service) -> None:
    store = service.api.store
    page = await screen(service)
    await builders.register(store, "live-1", trades=["tailor"])
    doc = await builders.post(store, "live", headcount=1, trade="welder", starts_in_ms=5 * builders.MINUTE_MS)
    first = page.locator("tbody tr").first
    await expect(first).to_contain_text("还差 1 人")
    await asked(store, "live", ["live-1"])
    await builders.accept(store, "live", "live-1")
    await expect(first).to_contain_text("招满了")
    more = structs.replace(doc, headcount=3)
    await store.amend("live", builders.write(more), material=False, warns=False)
    await expect(first).to_contain_text("还差 2 人")
    await store.withdraw("live")
    await expect(page.locator("tbody tr").filter(has_text="焊工")).to_have_count(0)
    await halls.give_numbers(store, 90)
    await halls.call(store, 77)
    await expect(page.locator(".called .newest")).to_have_text("77号")


async def test_a_lost_line_is_shown_with_the_time_of_what_is_seen(service: Service) -> None:
    store = service.api.store
    page = await screen(service)
    await expect(page.locator(".fresh")).to_contain_text("更新于")
    await page.context.set_offline(True)
    await expect(page.locator(".fresh.lost")).to_contain_text("网络断了,这是")
    await check_accessible(page)
    await check_contrast(page)
    await builders.post(store, "meanwhile", trade="florist", starts_in_ms=4 * builders.MINUTE_MS)
    await page.context.set_offline(False)
    await expect(page.locator("tbody tr").filter(has_text="花艺")).to_be_visible(timeout=15_000)
    await expect(page.locator(".fresh")).to_contain_text("更新于")
    await expect(page.locator(".fresh.lost")).to_have_count(0)


async def test_another_sites_screen_is_not_bound_here(service: Service) -> None:
    page = await service.page("/hall/elsewhere", HALL, token=await halls.bound(service.api.store))
    await page.get_by_text("这块大屏还没启用").wait_for()


async def test_the_first_view_is_small(service: Service) -> None:
    assert await first_view_bytes(service, PATH) < 100_000


async def grown(page: Page) -> dict[str, float]:
    """What the page holds, after its garbage is collected."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await session.send("HeapProfiler.collectGarbage")
    found = (await session.send("Performance.getMetrics"))["metrics"]
    await session.detach()
    return {each["name"]: each["value"] for each in found}


async def test_eight_hours_of_events_leave_nothing_behind(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """320 shifts posted, changed and ended, as many numbers called, over eight hours of both ends' clocks."""
    monkeypatch.setattr(sockets, "ALIVE_S", 24 * 3600)  # the server's own clock does not run as fast
    store = service.api.store
    page = await service.page("/healthz", HALL, token=await halls.bound(store))
    await page.clock.install()
    await page.goto(service.url + PATH)
    await page.locator("footer").wait_for()
    before: dict[str, float] = {}
    for n in range(BATCHES):
        await halls.give_numbers(store, 2 * BATCHES)  # perhaps it is another day
        for shift in (2 * n, 2 * n + 1):
            # whichever shifts are open, they have the same number of seats in all: as many nodes
            seats, starts_in_ms = 2 + shift % OPEN_SHIFTS, (60 + shift) * builders.MINUTE_MS
            doc = await builders.post(store, f"day-{shift}", headcount=seats, starts_in_ms=starts_in_ms)
            more = structs.replace(doc, headcount=doc.headcount + 3)
            await store.amend(f"day-{shift}", builders.write(more), material=False, warns=False)
            await halls.call(store, shift + 1)
            if shift >= OPEN_SHIFTS:
                await store.withdraw(f"day-{shift - OPEN_SHIFTS}")
        await move_clock(store, STEP_MS)
        await page.clock.run_for(STEP_MS)
        if n == BATCHES // 8:
            await expect(page.locator(".called .newest")).to_have_text(f"{2 * n + 2}号")
            before = await grown(page)
    await expect(page.locator(".called .newest")).to_have_text(f"{2 * BATCHES}号")
    # a request on its way listens to something; what is left behind by each of hundreds of events would be far more
    rooms = {"Nodes": 60, "JSEventListeners": 8, "Documents": 0, "JSHeapUsedSize": 1_500_000}
    deadline = time.monotonic() + 10
    while over := {
        name: (before[name], after)
        for name, after in (await grown(page)).items()
        if after > before[name] + rooms.get(name, math.inf)
    }:  # what was taken off the screen a moment ago is still to be collected; what leaked stays
        assert time.monotonic() < deadline, over
