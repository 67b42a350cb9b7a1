"""The matcher against an oracle that goes person by person, and columns with a history against columns rebuilt."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from loadtest import population
from loadtest.bench import exactness, memories, open_postings, oracle
from loadtest.bench.open_postings import Kind
from loadtest.bench.oracle import Question
from loadtest.population import MODEL, NOON_MS
from matcher import grid, plan, replica, search
from matcher.ask import Ask, ask_of
from matcher.columns import Columns
from matcher.compiled import KERNELS
from matcher.ledger import Shift
from matcher.model import Place, PostingRecord, ProfileRecord
from matcher.replica import Replica
from matcher.score import Weights

SEED = 11
CROWD = list(population.workers(400, SEED))
POSTINGS = exactness.mixed(10, SEED)


def test_survivors_and_the_best_fifty_are_the_oracles() -> None:
    found = exactness.measure(1_000, 80, SEED)
    assert (found.questions, found.same_survivors, found.recall_at_50) == (80, 80, 1.0)
    assert found.survivors > 100


def asked_by(posting: PostingRecord, radius_m: float) -> Ask:
    return ask_of(
        posting.id, posting.doc, radius_m=radius_m, asked=frozenset(), now_ms=NOON_MS, settings=memories.SETTINGS
    )


def asks() -> list[Ask]:
    return [asked_by(posting, radius) for posting in POSTINGS for radius in (6_000, 60_000)]


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    """Within a day and a half of the posting's, on whole minutes, at most some 40 km away."""
    start_ms = NOON_MS + draw(st.integers(0, 60 * 60)) * 60_000
    place = draw(st.integers(-80, 80)) / 256, draw(st.integers(-80, 80)) / 256
    lasts_ms = draw(st.integers(1, 16 * 60)) * 60_000
    return Shift(start_ms, start_ms + lasts_ms, 36.0 + place[0], 120.0 + place[1])


@settings(max_examples=300)
@given(st.lists(shifts(), min_size=1, max_size=3), shifts())
def test_time_between_and_in_all_is_the_oracles(held: list[Shift], wanted: Shift) -> None:
    place = Place(lat=wanted.lat, lon=wanted.lon)
    doc = structs.replace(POSTINGS[0].doc, start_ms=wanted.start_ms, end_ms=wanted.end_ms, place=place)
    columns = Columns()
    columns.put(CROWD[0])
    columns.put_ledger(CROWD[0].id, 0, held)
    ask = ask_of("j", doc, radius_m=60_000, asked=frozenset(), now_ms=NOON_MS, settings=memories.SETTINGS)
    broken = {code for code, _ in search.excluded_by(columns, ask, 0)}
    question = oracle.Question("j", doc, 60_000, NOON_MS, memories.SETTINGS)
    expected = oracle.has_time(oracle.Known(CROWD[0], shifts=tuple(held)), question)
    assert (not broken & {"calendar", "travel", "rest", "daily_hours"}) == expected


def changed(record: ProfileRecord, draw: random.Random) -> ProfileRecord:
    """Moves, learns, changes wishes or hours, pauses, arrives: one of them."""
    other = CROWD[draw.randrange(len(CROWD))]
    doc = [
        structs.replace(record.doc, place=other.doc.place),
        structs.replace(record.doc, trades=other.doc.trades),
        structs.replace(record.doc, trades=[t for p in CROWD[:9] for t in p.doc.trades][:20]),
        structs.replace(record.doc, hours=other.doc.hours, pay=other.doc.pay),
        structs.replace(record.doc, certificates=other.doc.certificates),
        record.doc,
    ][draw.randrange(6)]
    over = {"presence": other.presence, "presence_until_ms": other.presence_until_ms, "paused": draw.random() < 0.1}
    return structs.replace(record, doc=doc, v=record.v + 1, **over)


def play(history: Sequence[str], draw: random.Random) -> tuple[Columns, dict[str, ProfileRecord]]:
    """Columns after the history, and the records as they are then."""
    columns, now = Columns(), {}
    being_built = None
    for step in history:
        record = CROWD[draw.randrange(len(CROWD))]
        if step == "put":
            now[record.id] = changed(now.get(record.id, record), draw)
            columns.put(now[record.id])
        elif step == "remove":
            now.pop(record.id, None)
            columns.remove(record.id)
        elif step == "compact":
            before = list(columns.ids)
            kept = columns.compact()
            assert [before[row] for row in kept] == columns.ids
        elif step == "reindex":
            columns.reindex()
        elif step == "begin":
            being_built = columns.begin_reindex()
        elif being_built is not None:
            columns.adopt(being_built())
            being_built = None
    return columns, now


STEPS = st.sampled_from(["put"] * 12 + ["remove"] * 3 + ["compact", "reindex", "begin", "adopt", "adopt"])


@settings(max_examples=25)
@given(st.lists(STEPS, min_size=20, max_size=200), st.randoms(use_true_random=False))
def test_columns_after_any_history_equal_columns_rebuilt(history: list[str], draw: random.Random) -> None:
    kept, now = play(["put"] * 60 + history, draw)
    rebuilt = Columns()
    for record in now.values():
        rebuilt.put(record)
    rebuilt.compact()
    assert sorted(kept.row_of) == sorted(rebuilt.row_of)
    for id_, row in kept.row_of.items():
        assert kept.ids[row] == id_
        assert kept.described(row) == rebuilt.described(rebuilt.row_of[id_])
    for ask in asks():
        found = [sorted(c.ids[row] for row in search.everybody(c, ask)) for c in (kept, rebuilt)]
        assert found[0] == found[1]
        for id_, row in list(kept.row_of.items())[:20]:
            why = search.excluded_by(kept, ask, row)
            assert why == search.excluded_by(rebuilt, ask, rebuilt.row_of[id_])
            assert (not why) == (id_ in found[0])


@given(
    st.floats(-89.9, 89.9), st.floats(-179.9, 179.9), st.floats(500, 60_000), st.floats(0, 6.2832), st.floats(0, 0.999)
)
def test_every_place_within_the_radius_lies_in_the_bands(
    lat: float, lon: float, radius_m: float, turn: float, share: float
) -> None:
    away = share * radius_m / grid.METRES_PER_DEGREE
    other_lat = lat + away * np.sin(turn)
    other_lon = lon + away * np.cos(turn) / np.cos(np.radians(lat))
    if abs(other_lat) > 90 or abs(other_lon) > 180:
        return
    place = np.array([[other_lat], [other_lon]], dtype=np.float32)
    cell = int(grid.cells_of(*place)[0])
    assert cell == grid.cell_of(float(place[0, 0]), float(place[1, 0]))
    index = grid.trades_by_cell(np.array([7]), np.array([3], dtype=np.uint16), grid.cells_of(*place), 5)
    assert grid.near(index, np.array([2, 3], dtype=np.uint16), lat, lon, radius_m).tolist() == [[0, 1, 2]]


def filled() -> Replica:
    memory = memories.empty()
    memories.fill(memory, CROWD, SEED)
    return memory


def answers(memory: Replica) -> list[list[tuple[str, float]]]:
    """Survivors and their scores for every ask."""
    query = open_postings.unit_vectors(["porter"], np.random.default_rng(1))[0]
    c = memory.columns
    found = [search.everybody(c, ask) for ask in asks()]
    return [
        sorted(zip([c.ids[r] for r in rows], memory.index.scores(query, rows).tolist(), strict=True)) for rows in found
    ]


@settings(max_examples=10)
@given(st.lists(st.integers(0, len(CROWD) - 1), max_size=60), st.booleans(), st.randoms(use_true_random=False))
def test_no_rule_and_no_cap_is_ever_broken_by_an_offer(moved: list[int], night: bool, draw: random.Random) -> None:
    memory, known = memories.empty(), {}
    for n, record in enumerate(CROWD):
        known[record.id] = memories.known(n, changed(record, draw) if n in moved else record)
        row = memory.columns.put(known[record.id].record)
        memory.index.put(row, open_postings.unit_vectors(record.doc.trades[:1], np.random.default_rng(n))[0], MODEL)
        memories.tell(memory, record.id, memories.told_of(n))
    now_ms = exactness.NIGHT_MS if night else NOON_MS
    held = memories.hold(memory, POSTINGS, SEED)
    waves, _ = plan.decide(memory, [plan.question(memory, h, now_ms) for h in held], Weights())
    offers = Counter(offered.profile for wave in waves for offered in wave.offered)
    assert all(known[id_].live + n <= memories.SETTINGS.live_cap for id_, n in offers.items())
    for wave in waves:
        question = Question(wave.posting, memory.postings[wave.posting].record.doc, 60_000, now_ms, memories.SETTINGS)
        assert all(oracle.may_be_asked(known[offered.profile], question) for offered in wave.offered)


async def test_idle_compaction_takes_vectors_and_explanations_along() -> None:
    memory = filled()
    for record in CROWD[::3]:
        memory.columns.remove(record.id)
    expected = answers(memory)
    assert any(expected)
    memory.compact()
    assert answers(memory) == expected
    assert (memory.columns.tombstones, memory.columns.size, len(memory.index)) == (0, 266, 266)


async def test_strays_are_filed_in_a_thread_once_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "MOST_STRAYS", 5)
    memory = filled()
    far = Place(lat=36.5, lon=119.5)
    for record in CROWD[:10]:
        memory.columns.put(structs.replace(record, doc=structs.replace(record.doc, place=far)))
    expected = answers(memory)
    await asyncio.gather(memory.tidy(idle=False))
    assert memory.columns.strays == 0
    assert answers(memory) == expected
    for record in CROWD[:10]:
        memory.columns.remove(record.id)
    await memory.tidy(idle=False)
    assert memory.columns.tombstones == 10
    monkeypatch.setattr(replica, "MOST_STRAYS", 1)
    for record in CROWD[10:200]:
        memory.columns.remove(record.id)
    await memory.tidy(idle=True)
    assert memory.columns.tombstones == 0


def test_a_fresh_memory_has_an_index_without_strays() -> None:
    memory = filled()
    assert memory.columns.strays == 0
    local = open_postings.posting_records(5, SEED, Kind(popular=True))
    spans = search.spans(memory.columns.by_cell, asked_by(local[0], 3_000))
    assert (spans[:, 1] - spans[:, 0]).sum() < len(CROWD) // 4


def test_a_certificate_held_twice_counts_as_long_as_the_longer_one() -> None:
    record = next(r for r in CROWD if any(c.expires for c in r.doc.certificates))
    own = next(c for c in record.doc.certificates if c.expires)
    twice = [own, structs.replace(own, expires=None)]
    columns = Columns()
    row = columns.put(structs.replace(record, doc=structs.replace(record.doc, certificates=twice)))
    assert not columns.expiry_kind[row].any()


def test_rows_of_a_set_follow_who_comes_and_goes() -> None:
    columns, wanted = Columns(), frozenset({CROWD[0].id, CROWD[1].id})
    assert columns.rows_of(wanted).tolist() == []
    for record in CROWD[:3]:
        columns.put(record)
    assert columns.rows_of(wanted).tolist() == columns.rows_of(list(wanted)).tolist() == [0, 1]
    columns.remove(CROWD[0].id)
    assert columns.rows_of(wanted).tolist() == [1]
    columns.compact()
    assert [columns.ids[row] for row in columns.rows_of(wanted)] == [CROWD[1].id]


async def test_nothing_is_compiled_anew_once_warm() -> None:
    plan.warm()
    compiled = [len(kernel.signatures) for kernel in KERNELS]
    memory = filled()
    for held in memories.hold(memory, POSTINGS, SEED):
        waves, wide = plan.decide(memory, [plan.question(memory, held, NOON_MS)] * 2, Weights())
        assert (len(waves), wide) == (2, [])
    restored = Columns()
    restored.restore(memory.columns.ids, memory.columns.arrays())
    for ask in asks():  # shifts and caps come back with the postings
        assert set(search.everybody(restored, ask)) >= set(search.everybody(memory.columns, ask))
    assert [len(kernel.signatures) for kernel in KERNELS] == compiled == [1] * len(KERNELS)
