"""The matcher's memory: columns, vectors and postings read back from the store, kept by its events.

Memory never runs ahead of the store: an event only names records, and what is applied is what was read back after it.
Start: note the stream's end, load records (profiles perhaps from a snapshot), then apply the events that follow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import structlog
from msgspec import Struct, ValidationError
from numpy.typing import NDArray

from matcher import records
from matcher.columns import Columns
from matcher.index import VectorIndex
from matcher.ledger import Ledger, Shift, shift_of
from matcher.model import DAY_MS, Crew, Entry, PostingRecord
from matcher.rates import Rates
from matcher.reading import Change, entries_in
from matcher.settings import MarketSettings
from matcher.store import Store
from matcher.ties import Ties

READ_AT_ONCE = 1_000
UNREADABLE = (ValueError, KeyError, ValidationError)
"""What reading a record written by another version, or damaged, raises."""

SELDOM = (b"doc", b"vec", b"model", b"digest", b"previous_model", b"previous_vec", b"previous_digest")
"""Fields from which document and vector follow: while they are the same, neither is decoded again."""

MOST_STRAYS = 2_000
"""Strays that every search looks at (about 30 microseconds) before the index is built anew."""

log = structlog.get_logger()


class HeldPosting(Struct):
    """A posting in memory: its record, its vector by the index's model (empty when it has none), the version of the
    last event applied to it, what of the raw record seldom changes (`SELDOM`), and its terms (`ask.terms_of`) once
    somebody has asked for them."""

    record: PostingRecord
    vector: NDArray[np.float32]
    event_v: int
    seldom: tuple[bytes | None, ...] = ()
    terms: bytes | None = None


class Replica:
    """Memory of one market. `apply` is the only writer."""

    def __init__(self, store: Store, settings: MarketSettings, *, dimension: int, model: str) -> None:
        self.store = store
        self.settings = settings
        self.columns = Columns()
        self.index = VectorIndex(dimension, model)
        self.ledger = Ledger(settings.zone_offset_ms)
        self.ties = Ties()
        self.rates = Rates(settings.zone_offset_ms)
        self.postings: dict[str, HeldPosting] = {}
        self.series: dict[str, set[str]] = {}
        """Series -> postings in memory that are, or were, days of it, where it is taken as a whole."""
        self.crews: dict[str, Crew] = {}
        self.crew_of: dict[str, str] = {}
        """Profile -> the crew that it has consented to."""
        self.stream_id = "0-0"
        self.seq = 0

    async def load(self) -> None:
        """Builds memory from the records alone; `stream_id` is where following has to begin."""
        self.stream_id, self.seq = await self.store.stream_end()
        await self._read_profiles(await self.store.ids("profile"))
        self.compact()
        self.rates.begin(await self.store.now_ms())
        await self.load_postings()

    def compact(self) -> None:
        """Drops tombstones and sorts the rows by cell. Row numbers change; a million rows take seconds."""
        self.index.permute(self.columns.compact())

    async def tidy(self, *, idle: bool) -> None:
        """Files strays in a thread once they are many; compacts where tombstones are many and nothing else goes on."""
        c = self.columns
        if idle and c.tombstones > max(MOST_STRAYS, c.size // 8):
            self.compact()
        elif c.strays > MOST_STRAYS:
            c.adopt(await asyncio.to_thread(c.begin_reindex()))

    async def load_postings(self) -> None:
        """Reads every posting that still matters (not over, or over for less than a day, or not learned from yet), and
        what employers have to do with people."""
        employers = await self.store.ids("employer")
        for first in range(0, len(employers), READ_AT_ONCE):
            some = employers[first : first + READ_AT_ONCE]
            for employer, ties in (await self.store.ties(dict.fromkeys(some))).items():
                for profile, tie in ties.items():
                    self.ties.put(employer, profile, tie)
        ids = await self.store.ids("posting")
        now_ms = await self.store.now_ms()
        since_ms = min(now_ms - DAY_MS, self.rates.through_ms)
        for first in range(0, len(ids), READ_AT_ONCE):
            recent = await self.store.ended_after(ids[first : first + READ_AT_ONCE], since_ms)
            await self._read_postings(dict.fromkeys(recent))
            self._forget_before(now_ms - DAY_MS)
        self.rates.forget_before(now_ms - DAY_MS, now_ms)
        await self._read_crews(await self.store.ids("crew"))

    def missed(self, changes: Sequence[Change]) -> bool:
        """Whether events between our position and these are gone: the stream was trimmed past us."""
        return bool(changes) and changes[0].seq != self.seq + 1

    async def apply(self, changes: Sequence[Change]) -> list[str]:
        """Reads back what the events name and applies it; answers with the postings touched, in order."""
        profiles = dict.fromkeys(c.id for c in changes if c.kind.startswith("profile."))
        await self._read_profiles(list(profiles))
        await self._read_crews(list(dict.fromkeys(c.id for c in changes if c.kind.startswith("crew."))))
        touched: dict[str, set[str] | None] = {}
        event_v: dict[str, int] = {}
        for change in changes:
            if not change.kind.startswith(("posting.", "assignment.")):
                continue
            held = self.postings.get(change.id)
            known_v = event_v.get(change.id, held.event_v if held else None)
            who = touched.setdefault(change.id, set())
            if known_v is None or change.v > known_v + 1:
                touched[change.id] = None  # the first sight of it, or events were trimmed away: read it whole
            elif who is not None:
                who.update(change.who)
            event_v[change.id] = max(change.v, known_v or 0)
        await self._read_postings(touched, event_v)
        await self._read_ties(changes)
        if changes:
            self.stream_id, self.seq = changes[-1].stream_id, changes[-1].seq
        return list(touched)

    async def _read_profiles(self, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), READ_AT_ONCE):
            some = ids[first : first + READ_AT_ONCE]
            for id_, raw in zip(some, await self.store.hashes("profile", some), strict=True):
                if not raw:
                    self.columns.remove(id_)
                    continue
                try:
                    record = records.profile_record(id_, raw)
                except UNREADABLE as exc:
                    log.error("profile_unreadable", profile=id_, why=str(exc))
                    self.columns.remove(id_)
                    continue
                row = self.columns.put(record)
                self.index.put(row, records.vector_by(raw, self.index.model), self.index.model)
                self.show_ledger(id_)

    async def _read_postings(self, touched: dict[str, set[str] | None], event_v: dict[str, int] | None = None) -> None:
        wanted = {id_: sorted(who) if who is not None else None for id_, who in touched.items()}
        changed: set[str] = set()
        for (id_, who), (raw, reply) in zip(
            wanted.items(), await self.store.postings_with_entries(wanted), strict=True
        ):
            record = self._hold(id_, raw, event_v or {})
            if record is None:
                self._forget(id_)
                continue
            shift, entries = shift_of(record), entries_in(who, reply)
            for profile, entry in entries.items():
                before = self.put_entry(id_, profile, entry, shift)
                self.rates.learn(record.doc.trade, record.end_ms, before, entry)
            changed.update(entries)
            if record.state == "withdrawn" and not record.whole:  # nobody holds anything of it, however far ahead it is
                self._forget(id_, taught=False)
        for profile in changed:
            self.show_ledger(profile)

    def _hold(self, id_: str, raw: records.Hash, event_v: dict[str, int]) -> PostingRecord | None:
        """Takes a posting over as it was read; None where there is none, or none that can be read."""
        if not raw:
            return None
        before, seldom = self.postings.get(id_), tuple(map(raw.get, SELDOM))
        known = before if before is not None and before.seldom == seldom else None
        try:
            record = records.posting_record(id_, raw, known.record.doc if known else None)
        except UNREADABLE as exc:  # one bad record must not stop the market
            log.error("posting_unreadable", posting=id_, why=str(exc))
            return None
        if before is not None and before.record.doc.trade != record.doc.trade:
            entries = self.ledger.entries.get(id_, {}).values()
            self.rates.move(before.record.doc.trade, record.doc.trade, record.end_ms, entries)
        vector = known.vector if known else records.vector_by(raw, self.index.model)
        seen_v = event_v.get(id_, record.v)
        self.postings[id_] = HeldPosting(record, vector, seen_v, seldom, known.terms if known else None)
        if record.whole:
            self.series.setdefault(record.whole, set()).add(id_)
        return record

    async def _read_crews(self, ids: Sequence[str]) -> None:
        for id_, raw in zip(ids, await self.store.hashes("crew", ids), strict=True):
            known = self.crews.pop(id_, None)
            for profile in known.consented if known is not None else ():
                self.crew_of.pop(profile, None)
            if raw:
                crew = self.crews[id_] = records.crew(id_, raw)
                self.crew_of.update(dict.fromkeys(crew.consented, id_))

    def line(self, posting: str, now_ms: int) -> list[PostingRecord]:
        """The postings that an offer of this one is for: itself; of a series that is taken as a whole and has not begun
        every day, the leading one first, and none where another day leads."""
        record = self.postings[posting].record
        if record.begins_ms <= now_ms:
            return [record]
        days = self._days(record)
        return days if days[0].id == posting else []

    def leader(self, posting: str, now_ms: int) -> str:
        """The posting that is offered in place of this one."""
        held = self.postings.get(posting)
        if held is None or held.record.begins_ms <= now_ms:
            return posting
        return self._days(held.record)[0].id

    def _days(self, record: PostingRecord) -> list[PostingRecord]:
        days = [self.postings[id_].record for id_ in self.series[record.whole]]
        return sorted((day for day in days if day.whole == record.whole), key=lambda day: day.start_ms)

    async def _read_ties(self, changes: Sequence[Change]) -> None:
        wanted: dict[str, list[str]] = {}
        for change in changes:
            if change.kind == "ties.changed":
                wanted.setdefault(change.id, []).extend(change.who)
        if wanted:
            found = await self.store.ties(wanted)
            for employer, profiles in wanted.items():
                for profile in profiles:
                    self.ties.put(employer, profile, found[employer].get(profile))

    def put_entry(self, posting: str, profile: str, entry: Entry, shift: Shift) -> Entry | None:
        """Takes over one entry as the store has it; answers with the one that it replaces. `show_ledger` shows it."""
        self.columns.put_offer(profile, self.ledger.day(entry.offered_ms), entry.nth_today)
        return self.ledger.put(posting, profile, entry, shift)

    def show_ledger(self, profile: str) -> None:
        """Writes what the ledger says of a profile into its row, where it has one."""
        live = self.ledger.live.get(profile, ())
        self.columns.put_ledger(
            profile,
            len({self._offer_of(posting) for posting in live}) if len(live) > 1 else len(live),
            list(self.ledger.shifts.get(profile, {}).values()),
            self.ledger.lately.get(profile, (0, 0)),
        )

    def _offer_of(self, posting: str) -> str:
        """What counts as one offer: the days of a series together."""
        held = self.postings.get(posting)
        return (held.record.doc.series if held is not None else None) or posting

    def _forget(self, posting: str, *, taught: bool = True) -> None:
        """Drops a posting; what its offers `taught` stays, or is taken back."""
        held = self.postings.pop(posting, None)
        if held is not None:
            self.series.get(held.record.whole, set()).discard(posting)
            entries = self.ledger.entries.get(posting, {})
            leave = self.rates.keep if taught else self.rates.unlearn
            leave(held.record.doc.trade, held.record.end_ms, entries.values())
        for profile in self.ledger.forget(posting):
            self.show_ledger(profile)

    def forget_ended(self, now_ms: int) -> None:
        """Drops postings that ended more than a day ago."""
        self._forget_before(now_ms - DAY_MS)
        self.rates.forget_before(now_ms - DAY_MS, now_ms)

    def _forget_before(self, at_ms: int) -> None:
        for id_ in [i for i, held in self.postings.items() if held.record.end_ms <= at_ms]:
            self._forget(id_)

    def asked(self, posting: str) -> frozenset[str]:
        """Profiles that had this posting before, under its present terms, or still hold something of it."""
        terms = self.postings[posting].record.terms
        return frozenset(p for p, e in self.ledger.entries.get(posting, {}).items() if _counts(e, terms))

    def was_asked(self, posting: str, profile: str) -> bool:
        """Whether `asked` names this profile."""
        entry = self.ledger.entries.get(posting, {}).get(profile)
        return entry is not None and _counts(entry, self.postings[posting].record.terms)

    def unanswered(self, posting: str) -> frozenset[str]:
        """Profiles whose offer of this posting ran out without an answer, and whom nobody was to ring up yet."""
        entries = self.ledger.entries.get(posting, {})
        return frozenset(p for p, e in entries.items() if e.offer == "expired" and e.channel != "call")

    def dump(self) -> dict[str, object]:
        """Everything remembered, by id, comparable between two replicas."""
        c = self.columns
        return {
            "profiles": {id_: c.described(row) for id_, row in c.row_of.items()},
            "vectors": {id_: self.index.vectors()[row].tobytes() for id_, row in c.row_of.items()},
            "postings": {id_: (h.record, h.vector.tobytes(), h.event_v) for id_, h in self.postings.items()},
            "crews": self.crews,
            "crew_of": self.crew_of,
            "entries": self.ledger.entries,
            "live": self.ledger.live,
            "shifts": self.ledger.shifts,
            "rates": self.rates.counts(),
            "ties": self.ties.dump(),
        }


def _counts(entry: Entry, terms: int) -> bool:
    """Whether an entry stands against another offer under these terms."""
    return (
        max(entry.terms, entry.consented_terms or 0, entry.refused_terms or 0) >= terms
        or entry.offer == "open"
        or entry.acceptance in ("waiting", "standby", "called")
        or (entry.assignment is not None and entry.assignment != "released")
    )
