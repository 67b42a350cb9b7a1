"""What the tests of /kiosk share: a hall with kiosks, people with slips, and telephones that receive codes."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from server import kiosks
from server.simulated_gateway import SimulatedGateway, Weather
from tests import builders
from tests.api import plain
from tests.browser import KIOSK, Service, check_accessible, check_contrast, check_sizes, real_encoder, serving

ID_NUMBER = "999900198005010017"
OTHER_ID = "999900198005010025"
NOBODYS_ID = "999900198005010033"
"""Invented: of no place, with right check digits, born on the day of builders.profile."""
_numbers = itertools.count(1)
_kiosks = itertools.count(1)


class Hall:
    """The service with what a hall has: kiosks, slips, telephones that receive codes."""

    def __init__(self, service: Service, gateway: SimulatedGateway) -> None:
        self.service, self.gateway = service, gateway
        self.store = service.api.store

    async def kiosk(self, *, card_reader: bool = False, **context: Any) -> Page:
        """A kiosk of the site, which an operator has bound by the address that `kuaizhao kiosk add` prints."""
        token = await kiosks.add(self.store, f"k{next(_kiosks)}", builders.SITE, card_reader=card_reader)
        page = await self.service.page(f"/kiosk#{token}", KIOSK, **context)
        await expect(page.get_by_role("heading", name="你今天能干什么活?")).to_be_visible()
        return page

    async def code(self, telephone: str) -> str:
        """The last code that this telephone got."""
        async with asyncio.timeout(10):
            while not (sent := self.gateway.of(telephone)):  # noqa: ASYNC110 - a telephone can only be looked at
                await asyncio.sleep(0.02)
        found = re.search(r"\d{6}", sent[-1])
        assert found is not None
        return found[0]

    async def person(self, **over: Any) -> tuple[str, dict[str, Any]]:
        """A registered worker with a printed slip."""
        n, clerk = next(_numbers), await self.service.api.token("clerk")
        id_, person = f"w{n}", builders.person(n)
        body = {"id": id_, "profile": plain(builders.profile(**over)), "person": plain(person)}
        assert (await self.service.api.post("/v1/profiles", body, token=clerk)).status == 201
        slip: dict[str, Any] = (await self.service.api.post(f"/v1/profiles/{id_}/ticket", token=clerk)).data
        return id_, slip

    async def come_in(self, page: Page, slip: dict[str, Any]) -> None:
        """Somebody who has a slip comes in."""
        await press(page, "我登记过,直接看活")
        await page.get_by_role("radio", name="排队号").click()
        await page.get_by_label("排队号", exact=True).fill(str(slip["queue_no"]))
        await page.get_by_label("密码").fill(slip["pin"])
        await press(page, "下一步")
        await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()

    async def over(self) -> None:
        """The test is over: so are its pages and postings."""
        await self.service.close_pages()
        for id_ in await self.store.ids("posting"):
            if (await self.store.posting(id_)).state in ("open", "filled"):
                await self.store.withdraw(id_)

    async def post(self, id_: str, **over: Any) -> None:
        """A posting of the market."""
        await builders.post(self.store, id_, **over)


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def checked(page: Page) -> None:
    """What is true in every state."""
    await check_accessible(page)
    await check_sizes(page)
    await check_contrast(page)


async def printed(page: Page) -> str:
    """What is on paper."""
    await page.emulate_media(media="print")
    seen = await page.evaluate("document.body.innerText")
    await page.emulate_media(media="null")
    return str(seen)


async def until_waved(hall: Hall, id_: str) -> None:
    async with asyncio.timeout(10):
        while (await hall.store.posting(id_)).wave == 0:  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_hall(chromium: Browser, valkey_url: str, folder: Path) -> AsyncIterator[Hall]:
    """A hall with the shipped model, for people type words, and a gateway that loses nothing."""
    gateway = SimulatedGateway(Weather(longest_delay_s=0.0), seed=7)
    server = TestServer(gateway.app(), host="127.0.0.1")
    await server.start_server()
    encoder, url = await real_encoder(), str(server.make_url("/messages"))
    try:
        async with serving(chromium, valkey_url, folder, encoder, gateway_url=url) as service:
            yield Hall(service, gateway)
    finally:
        await server.close()
