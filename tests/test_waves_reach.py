"""Wave after wave: whom each one reaches, circle by circle, and that no circle breaks a rule."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from loadtest import population
from loadtest.bench import memories, open_postings, oracle
from loadtest.bench.oracle import Known, Question
from loadtest.population import NOON_MS
from matcher import plan, waves
from matcher.model import HOUR_MS, MINUTE_MS, Entry, Place, PostingRecord, ProfileRecord
from matcher.plan import Wave
from matcher.replica import HeldPosting, Replica
from matcher.score import Weights
from tests import builders

NIGHT_MS = NOON_MS + 11 * HOUR_MS
SEED = 23
CROWD = list(population.workers(200, SEED))


def one_seat(headcount: int = 1) -> PostingRecord:
    """An open posting at HERE in 20 hours."""
    doc = builders.posting(NOON_MS, starts_in_ms=20 * HOUR_MS, headcount=headcount)
    record = open_postings.posting_records(1, SEED)[0]
    times = {name: getattr(doc, name) for name in ("start_ms", "end_ms", "valid_until_ms")}
    return structs.replace(record, id="j", doc=doc, headcount=headcount, **times)


def memory_of(posting: PostingRecord, people: dict[str, ProfileRecord]) -> Replica:
    memory = memories.empty()
    for record in people.values():
        memory.index.put(memory.columns.put(record), builders.vector(), population.MODEL)
    memory.postings[posting.id] = HeldPosting(posting, builders.vector(), 1)
    return memory


def next_wave(memory: Replica, now_ms: int = NOON_MS) -> Wave:
    (wave,), wide = plan.decide(memory, [plan.question(memory, memory.postings["j"], now_ms)], Weights())
    assert not wide
    return wave


def write(memory: Replica, wave: Wave, offer: str) -> None:
    """What the store would hold of a wave once everybody has answered so."""
    held = memory.postings["j"]
    for line in wave.offered:
        entry = Entry(
            offer=offer,  # type: ignore[arg-type]
            wave=wave.number,
            terms=1,
            offered_ms=NOON_MS,
            deadline_ms=NOON_MS,
            channel=line.channel,
        )
        memory.ledger.put("j", line.profile, entry, (0, 0, 0.0, 0.0))
        memory.show_ledger(line.profile)
    held.record.wave = wave.number


def person(id_: str, away_m: float, **over: object) -> ProfileRecord:
    place = Place(lat=builders.HERE.lat + away_m / 111_195, lon=builders.HERE.lon)
    doc = builders.profile(place=place, radius_m=60_000)
    return ProfileRecord(id=id_, v=1, schema=1, doc=doc, **over)  # type: ignore[arg-type]


def test_each_wave_reaches_the_next_circle_and_the_last_one_the_telephone() -> None:
    hall = {"presence": "in_hall", "presence_until_ms": NOON_MS + 6 * HOUR_MS}
    circles = {"hall": 20_000, "near": 2_000, "further": 5_000, "district": 12_000, "city": 40_000}
    people = {
        f"{name}{n}": person(f"{name}{n}", away_m, **(hall if name == "hall" else {}))
        for name, away_m in circles.items()
        for n in range(9)
    }
    memory = memory_of(one_seat(), people)
    reached = []
    for _ in circles:
        wave = next_wave(memory)
        reached.append(({line.profile.rstrip("0123456789") for line in wave.offered}, wave.offered[0].within_m))
        write(memory, wave, "expired")
    assert reached == [
        ({"hall"}, waves.HALL_M),
        ({"near"}, 3_000),
        ({"further"}, 6_000),
        ({"district"}, 15_000),
        ({"city"}, 60_000),
    ]
    memory.settings = structs.replace(memory.settings, daily_cap=9)
    calls = next_wave(memory)
    assert {line.channel for line in calls.offered} == {"call"}
    assert {line.reply_ms for line in calls.offered} == {calls.timing.call_ms}
    assert len(calls.offered) == 9
    assert next_wave(memory, NIGHT_MS).offered == [], "nobody is rung up by night"


def test_whom_a_refusal_ends_is_not_rung_up() -> None:
    people = {f"p{n}": person(f"p{n}", 1_000) for n in range(4)}
    memory = memory_of(one_seat(), people)
    write(memory, next_wave(memory), "declined")
    assert next_wave(memory).offered == []


def test_somebody_is_rung_up_once() -> None:
    memory = memory_of(one_seat(), {"p0": person("p0", 1_000)})
    for channel in ("inbox", "call"):
        wave = next_wave(memory)
        assert [line.channel for line in wave.offered] == [channel]
        write(memory, wave, "expired")
    assert next_wave(memory).offered == []


def test_a_wave_is_as_large_as_the_rates_say() -> None:
    people = {f"p{n}": person(f"p{n}", 1_000) for n in range(150)}
    memory = memory_of(one_seat(3), people)
    assert len(next_wave(memory).offered) == waves.people_to_ask(3, 0.3)
    for _ in range(500):
        said_no = Entry(offer="declined", wave=1, terms=1, offered_ms=NOON_MS, deadline_ms=NOON_MS)
        memory.rates.learn("porter", NOON_MS + 24 * HOUR_MS, None, said_no)
    assert len(next_wave(memory).offered) > 2 * waves.people_to_ask(3, 0.3)


def holds_offer(memory: Replica, *profiles: str) -> None:
    """Each of them has an unanswered offer of another posting."""
    for profile in profiles:
        memories.tell(memory, profile, memories.Told(live=1))


def asked(wave: Wave) -> set[str]:
    return {line.profile for line in wave.offered}


def test_who_holds_an_offer_is_left_to_others_while_there_is_time() -> None:
    """The first wave rather looks farther; the next one, and one that is urgent, asks whoever is near."""
    near, far = [f"near{n}" for n in range(12)], [f"far{n}" for n in range(12)]
    people = {id_: person(id_, 20_000 if id_ in far else 1_000) for id_ in near + far}
    memory = memory_of(one_seat(), people)
    holds_offer(memory, *near)
    urgent_ms = NOON_MS + 20 * HOUR_MS - waves.SPARING_FROM_MS
    assert asked(next_wave(memory, urgent_ms)) <= set(near)
    assert asked(next_wave(memory)) <= set(far)
    write(memory, next_wave(memory), "declined")
    assert asked(next_wave(memory)) & set(near)


@pytest.mark.parametrize(("seats", "free"), [(3, 0), (3, 2), (3, 3), (1, 2)])
def test_who_holds_an_offer_is_asked_for_seats_that_nobody_else_could_take(seats: int, free: int) -> None:
    memory = memory_of(one_seat(seats), {f"p{n}": person(f"p{n}", 1_000) for n in range(8)})
    busy = [f"p{n}" for n in range(free, 8)]
    holds_offer(memory, *busy)
    others = asked(next_wave(memory)) - set(busy)
    assert len(others) == free
    assert len(asked(next_wave(memory))) == max(seats, free)


STATES = st.sampled_from(["", "", "open", "declined", "expired", "accepted"])


@settings(max_examples=25)
@given(st.lists(STATES, min_size=200, max_size=200), st.booleans(), st.integers(0, 59), st.sampled_from([1, 3, 20]))
def test_no_wave_breaks_a_rule_whatever_was_answered_before(
    states: list[str], night: bool, which: int, headcount: int
) -> None:
    posting = open_postings.posting_records(60, SEED, open_postings.Kind(ages=True, popular=True))[which]
    posting = structs.replace(posting, id="j", headcount=headcount)
    memory = memory_of(posting, {record.id: record for record in CROWD})
    answered = dict(zip((record.id for record in CROWD), states, strict=True))
    for n, (id_, state) in enumerate(answered.items()):
        if state:
            entry = Entry(offer=state, wave=1 + n % 4, terms=1, offered_ms=NOON_MS, deadline_ms=NOON_MS + MINUTE_MS)  # type: ignore[arg-type]
            memory.ledger.put("j", id_, entry, (0, 0, 0.0, 0.0))
            memory.show_ledger(id_)
    now_ms = NIGHT_MS if night else NOON_MS
    wave = next_wave(memory, now_ms)
    assert max(Counter(line.profile for line in wave.offered).values(), default=0) <= 1
    records = {record.id: record for record in CROWD}
    for line in wave.offered:
        rung_up = answered[line.profile] == "expired"
        assert rung_up == (line.channel == "call" and bool(answered[line.profile]))
        assert not (rung_up and night)
        had_before = bool(answered[line.profile])
        known = Known(
            records[line.profile],
            live=int(answered[line.profile] == "open"),
            today=int(had_before),
            asked=frozenset({"j"}) if had_before and not rung_up else frozenset(),
        )
        assert oracle.may_be_asked(known, Question("j", posting.doc, 60_000, now_ms, memories.SETTINGS))
