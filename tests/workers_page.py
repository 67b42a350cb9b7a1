"""What the tests of /worker share: invented workers, shifts, and their cards on the page."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests import builders
from tests.api import Api, plain
from tests.browser import Service, check_accessible, check_contrast, check_sizes

expect.set_options(timeout=20_000)
_numbers = itertools.count(1)


async def somebody(api: Api, **over: Any) -> str:
    """Registers a new worker with a sealed person, both invented."""
    n = next(_numbers)
    body = {"id": f"worker-{n}", "profile": plain(builders.profile(**over)), "person": plain(builders.person(n))}
    assert (await api.post("/v1/profiles", body, token=await api.token("clerk"))).status == 201
    return str(body["id"])


async def posted(api: Api, **over: Any) -> str:
    """Posts a shift in five hours: the matcher offers it to whoever fits, holders of another offer among them."""
    over.setdefault("starts_in_ms", 5 * builders.HOUR_MS)
    id_ = f"shift-{next(_numbers)}"
    doc = builders.posting(
        await builders.market_now_ms(api.store), text="虚构:从21楼往下搬铁管", meeting_point="东门", **over
    )
    reply = await api.post("/v1/postings", {"posting": plain(doc), "id": id_}, token=await api.token("clerk"))
    assert reply.status == 201, reply.data
    return id_


async def closed(api: Api, *postings: str) -> None:
    """Ends postings, so that nobody of another test is asked any more."""
    for posting in postings:
        await api.post(f"/v1/postings/{posting}/close", token=await api.token("clerk"))


async def asked(api: Api, who: str, posting: str) -> None:
    """Waits until somebody has been offered a posting."""
    async with asyncio.timeout(30):
        while who not in await api.store.entries(posting):  # noqa: ASYNC110 - the store can only be looked at
            await asyncio.sleep(0.02)


async def opened(service: Service, who: str, tab: str = "find") -> Page:
    """The page of a worker who is in, connected."""
    page = await service.page(f"/worker#{tab}", token=await service.api.worker(who))
    await page.wait_for_selector("nav.tabs")
    await page.wait_for_function("() => !document.querySelector('.skeleton')")
    return page


def card(page: Page, posting: str, is_: str) -> Locator:
    """The card of a posting in a stage, on whatever tab is open."""
    return page.locator(f"kz-offer.{is_}[data-posting='{posting}']").first


async def check(page: Page) -> None:
    """What is true in every state."""
    await check_accessible(page)
    await check_sizes(page, target=44, text=16)
    await check_contrast(page)
