"""`kuaizhao collect`: the process that fetches every site's records and takes them in."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import aiohttp
import structlog
import uvloop
from rich.progress import TaskID

from embeddings.commands import configured_encoder
from embeddings.encoder import Encoder
from ingest.collecting import AGAIN_S, Collector
from ingest.commands import SWITCH_S, model_in_force, print_runs, progress_bars
from ingest.consent import BadConsent
from ingest.master_keys import MasterKeyError
from ingest.persons import Vault, check_key
from ingest.pipeline import machinery
from ingest.runs import Run
from ingest.sites import BadSites, configured
from matcher.allocator import give_back_large_pieces
from matcher.errors import StoreUnavailable
from matcher.garbage import spare_what_is_loaded
from matcher.settings import Settings
from matcher.store import Store, opened

log = structlog.get_logger()


class LazyEncoder:
    """The configured model, loaded when the first row needs it: a collector that waits needs none."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._loop = asyncio.get_running_loop()
        self._encoder: Encoder | None = None
        self._naming: set[asyncio.Task[None]] = set()

    def __call__(self) -> Encoder:
        """The model; in a thread the first time, which may take a few seconds."""
        if self._encoder is None:
            self._encoder = configured_encoder(self._settings)
            spare_what_is_loaded()
            self._loop.call_soon_threadsafe(self._name, self._encoder)
        return self._encoder

    def _name(self, encoder: Encoder) -> None:
        task = self._loop.create_task(self._named(encoder))
        self._naming.add(task)
        task.add_done_callback(self._naming.discard)

    async def _named(self, encoder: Encoder) -> None:
        with suppress(StoreUnavailable):  # the web server names it as well
            if said := await model_in_force(self._store, encoder):
                log.warning("model_not_in_force", mend=said)


def once(settings: Settings, only: Sequence[str], out: TextIO, *, as_json: bool) -> int:
    """Runs every enabled connector (of some sites) once and prints the report.

    Returns 0, 1 when a source could not be read to its end, 2 for a site or a sites file that cannot be used. Raises
    StoreUnavailable.
    """
    try:
        unknown = [site for site in only if site not in configured(settings.sites_file)]
        if unknown:
            print(f"kuaizhao collect: 没有这个站点:{'、'.join(unknown)}", file=sys.stderr)
            return 2
        sys.setswitchinterval(SWITCH_S)
        runs = uvloop.run(_once(settings, only))
    except (BadConsent, BadSites, MasterKeyError, OSError) as exc:
        print(f"kuaizhao collect: {exc}", file=sys.stderr)
        return 2
    print_runs(runs, out, as_json=as_json)
    return 1 if any(run.state == "failed" for run in runs) else 0


async def _once(settings: Settings, only: Sequence[str]) -> list[Run]:
    vault, sites = Vault.open(settings.data_dir), configured(settings.sites_file)
    with progress_bars() as bar:
        tasks: dict[str, TaskID] = {}
        site_of: dict[str, str] = {}

        def began(site: str, run: str) -> None:
            site_of[run] = site
            tasks.setdefault(site, bar.add_task(site, total=None))

        def advance(run: str, rows: int) -> None:
            if run in site_of:
                bar.advance(tasks[site_of[run]], rows)

        async with (
            opened(settings.store_url, settings.market) as store,
            aiohttp.ClientSession(trust_env=True) as session,
        ):
            await check_key(store, vault)
            parts = machinery(
                store, vault, LazyEncoder(settings, store), sites, advance, consent_file=settings.consent_file
            )
            collector = Collector(parts, sites, Path(settings.data_dir), session, began)
            collecting = asyncio.create_task(collector.once(only))

            async def finished() -> bool:
                if not collecting.done():
                    return False
                return all(run.state != "reading" for run in await parts.runs.some(list(site_of)))

            try:
                await parts.intake.run(finished, block_ms=100)
                await collecting
            finally:
                collecting.cancel()
                await asyncio.gather(collecting, return_exceptions=True)
            return await parts.runs.some(list(site_of))


def forever(settings: Settings) -> int:
    """Collects and takes in until it is asked to stop. Returns 2 for a sites file or a key that cannot be used."""
    sys.setswitchinterval(SWITCH_S)
    give_back_large_pieces()
    try:
        uvloop.run(_forever(settings))
    except (BadConsent, BadSites, MasterKeyError, OSError) as exc:
        print(f"kuaizhao collect: {exc}", file=sys.stderr)
        return 2
    return 0


async def _forever(settings: Settings) -> None:
    vault, sites = Vault.open(settings.data_dir), configured(settings.sites_file)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    store = Store(settings.store_url, settings.market)
    try:
        async with aiohttp.ClientSession(trust_env=True) as session:
            parts = machinery(store, vault, LazyEncoder(settings, store), sites, consent_file=settings.consent_file)
            collector = Collector(parts, sites, Path(settings.data_dir), session)
            work = [
                asyncio.create_task(_taking_in(store, vault, lambda: parts.intake.run(_never))),
                asyncio.create_task(collector.forever()),
            ]
            stopping = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([*work, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in [*work, stopping]:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            for task in done - {stopping}:
                task.result()  # neither ends by itself: what went wrong is raised here
    finally:
        await store.close()


async def _never() -> bool:
    return False


async def _taking_in(store: Store, vault: Vault, run: Callable[[], Awaitable[None]]) -> None:
    """Takes in for ever; a store that is away is waited for."""
    while True:
        try:
            await check_key(store, vault)
            await run()
        except StoreUnavailable as exc:
            log.warning("store_away", detail=exc.detail)
            await asyncio.sleep(AGAIN_S)
