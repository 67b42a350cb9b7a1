"""The open loop in small: a few people, a few postings, real sockets; and claims that the store bears out."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest

from loadtest.latency import claims, run
from loadtest.latency.lines import HttpPool, request
from loadtest.latency.outcome import INFINITE_MS, Run
from loadtest.latency.run import Scale
from matcher.model import Entry


def entry(wave: int = 1) -> Entry:
    return Entry(offer="open", wave=wave, terms=1, offered_ms=0, deadline_ms=1)


def test_latency_counts_from_the_intended_moment_to_the_last_offer_of_the_first_wave() -> None:
    held = Run({"p": 10.0}, 10.0)
    held.heard("p", "a", 1, 10.005)
    held.heard("p", "b", 1, 10.020)
    held.heard("p", "c", 2, 14.0)
    held.heard("another run's", "a", 1, 10.0)
    told = held.outcome(1, {"p": {"a": entry(), "b": entry(), "c": entry(2)}}, frozenset("abc"), {}, {})
    assert told.p99_ms == pytest.approx(20, rel=0.01)
    assert (told.unserved_pct, told.unheard) == (0, 0)


@pytest.mark.parametrize(("made", "unserved", "unheard"), [({}, 100, 0), ({"a": entry(), "b": entry()}, 0, 1)])
def test_nobody_asked_or_somebody_not_reached_is_infinitely_late(
    made: dict[str, Entry], unserved: float, unheard: int
) -> None:
    held = Run({"p": 10.0}, 10.0)
    if made:
        held.heard("p", "a", 1, 10.005)
    told = held.outcome(1, {"p": made}, frozenset("ab"), {}, {})
    assert told.p50_ms == pytest.approx(INFINITE_MS, rel=0.01)
    assert (told.unserved_pct, told.unheard) == (unserved, unheard)


def test_offers_to_people_who_are_not_connected_have_no_latency() -> None:
    told = Run({"p": 10.0}, 10.0).outcome(1, {"p": {"a": entry()}}, frozenset("b"), {}, {})
    assert (told.not_to_connected, told.unserved_pct) == (1, 0)


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
    scale = Scale("small", 3_000, 600, 20, (20,), seconds=3.0)
    assert run.main([scale], 1, tmp_path) == 0
    told = json.loads((tmp_path / "latency.json").read_text("utf-8"))
    (at,) = told["rates"]["small"]
    assert at["unheard"] == 0
    assert at["rewrites"] == 1
    assert at["offers_to_connected_pct"] > 20
    assert not at["refused"]
    assert at["p50_ms"] < INFINITE_MS
    assert told["claims"]["claims"] == claims.ASKED
    assert told["claims"]["seated_pct"] == 100 * claims.HEADCOUNT / claims.ASKED
    assert told["claims"]["wrong"] == 0
    for name in told["charts"]:
        assert "<svg" in (tmp_path / name).read_text("utf-8")


def test_too_few_open_files_are_told_before_anything_begins() -> None:
    with pytest.raises(SystemExit, match="ulimit"):
        run.allow_files(2**40)
