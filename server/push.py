"""From the stream of events to workers' sockets; the boards (`server/boards.py`) are told of the same changes.

The stream itself is the doorbell: it is read from where it ended, so nothing is lost between two reads; after a gap
every socket gets a new hello. A client keeps, of two cards of one posting, the one whose `v` is not smaller; what it is
answered on the socket (`server/answering.py`) counts as a card of that `v`, and after a no it is all that comes there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from msgspec import structs

from matcher.connection import guarded
from matcher.errors import Overloaded, StoreUnavailable
from matcher.reading import Change
from matcher.records import Message
from matcher.store import Store
from server import wire
from server.boards import Boards
from server.cards import Cards, Shown
from server.metrics import Metrics
from server.sessions import Sessions
from server.sockets import REPLACED, SHUTTING_DOWN, SLOW, TOKEN_EXPIRED, Socket
from server.wire import Format
from server.worker_views import MessageFrame, message_view, own_entry

READ_AT_ONCE: Final = 500
NEWEST: Final = 2
"""Messages read of an inbox that has new ones; seldom there are more, and then all are read."""
BACK_OFF_S: Final = (0.1, 1.0)
SOCKETS_PER_WORKER: Final = 4
SOCKETS_AT_ONCE: Final = 20_000
"""One process holds about so many at 10 to 13 kB each."""

TOLD_OF_PROFILE: Final = frozenset({"profile.suspended"})
"""Events of a profile that come with a message."""
FOR_EVERYBODY: Final = frozenset({"posting.amended", "posting.closed", "posting.withdrawn", "posting.expired"})
"""Events that change the posting for everybody with an entry, not only for those named."""

log = structlog.get_logger()


class Inbox(Socket):
    """A worker's socket, and what it was told."""

    def __init__(self, profile: str, wire_format: Format, size: int, after: int = 0, session: str = "") -> None:
        super().__init__(wire_format, size, session)
        self.profile = profile
        self.last_seq = after
        self.declining: set[str] = set()
        """Postings declined on this socket whose event has not come yet: the answer tells what the card would."""


class CardFrames:
    """Frames of one posting's card: the posting is encoded once for each format, not for each socket."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._heads: dict[Format, bytes] = {}

    def frame(self, profile: str, wire_format: Format) -> bytes:
        """The same bytes as the CardFrame would encode to."""
        head = self._heads.get(wire_format)
        if head is None:
            head = self._heads[wire_format] = self._head(wire_format)
        entry = wire.encode(own_entry(self._shown.posting.id, profile, self._shown.entries[profile]), wire_format)
        return head + entry + b"}" if wire_format == "json" else head + entry

    def _head(self, wire_format: Format) -> bytes:
        posting = wire.encode(self._shown.posting, wire_format)
        if wire_format == "json":
            return b'{"type":"card","v":%d,"posting":%b,"entry":' % (self._shown.v, posting)
        names = {name: wire.encode(name, wire_format) for name in ("type", "card", "v", "posting", "entry")}
        v = wire.encode(self._shown.v, wire_format)
        four_fields = b"\x84"  # msgpack: a map of four
        return b"".join(
            [four_fields, names["type"], names["card"], names["v"], v, names["posting"], posting, names["entry"]]
        )


class Push:
    """Follows the stream and spreads what changed to the sockets that are open here."""

    def __init__(
        self, store: Store, cards: Cards, boards: Boards, sessions: Sessions, metrics: Metrics, socket_queue: int
    ) -> None:
        self._store = store
        self._boards = boards
        self._sessions = sessions
        self._cards = cards
        self._metrics = metrics
        self._socket_queue = socket_queue
        self._open: dict[str, list[Inbox]] = {}
        self._sockets = 0
        self._after: str | None = None
        self._seq = 0
        self._back_off_s = BACK_OFF_S[0]
        self.alive = False
        """Whether events are being read now."""

    # -- sockets ----------------------------------------------------------------------------------------------------

    def join(self, profile: str, wire_format: Format, after: int = 0, session: str = "") -> Inbox:
        """From now on the socket is sent what changes, and messages after `after`.

        Read the snapshot after this, so that there is no hole. Raises `overloaded`.
        """
        if self._sockets >= SOCKETS_AT_ONCE:
            raise Overloaded("sockets")
        inbox = Inbox(profile, wire_format, self._socket_queue, after, session)
        mine = self._open.setdefault(profile, [])
        mine.append(inbox)
        if len(mine) > SOCKETS_PER_WORKER:
            self._drop(mine[0], REPLACED)
        self._sockets += 1
        self._metrics.sockets.set(self._sockets)
        return inbox

    def leave(self, inbox: Inbox) -> None:
        """The socket is gone."""
        mine = self._open.get(inbox.profile, [])
        mine.remove(inbox)
        if not mine:
            self._open.pop(inbox.profile, None)
        self._sockets -= 1
        self._metrics.sockets.set(self._sockets)

    def end_all(self) -> None:
        """Every socket closes: the server stops."""
        self._boards.end_all()
        for mine in self._open.values():
            for inbox in mine:
                inbox.end(SHUTTING_DOWN)

    def _end_sessions(self, change: Change) -> None:
        self._sessions.forget(change.who)
        self._boards.end_sessions(change.who)
        for inbox in self._open.get(change.id.partition(":")[2], ()):
            if inbox.session in change.who:
                inbox.end(TOKEN_EXPIRED)

    def _drop(self, inbox: Inbox, why: tuple[int, str]) -> None:
        inbox.end(why)
        self._metrics.dropped.labels(why[1]).inc()
        log.warning("socket_dropped", why=why[1])

    def send(self, inbox: Inbox, frame: bytes, kind: str) -> None:
        """Queues a frame for one socket, or drops the socket when it is too slow."""
        if inbox.put(frame):
            self._metrics.frames_of(kind).inc()
        else:
            self._metrics.dropped.labels(SLOW[1]).inc()
            log.warning("socket_dropped", why=SLOW[1])

    # -- the stream -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Never ends by itself: what goes wrong is logged, and the reading begins again after a pause."""
        try:
            while True:
                try:
                    await self._follow()
                except StoreUnavailable as exc:
                    log.warning("push_waits_for_store", detail=exc.detail)
                except Exception:
                    log.exception("push_failed")
                    self._after = None  # the event that cannot be read is passed over: a new hello tells everything
                self.alive = False
                self._metrics.push_restarts.inc()
                await asyncio.sleep(self._back_off_s)
                self._back_off_s = min(self._back_off_s * 2, BACK_OFF_S[1])
        finally:
            self.alive = False

    async def _follow(self) -> None:
        await self._catch_up()
        while True:
            changes = await self._store.changes(self._after or "0-0", count=READ_AT_ONCE)
            self._back_off_s = BACK_OFF_S[0]
            if not changes:
                continue
            self._metrics.events.inc(len(changes))
            if changes[0].seq != self._seq + 1:  # the stream was trimmed ahead of us
                self._after = None
                await self._catch_up()
                continue
            self._boards.note(changes)
            await self._spread(changes)
            self._after, self._seq = changes[-1].stream_id, changes[-1].seq

    async def _catch_up(self) -> None:
        if self._after is None or not await self._store.stream_reaches(self._seq):
            self._after, self._seq = await self._store.stream_end()
            self._cards.forget_employers()
            self._sessions.forget_all()
            self._boards.note_gap()
            await self._refresh()
        self.alive = True

    async def _refresh(self) -> None:
        for profile in list(self._open):
            hello = await self._cards.hello(profile)
            for inbox in self._open.get(profile, ()):
                new = [m for m in hello.messages if m.seq > inbox.last_seq]
                self.send(inbox, wire.encode(structs.replace(hello, messages=new), inbox.wire_format), "hello")
                inbox.last_seq = max([inbox.last_seq, *(m.seq for m in new)])
                inbox.declining.clear()

    async def _spread(self, changes: Sequence[Change]) -> None:
        wanted: dict[str, set[str]] = {}
        readers: set[str] = set()
        for change in changes:
            if change.kind == "employer.put":
                self._cards.forget_employer(change.id)
            elif change.kind == "session.ended":
                self._end_sessions(change)
                continue
            if change.kind == "ties.changed":  # nobody is told who blocks whom
                continue
            if change.kind in TOLD_OF_PROFILE and change.id in self._open:
                readers.add(change.id)
            concerned = self._open.keys() & change.who
            lone_no = change.kind == "posting.declined" and len(change.who) == 1  # else it is told to mates
            if lone_no:
                concerned = {profile for profile in concerned if self._is_news(profile, change.id)}
            if change.kind in FOR_EVERYBODY and self._open:
                concerned |= await self._connected_with(change.id)
            if concerned:
                wanted.setdefault(change.id, set()).update(concerned)
                if change.kind != "posting.offered" and not lone_no:  # neither comes with a message
                    readers |= concerned
        if not wanted and not readers:
            return
        shown, messages = await self._cards.read(wanted, readers, NEWEST)
        for posting in shown:
            frames = CardFrames(posting)
            for profile in posting.entries:
                for inbox in self._open.get(profile, ()):
                    inbox.declining.discard(posting.posting.id)  # it may be older than the no: another follows
                    self.send(inbox, frames.frame(profile, inbox.wire_format), "card")
        for profile, newest in messages.items():
            for inbox in list(self._open.get(profile, ())):
                await self._tell(inbox, newest)

    def _is_news(self, profile: str, declined: str) -> bool:
        """Whether one of the profile's sockets has still to be told of a no: all but the one on which it was said."""
        knows = [declined in inbox.declining for inbox in self._open[profile]]
        for inbox in self._open[profile]:
            inbox.declining.discard(declined)
        return not all(knows)

    async def _tell(self, inbox: Inbox, messages: list[Message]) -> None:
        """Sends the messages that it has not been sent. `messages`: the `NEWEST` of its worker."""
        if len(messages) == NEWEST and messages[0].seq > inbox.last_seq + 1:
            messages = await self._store.messages(inbox.profile)
        for message in messages:
            if message.seq > inbox.last_seq:
                inbox.last_seq = message.seq
                self.send(inbox, wire.encode(_frame(message), inbox.wire_format), "message")

    async def _connected_with(self, posting: str) -> set[str]:
        async with guarded():
            fields = await self._store.commands.hkeys(self._store.key("offers", posting))
        return self._open.keys() & {field.decode() for field in fields}


def _frame(message: Message) -> MessageFrame:
    return MessageFrame(**structs.asdict(message_view(message)))
