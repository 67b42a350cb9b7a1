"""What is true of every page: it opens, says nothing but its own, is small, and passes axe."""

from __future__ import annotations

import pytest

from tests.browser import (
    DESK,
    HALL,
    KIOSK,
    PHONE,
    Service,
    check_accessible,
    check_contrast,
    first_view_bytes,
    in_browser,
)

pytestmark = in_browser
PAGES = {
    "/kiosk": KIOSK,
    "/worker": PHONE,
    "/employer": DESK,
    "/desk": DESK,
    "/hall/site-chengyang": HALL,
}


@pytest.mark.parametrize("path", PAGES)
async def test_it_opens_without_a_session_and_is_accessible(service: Service, path: str) -> None:
    page = await service.page(path, PAGES[path])
    await page.wait_for_selector("main:not(.loading)")
    await check_accessible(page)
    await check_contrast(page)


@pytest.mark.parametrize("path", PAGES)
async def test_the_first_view_is_small(service: Service, path: str) -> None:
    assert await first_view_bytes(service, path) < 100_000
