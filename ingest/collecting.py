"""Collecting: each site's connectors run by their schedule and fill the queue; one intake empties it.

A connector that fails ends its own run and is tried again when it is due; nobody else notices.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import structlog

from ingest.enqueue import Enqueued, Source, chunks, enqueue
from ingest.fields.days import local_day
from ingest.pipeline import Machinery, file_source, put_site
from ingest.readers import BadRow, Row, read
from ingest.sites import ConfiguredSite, Connector, Feed, Folder, Page, plain_address
from ingest.sources.feeds import FeedRows
from ingest.sources.folders import REFUSED, TAKEN, forget_old, put_away, whole_files
from ingest.sources.http import FIRST_WAIT_S, Fetcher, Validators
from ingest.sources.pages import PageRows
from matcher.connection import guarded
from matcher.errors import StoreUnavailable

log = structlog.get_logger()

READING_AT_ONCE: Final = 4
"""Connectors that read at the same time; each holds one batch."""
AGAIN_S: Final = 2.0
"""When a store that was away is asked again."""

Began = Callable[[str, str], None]
"""Told the site and the run that has begun."""


def _nobody(site: str, run: str) -> None:
    """For runs that nobody watches."""


class Collector:
    """The connectors of some sites."""

    def __init__(
        self,
        parts: Machinery,
        sites: Mapping[str, ConfiguredSite],
        data_dir: Path,
        session: aiohttp.ClientSession,
        began: Began = _nobody,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._parts, self._sites, self._data_dir = parts, sites, data_dir
        self._session, self._began, self._first_wait_s = session, began, first_wait_s
        self._written: set[str] = set()
        self._reading = asyncio.Semaphore(READING_AT_ONCE)

    def _enabled(self, only: Collection[str] = ()) -> list[tuple[str, Connector]]:
        return [
            (id_, connector)
            for id_, site in self._sites.items()
            if not only or id_ in only
            for connector in site.connectors
            if connector.enabled
        ]

    async def once(self, only: Collection[str] = ()) -> list[Enqueued]:
        """Runs every enabled connector (of some sites) once, side by side; answers when their rows are in the queue."""
        runs = await asyncio.gather(*(self.run(site, connector) for site, connector in self._enabled(only)))
        return [enqueued for some in runs for enqueued in some]

    async def forever(self) -> None:
        """Runs every connector by its schedule, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait())  # sites without connectors: records may still be pushed
            for site, connector in self._enabled():
                group.create_task(self._by_schedule(site, connector), name=f"{site}/{connector.name}")

    async def _by_schedule(self, site: str, connector: Connector) -> None:
        while True:
            try:
                await self.run(site, connector)
                await asyncio.sleep(connector.every_s)
            except StoreUnavailable as exc:
                log.warning("store_away", site=site, connector=connector.name, detail=exc.detail)
                await asyncio.sleep(AGAIN_S)
            except Exception:
                log.exception("connector_failed", site=site, connector=connector.name)
                await asyncio.sleep(connector.every_s)

    async def run(self, site: str, connector: Connector) -> list[Enqueued]:
        """Runs a connector once. Raises StoreUnavailable."""
        async with self._reading:
            if site not in self._written:
                await put_site(self._parts.store, self._sites, site)
                self._written.add(site)
            if isinstance(connector, Folder):
                return await self._folder(site, connector)
            with tempfile.TemporaryDirectory(prefix="kuaizhao-") as folder:
                fetcher = Fetcher(self._session, Path(folder), self._first_wait_s)
                if isinstance(connector, Feed):
                    return [await self._feed(site, connector, fetcher)]
                return [await self._page(site, connector, fetcher)]

    async def _folder(self, site: str, connector: Folder) -> list[Enqueued]:
        folder = self._data_dir / connector.folder
        files = await asyncio.to_thread(whole_files, folder)
        now_ms = await self._parts.store.now_ms() if files else 0
        enqueued = []
        for path in files:
            source = file_source(path, site, connector.name, now_ms, complete=connector.complete)
            rows = chunks(read_later(path, self._sites[site].columns))
            done = await enqueue(self._parts.queue, self._parts.runs, source, rows, self._telling(site))
            await asyncio.to_thread(put_away, path, REFUSED if done.error else TAKEN)
            enqueued.append(done)
        await asyncio.to_thread(forget_old, folder)
        return enqueued

    async def _feed(self, site: str, connector: Feed, fetcher: Fetcher) -> Enqueued:
        columns = self._sites[site].columns
        shape = _shape(connector, columns)
        source = await self._source(site, connector, connector.address)
        known = await self._known_by(source.key, shape)
        feed = FeedRows(fetcher, connector, columns, known)

        def known_by() -> str:
            return f"{shape} {msgspec.json.encode(feed.validators).decode()}" if connector.paging is None else ""

        return await enqueue(self._parts.queue, self._parts.runs, source, feed.rows(), self._telling(site), known_by)

    async def _page(self, site: str, connector: Page, fetcher: Fetcher) -> Enqueued:
        source = await self._source(site, connector, connector.address)
        rows = PageRows(fetcher, connector).rows()
        return await enqueue(self._parts.queue, self._parts.runs, source, rows, self._telling(site))

    async def _source(self, site: str, connector: Connector, address: str) -> Source:
        today = local_day(await self._parts.store.now_ms())
        return Source(site, connector.name, plain_address(address), today, connector.complete)

    async def _known_by(self, source: str, shape: str) -> Validators | None:
        """What the source was known by when it was last taken in, under the same configuration."""
        async with guarded():
            raw = await self._parts.store.commands.hget(self._parts.store.key("known_by"), source)
        before, _, said = (raw or b"").decode().partition(" ")
        return msgspec.json.decode(said, type=Validators) if before == shape else None

    def _telling(self, site: str) -> Callable[[str], None]:
        return lambda run: self._began(site, run)


def read_later(path: Path, own: Collection[str]) -> Iterator[Row | BadRow]:
    """The rows of a file that is opened when the first is asked for: in a thread, and where errors are told."""
    yield from read(path, own)


def _shape(connector: Connector, columns: Mapping[str, str]) -> str:
    return hashlib.blake2b(msgspec.json.encode([connector, columns]), digest_size=8).hexdigest()
