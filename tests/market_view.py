"""A whole small market as it stands between two operations, and what must hold from one view to the next.

Nothing here asks how the store does it: seats, order and moves are judged from the records before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from matcher import draw, records
from matcher.model import Crew, Entry, PostingRecord, ProfileRecord
from matcher.store import Store
from tests import design

FROZEN_FIELDS = ("answered_ms", "last_work_ms", "queue_no", "round", "ticket", "decline_reason", "seated_ms")


class View(Struct, frozen=True):
    """Postings, entries and profiles at one instant of the market's clock."""

    now_ms: int
    postings: dict[str, PostingRecord]
    entries: dict[str, dict[str, Entry]]
    profiles: dict[str, ProfileRecord]
    crews: dict[str, Crew]

    def pairs(self) -> Iterator[tuple[str, str, PostingRecord, Entry]]:
        """Every entry with its posting: (posting id, profile id, posting, entry)."""
        for id_, entries in self.entries.items():
            for who, entry in entries.items():
                yield id_, who, self.postings[id_], entry

    def bound(self, posting: str) -> list[str]:
        """The days of the series that this posting is bound to, the leading one first; else the posting alone."""
        p = self.postings[posting]
        if not p.whole or p.begins_ms <= self.now_ms:
            return [posting]
        days = [id_ for id_, other in self.postings.items() if other.whole == p.whole]
        return sorted(days, key=lambda id_: self.postings[id_].start_ms)

    def leader(self, posting: str) -> str:
        """The posting that holds the line."""
        return self.bound(posting)[0]

    def may_seat(self, posting: str) -> bool:
        """Whether every day of the line is open or filled."""
        return all(self.postings[day].state in ("open", "filled") for day in self.bound(posting))

    def booked(self, who: str, posting: str) -> bool:
        """Whether a shift that `who` holds elsewhere overlaps one of the line's."""
        days = self.bound(posting)
        times = [(self.postings[day].start_ms, self.postings[day].end_ms) for day in days]
        return any(
            e.assignment in design.HOLDING and other.start_ms < end_ms and start_ms < other.end_ms
            for id_, profile, other, e in self.pairs()
            if profile == who and id_ not in days
            for start_ms, end_ms in times
        )

    def taken(self, posting: str) -> int:
        """Seats taken, counted from the entries."""
        return sum(e.assignment in design.HOLDING for e in self.entries.get(posting, {}).values())

    def called(self, posting: str) -> int:
        """Seats of the line that are kept for somebody called."""
        return sum(e.acceptance == "called" for e in self.entries.get(self.leader(posting), {}).values())

    def open_seats(self, posting: str) -> int:
        """Seats of the line that are neither taken nor kept for somebody called, counted from the entries."""
        return min(self.postings[day].headcount - self.taken(day) for day in self.bound(posting)) - self.called(posting)

    def live_offers(self, who: str) -> int:
        """Open offers of one person whose time has not run out."""
        return sum(
            profile == who and e.offer == "open" and e.deadline_ms > self.now_ms for _, profile, _, e in self.pairs()
        )


async def view(store: Store, now_ms: int) -> View:
    """Reads the market."""
    postings = {p.id: p for p in await store.postings(sorted(await store.ids("posting")))}
    raws = await store.hashes("offers", list(postings))
    entries = {
        id_: {who.decode(): records.entry(packed) for who, packed in flat.items()}
        for id_, flat in zip(postings, raws, strict=True)
    }
    ids = sorted(await store.ids("profile"))
    profiles = {
        id_: records.profile_record(id_, raw) for id_, raw in zip(ids, await store.hashes("profile", ids), strict=True)
    }
    named = sorted(await store.ids("crew"))
    crews = {id_: records.crew(id_, raw) for id_, raw in zip(named, await store.hashes("crew", named), strict=True)}
    return View(now_ms, postings, entries, profiles, crews)


def move_faults(before: View, after: View, *, several: bool) -> Iterator[str]:
    """Moves that the design does not know; `several` allows more than one move at once (a sweep)."""
    for id_, p in after.postings.items():
        was = before.postings[id_].state if id_ in before.postings else None
        if was is not None and p.state != was:
            allowed = set(design.POSTING[was])
            if "open" in allowed:
                allowed.add("filled")  # opened, and filled by those who waited
            if several:
                allowed |= design.within(design.POSTING, was)
            if p.state not in allowed:
                yield f"{id_}: posting {was} -> {p.state}"
    for id_, entries in before.entries.items():
        for who, e in entries.items():
            yield from (f"{id_}, {who}: {words}" for words in _entry_moves(e, after.entries[id_].get(who), several))
    for id_, who, _, e in after.pairs():
        by_series = after.postings[id_].whole and e.acceptance == "seated"
        begins = (e.offer, e.acceptance, e.assignment) == ("open", None, None)
        if who not in before.entries.get(id_, {}) and not begins and not by_series:
            yield f"{id_}, {who}: an entry that did not begin with an open offer"


def _entry_moves(was: Entry, e: Entry | None, several: bool) -> Iterator[str]:
    if e is None:
        yield "the entry is gone"
        return
    if (was.wave, was.offered_ms) != (e.wave, e.offered_ms):
        if was.offer == "expired" and was.channel != "call" and e.channel == "call":
            return  # who did not see it in time may be rung up once
        answered = was.offer != "open" and was.acceptance not in design.IN_LINE
        if not (answered and was.assignment in (None, "released") and e.terms > was.terms and e.offer == "open"):
            yield f"offered anew after {was}"
        return
    if e.terms != was.terms:
        yield f"terms {was.terms} -> {e.terms} within one offer"
    for noun, moves in (("offer", design.OFFER), ("acceptance", design.ACCEPTANCE), ("assignment", design.ASSIGNMENT)):
        old, new = getattr(was, noun), getattr(e, noun)
        if old == new:
            continue
        if old is None:
            allowed = {"gathering", "waiting", *moves["waiting"]} if noun == "acceptance" else {"seated"}
        elif old == "gathering":
            allowed = {"waiting", *moves["waiting"]}  # a mate's yes lets it join the line, and settles
        else:
            allowed = design.within(moves, old) if several else moves[old]
        if new not in allowed:
            yield f"{noun} {old} -> {new}"
    for name in FROZEN_FIELDS:
        old, new = getattr(was, name), getattr(e, name)
        if old not in (None, "") and old != new:
            yield f"{name} changed from {old} to {new}"


Unit = list[str]
"""One person, or a crew that stays together."""


def _units(entries: dict[str, Entry], some: Iterable[str]) -> list[Unit]:
    """The units that some people belong to, in order of the first one named."""
    found: dict[str, Unit] = {}
    for who in some:
        found.setdefault(entries[who].crew if entries[who].together else who, []).append(who)
    return list(found.values())


def _line(p: PostingRecord, entries: dict[str, Entry], later: dict[str, Entry]) -> list[Unit]:
    """Who is to be seated in what order, before the step: standby as they stand, then those who wait for the award. The
    draw is made in the step; that its tickets follow from a seed committed before is told by `other_faults`."""
    standby = sorted((e.order or 0, who) for who, e in entries.items() if e.acceptance == "standby")
    waiting = [(e.order or 0, who) for who, e in entries.items() if e.acceptance == "waiting"]
    units = _units(entries, [who for _, who in sorted(waiting)])
    if p.award == "fair":
        units.sort(
            key=lambda unit: (
                max(entries[who].last_work_ms or 0 for who in unit),
                max(entries[who].queue_no or 10**9 for who in unit),
                later[unit[0]].ticket,
            )
        )
    return _units(entries, [who for _, who in standby]) + units


def order_faults(before: View, after: View) -> Iterator[str]:
    """Somebody seated or called although others stood before them, could have come and would have fitted."""
    for id_, p in before.postings.items():
        entries, later = before.entries[id_], after.entries[id_]
        line = _line(p, entries, later)
        known = {who for unit in line for who in unit}
        new = [who for who, e in later.items() if who not in known and _joins(entries, who) and e.acceptance]
        line += _units(later, new)
        given = after.open_seats(id_)
        for unit in reversed(line):
            state = later[unit[0]].acceptance
            if state in ("seated", "called"):
                given += len(unit)
            elif state not in ("withdrawn", "gathering") and given > max(after.open_seats(id_), len(unit) - 1):
                busy = any(before.booked(who, id_) or after.booked(who, id_) for who in unit)
                yield from (f"{id_}: others before {who}" for who in unit if not busy)


def _joins(entries: dict[str, Entry], who: str) -> bool:
    return who in entries and entries[who].acceptance in (None, "gathering")


def idle_seat_faults(before: View, after: View, id_: str) -> Iterator[str]:
    """After settling: open seats while somebody waits who could take them, or a waiting list that nobody works off."""
    id_ = after.leader(id_)
    p, entries = after.postings[id_], after.entries[id_]
    if not after.may_seat(id_) or p.window_until_ms > after.now_ms or p.end_ms <= after.now_ms:
        return
    yield from (f"{id_}: {who} still waits" for who, e in entries.items() if e.acceptance == "waiting")
    for unit in _units(entries, [who for who, e in entries.items() if e.acceptance == "standby"]):
        busy = any(before.booked(who, id_) or after.booked(who, id_) for who in unit)
        if not busy and len(unit) <= after.open_seats(id_):
            yield f"{id_}: {unit} stand by at open seats"


def other_faults(before: View, after: View, live_cap: int) -> Iterator[str]:
    """Live caps, the committed draw, one place in line for each."""
    for who in after.profiles:
        if after.live_offers(who) > max(live_cap, before.live_offers(who)):
            yield f"{who} has {after.live_offers(who)} live offers"
    for id_, entries in after.entries.items():
        orders = [e.order for e in entries.values() if e.acceptance in design.IN_LINE]
        if len(orders) != len(set(orders)):
            yield f"{id_}: two people in one place of the line"
        p = after.postings[id_]
        yield from (f"{id_}: {words}" for words in draw.faults(p.commitment, p.seed, p.rounds, entries))


def event_faults(before: View, after: View, named: Mapping[str, set[str]]) -> Iterator[str]:
    """Entries that changed although no event named their owner; `named` is record -> people named since."""
    for id_, who, _, e in after.pairs():
        if before.entries.get(id_, {}).get(who) != e and who not in named.get(id_, set()):
            yield f"{id_}: the entry of {who} changed without an event that says so"
