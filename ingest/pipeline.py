"""From a site's files into the store, in one process: reader -> queue -> intake.

Ids follow from the site and its own number for the row, and every step is idempotent: twice is the same as once, and a
run that was cut off is finished by whoever looks at the queue next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from ingest import consent
from ingest.batch_writer import put_when_missing
from ingest.batches import Sealer
from ingest.enqueue import Source, chunks, enqueue
from ingest.fields.days import local_day
from ingest.inference import TradeInference
from ingest.intake import Intake, Progress
from ingest.persons import Vault
from ingest.prepare import Encodes, Preparer
from ingest.queue import Queue
from ingest.readers import read
from ingest.runs import Run, Runs
from ingest.sites import ConfiguredSite, configured
from matcher.store import Store

BY_HAND = "files"
"""The source of files that somebody names on the command line."""
_MUST_BE_NEW = -1


class UnknownSite(ValueError):
    """A site that sites.toml does not name."""


class Machinery(Struct):
    """What taking rows in needs, made once in a process."""

    store: Store
    queue: Queue
    runs: Runs
    intake: Intake


def machinery(
    store: Store,
    vault: Vault,
    encoder: Callable[[], Encodes],
    sites: Mapping[str, ConfiguredSite] | None = None,
    progress: Progress = lambda run, rows: None,
    infer: TradeInference | None = None,
    consent_file: str = "",
) -> Machinery:
    """Puts the parts together; `encoder` is loaded when the first row needs it. Raises BadConsent, OSError."""
    queue, sealer = Queue(store, vault), Sealer(vault)
    preparer = Preparer(configured() if sites is None else sites, vault, encoder, consent.read(consent_file), infer)
    return Machinery(store, queue, Runs(store), Intake(store, queue, preparer, sealer, progress))


def file_source(path: Path, site: str, name: str, now_ms: int, *, complete: bool = False) -> Source:
    """The source of a file. Texts like 明早 count from the day on which it was written, so that importing it again
    tomorrow does not move a shift. Raises OSError."""
    written_ms = path.stat().st_mtime_ns // 1_000_000
    return Source(site, name, path.name, local_day(min(now_ms, written_ms)), complete)


async def put_site(store: Store, sites: Mapping[str, ConfiguredSite], site: str) -> None:
    """Writes a configured site that the store does not have. Raises UnknownSite, StoreUnavailable."""
    known = sites.get(site)
    if known is None:
        raise UnknownSite(f"没有这个站点:{site}(可用:{'、'.join(sites)})")
    await put_when_missing(store.put_site(site, known.site, _MUST_BE_NEW))


async def ingest(
    parts: Machinery,
    files: Sequence[Path],
    site: str,
    *,
    sites: Mapping[str, ConfiguredSite] | None = None,
    complete: bool = False,
) -> list[Run]:
    """Takes a site's files into the store; answers when each file's run is closed.

    Raises UnknownSite, OSError for a file that cannot be opened, StoreUnavailable when the store is gone.
    """
    known = configured() if sites is None else sites
    await put_site(parts.store, known, site)
    now_ms = await parts.store.now_ms()
    sources = [(path, file_source(path, site, BY_HAND, now_ms, complete=complete)) for path in files]
    begun: list[str] = []

    async def read_all() -> None:
        for path, source in sources:
            rows = chunks(read(path, known[site].columns))
            await enqueue(parts.queue, parts.runs, source, rows, begun.append)

    reading = asyncio.create_task(read_all())

    async def finished() -> bool:
        if not reading.done():
            return False
        return all(run.state != "reading" for run in await parts.runs.some(begun))

    try:
        await parts.intake.run(finished, block_ms=50)
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return await parts.runs.some(begun)
