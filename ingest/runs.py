"""Runs: one reading of one source, and what became of its rows. The store keeps the counts, so that they survive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from msgspec import Struct

from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.store import Store

KEPT_S: Final = 30 * 86_400
"""How long a finished run is remembered."""
RunState = Literal["reading", "done", "same", "failed"]
COUNTS: Final = ("read", "accepted", "changed", "unchanged", "merged", "blocked", "quarantined", "withdrawn")


class Run(Struct, kw_only=True):
    """One run. `read` is the sum of accepted, changed, unchanged, merged, blocked and quarantined rows.

    `withheld` counts rows that vanished from their list and were not withdrawn, because too many vanished at once.
    State `same`: the source said that nothing has changed. `error` says in Chinese why it could not be read to its end.
    """

    id: str
    site: str
    source: str
    origin: str
    state: RunState = "reading"
    started_ms: int = 0
    finished_ms: int = 0
    read: int = 0
    accepted: int = 0
    changed: int = 0
    unchanged: int = 0
    merged: int = 0
    blocked: int = 0
    quarantined: int = 0
    withdrawn: int = 0
    withheld: int = 0
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        return max(0, self.finished_ms - self.started_ms) / 1000 if self.finished_ms else 0.0


def added(runs: Iterable[Run], *, site: str) -> Run:
    """Several runs in one."""
    some = list(runs)
    counts = {name: sum(getattr(run, name) for run in some) for name in (*COUNTS, "withheld")}
    return Run(
        id="",
        site=site,
        source="",
        origin="",
        state="failed" if any(run.state == "failed" for run in some) else "done",
        started_ms=min((run.started_ms for run in some), default=0),
        finished_ms=max((run.finished_ms for run in some), default=0),
        error=";".join(run.error for run in some if run.error),
        **counts,
    )


class Runs:
    """The runs of a market."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, run: str, site: str, source: str, origin: str) -> None:
        """Notes that a run has begun. Raises StoreUnavailable."""
        now_ms = await self._store.now_ms()
        key = self._store.key("run", run)
        fields = {"site": site, "source": source, "origin": origin, "state": "reading", "started_ms": now_ms}
        async with guarded():
            pipe = self._store.commands.pipeline(transaction=True)
            pipe.hset(key, mapping=fields)
            pipe.expire(key, KEPT_S)
            pipe.zadd(self._store.key("runs"), {run: now_ms})
            pipe.zremrangebyscore(self._store.key("runs"), "-inf", now_ms - KEPT_S * 1000)
            await pipe.execute()

    async def batches(self, run: str) -> tuple[int, int]:
        """Batches put into the queue, and batches done."""
        async with guarded():
            put, done = await self._store.commands.hmget(self._store.key("run", run), ["batches", "taken"])
        return int(put or 0), int(done or 0)

    async def get(self, run: str) -> Run:
        """Raises `not_found`, StoreUnavailable."""
        found = await self.some([run])
        if not found:
            raise KuaizhaoError("not_found", run)
        return found[0]

    async def some(self, ids: Sequence[str]) -> list[Run]:
        """Those of the runs that are remembered, in the order of `ids`."""
        ids = list(ids)  # the caller's may grow while the store is asked
        raws = await self._store.hashes("run", ids)
        return [_run(id_, raw) for id_, raw in zip(ids, raws, strict=True) if raw]

    async def latest(self, count: int = 100) -> list[Run]:
        """The last runs, newest first."""
        async with guarded():
            ids = await self._store.commands.zrevrange(self._store.key("runs"), 0, count - 1)
        return await self.some([id_.decode() for id_ in ids])


def _run(id_: str, raw: dict[bytes, bytes]) -> Run:
    numbers = {n: int(raw.get(n.encode()) or 0) for n in (*COUNTS, "withheld", "started_ms", "finished_ms")}
    texts = {n: raw.get(n.encode(), b"").decode() for n in ("site", "source", "origin", "error")}
    state = raw.get(b"state", b"reading").decode()
    return Run(id=id_, state=state, **texts, **numbers)  # type: ignore[arg-type]  # written from the Literal
