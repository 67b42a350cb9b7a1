"""What the tests of /employer share: a firm with its porters, and shifts that fill."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from matcher.store import Store
from server.keys import VAULT
from tests import browser, builders
from tests.api import Api
from tests.browser import DESK, Service, check_accessible, check_contrast, check_sizes

SENTENCE = "明天6点 3个搬运工 200元/天 城阳区流亭 日结"
_firms, _people = itertools.count(1), itertools.count(1)


@dataclass
class Cast:
    """A firm and porters of one test's own."""

    firm: str
    workers: list[str]
    telephones: dict[str, str]


async def new_cast(service: Service) -> Cast:
    """An invented firm, and porters whom everything fits, with who they are; what earlier tests posted is over."""
    store, vault = service.api.store, service.api.app[VAULT]
    for posting in await store.ids("posting"):
        if (await store.posting(posting)).state not in ("closed", "withdrawn", "expired"):
            await store.withdraw(posting)
    made = Cast(f"firm-of-test-{next(_firms)}", [], {})
    await store.put_employer(made.firm, builders.employer())
    for n in itertools.islice(_people, 9):
        id_ = f"worker-{n:03d}"
        made.workers.append(id_)
        made.telephones[id_] = f"199{n:08d}"
        person = vault.seal(builders.person(n, telephone=made.telephones[id_]))
        await store.register(id_, builders.profile(), person, builders.vector(), builders.MODEL)
    return made


async def opened(service: Service, cast: Cast, viewport: dict[str, int] = DESK) -> Page:
    token = await service.api.token("employer", cast.firm)
    page = await service.page("/employer", viewport, token=token)
    await page.wait_for_selector(".compose textarea")
    return page


async def begun(store: Store, posting: str) -> None:
    """Waits until a shift has begun."""
    start_ms = (await store.posting(posting)).doc.start_ms
    while await store.now_ms() <= start_ms:  # noqa: ASYNC110 - a clock can only be asked
        await asyncio.sleep(0.05)


async def looks_right(page: Page) -> None:
    await check_accessible(page)
    await check_contrast(page)
    await check_sizes(page, target=24, text=14)


def of(page: Page, name: str) -> Any:
    return page.locator(f"[data-field={name}]").first


async def accept(api: Api, posting: str, count: int) -> list[str]:
    """So many of those who were asked say yes, over the API, each for themselves."""
    asked: list[str] = []
    async with asyncio.timeout(20):
        while len(asked) < count:
            entries = await api.store.entries(posting)
            asked = sorted(p for p, e in entries.items() if e.offer == "open")
            await asyncio.sleep(0.05)
    for profile in asked[:count]:
        reply = await api.post(f"/v1/offers/{posting}:{profile}:1/accept", token=await api.worker(profile))
        assert reply.status == 200, reply.data
    return asked[:count]


async def in_play(service: Service, cast: Cast, id_: str, seated: int, **over: Any) -> list[str]:
    """A posting with so many seated, made by the store alone: nobody else is asked."""
    people = cast.workers[:seated]
    await builders.post(service.api.store, id_, employer=cast.firm, **over)
    await browser.asked(service.api.store, id_, people)
    await builders.accept(service.api.store, id_, *people)
    return people
