"""A real Chromium for the tests of the pages, against a real server, store and matcher.

One browser a session, on the session's event loop: a test module says `pytestmark = in_browser`, asks for `service`
(one a module) and opens pages with `service.page(...)`. What a page logs as an error fails the test.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from msgspec import structs
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from embeddings.encoder import Encoder
from matcher import plan
from matcher.errors import KuaizhaoError
from matcher.process import serve_market
from matcher.settings import Settings
from matcher.store import Store
from server.encoding import NamedEncoder
from tests import builders, conftest
from tests.api import Api, HashEncoder, prepared, running
from tests.memory import DAYLIGHT

FLAGS: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--lang=zh-CN",
]  # fmt: skip
BROWSERS: Final = ("chromium-headless-shell", "chromium", "google-chrome")
"""Asked for in this order: the same engine costs half as much where it need not draw a browser around the page."""
MISSING: Final = (
    "没有 Chromium:`make test` 会在可以用 apt-get 时安装;否则请先装 chromium,或运行 `playwright install chromium`"
)
AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
MEASURES: Final = Path(__file__).with_name("measures.js").read_text("utf-8")
SCREENS: Final = os.environ.get("KUAIZHAO_SCREENS", "")
"""A folder where every state that axe looks at is written as a picture too: `make screenshots`."""
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]

LIVE_MS: Final = 5_000
"""What a page shows by itself, without asking, is there within a second; the rest is for a machine with other work."""

in_browser: Final = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
"""For `pytestmark` of a module whose tests use the browser."""

PHONE: Final = {"width": 390, "height": 844}
KIOSK: Final = {"width": 1080, "height": 1920}
DESK: Final = {"width": 1440, "height": 900}
HALL: Final = {"width": 1920, "height": 1080}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium or Playwright's own, whichever the machine has, with a profile of its own."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    async with async_playwright() as playwright:
        if not Path(found or playwright.chromium.executable_path).exists():  # noqa: ASYNC240 - once a session
            pytest.fail(MISSING)
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Service:
    """A server with its matcher, and a browser to look at it."""

    api: Api
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the server listens, without a slash at the end."""
        return str(self.api.session._base_url).rstrip("/")

    async def page(self, path: str, viewport: dict[str, int] = PHONE, *, token: str = "", **context: Any) -> Page:
        """A page in a context of its own, in the session `token`. An error that it logs fails the test."""
        made = await self.browser.new_context(
            viewport=viewport, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce", **context
        )  # type: ignore[arg-type]
        self.contexts.append(made)
        if token:
            await made.add_cookies([{"name": "kuaizhao", "value": token, "url": self.url, "httpOnly": True}])
        page = await made.new_page()
        page.set_default_timeout(10_000)
        page.errors = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda line: line.type == "error" and page.errors.append(line.text))  # type: ignore[attr-defined]
        await page.goto(self.url + path)
        return page

    async def close_pages(self) -> None:
        """Ends every page of a test; what one logged as an error is told, except what the network or a refusal made."""
        said: list[str] = []
        for context in self.contexts:
            for page in context.pages:
                said += [e for e in getattr(page, "errors", []) if "Failed to load resource" not in e]
            await context.close()
        self.contexts.clear()
        assert not [e for e in said if "WebSocket connection" not in e and "net::ERR" not in e], said


@asynccontextmanager
async def serving(
    browser: Browser, valkey_url: str, folder: Path, encoder: NamedEncoder | None = None, **settings: Any
) -> AsyncIterator[Service]:
    """A market of its own with one site and one firm, its server and its matcher, without quiet hours."""
    store = Store(valkey_url, conftest.new_market(), clock=conftest.TEST_CLOCK)
    await store.load(DAYLIGHT)
    await prepared(store)
    await asyncio.to_thread(plan.warm)
    async with running(store, folder, encoder=encoder or HashEncoder(), **settings) as api:
        matcher_settings = structs.replace(Settings(), data_dir=str(folder), market=store.market)
        matcher_store = Store(valkey_url, store.market, clock=conftest.TEST_CLOCK)
        matching = asyncio.create_task(serve_market(matcher_store, matcher_settings))
        try:
            async with asyncio.timeout(60):
                while not (await api.get("/readyz")).data["matcher"]:
                    assert not matching.done(), matching.exception()
                    await asyncio.sleep(0.02)
            yield Service(api, browser)
        finally:
            matching.cancel()
            with suppress(asyncio.CancelledError):
                await matching
            await matcher_store.close()
    await store.close()


async def real_encoder() -> Encoder:
    """The shipped model: for tests that type words."""
    return await asyncio.to_thread(Encoder.load)


async def asked(store: Store, posting: str, profiles: list[str]) -> None:
    """Offers a posting to these people, while the matcher offers it too."""
    while missing := [p for p in profiles if p not in await store.entries(posting)]:
        with suppress(KuaizhaoError):  # the matcher's wave came between
            await builders.offer(store, posting, missing)


# -- what is true of every page ----------------------------------------------------------------------------------------


async def check_accessible(page: Page) -> None:
    """axe finds nothing against level A or AA of WCAG 2.2 in the state that the page is in."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    found = await page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", WCAG
    )
    told = [(v["id"], [n["html"][:200] for n in v["nodes"]], v["help"]) for v in found["violations"]]
    assert not told, told
    if SCREENS:
        await take_picture(page, Path(SCREENS))


async def take_picture(page: Page, folder: Path) -> None:
    """What is seen now, as PAGE/TEST-NUMBER.png: the states of a page are those that its tests look at."""
    test = os.environ["PYTEST_CURRENT_TEST"].partition("::test_")[2].split(" ")[0]
    name = re.sub(r"[^a-z0-9]+", "-", test).strip("-")
    of_page = folder / urlsplit(page.url).path.split("/")[1]
    taken = len(list(of_page.glob(f"{name}-[0-9]*.png"))) if of_page.exists() else 0
    await page.screenshot(path=of_page / f"{name}-{taken + 1}.png", animations="disabled")


async def check_sizes(page: Page, *, target: int = 60, text: int = 18, leading: float = 1.3) -> None:
    """What can be touched is at least `target` px both ways, text at least `text` px, lines `leading` apart."""
    wrong = await page.evaluate(
        f"least => {{ {MEASURES}; return sizes(least); }}", {"target": target, "text": text, "leading": leading}
    )
    assert not wrong, wrong


async def check_contrast(page: Page, least: float = 4.5) -> None:
    """Every visible text against the colour it stands on."""
    wrong = await page.evaluate(f"least => {{ {MEASURES}; return contrast(least); }}", least)
    assert not wrong, wrong


async def first_view_bytes(service: Service, path: str, *, token: str = "") -> int:
    """What the first visit to a page brings over the line, headers included, as the browser counts it."""
    page = await service.page("/healthz", token=token)
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    await page.goto(service.url + path, wait_until="networkidle")
    return sum(sizes)
