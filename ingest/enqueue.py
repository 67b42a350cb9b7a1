"""What a source gives goes into the queue in batches, and then the end of its run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Final

import structlog
from msgspec import Struct

from ingest.batches import Batch, Ending, Line
from ingest.queue import Queue, new_run
from ingest.readers import BadRow, CannotRead, Row
from ingest.runs import Runs
from matcher.errors import StoreUnavailable

log = structlog.get_logger()

BATCH_ROWS: Final = 500
"""Rows a batch: large enough that the store's fsync is shared, small enough that two of them are little memory."""

Rows = Sequence[Row | BadRow]


class Source(Struct, frozen=True):
    """Where rows come from. `key` names the source's ledger, `origin` the file or address, `day` is the day from which
    明天 counts. `complete`: it lists all that there is."""

    site: str
    name: str
    origin: str
    day: date
    complete: bool = False

    @property
    def key(self) -> str:
        """The name of the source's ledger."""
        return f"{self.site}/{self.name}"


class NotModified(Exception):
    """The source has not changed since it was last taken in."""


class Enqueued(Struct):
    """A run whose rows are in the queue. `error` says why there are not more of them."""

    run: str
    error: str = ""


def _nobody(run: str) -> None:
    """For runs whose beginning nobody waits for."""


def _unknown() -> str:
    return ""


async def chunks(rows: Iterator[Row | BadRow]) -> AsyncIterator[Rows]:
    """Rows of a reader, read in a thread. What it gave before it failed comes before its failure."""
    while True:
        some, failure = await asyncio.to_thread(_some_of, rows)
        if some:
            yield some
        if failure is not None:
            raise failure
        if not some:
            return


def _some_of(rows: Iterator[Row | BadRow]) -> tuple[list[Row | BadRow], Exception | None]:
    some: list[Row | BadRow] = []
    try:
        some.extend(islice(rows, BATCH_ROWS))
    except Exception as exc:
        return some, exc
    return some, None


async def enqueue(
    queue: Queue,
    runs: Runs,
    source: Source,
    rows: AsyncIterator[Rows],
    began: Callable[[str], None] = _nobody,
    known_by: Callable[[], str] = _unknown,
) -> Enqueued:
    """Puts a source's rows into the queue, and the end of its run, which the intake closes.

    A source that fails ends its run with what it had given until then. `known_by` is asked afterwards: what the source
    said it is known by, for asking later whether it has changed. Raises StoreUnavailable.
    """
    run = new_run()
    await runs.begin(run, source.site, source.key, source.origin)
    began(run)
    ending = Ending(run, source.key, source.site, source.origin, 0, source.complete)
    try:
        async for some in rows:
            for at in range(0, len(some), BATCH_ROWS):
                lines = [_line(row) for row in some[at : at + BATCH_ROWS]]
                ending.unread += sum(line.cells is None for line in lines)
                await queue.put(Batch(run, source.key, source.site, source.origin, source.day.isoformat(), lines))
                ending.batches += 1
        ending.known_by = known_by()
    except NotModified:
        ending.same, ending.complete = True, False
    except CannotRead as exc:
        ending.error = str(exc)
    except OSError as exc:
        ending.error = f"读不了:{exc.strerror or exc}"
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("source_failed", source=source.key)
        ending.error = "读取时出错,已经记下"
    await queue.end(ending)
    return Enqueued(run, ending.error)


def _line(row: Row | BadRow) -> Line:
    if isinstance(row, Row):
        return Line(row.line, row.cells)
    return Line(row.line, None, row.code, row.message)
