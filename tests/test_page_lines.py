"""A line that ends without a word: no page goes on showing what was, and once it is back nothing was missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from playwright.async_api import expect

from server import sockets
from tests import builders, halls
from tests.browser import DESK, HALL, Service, in_browser
from tests.workers_page import card, closed, posted, somebody

pytestmark = in_browser


class Router:
    """Stands between browser and server, and can forget the connections that it has: they get no word any more, and
    nobody is told. While `is_out` new ones are refused."""

    def __init__(self, server: str) -> None:
        self._host, _, port = server.rpartition("//")[2].partition(":")
        self._port = int(port)
        self._open: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self.is_out = False

    async def carry(self, browser: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """A connection of the browser."""
        if self.is_out:
            back.transport.abort()
            return
        answers, server = await asyncio.open_connection(self._host, self._port)
        self._ends += [back, server]
        self._open |= {asyncio.create_task(_copy(browser, server)), asyncio.create_task(_copy(answers, back))}

    def forget(self) -> None:
        """Nothing comes through what is open now."""
        self.is_out = True
        for task in self._open:
            task.cancel()

    def end(self) -> None:
        """The test is over."""
        self.forget()
        for end in self._ends:
            end.transport.abort()


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            to.write(data)
            await to.drain()
        to.close()


@asynccontextmanager
async def routed(service: Service) -> AsyncIterator[tuple[Router, str]]:
    """A router before the service, and the address that it gives it."""
    router = Router(service.url)
    listening = await asyncio.start_server(router.carry, "127.0.0.1", 0)
    try:
        yield router, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        router.end()
        listening.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ALIVE_S", 0.5)


async def test_a_worker_sees_that_the_line_is_dead_and_misses_nothing(service: Service) -> None:
    api, who = service.api, await somebody(service.api)
    async with routed(service) as (router, address):
        page = await service.page("/healthz", token=await api.worker(who))
        await page.goto(f"{address}/worker")
        await expect(page.get_by_text("还没有你的派单").or_(page.get_by_text("先打开"))).to_be_visible()
        await asyncio.sleep(1.5)  # longer than the patience: the server says that the line is there
        await expect(page.locator("kz-line")).to_be_empty()
        router.forget()
        await expect(page.locator("kz-line")).to_contain_text("网络断了")
        posting = await posted(api)
        await asyncio.sleep(1.0)
        assert await card(page, posting, "offered").count() == 0
        router.is_out = False
        await expect(card(page, posting, "offered")).to_be_visible()
        await expect(page.locator("kz-line")).to_contain_text("网络恢复了")
        await closed(api, posting)
        await page.close()


async def test_the_hall_says_how_old_what_it_shows_is(service: Service) -> None:
    store = service.api.store
    async with routed(service) as (router, address):
        page = await service.page("/healthz", HALL, token=await halls.bound(store))
        await page.goto(f"{address}/hall/{builders.SITE}")
        await expect(page.locator(".fresh")).to_contain_text("更新于")
        was = await page.locator(".fresh").inner_text()
        await expect(page.locator(".fresh")).not_to_have_text(was)  # nothing happens, but it is alive
        router.forget()
        await expect(page.locator(".fresh.lost")).to_contain_text("网络断了,这是")
        router.is_out = False
        await builders.post(store, "meanwhile", trade="florist")
        await expect(page.locator("tbody tr").filter(has_text="花艺")).to_be_visible()
        await expect(page.locator(".fresh.lost")).to_have_count(0)
        await page.close()


async def test_the_desk_is_told_what_came_meanwhile(service: Service) -> None:
    api = service.api
    async with routed(service) as (router, address):
        page = await service.page("/healthz", DESK, token=await api.token("clerk"))
        await page.goto(f"{address}/desk")
        await expect(page.locator(".tabs button").first).to_have_attribute("aria-label", "审核")  # told what waits
        router.forget()
        await expect(page.locator("kz-line")).to_contain_text("网络断了")
        await builders.post(api.store, "waits", verdict="awaiting_review")
        router.is_out = False
        await expect(page.locator(".tabs .count").first).to_have_text("1")
        await page.close()
