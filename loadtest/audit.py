"""The audit: reads the whole store and counts what must never be (all counts 0 in a healthy market).

    double_booked   a worker's held shifts overlap, or the calendar says other than the entries
    overfilled      more seats taken than headcount, or a posting's counters disagree with its entries
    lost            acknowledged to a client and not there
    illegal_states  a state, or a combination of states, that the tables do not know; an index that disagrees
    version_gaps    an event that does not raise its record's version by exactly one, or a record ahead of its events

Run it when nothing is being written: it reads record by record, not at one instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import Struct

from loadtest.audit_checks import (
    ANSWERS,
    FAULTS,
    ClientRecord,
    Fault,
    Found,
    Shift,
    entry_lost,
    holds_time,
    posting_faults,
    record_lost,
    series_faults,
    worker_faults,
)
from matcher import codec, records
from matcher.model import Entry, PostingRecord, PostingState, PresenceState
from matcher.store import Store

T = TypeVar("T")
BATCH: Final = 1_000
POSTINGS_AT_ONCE: Final = 200
EXAMPLES_KEPT: Final = 10
KINDS: Final = ("profile", "posting", "employer", "site", "model", "heat", "crew")


class AuditReport(Struct, frozen=True, kw_only=True):
    """What an audit found: a count and up to ten examples of each fault, and how many records were read."""

    double_booked: int
    overfilled: int
    lost: int
    illegal_states: int
    version_gaps: int
    examples: dict[str, list[str]]
    records: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, fault) for fault in FAULTS)

    def counts(self) -> dict[str, int]:
        """Fault -> how often."""
        return {fault: getattr(self, fault) for fault in FAULTS}


def report_lines(report: AuditReport) -> list[str]:
    """The report as plain lines for a terminal."""
    lines = ["records        " + ", ".join(f"{n} {kind}" for kind, n in report.records.items())]
    for fault in FAULTS:
        lines.append(f"{fault:<15}{getattr(report, fault)}")
        lines += [f"    {example}" for example in report.examples.get(fault, [])]
    lines.append("ok" if report.ok else "NOT OK")
    return lines


def read_clients(lines: Iterable[str | bytes]) -> Iterator[ClientRecord]:
    """Client records from JSONL; blank lines are passed over. Raises msgspec.DecodeError on a broken line."""
    decoder = msgspec.json.Decoder(ClientRecord)
    return (decoder.decode(line) for line in lines if line.strip())


async def audit(store: Store, clients: Iterable[ClientRecord] = ()) -> AuditReport:
    """Audits one market, and what clients say that they were told against it. Raises StoreUnavailable."""
    run = _Audit(store)
    await run.postings()
    await run.series_as_a_whole()
    await run.profiles()
    await run.plain("employer")
    await run.plain("site")
    await run.plain("model")
    await run.plain("heat")
    await run.plain("crew", "members")
    await run.events()
    await run.clients(clients)
    return AuditReport(**run.counts, examples=run.examples, records=run.records)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


class _Audit:
    """One pass over a market. Keeps versions and held shifts, never documents: 100,000 profiles fit in memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.counts: dict[str, int] = dict.fromkeys(FAULTS, 0)
        self.examples: dict[str, list[str]] = {}
        self.records: dict[str, int] = dict.fromkeys((*KINDS, "entries", "seated", "seats", "events"), 0)
        self.versions: dict[tuple[str, str], int] = {}
        self.held: dict[str, list[Shift]] = {}
        self.paid: set[tuple[str, str]] = set()
        self.live: dict[str, dict[str, int]] = {}
        self.series: dict[str, dict[str, tuple[PostingRecord, dict[str, Entry]]]] = {}

    def note(self, fault: Fault, words: str) -> None:
        self.counts[fault] += 1
        kept = self.examples.setdefault(fault, [])
        if len(kept) < EXAMPLES_KEPT:
            kept.append(words)

    def note_all(self, found: Found) -> None:
        for fault, words in found:
            self.note(fault, words)

    async def ids(self, kind: str) -> AsyncIterator[list[str]]:
        """Ids in batches, sorted: a set's scan may name one twice."""
        for batch in _batches(sorted(set(await self.store.ids(kind))), BATCH):
            yield batch

    async def pipelined(self, items: Iterable[T], queue: Callable[[Any, T], Any]) -> list[Any]:
        """One command for each item in one round trip."""
        pipe = self.store.commands.pipeline(transaction=False)
        for item in items:
            queue(pipe, item)
        return list(await pipe.execute())

    # -- postings ---------------------------------------------------------------------------------------------------

    async def postings(self) -> None:
        states: tuple[PostingState, ...] = get_args(PostingState)
        lists = await asyncio.gather(*(self.store.postings_in(state) for state in states))
        in_state = {state: set(ids) for state, ids in zip(states, lists, strict=True)}
        async for ids in self.ids("posting"):
            for batch in _batches(ids, POSTINGS_AT_ONCE):
                raws = await self.store.hashes("posting", batch)
                entries = await self.store.hashes("offers", batch)
                queues = await self.pipelined(batch, lambda pipe, id_: pipe.zrange(self.store.key("queue", id_), 0, -1))
                for id_, raw, flat, queue in zip(batch, raws, entries, queues, strict=True):
                    self.posting(id_, raw, flat, [member.decode() for member in queue], in_state)
        for state, strangers in in_state.items():
            for id_ in sorted(strangers):
                self.note("illegal_states", f"posting {id_} is listed as {state} and is not")

    def posting(
        self,
        id_: str,
        raw: records.Hash,
        flat: records.Hash,
        queue: list[str],
        in_state: Mapping[PostingState, set[str]],
    ) -> None:
        self.records["posting"] += 1
        try:
            self.versions["posting", id_] = records.counts(raw)["v"]
            posting = records.posting_record(id_, raw)
        except (KeyError, ValueError, msgspec.ValidationError) as exc:
            self.note("illegal_states", f"posting {id_} cannot be read: {exc}")
            return
        listed = in_state.get(posting.state, set())
        if id_ not in listed:
            self.note("illegal_states", f"posting {id_} is {posting.state} and not listed so")
        listed.discard(id_)
        entries = self.readable(id_, flat)
        self.note_all(posting_faults(posting, entries, queue))
        if posting.whole:
            self.series.setdefault(posting.whole, {})[id_] = posting, entries
        self.records["entries"] += len(entries)
        self.records["seats"] += posting.headcount
        for profile, entry in entries.items():
            if holds_time(entry):
                self.records["seated"] += 1
                self.held.setdefault(profile, []).append(Shift(posting.start_ms, posting.end_ms, id_))
                if entry.assignment == "paid":
                    self.paid.add((profile, id_))
            if entry.offer == "open":
                self.live.setdefault(profile, {})[id_] = entry.deadline_ms

    async def series_as_a_whole(self) -> None:
        """Reads the lists of the series that the postings name."""
        now_ms = await self.store.clock_ms()
        lists = await self.pipelined(self.series, lambda pipe, id_: pipe.get(self.store.key("series", id_)))
        for (id_, held), raw in zip(self.series.items(), lists, strict=True):
            days, entries = {i: p for i, (p, _) in held.items()}, {i: e for i, (_, e) in held.items()}
            self.note_all(series_faults(id_, codec.unpack(raw) if raw else [], days, entries, now_ms))

    def readable(self, id_: str, flat: records.Hash) -> dict[str, Entry]:
        """The entries that can be read; the others are illegal."""
        entries = {}
        for field, packed in flat.items():
            try:
                entries[field.decode()] = records.entry(packed)
            except (ValueError, msgspec.ValidationError) as exc:
                self.note("illegal_states", f"posting {id_}, {field.decode()}: {exc}")
        return entries

    # -- people and plain records -----------------------------------------------------------------------------------

    async def profiles(self) -> None:
        async for batch in self.ids("profile"):
            raws = await self.pipelined(
                batch, lambda pipe, id_: pipe.hmget(self.store.key("profile", id_), "v", "presence", "doc")
            )
            self.records["profile"] += len(batch)
            for id_, (v, presence, doc) in zip(batch, raws, strict=True):
                self.versions["profile", id_] = int(v or 0)
                if doc is None or (presence or b"").decode() not in get_args(PresenceState):
                    self.note("illegal_states", f"profile {id_} is not whole: presence {presence!r}")
            await self.workers(batch)
        for id_, shifts in self.held.items():  # erased people: what they were paid for stays, their calendar does not
            self.held[id_] = [shift for shift in shifts if (id_, shift.posting) not in self.paid]
        await self.workers(sorted({*self.held, *self.live}))

    async def workers(self, ids: Iterable[str]) -> None:
        for batch in _batches(ids, BATCH):
            calendars = await self.store.hashes("calendar", batch)
            lives = await self.pipelined(
                batch, lambda pipe, id_: pipe.zrange(self.store.key("live", id_), 0, -1, withscores=True)
            )
            for id_, calendar, live in zip(batch, calendars, lives, strict=True):
                kept = [_shift(posting, times) for posting, times in calendar.items()]
                self.note_all(worker_faults(id_, self.held.pop(id_, []), kept))
                offers = {posting.decode(): int(deadline) for posting, deadline in live}
                if offers != self.live.pop(id_, {}):
                    self.note("illegal_states", f"the open offers of {id_} are not those of the entries")

    async def plain(self, kind: str, body: str = "doc") -> None:
        async for batch in self.ids(kind):
            rows = await self.pipelined(batch, lambda pipe, id_: pipe.hmget(self.store.key(kind, id_), "v", body))
            self.records[kind] += len(batch)
            for id_, (v, doc) in zip(batch, rows, strict=True):
                self.versions[kind, id_] = int(v or 0)
                if doc is None:
                    self.note("illegal_states", f"{kind} {id_} is listed and not there")

    # -- events and clients -----------------------------------------------------------------------------------------

    async def events(self) -> None:
        whole = await self.stream_is_whole()
        last: dict[tuple[str, str], int] = {}
        settings_v, last_seq = await self.store.commands.mget(self.store.key("settings_v"), self.store.key("event_seq"))
        self.versions["market", "settings"] = int(settings_v or 0)
        for employer, v in (await self.store.commands.hgetall(self.store.key("ties_v"))).items():
            self.versions["ties", employer.decode()] = int(v)
        seq = 0 if whole else None
        async for number, kind, id_, v in self.kept_events():
            self.records["events"] += 1
            if seq is not None and number != seq + 1:
                self.note("version_gaps", f"event {number} after event {seq}")
            seq = number
            noun, _, verb = kind.partition(".")
            if noun == "session":  # it has no version
                continue
            record = ("posting" if noun == "assignment" else noun, id_)
            before = last.get(record, 0 if whole else None)
            if before is not None and v != before + 1:
                self.note("version_gaps", f"{record[0]} {id_}: {kind} says {v} after {before}")
            last[record] = 0 if verb == "erased" else v  # whoever comes under the same id begins anew
        if seq is not None and seq != int(last_seq or 0):
            self.note("version_gaps", f"the last event is {seq}, {int(last_seq or 0)} have been numbered")
        for record in sorted(set(last) | set(self.versions)):
            there, told = self.versions.get(record, 0), last.get(record, 0 if whole else None)
            if told is not None and there != told:
                self.note("version_gaps", f"{record[0]} {record[1]} is at {there}, its last event says {told}")

    async def stream_is_whole(self) -> bool:
        """Whether no event has been trimmed away yet."""
        key = self.store.key("events")
        if not await self.store.commands.exists(key):
            return True
        info = await self.store.commands.xinfo_stream(key)
        return int(info["entries-added"]) == int(info["length"])

    async def kept_events(self) -> AsyncIterator[tuple[int, str, str, int]]:
        """(number, kind, id, version) of every event in the stream, oldest first."""
        after = "-"
        while rows := await self.store.commands.xrange(self.store.key("events"), min=after, count=BATCH):
            for _, fields in rows:
                yield int(fields[b"seq"]), fields[b"kind"].decode(), fields[b"id"].decode(), int(fields[b"v"])
            after = "(" + rows[-1][0].decode()

    async def clients(self, told: Iterable[ClientRecord]) -> None:
        for batch in _batches(told, BATCH):
            await self.clients_batch(batch)

    async def clients_batch(self, batch: list[ClientRecord]) -> None:
        on_entries = [told for told in batch if told.operation in ANSWERS]
        rows = await self.pipelined(
            on_entries, lambda pipe, told: pipe.hget(self.store.key("offers", told.posting), told.profile)
        )
        for told, packed in zip(on_entries, rows, strict=True):
            self.note_lost(entry_lost(told, _entry(packed)))
        on_records = [(told, noun, id_) for told in batch for noun, id_ in _record_of(told)]
        rows = await self.pipelined(
            on_records, lambda pipe, item: pipe.hmget(self.store.key(item[1], item[2]), "v", "counts", "state")
        )
        for (told, noun, id_), (v, counts, state) in zip(on_records, rows, strict=True):
            known_v = records.counts({b"counts": counts})["v"] if counts else int(v or 0) or None
            self.note_lost(record_lost(told, noun, id_, known_v, (state or b"").decode()))

    def note_lost(self, words: str | None) -> None:
        if words:
            self.note("lost", words)


def _record_of(told: ClientRecord) -> Iterator[tuple[str, str]]:
    """The record whose version an operation raised: the posting where one is named, else the profile."""
    if told.posting:
        yield "posting", told.posting
    elif told.profile:
        yield "profile", told.profile


def _shift(posting: bytes, times: bytes) -> Shift:
    start_ms, end_ms = times.split()
    return Shift(int(start_ms), int(end_ms), posting.decode())


def _entry(packed: bytes | None) -> Entry | None:
    """None also for one that cannot be read: that it is illegal has been noted with its posting."""
    try:
        return records.entry(packed) if packed else None
    except (ValueError, msgspec.ValidationError):
        return None
