"""`make peers` in short: ours and FAISS beside the exact answer, the dispatch beside the loop; no wheels needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.bench import memories, oracle
from loadtest.peers import city, flat, geosearch, run, updates
from loadtest.peers.city import City, Exact, Question
from loadtest.population import NOON_MS

PROFILES = 2_000
RADIUS_M = 60_000


@pytest.fixture(scope="module")
def people() -> City:
    return city.city(PROFILES, 7)


@pytest.fixture(scope="module")
def some() -> list[Question]:
    return city.questions(12, 9, RADIUS_M)


@pytest.fixture(scope="module")
def exact(people: City, some: list[Question]) -> list[Exact]:
    return city.exact(people, some)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (run, "QUESTIONS", 6),
        (run, "ROUNDS", 2),
        (run, "SMALL", PROFILES),
        (flat, "IVF_LISTS", 16),
        (updates, "DURABLE", 3),
        (updates, "IN_MEMORY", 3),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setitem(run.RADIUS_M, PROFILES, RADIUS_M)


def test_the_exact_answer_is_the_oracles(people: City, some: list[Question], exact: list[Exact]) -> None:
    for q, found in zip(some, exact, strict=True):
        asked = oracle.Question(q.posting.id, q.posting.doc, q.radius_m, NOON_MS, memories.SETTINGS)
        theirs = [n for n, r in enumerate(people.records()) if oracle.may_be_asked(oracle.Known(r), asked)]
        assert found.survivors == len(theirs)
        assert found.best <= set(theirs)
    assert sum(found.survivors for found in exact) > 50


def test_recall_counts_whom_was_found() -> None:
    right = Exact(3, frozenset({1, 2, 3}))
    assert [right.recall(found) for found in ([3, 2, 1, 9], [1, 9], [])] == [1.0, pytest.approx(1 / 3), 0.0]
    assert Exact(0, frozenset()).recall([]) == 1.0


@pytest.mark.usefixtures("few")
def test_a_size_is_measured_and_what_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_start", _nothing_here)
    told = run.section(PROFILES)
    ways = told["ways"]
    assert told["our_recall"] == 1.0
    assert {name: row["recall"] for name, row in ways.items() if "flat" in name and "range" not in name} == {
        "faiss flat array": 1.0, "faiss flat batch": 1.0, "faiss flat bitmap": 1.0, flat.OWN_FILTER: 1.0,
    }  # fmt: skip
    assert all(len(row["p50_ms"]) == 3 for row in ways.values())
    assert set(told["left_out"]) == {"qdrant-edge", "qdrant-edge without graph", "lancedb", "redis"}
    assert told["fastest_peer"].startswith("faiss ")  # which of them is a matter of the moment
    assert set(told["updates"]["in_memory_us"]) == {"ours", "faiss"}
    assert set(told["updates"]["durable_us"]) == {"ours"}


def _nothing_here(module: str, of: str, folder: Path, **settings: object) -> None:
    raise ImportError(f"No module named {module!r}")


def test_what_is_slower_or_inexact_is_said() -> None:
    ways = {
        "quick but wrong": {"recall": 0.5, "p50_ms": {"median": 0.1}},
        "quick": {"recall": 1.0, "p50_ms": {"median": 0.5}},
        run.OWN_FILTER: {"recall": 1.0, "p50_ms": {"median": 0.6}},
        run.OURS: {"recall": 1.0, "p50_ms": {"median": 1.0}},
        "faiss flat array": {"recall": 1.0, "p50_ms": {"median": 2.0}},
        run.DECISION: {"p50_ms": {"median": 4.0}},
    }
    told = run.compared(ways)
    assert (told["fastest_peer"], told["speedup_vs_fastest_peer"]) == ("quick", 0.5)
    assert told["speedup_vs_faiss_alone"] == 2.0
    assert told["quicker_than_ours"] == ["quick but wrong", "quick", run.OWN_FILTER]
    assert "faiss flat array" in told["quicker_than_our_decision"]


def test_what_is_not_as_promised_is_said() -> None:
    good = {
        "our_recall": 1.0, "survivors_median": 106, "speedup_vs_fastest_peer": 5.0, "speedup_vs_geosearch_loop": 5.0,
        "at_100k": {"left_out": {}}, "at_1m": {"left_out": run.NOT_AT_A_MILLION},
    }  # fmt: skip
    assert run.problems_of(good) == []
    missing = {"at_100k": {"left_out": {"lancedb": "not here"}}}
    broken = {"at_1m": {"left_out": {"redis": "not here: it does not start"}}}
    for bad in (
        missing,
        broken,
        {"our_recall": 0.999},
        {"speedup_vs_fastest_peer": 4.99},
        {"speedup_vs_geosearch_loop": 4.0},
    ):
        assert len(run.problems_of(good | bad)) == 1, bad


def test_the_dispatch_and_the_loop_reach_as_many_people(people: City, some: list[Question], tmp_path: Path) -> None:
    told = geosearch.measure(people, some[:4], 2, tmp_path)
    assert told["offers_per_posting"] > 0
    assert told["loop_offers_per_posting"] == told["offers_per_posting"]
    assert told["speedup"] > 0
