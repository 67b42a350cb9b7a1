"""The open loop in small: a few people, a few postings, real sockets; and claims that the store bears out."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from loadtest.latency import claims, goals, run
from loadtest.latency.lines import HttpPool, request
from loadtest.latency.outcome import INFINITE_MS, Outcome, Run
from loadtest.latency.run import Scale
from matcher.model import Entry


def entry(wave: int = 1, offered_ms: int = 0) -> Entry:
    return Entry(offer="open", wave=wave, terms=1, offered_ms=offered_ms, deadline_ms=1)


def test_latency_counts_from_the_intended_moment_to_the_last_offer_of_the_first_wave() -> None:
    held = Run({"p": 10.0}, 10.0, 70_000.0)
    held.heard("p", "a", 1, 10.005)
    held.heard("p", "b", 1, 10.020)
    held.heard("p", "c", 2, 14.0)
    held.heard("another run's", "a", 1, 10.0)
    told = held.outcome(1, {"p": {"a": entry(), "b": entry(), "c": entry(2)}}, frozenset("abc"), {}, {}, [])
    assert told.p99_ms == pytest.approx(20, rel=0.01)
    assert (told.unserved_pct, told.unheard) == (0, 0)


@pytest.mark.parametrize(("made", "unserved", "unheard"), [({}, 100, 0), ({"a": entry(), "b": entry()}, 0, 1)])
def test_nobody_asked_or_somebody_not_reached_is_infinitely_late(
    made: dict[str, Entry], unserved: float, unheard: int
) -> None:
    held = Run({"p": 10.0}, 10.0, 70_000.0)
    if made:
        held.heard("p", "a", 1, 10.005)
    told = held.outcome(1, {"p": made}, frozenset("ab"), {}, {}, [])
    assert told.p50_ms == pytest.approx(INFINITE_MS, rel=0.01)
    assert (told.unserved_pct, told.unheard) == (unserved, unheard)


def test_a_posting_that_went_to_nobody_connected_is_late_until_its_wave_was_written() -> None:
    held = Run({"p": 12.0, "q": 12.0}, 10.0, 70_000.0)
    held.heard("q", "b", 1, 12.005)
    held.heard("p", "b", 2, 15.0)  # a later wave does not count
    made = {"a": entry(offered_ms=72_030), "b": entry(2, 74_900)}
    told = held.outcome(1, {"p": made, "q": {"b": entry()}}, frozenset("b"), {}, {}, [])
    assert (told.not_to_connected, told.unserved_pct, told.unheard) == (1, 0, 0)
    assert told.percentiles_ms["100.0"] == pytest.approx(30, rel=0.01)
    assert told.p50_ms == pytest.approx(5, rel=0.01)


def test_an_answer_that_the_service_never_gave_is_infinitely_late() -> None:
    held = Run({"p": 10.0}, 10.0, 70_000.0)
    told = held.outcome(1, {}, frozenset(), {}, {}, [3.0] * 49, given=50)
    assert (told.answered_p50_ms, told.answered_p99_ms > 1_000) == (3.0, True)


def test_percentiles_are_told_of_each_quarter_of_a_minute() -> None:
    held = Run({"p": 12.0, "r": 13.0, "q": 26.0}, 10.0, 70_000.0)
    held.heard("p", "a", 1, 12.005)
    held.heard("r", "a", 1, 13.010)
    told = held.outcome(1, {"p": {"a": entry()}, "r": {"a": entry()}}, frozenset("a"), {}, {}, [])
    assert told.p50_each_15_s == pytest.approx([5, INFINITE_MS], rel=0.01)
    assert told.p99_each_15_s == pytest.approx([10, INFINITE_MS], rel=0.01)


async def test_lines_take_turns_and_those_that_were_ended_are_opened_again() -> None:
    asked: list[int] = []
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nth = len(writers)
        writers.append(writer)
        with suppress(ConnectionError):
            while await reader.read(4096):
                asked.append(nth)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        pool, hello = HttpPool(*server.sockets[0].getsockname()), request("GET", "/", "token")
        await pool.fill(3, hello)
        for _ in range(3):
            assert await pool.ask(hello) == (200, b"")
        assert asked == [0, 1, 2] * 2
        writers[1].transport.abort()
        async with asyncio.timeout(5):
            while len(writers) == 3:
                await pool.fill(3, hello)
                await asyncio.sleep(0)
        assert (len(writers), asked[-1], pool.waited) == (4, 3, 0)
        pool.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.timeout(240)
def test_the_whole_in_small(tmp_path: Path) -> None:
    scale = Scale("small", 3_000, 600, (20,), seconds=3.0)
    assert run.main([scale], 1, 1, tmp_path) == 0
    told = json.loads((tmp_path / "latency.json").read_text("utf-8"))
    assert (told["ok"], told["goals"][:10], told["max_rate_small"]) == (True, "not judged", 0)  # for it was too short
    (at,) = told["rates"]["small"]
    assert at["unheard"] == 0
    assert at["rewrites"] == 1
    assert at["offers_to_connected_pct"] > 20
    assert not at["refused"]
    assert at["p50_ms"] < INFINITE_MS
    assert (at["lines_ended"], at["appendfsync"]) == (0, "always")
    assert len(at["load_average_after"]) == len(told["machine"]["load_average_after"]) == 3
    assert len(told["p50_small_each_15_s"]) == 1
    (claimed,) = told["claims"]["rounds"]
    assert (claimed["claims"], claimed["appendfsync"]) == (claims.ASKED, "always")
    assert told["claims_per_s"] == claimed["claims_per_s"]
    assert told["claims"]["seated_pct"] == 100 * claims.HEADCOUNT / claims.ASKED
    assert told["claims"]["wrong"] == 0
    for name in told["charts"]:
        assert "<svg" in (tmp_path / name).read_text("utf-8")


# -- goals -------------------------------------------------------------------------------------------------------------


def outcome(rate: int = 200, **changed: Any) -> Outcome:
    """A rate that keeps all conditions, but for what is changed."""
    kept = Run({"p": 10.0}, 10.0, 0.0).outcome(rate, {}, frozenset(), {}, {}, [])
    good: dict[str, Any] = {
        "seconds": 60.9, "p99_ms": 40.0, "unserved_pct": 0.0, "offers_a_posting": 11.0, "offers_to_connected_pct": 60.0,
        "rewrites": 1, "appendfsync": "always",
    }  # fmt: skip
    return structs.replace(kept, **(good | changed))


GOOD = {
    "p50_100k_ms": 5.0, "p99_100k_ms": 40.0, "p50_1m_ms": 4.0, "p99_1m_ms": 13.0, "unserved_pct": 0.03,
    "max_rate_100k": 400, "max_rate_1m": 250, "claims_per_s": 7_500, "claims": {"wrong": 0, "seated_pct": 75.0},
}  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        {"p99_ms": 200.1}, {"seconds": 59.9}, {"offers_a_posting": 9.99}, {"offers_to_connected_pct": 49.9},
        {"answered_p99_ms": 1_001.0}, {"lines_ended": 1}, {"appendfsync": "everysec"},
    ],
)  # fmt: skip
def test_the_greatest_rate_is_one_that_kept_all_conditions(broken: dict[str, Any]) -> None:
    rates = [outcome(200), outcome(300), outcome(400, **broken)]
    assert goals.max_rate(rates) == 300
    assert goals.max_rate(rates[2:]) == 0
    assert goals.max_rate([*rates, outcome(500)]) == 500


@pytest.mark.parametrize(
    ("figures", "at"),
    [
        ({"p50_100k_ms": 8.1}, {}), ({"p99_100k_ms": 50.1}, {}), ({"p50_1m_ms": 10.1}, {}), ({"p99_1m_ms": 80.1}, {}),
        ({"unserved_pct": 0.11}, {}), ({"max_rate_100k": 350}, {}), ({"max_rate_1m": 150}, {}),
        ({"claims_per_s": 2_999}, {}), ({"claims": {"wrong": 0, "seated_pct": 49.9}}, {}),
        ({}, {"unheard": 1}), ({}, {"refused": {"503": 1}}), ({}, {"rewrites": 0}), ({}, {"seconds": 59.0}),
        ({}, {"offers_a_posting": 9.0}), ({}, {"offers_to_connected_pct": 49.0}),
    ],
)  # fmt: skip
def test_each_goal_is_judged_of_a_whole_run_only(figures: dict[str, Any], at: dict[str, Any]) -> None:
    assert goals.problems_of(GOOD, {"100k": [outcome()], "1m": [outcome(100)]}, whole=True) == []
    rates = {"100k": [outcome(), outcome(400)], "1m": [outcome(100, **at)]}
    (problem,) = goals.problems_of(GOOD | figures, rates, whole=True)
    assert problem
    assert goals.problems_of(GOOD | figures, rates, whole=False) == []


@pytest.mark.parametrize(
    ("figures", "at"),
    [({"claims": {"wrong": 1, "seated_pct": 75.0}}, {}), ({}, {"lines_ended": 2}), ({}, {"appendfsync": "no"})],
)
def test_what_is_wrong_is_told_of_a_short_run_too(figures: dict[str, Any], at: dict[str, Any]) -> None:
    rates = {"small": [outcome(), outcome(300, **at)]}
    (problem,) = goals.problems_of(GOOD | figures, rates, whole=False)
    assert problem


def test_too_few_open_files_are_told_before_anything_begins() -> None:
    with pytest.raises(SystemExit, match="ulimit"):
        run.allow_files(2**40)
