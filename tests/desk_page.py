"""What the tests of /desk share."""

from __future__ import annotations

import itertools
from typing import Any

from playwright.async_api import Page

from tests.browser import DESK, Service, check_accessible, check_contrast, check_sizes

_numbers = itertools.count(1)


async def opened(service: Service, role: Any = "clerk") -> Page:
    page = await service.page("/desk", DESK, token=await service.api.token(role, f"{role}-{next(_numbers)}"))
    await page.wait_for_selector(".split:not([hidden])")
    return page


async def looks_right(page: Page) -> None:
    await check_accessible(page)
    await check_contrast(page)
    await check_sizes(page, target=24, text=14)
