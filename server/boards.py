"""From the stream of events to who watches postings: an employer its own, a hall its site's, the desk what waits there.

The follower of the stream (`server/push.py`) says what changed; a tenth of a second's changes of a posting are told as
one, with the record as it is when they are told. So a posting in the middle of a rush costs its watchers ten frames a
second at most, and workers' cards wait for none of this.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import structlog

from matcher.connection import guarded
from matcher.errors import Overloaded, StoreUnavailable
from matcher.model import DAY_MS, PostingRecord, PostingState
from matcher.moves import POSTING_MOVES
from matcher.reading import Change
from matcher.store import Store
from server import wire
from server.auth import STAFF, may_see, sees_review
from server.board_views import BoardHello, CalledFrame, GoneFrame, PostingFrame, Waiting, WaitingFrame
from server.calling import called
from server.metrics import Metrics
from server.posting_views import posting_view
from server.sessions import Caller
from server.sockets import REPLACED, SHUTTING_DOWN, SLOW, TOKEN_EXPIRED, Socket, alive_ms
from server.wire import Format

GATHERED_S: Final = 0.1
"""How long changes are gathered after some were told."""
BACK_OFF_S: Final = 1.0
WATCHERS_AT_ONCE: Final = 2_000
WATCHERS_A_SUBJECT: Final = 16
"""Screens or windows open for one employer, site's kiosk or clerk."""
REMEMBERED: Final = 50_000
PASSED_MS: Final = 2 * DAY_MS
"""How long an employer's posting stays on the board after its shift: to say who came and who was paid."""
IN_THE_HALL: Final[tuple[PostingState, ...]] = ("open", "filled")
QUEUES: Final = ("appeals", "complaints", "quarantine", "merges")
OF_STATE: Final = frozenset(
    f"posting.{kind}"
    for kind in ("posted", "opened", "reviewed", "amended", "closed", "withdrawn", "expired", "erased")
)
"""Kinds of events after which a posting may wait for a clerk, or wait no more, or be at another site."""

log = structlog.get_logger()


class Watcher(Socket):
    """A socket on which postings are told to an employer, a hall or a member of staff."""

    def __init__(self, caller: Caller, site: str, wire_format: Format, size: int) -> None:
        super().__init__(wire_format, size, caller.token_hash)
        self.caller = caller
        self.site = caller.site or site

    @property
    def topic(self) -> str:
        """What brings it a change: one employer's postings, one site's, or what comes to the desk."""
        if self.caller.role == "kiosk":
            return f"site:{self.site}"
        return "desk" if self.caller.role in STAFF else f"employer:{self.caller.subject}"

    def shows(self, record: PostingRecord) -> bool:
        """Whether a posting is told on it."""
        return may_see(self.caller, record) and self.site in ("", record.doc.site)


class Whose(NamedTuple):
    """Where a posting belongs."""

    employer: str
    site: str


class Boards:
    """Who watches postings here, and what has to be told to them."""

    def __init__(self, store: Store, metrics: Metrics, socket_queue: int) -> None:
        self._store = store
        self._metrics = metrics
        self._socket_queue = socket_queue
        self._open: dict[str, list[Watcher]] = {}
        self._whose: OrderedDict[str, Whose] = OrderedDict()
        self._changed: dict[str, bool] = {}  # posting -> whether its state or place may have changed
        self._called: set[str] = set()
        self._missed = False
        self._waiting: Waiting | None = None
        self._wake = asyncio.Event()

    # -- watchers ---------------------------------------------------------------------------------------------------

    def join(self, caller: Caller, site: str, wire_format: Format) -> Watcher:
        """From now on the socket is sent what changes: read its hello after this. Raises `overloaded`."""
        everybody = list(self._everybody())
        if len(everybody) >= WATCHERS_AT_ONCE:
            raise Overloaded("sockets")
        mine = [w for w in everybody if w.caller.whose == caller.whose and w.why is None]
        if len(mine) >= WATCHERS_A_SUBJECT:
            self._drop(mine[0], REPLACED)
        watcher = Watcher(caller, site, wire_format, self._socket_queue)
        self._open.setdefault(watcher.topic, []).append(watcher)
        self._metrics.watchers.inc()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """The socket is gone."""
        mine = self._open[watcher.topic]
        mine.remove(watcher)
        if not mine:
            del self._open[watcher.topic]
        self._metrics.watchers.dec()

    def end_all(self) -> None:
        """Every socket closes: the server stops."""
        for watcher in self._everybody():
            watcher.end(SHUTTING_DOWN)

    def end_sessions(self, hashes: Iterable[str]) -> None:
        """These sessions have ended."""
        ended = set(hashes)
        for watcher in self._everybody():
            if watcher.session in ended:
                watcher.end(TOKEN_EXPIRED)

    def _everybody(self) -> Iterator[Watcher]:
        return (watcher for some in self._open.values() for watcher in some)

    def _drop(self, watcher: Watcher, why: tuple[int, str]) -> None:
        watcher.end(why)
        self._metrics.dropped.labels(why[1]).inc()
        log.warning("watcher_dropped", why=why[1])

    # -- what the follower says -------------------------------------------------------------------------------------

    def note(self, changes: Sequence[Change]) -> None:
        """These changes are to be told. Whatever changed, something may wait for a clerk."""
        if not self._open:
            return
        for change in changes:
            if change.kind == "site.called":
                self._called.add(change.id)
            elif change.kind.startswith(("posting.", "assignment.")):
                self._changed[change.id] = self._changed.get(change.id, False) or change.kind in OF_STATE
        self._wake.set()

    def note_gap(self) -> None:
        """Changes may have been missed: everybody gets a new hello."""
        self._whose.clear()
        self._missed = bool(self._open)
        self._wake.set()

    # -- telling ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Never ends by itself; while the store cannot be read, what has to be told waits."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell()
                await asyncio.sleep(GATHERED_S)
            except StoreUnavailable as exc:
                log.warning("boards_wait_for_store", detail=exc.detail)
                await self._again()
            except Exception:
                log.exception("boards_failed")
                await self._again()

    async def _again(self) -> None:
        self._missed = True
        await asyncio.sleep(BACK_OFF_S)
        self._wake.set()

    async def _tell(self) -> None:
        changed, self._changed = self._changed, {}
        numbers, self._called = self._called, set()
        missed, self._missed = self._missed, False
        if missed:
            for watcher in list(self._everybody()):
                self._send(watcher, wire.encode(await self.hello(watcher), watcher.wire_format), "hello")
            return
        ids = [id_ for id_, of_state in changed.items() if self._is_watched(id_, of_state)]
        found = {record.id: record for record in await self._store.postings(ids)}
        for id_ in ids:
            self._spread(id_, found.get(id_), of_state=changed[id_])
        for site in numbers:
            await self._tell_called(site)
        if "desk" in self._open:
            await self._tell_waiting()

    def _is_watched(self, id_: str, of_state: bool) -> bool:
        whose = self._whose.get(id_)
        if whose is None or of_state:
            return True
        return f"employer:{whose.employer}" in self._open or f"site:{whose.site}" in self._open

    def _spread(self, id_: str, record: PostingRecord | None, *, of_state: bool) -> None:
        places = [known] if (known := self._whose.pop(id_, None)) else []
        if record is not None:
            places.append(self._remember(record))
        topics = {topic for w in places for topic in (f"employer:{w.employer}", f"site:{w.site}")}
        if of_state:
            topics.add("desk")
        frames: dict[tuple[bool | None, Format], bytes] = {}
        for watcher in (w for topic in sorted(topics) for w in self._open.get(topic, ())):
            shown = record if record is not None and watcher.shows(record) else None
            how = sees_review(watcher.caller) if shown else None, watcher.wire_format
            if how not in frames:
                frames[how] = wire.encode(_frame(id_, record, shown, watcher.caller), watcher.wire_format)
            self._send(watcher, frames[how], "posting" if shown else "gone")

    def _remember(self, record: PostingRecord) -> Whose:
        whose = Whose(record.doc.employer, record.doc.site)
        if POSTING_MOVES[record.state]:  # of one that has ended little more is told: then it is read again
            self._whose[record.id] = whose
            if len(self._whose) > REMEMBERED:
                self._whose.popitem(last=False)
        return whose

    async def _tell_called(self, site: str) -> None:
        watchers = self._open.get(f"site:{site}", ())
        if watchers:
            frame = CalledFrame(called=await called(self._store, site))
            for watcher in list(watchers):
                self._send(watcher, wire.encode(frame, watcher.wire_format), "called")

    async def _tell_waiting(self) -> None:
        waiting = await self.waiting()
        if waiting == self._waiting:
            return
        self._waiting = waiting
        for watcher in self._open.get("desk", ()):
            self._send(watcher, wire.encode(WaitingFrame(waiting=waiting), watcher.wire_format), "waiting")

    def _send(self, watcher: Watcher, frame: bytes, kind: str) -> None:
        if watcher.put(frame):
            self._metrics.frames_of(kind).inc()
        else:
            self._drop(watcher, SLOW)

    # -- reading ----------------------------------------------------------------------------------------------------

    async def hello(self, watcher: Watcher) -> BoardHello:
        """Every posting that the watcher is told of and that is not over. Raises StoreUnavailable."""
        staff, now_ms = watcher.caller.role in STAFF, time.time_ns() // 1_000_000
        records = await self._store.postings(await self._ids(watcher, now_ms))
        theirs = [record for record in records if watcher.shows(record)]
        for record in theirs:
            self._remember(record)
        shown = [posting_view(record, reviewed=sees_review(watcher.caller)) for record in theirs]
        shown.sort(key=lambda view: (view.posting.start_ms, view.id))
        return BoardHello(
            now_ms=now_ms,
            alive_ms=alive_ms(),
            postings=shown,
            waiting=await self.waiting() if staff else None,
            called=await called(self._store, watcher.site) if watcher.site else [],
        )

    async def _ids(self, watcher: Watcher, now_ms: int) -> list[str]:
        if watcher.caller.role in STAFF:
            return await self._store.postings_in("awaiting_review")
        if watcher.caller.role == "kiosk":
            return [id_ for state in IN_THE_HALL for id_ in await self._store.postings_in(state)]
        ids = await self._store.postings_of_employer(watcher.caller.subject)
        return await self._store.ended_after(ids, now_ms - PASSED_MS)

    async def waiting(self) -> Waiting:
        """What waits for a clerk now. Raises StoreUnavailable."""
        ringing = await self._store.postings_with_calls(time.time_ns() // 1_000_000)
        async with guarded():
            pipe = self._store.commands.pipeline(transaction=False)
            pipe.scard(self._store.key("in", "awaiting_review"))
            for queue in QUEUES:
                pipe.zcard(self._store.key(queue))
            reviews, *queued = await pipe.execute()
        calls = sum(found["open_calls"] for found in await self._store.posting_counts(ringing))
        return Waiting(reviews=reviews, calls=calls, **dict(zip(QUEUES, queued, strict=True)))


def _frame(
    id_: str, record: PostingRecord | None, shown: PostingRecord | None, caller: Caller
) -> PostingFrame | GoneFrame:
    if shown is not None:
        return PostingFrame(posting=posting_view(shown, reviewed=sees_review(caller)))
    return GoneFrame(id=id_, v=record.v if record is not None else 0)
