"""Wide questions: the same answer as on the loop, in portions, within a budget, and true when they come back."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from loadtest import population
from loadtest.bench import memories, open_postings
from loadtest.bench.open_postings import Kind
from loadtest.population import NOON_MS
from matcher import plan, score, wide
from matcher.plan import Found, Question
from matcher.replica import Replica
from matcher.score import Weights
from matcher.wide import WideSearch

SEED = 13
CROWD = list(population.workers(3_000, SEED))


@pytest.fixture
def memory() -> Replica:
    filled = memories.empty()
    memories.fill(filled, CROWD, SEED)
    for record in CROWD[:50]:  # strays
        filled.columns.put(structs.replace(record, doc=structs.replace(record.doc, place=CROWD[0].doc.place)))
    return filled


def questions(memory: Replica) -> list[Question]:
    kind = Kind(wave=3, ages=False, piece=True, popular=True)
    held = memories.hold(memory, open_postings.posting_records(10, SEED, kind), SEED)
    return [plan.question(memory, one, NOON_MS) for one in held]


def best(found: Found) -> list[int]:
    return found.rows[score.best(found.totals, 50)].tolist()


async def test_wide_and_narrow_answers_are_the_same(memory: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = questions(memory)
    narrow = [plan.look(memory, q, Weights()) for q in asked]
    monkeypatch.setattr(plan, "NARROW", 10)
    monkeypatch.setattr(wide, "AT_ONCE", 40)
    search = WideSearch(budget_s=60)
    for q, expected in zip(asked, narrow, strict=True):
        turned_back = plan.look(memory, q, Weights())
        assert isinstance(expected, Found)
        assert isinstance(turned_back, Question)
        assert turned_back.radii_m == q.radii_m[-len(turned_back.radii_m) :]
        found = await search.find(memory, turned_back, Weights())
        assert best(found) == best(expected)
        assert len(set(found.rows.tolist())) == len(found.rows)
    assert search.cut == 0
    search.close()


async def test_when_the_time_is_up_the_best_so_far_are_asked(memory: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide, "AT_ONCE", 7)
    search = WideSearch(budget_s=0)
    q = questions(memory)[0]
    found = await search.find(memory, q, Weights())
    everybody = plan.look(memory, q, Weights())
    assert isinstance(everybody, Found)
    assert search.cut == 1
    assert set(found.rows.tolist()) < set(everybody.rows.tolist())
    search.close()


async def test_what_changed_meanwhile_is_looked_at_again(memory: Replica) -> None:
    search = WideSearch(budget_s=60)
    q = questions(memory)[0]
    first = asyncio.create_task(search.find(memory, q, Weights()))
    await asyncio.sleep(0)  # the thread has begun
    everybody = plan.look(memory, q, Weights())
    assert isinstance(everybody, Found)
    gone = [memory.columns.ids[row] for row in everybody.rows[:3]]
    for id_ in gone:
        memory.columns.remove(id_)
    memory.compact()
    names = {memory.columns.ids[row] for row in (await first).rows}
    assert names
    assert not names & set(gone)
    now = plan.look(memory, q, Weights())
    assert isinstance(now, Found)
    assert names == {memory.columns.ids[row] for row in now.rows}
    search.close()
