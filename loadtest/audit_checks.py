"""What must hold of one posting, one worker and one acknowledged answer, told from the records alone (pure).

These checks share no code with the store's functions: they recount and compare instead of repeating how it was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final, Literal, get_args

from msgspec import Struct

from matcher.model import (
    CALENDAR_HOLDING,
    SEAT_HOLDING,
    Entry,
    PostingRecord,
    PostingState,
)
from matcher.moves import ACCEPTANCE_MOVES, ASSIGNMENT_MOVES, OFFER_MOVES, POSTING_MOVES

Fault = Literal["double_booked", "overfilled", "lost", "illegal_states", "version_gaps"]
Found = Iterator[tuple[Fault, str]]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

WAITING: Final = frozenset({"waiting", "standby", "called"})
IN_LINE_OR_PAST: Final = WAITING | {"seated", "passed_over", "lapsed"}
"""What a crew that stays together comes to only as a whole."""
ENDED: Final = frozenset({"closed", "withdrawn", "expired"})
OFFERING: Final = frozenset({"open", "filled"})
BEFORE_WORK: Final = frozenset({"seated", "confirmed", "consent_due"})


class Shift(Struct, frozen=True, order=True):
    """A shift that somebody holds: [start_ms, end_ms)."""

    start_ms: int
    end_ms: int
    posting: str


class ClientRecord(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a client was told: one acknowledged operation, noted by the client itself.

    `operation` is the store's name of it (register, post, accept, decline, confirm ...), `answer` the reply's state
    (acceptance for accept and withdraw_acceptance, assignment for operations on a seat, the posting's state else);
    `terms` and `v` are the terms answered to and the version in the reply, 0 where the client does not know them.
    """

    operation: str
    posting: str = ""
    profile: str = ""
    answer: str = ""
    terms: int = 0
    v: int = 0
    at_ms: int = 0


def posting_faults(p: PostingRecord, entries: Mapping[str, Entry], queue: Iterable[str]) -> Found:
    """Everything wrong with one posting, its entries and its ordered list."""
    if p.state not in get_args(PostingState):
        yield "illegal_states", f"posting {p.id} is {p.state!r}"
    yield from _count_faults(p, entries)
    yield from _posting_state_faults(p, entries)
    waiting = {profile for profile, e in entries.items() if e.acceptance in WAITING}
    for profile in sorted(waiting.symmetric_difference(queue)):
        yield "illegal_states", f"posting {p.id}: list and entry of {profile} disagree about waiting"
    yield from _crew_faults(p, entries)
    for profile, e in entries.items():
        for words in _entry_faults(p, e):
            yield "illegal_states", f"posting {p.id}, {profile}: {words}"


def _count_faults(p: PostingRecord, entries: Mapping[str, Entry]) -> Found:
    seats = sum(e.assignment in SEAT_HOLDING for e in entries.values())
    if seats > p.headcount:
        yield "overfilled", f"posting {p.id}: {seats} seated on {p.headcount} seats"
    acceptances = Counter(e.acceptance for e in entries.values())
    counted = {
        "taken": seats,
        "called": acceptances["called"],
        "waiting": acceptances["waiting"],
        "standby": acceptances["standby"],
        "open_offers": sum(e.offer == "open" for e in entries.values()),
    }
    for name, number in counted.items():
        if getattr(p, name) != number:
            yield "overfilled", f"posting {p.id}: {name} says {getattr(p, name)}, entries say {number}"
    for name in ("headcount", "start_ms", "end_ms", "valid_until_ms"):
        if getattr(p, name) != getattr(p.doc, name):
            yield "overfilled", f"posting {p.id}: {name} differs from its document"


def _posting_state_faults(p: PostingRecord, entries: Mapping[str, Entry]) -> Found:
    if p.state == "filled" and p.taken < p.headcount:
        yield "illegal_states", f"posting {p.id} is filled with {p.taken} of {p.headcount} seats taken"
    if p.state == "open" and p.taken >= p.headcount and p.window_until_ms == 0:
        yield "illegal_states", f"posting {p.id} is open without an open seat"
    if p.opened_ms == 0 and (entries or p.state in OFFERING):
        yield "illegal_states", f"posting {p.id} was never opened but is {p.state} with {len(entries)} entries"


def _crew_faults(p: PostingRecord, entries: Mapping[str, Entry]) -> Found:
    """A crew that stays together is seated, stands by or is passed over as one."""
    crews: dict[tuple[str, int], dict[str, Entry]] = {}
    for profile, e in entries.items():
        if e.together:
            crews.setdefault((e.crew, e.wave), {})[profile] = e
    for (crew, wave), members in crews.items():
        states = {e.acceptance for e in members.values()}
        if states & IN_LINE_OR_PAST and len(states) > 1:
            yield "illegal_states", f"posting {p.id}: crew {crew} is split: {sorted(map(str, states))}"
        if "gathering" in states and all(e.offer != "open" for e in members.values()):
            yield "illegal_states", f"posting {p.id}: crew {crew} gathers, and nobody is asked any more"
        if states & {"seated"} and any({profile, *e.mates} != members.keys() for profile, e in members.items()):
            yield "illegal_states", f"posting {p.id}: crew {crew} of wave {wave} is not whole"


def _entry_faults(p: PostingRecord, e: Entry) -> Iterator[str]:
    if (e.offer == "accepted") != (e.acceptance is not None):
        yield f"offer {e.offer} with acceptance {e.acceptance}"
    if (e.acceptance == "seated") != (e.assignment is not None):
        yield f"acceptance {e.acceptance} with assignment {e.assignment}"
    if e.offer == "open" and p.state not in OFFERING:
        yield f"an open offer of a posting that is {p.state}"
    if (e.acceptance in WAITING or e.acceptance == "gathering") and p.state in ENDED:
        yield f"{e.acceptance} at a posting that is {p.state}"
    if e.acceptance == "waiting" and p.window_until_ms == 0:
        yield "waiting without a window that ends"
    if e.acceptance == "called" and not e.call_deadline_ms:
        yield "called without a deadline"
    if e.assignment in BEFORE_WORK and p.state == "withdrawn":
        yield f"{e.assignment} at a posting that is withdrawn"
    if e.assignment == "consent_due" and (not e.consent_deadline_ms or e.before_consent not in ("seated", "confirmed")):
        yield "consent is due without a deadline or a way back"
    if e.terms > p.terms or e.wave > p.wave:
        yield f"terms {e.terms} or wave {e.wave} from the future"


def series_faults(
    id_: str,
    listed: list[str],
    days: Mapping[str, PostingRecord],
    entries: Mapping[str, Mapping[str, Entry]],
    now_ms: int,
) -> Found:
    """A series that is taken as a whole: its days in order, and until it begins everybody is seated on all of them."""
    in_order = sorted(days, key=lambda day: days[day].start_ms)
    if listed != in_order:
        yield "illegal_states", f"series {id_} lists {listed}, its days are {in_order}"
        return
    begins_ms = days[in_order[0]].start_ms
    if any(p.begins_ms != begins_ms for p in days.values()) and begins_ms > now_ms:
        yield "illegal_states", f"series {id_}: its days disagree about when it begins"
    if begins_ms <= now_ms:
        return
    seated = {day: {who for who, e in entries[day].items() if e.assignment in BEFORE_WORK} for day in days}
    begun = {who for some in entries.values() for who, e in some.items() if e.assignment in SEAT_HOLDING - BEFORE_WORK}
    for day in in_order[1:]:
        for who in sorted((seated[day] ^ seated[in_order[0]]) - begun):
            yield "illegal_states", f"series {id_}: {who} has some of the days only"


def worker_faults(profile: str, shifts: Iterable[Shift], calendar: Iterable[Shift]) -> Found:
    """Overlapping shifts of one worker, and a calendar that says other than the entries."""
    held = sorted(shifts)
    latest = held[0] if held else None
    for before, after in pairwise(held):
        latest = max(latest or before, before, key=lambda s: s.end_ms)
        if after.start_ms < latest.end_ms:
            yield "double_booked", f"{profile} at {latest.posting} and {after.posting}"
    for shift in sorted(set(held).symmetric_difference(calendar)):
        yield "double_booked", f"calendar and entry of {profile} disagree about {shift.posting}"


def holds_time(e: Entry) -> bool:
    """Whether the entry's seat keeps the shift in the worker's calendar."""
    return e.assignment in CALENDAR_HOLDING


def _later(moves: Mapping[str, frozenset[str]], state: str) -> set[str]:
    """The state and everything that can follow it."""
    reached, ahead = {state}, [state]
    while ahead:
        for to in moves.get(ahead.pop(), frozenset()) - reached:
            reached.add(to)
            ahead.append(to)
    return reached


LATER: Final[dict[str, dict[str, set[str]]]] = {
    noun: {state: _later(moves, state) for state in moves}
    for noun, moves in {
        "posting": POSTING_MOVES,
        "offer": OFFER_MOVES,
        "acceptance": ACCEPTANCE_MOVES,
        "assignment": ASSIGNMENT_MOVES,
    }.items()
}

LATER["assignment"]["confirmed"] -= {"seated"}  # consent leads back to where it was asked from

ANSWERS: Final[dict[str, str]] = {
    **dict.fromkeys(("accept", "withdraw_acceptance"), "acceptance"),
    "decline": "offer",
    **dict.fromkeys(
        ("confirm", "reconfirm", "reconsent", "release", "check_in", "no_show", "done", "paid"), "assignment"
    ),
}
"""Operations on an entry and the noun whose state they answer with."""

IMPLIED: Final[dict[str, str]] = {
    "decline": "declined",
    "withdraw_acceptance": "withdrawn",
    "confirm": "confirmed",
    "release": "released",
    "check_in": "checked_in",
    "no_show": "no_show",
    "done": "done",
    "paid": "paid",
}
"""The state that an operation's success means where the reply does not name one."""


def record_lost(told: ClientRecord, noun: str, id_: str, v: int | None, state: str = "") -> str | None:
    """How an acknowledged write of a record is not there, or None; `v` is the record's version, None without one."""
    where = f"{told.operation} of {noun} {id_}"
    if v is None:
        return f"{where}: no such record"
    if v < told.v:
        return f"{where}: version {told.v} was acknowledged, {v} is there"
    if (
        told.operation not in ANSWERS
        and told.answer
        and noun == "posting"
        and state not in LATER["posting"].get(told.answer, {told.answer})
    ):
        return f"{where}: {told.answer} was acknowledged, {state} is there"
    return None


def entry_lost(told: ClientRecord, e: Entry | None) -> str | None:
    """How an acknowledged operation on an entry is not there, or None. An entry under newer terms began anew."""
    where = f"{told.operation} of {told.profile} at {told.posting}"
    if e is None:
        return f"{where}: no such entry"
    if told.terms and e.terms > told.terms:
        return None
    noun = ANSWERS[told.operation]
    there = getattr(e, noun)
    acknowledged = told.answer or IMPLIED.get(told.operation, "")
    if not acknowledged:
        return f"{where}: no {noun} is there" if there is None else None
    if there not in LATER[noun].get(acknowledged, {acknowledged}):
        return f"{where}: {noun} {acknowledged} was acknowledged, {there} is there"
    return None
