"""Builds workers' cards from the store: many postings and entries in one round trip."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec import Struct, structs

from matcher import codec, records
from matcher.line import Command
from matcher.model import Entry, PostingRecord
from matcher.records import Message
from matcher.store import Store
from server.sockets import alive_ms
from server.worker_views import Brief, Card, HelloFrame, brief, message_view, own_entry

NAMES_KEPT = 20_000
BRIEFS_KEPT: Final = 5_000
"""Of the postings that were shown last: each is shown again as often as somebody answers it."""
OVER = frozenset({"paid", "released", "no_show"})
STILL_OPEN = frozenset({"gathering", "waiting", "standby", "called"})
AGAIN = (b"state", b"counts", b"award", b"whole", b"commitment", b"digest")
"""Fields of a stored posting that change while its document stays as it is."""
SHOWN = (*AGAIN, b"doc")
"""Fields that a card is made of: without the vector."""


class Shown(Struct, frozen=True):
    """A posting at version `v` and the entries read after it (so an entry is never older than `v` says)."""

    v: int
    posting: Brief
    entries: dict[str, Entry]

    def card(self, profile: str) -> Card:
        """The card of one profile among `entries`."""
        entry = own_entry(self.posting.id, profile, self.entries[profile])
        return Card(v=self.v, posting=self.posting, entry=entry)


class _Kept(NamedTuple):
    """A posting as it was shown, and the digest of its document."""

    digest: bytes
    brief: Brief

    def as_of(self, raw: records.Hash, numbers: Mapping[str, int]) -> Brief:
        """The same document with the fields that may have changed."""
        return structs.replace(
            self.brief,
            state=raw[b"state"].decode(),
            award=raw[b"award"].decode(),
            commitment=raw.get(b"commitment", b"").decode(),
            terms=numbers["terms"],
            window_until_ms=numbers["window_until_ms"],
        )


def is_current(entry: Entry, now_ms: int) -> bool:
    """Whether the worker still has something to do or to wait for."""
    if entry.assignment is not None:
        return entry.assignment not in OVER
    if entry.acceptance is not None:
        return entry.acceptance in STILL_OPEN
    return entry.offer == "open" and entry.deadline_ms > now_ms


def _messages(newest_first: list[bytes]) -> list[Message]:
    return [codec.decode(raw, Message) for raw in reversed(newest_first)]


class Cards:
    """Reads cards. Names of employers are remembered until told that one changed, documents of postings by their
    digests: an answer changes the posting's numbers, and its document is neither read, decoded nor put together again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[str, str] = {}
        self._kept: dict[str, _Kept] = {}
        self._forgotten = 0

    def forget_employer(self, id_: str) -> None:
        """The employer's record has changed."""
        self._names.pop(id_, None)
        self._forget_briefs()  # an employer seldom changes

    def forget_employers(self) -> None:
        """Changes may have been missed."""
        self._names.clear()
        self._forget_briefs()

    def _forget_briefs(self) -> None:
        self._kept.clear()
        self._forgotten += 1

    async def read(
        self, wanted: Mapping[str, Iterable[str]], inboxes: Iterable[str] = (), newest: int | None = None
    ) -> tuple[list[Shown], dict[str, list[Message]]]:
        """Posting -> profiles whose entries to read, and profiles whose `newest` messages (None: all), in one round
        trip.

        What does not exist is left out. Raises StoreUnavailable.
        """
        asked = {posting: sorted(profiles) for posting, profiles in wanted.items()}
        readers = list(inboxes)
        key = self._store.key
        forgotten = self._forgotten
        kept = {posting: self._kept[posting] for posting in asked if posting in self._kept}
        commands: list[Command] = []
        for posting, profiles in asked.items():
            wanted_fields = AGAIN if posting in kept else SHOWN
            commands += [
                ("HMGET", key("posting", posting), *wanted_fields),
                ("HMGET", key("offers", posting), *profiles),
            ]
        last = -1 if newest is None else newest - 1
        commands += [("LRANGE", key("inbox", profile), 0, last) for profile in readers]
        replies = await self._store.ask(commands)
        cut = 2 * len(asked)
        again: list[Shown] = []
        found: list[tuple[PostingRecord, dict[str, Entry]]] = []
        digests: dict[str, bytes] = {}
        for (posting, profiles), values, lines in zip(asked.items(), replies[:cut:2], replies[1:cut:2], strict=True):
            raw = {name: value for name, value in zip(SHOWN, values, strict=False) if value is not None}
            known = kept.get(posting)
            if raw and (b"counts" not in raw or (known is not None and known.digest != raw.get(b"digest"))):
                known = None  # the document has changed; or it was last written when each number was a field of its own
                (raw,) = await self._store.hashes("posting", [posting])
            if not raw:
                continue
            entries = {p: records.entry(line) for p, line in zip(profiles, lines, strict=True) if line}
            if known is not None:
                numbers = records.counts(raw)
                again.append(Shown(v=numbers["v"], posting=known.as_of(raw, numbers), entries=entries))
            else:
                found.append((records.posting_record(posting, raw), entries))
                digests[posting] = b"" if raw.get(b"whole") else raw.get(b"digest", b"")
        messages = {p: _messages(lines) for p, lines in zip(readers, replies[cut:], strict=True)}
        new = await self._with_names(found)
        if forgotten == self._forgotten:  # else the name may be the one that has changed since the store answered
            for shown in new:
                self._keep(digests[shown.posting.id], shown.posting)
        return again + new, messages

    def _keep(self, digest: bytes, brief: Brief) -> None:
        if not digest:  # a series taken as a whole is shown with the other days, which change by themselves
            return
        self._kept[brief.id] = _Kept(digest, brief)
        if len(self._kept) > BRIEFS_KEPT:
            del self._kept[next(iter(self._kept))]

    async def _with_names(self, found: list[tuple[PostingRecord, dict[str, Entry]]]) -> list[Shown]:
        unknown = list({record.doc.employer for record, _ in found} - self._names.keys())
        if unknown:
            if len(self._names) > NAMES_KEPT:
                self._names.clear()
            raws = await self._store.hashes("employer", unknown)
            for id_, raw in zip(unknown, raws, strict=True):
                self._names[id_] = records.employer_record(id_, raw).doc.name if raw else ""
        days = {r.id: await self._other_days(r) for r, _ in found if r.whole}
        return [
            Shown(v=r.v, posting=brief(r, self._names.get(r.doc.employer, ""), days.get(r.id, ())), entries=entries)
            for r, entries in found
        ]

    async def _other_days(self, record: PostingRecord) -> list[PostingRecord]:
        """The days that go with the leading day of a series that is taken as a whole; none once it has begun."""
        if record.start_ms != record.begins_ms or record.begins_ms <= time.time_ns() // 1_000_000:
            return []
        return [p for p in await self._store.series(record.whole) if p.whole and p.id != record.id]

    async def briefs(self, postings: list[PostingRecord]) -> list[Brief]:
        """Postings as workers see them."""
        return [shown.posting for shown in await self._with_names([(record, {}) for record in postings])]

    async def current(self, profile: str) -> list[Card]:
        """Open offers and everything accepted that is not over, by start."""
        cards, _ = await self._of(profile, with_messages=False)
        return cards

    async def hello(self, profile: str, after: int = 0) -> HelloFrame:
        """Everything current, and the last messages after a sequence number."""
        cards, messages = await self._of(profile, with_messages=True)
        return HelloFrame(
            now_ms=time.time_ns() // 1_000_000,
            alive_ms=alive_ms(),
            cards=cards,
            messages=[message_view(m) for m in messages if m.seq > after],
        )

    async def over(self, profile: str) -> list[Card]:
        """What was accepted in the last month and is over, the last first."""
        postings = await self._store.postings_of_worker(profile)
        shown, _ = await self.read(dict.fromkeys(postings, (profile,)))
        now_ms = time.time_ns() // 1_000_000
        entries = [(s, s.entries[profile]) for s in shown if profile in s.entries]
        over = [s.card(profile) for s, e in entries if e.acceptance is not None and not is_current(e, now_ms)]
        return sorted(over, key=lambda c: (-c.posting.start_ms, c.posting.id))

    async def _of(self, profile: str, *, with_messages: bool) -> tuple[list[Card], list[Message]]:
        postings = await self._store.postings_of_worker(profile)
        shown, messages = await self.read(dict.fromkeys(postings, (profile,)), (profile,) if with_messages else ())
        now_ms = time.time_ns() // 1_000_000
        current = [s.card(profile) for s in shown if profile in s.entries and is_current(s.entries[profile], now_ms)]
        return sorted(current, key=lambda c: (c.posting.start_ms, c.posting.id)), messages.get(profile, [])
