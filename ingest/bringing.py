"""Bringing: what a reader reads goes into the queue in batches, and then the end of its run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import Final

import structlog
from msgspec import Struct

from ingest.queue import Queue, new_run
from ingest.readers import BadRow, CannotRead, Row
from ingest.runs import Runs
from ingest.transit import Batch, Ending, Line

log = structlog.get_logger()

BATCH_ROWS: Final = 500
"""Rows a batch: large enough that the store's fsync is shared, small enough that two of them are little memory."""


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


def _nobody(run: str) -> None:
    """For runs whose beginning nobody waits for."""


async def bring(
    queue: Queue,
    runs: Runs,
    source: Source,
    rows: Iterator[Row | BadRow],
    began: Callable[[str], None] = _nobody,
) -> str:
    """Reads rows in a thread and puts them into the queue; answers with the run, which the intake closes.

    A reader that fails ends its run with what it had read until then. Raises StoreUnavailable.
    """
    run, batches, error = new_run(), 0, ""
    await runs.begin(run, source.site, source.key, source.origin)
    began(run)
    while True:
        try:
            lines = await asyncio.to_thread(_next, rows)
        except (CannotRead, OSError) as exc:
            error = str(exc) if isinstance(exc, CannotRead) else f"读不了:{exc.strerror or exc}"
            break
        except Exception:
            log.exception("reader_failed", source=source.key)
            error = "读取时出错,已经记下"
            break
        if not lines:
            break
        await queue.put(Batch(run, source.key, source.site, source.origin, source.day.isoformat(), lines))
        batches += 1
    await queue.end(Ending(run, source.key, source.site, source.origin, batches, source.complete, error))
    return run


def _next(rows: Iterator[Row | BadRow]) -> list[Line]:
    return [
        Line(row.line, row.cells) if isinstance(row, Row) else Line(row.line, None, row.code, row.message)
        for row in islice(rows, BATCH_ROWS)
    ]
