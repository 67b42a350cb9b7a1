"""Imports: rows pushed by another system, what became of runs, and the clerk's desk for rows that stayed out."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ingest.batches import Batch, Ending, Line
from ingest.enqueue import BATCH_ROWS
from ingest.fields.days import local_day
from ingest.pipeline import UnknownSite, put_site
from ingest.queue import new_run
from ingest.readers.json_values import row_of
from matcher.errors import KuaizhaoError
from server.ingest_views import (
    Discarded,
    KeptList,
    KeptQuery,
    Mending,
    Push,
    Pushed,
    RunList,
    RunQuery,
    RunView,
    Sent,
    kept_view,
    run_view,
)
from server.keys import CALLER, INGEST, STORE

MOST_WAITING: Final = 64
"""Batches that may wait in the queue before pushed rows are refused with 503."""


async def push_rows(request: web.Request, push: Push) -> Pushed:
    """Takes rows into the queue: they are on disk when this answers, and the collector takes them in.

    The same rows again change nothing, so an answer that was lost may be asked for again.
    """
    desk, store = request.app[INGEST], request.app[STORE]
    try:
        await put_site(store, desk.sites, push.site)
    except UnknownSite as exc:
        raise KuaizhaoError("no_site") from exc
    run, source = new_run(), f"{push.site}/{push.source}"
    now_ms = await store.now_ms()
    lines = [Line(number, row_of(number, row).cells) for number, row in enumerate(push.rows, 1)]
    await desk.runs.begin(run, push.site, source, push.source)
    batches = [lines[at : at + BATCH_ROWS] for at in range(0, len(lines), BATCH_ROWS)]
    for number, some in enumerate(batches):
        batch = Batch(run, source, push.site, f"{source} {run}", local_day(now_ms).isoformat(), some)
        await desk.queue.offer(batch, 0 if number else MOST_WAITING)  # all of it or nothing
    await desk.queue.end(Ending(run, source, push.site, f"{source} {run}", len(batches)))
    return Pushed(run, len(lines))


async def list_runs(request: web.Request, query: RunQuery) -> RunList:
    """The last runs, newest first."""
    runs = await request.app[INGEST].runs.latest(query.limit)
    return RunList([run_view(run) for run in runs if query.site in (None, run.site)])


async def get_run(request: web.Request, _: None) -> RunView:
    """One run."""
    return run_view(await request.app[INGEST].runs.get(request.match_info["run"]))


async def list_quarantine(request: web.Request, query: KeptQuery) -> KeptList:
    """Rows that stayed out, and why."""
    rows = request.app[INGEST].kept
    some = await rows.listed("quarantine", site=query.site or "", after=query.after, limit=query.limit)
    return KeptList([kept_view(row) for row in some], await rows.count("quarantine"))


async def replay_row(request: web.Request, mending: Mending) -> Sent:
    """Sends a row from the quarantine through the intake again, with cells replaced. What its source still lists counts
    as taken in then, and does not undo it."""
    return Sent(await request.app[INGEST].kept.replay(request.match_info["row"], mending.cells))


async def discard_row(request: web.Request, _: None) -> Discarded:
    """Takes a row out of the quarantine for good."""
    kept = request.app[INGEST].kept
    row = await kept.get(request.match_info["row"])
    if row.record:
        raise KuaizhaoError("not_found", row.id)
    await kept.discard([row.id])
    return Discarded(row.id)


async def list_merges(request: web.Request, query: KeptQuery) -> KeptList:
    """Rows found to be the same person or shift as another's, and what became of the decision."""
    rows = request.app[INGEST].kept
    some = await rows.listed("merges", site=query.site or "", after=query.after, limit=query.limit)
    return KeptList([kept_view(row) for row in some], await rows.count("merges"))


async def undo_merge(request: web.Request, _: None) -> Sent:
    """Says that a merged row is a person or shift of its own: it is taken in by itself."""
    caller = request[CALLER]
    return Sent(await request.app[INGEST].kept.unmerge(request.match_info["merge"], f"{caller.role} {caller.subject}"))
