"""Who is heard next: strangers one at a time, addresses in turn, whoever has shown a session at once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from matcher.settings import Settings
from matcher.store import Store
from server import sessions
from server.app import create_app
from server.keys import METRICS, PROXIES
from server.lines import Lines
from server.porter import Porter
from server.serving import listen, runner_of
from server.turns import AHEAD_S, AT_ONCE, LONG_S, LONGEST_S, REST, SAVED_S, Turns
from tests.api import HashEncoder
from tests.certificates import self_made
from tests.conftest import TEST_CLOCK, new_market


class Guest:
    """Somebody who wants to be heard."""

    def __init__(self, address: str, heard: list[str]) -> None:
        self.address = address
        self.gone = False
        self._heard = heard

    def is_gone(self) -> bool:
        return self.gone

    def speak(self) -> None:
        self._heard.append(self.address)


class Clock:
    """Seconds that a test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_crowd_from_one_address_waits_behind_the_one_from_another() -> None:
    heard: list[str] = []
    turns = Turns(Clock())
    crowd = [Guest("crowd", heard) for _ in range(10)]
    one = Guest("one", heard)
    for who in [*crowd, one]:
        turns.ask(who)
    assert heard == ["crowd"] * AT_ONCE
    turns.over(crowd[0])
    turns.over(crowd[1])
    assert heard[AT_ONCE:] == ["crowd", "one"]


async def test_where_somebody_has_waited_long_the_latest_are_heard_first_and_addresses_still_take_turns() -> None:
    heard: list[str] = []
    clock = Clock()
    turns = Turns(clock)
    guests = [Guest(address, heard) for address in ("first", "crowd", "crowd", "crowd", "other", "other")]
    for who in guests:
        turns.ask(who)
        clock.now_s += LONGEST_S / 10
    assert heard == ["first"]
    clock.now_s += LONG_S
    turns.ask(Guest("late", heard))
    while turns._speaking:
        clock.now_s += SAVED_S  # nobody rests
        turns.over(next(iter(turns._speaking)))
    assert heard[1:] == ["late", "other", "crowd", "other", "crowd", "crowd"]


async def test_strangers_rest_once_they_have_spoken_for_long_and_who_is_known_does_not_tire_them() -> None:
    heard: list[str] = []
    clock = Clock()
    turns = Turns(clock)

    async def speaks(*, known: bool) -> None:
        who, before = Guest("one", heard), len(heard)
        turns.ask(who)
        async with asyncio.timeout(5):
            while len(heard) == before:
                await asyncio.sleep(0.001)
                clock.now_s += 0.001
        clock.now_s += 0.001
        if known:
            turns.goes_ahead(who)
        turns.over(who)

    async def lasts_s(n: int, *, known: bool) -> float:
        began_s = clock.now_s
        for _ in range(n):
            await speaks(known=known)
        return clock.now_s - began_s

    assert await lasts_s(300, known=True) == pytest.approx(0.3)
    saved = int(SAVED_S / (REST * 0.001 / AT_ONCE))
    assert await lasts_s(saved, known=False) == pytest.approx(saved * 0.001)
    tired = saved * 3
    assert await lasts_s(tired, known=False) >= 0.9 * (tired - 2 * saved) * REST * 0.001 / AT_ONCE


def test_rests_shorter_than_the_loop_can_tell_are_slept_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.turns.SAVED_S", 0.0)
    looks, later = [], Turns._later
    monkeypatch.setattr(Turns, "_later", lambda turns: (looks.append(turns), later(turns)))

    async def play() -> None:
        heard: list[str] = []
        wrong: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        turns = Turns()

        class Brief(Guest):
            def speak(self) -> None:
                super().speak()
                asyncio.get_running_loop().call_soon(turns.over, self)

        for _ in range(50):
            turns.ask(Brief("crowd", heard))
        async with asyncio.timeout(10):
            while len(heard) < 50:  # noqa: ASYNC110 - they speak by themselves
                await asyncio.sleep(0.001)
        assert wrong == []
        assert len(looks) <= 2 * len(heard)

    uvloop.run(play())


async def test_a_turn_ends_by_itself_and_once() -> None:
    heard: list[str] = []
    clock = Clock()
    turns = Turns(clock)
    slow = [Guest(f"slow {n}", heard) for n in range(AT_ONCE)]
    more = [Guest("more", heard) for _ in range(AT_ONCE + 1)]
    for who in [*slow, *more]:
        turns.ask(who)
    assert len(heard) == AT_ONCE
    clock.now_s += 2 * LONGEST_S
    async with asyncio.timeout(5):
        while len(heard) < 2 * AT_ONCE:  # noqa: ASYNC110 - it looks again by itself
            await asyncio.sleep(0.001)
    for who in slow:
        turns.over(who)  # long over
    assert len(heard) == 2 * AT_ONCE


async def test_no_strangers_turn_begins_while_one_who_is_in_waits_for_an_answer() -> None:
    heard: list[str] = []
    clock = Clock()
    turns = Turns(clock)
    known, waits = Guest("known", heard), Guest("waits", heard)
    turns.goes_ahead(known)
    turns.ask(waits)
    assert heard == []
    turns.over(known)
    assert heard == ["waits"]


async def test_who_shows_a_session_in_their_turn_gives_the_next_one_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.turns.LONGEST_S", 3_600.0)
    spoke = asyncio.Event()

    class Heard(Guest):
        def speak(self) -> None:
            spoke.set()

    turns = Turns()
    known, waits = Guest("known", []), Heard("waits", [])
    turns.ask(known)
    turns.ask(waits)
    turns.goes_ahead(known)  # and waits long for the answer
    await asyncio.wait_for(spoke.wait(), 5)


async def test_where_somebody_is_always_answered_strangers_are_heard_all_the_same() -> None:
    heard: list[str] = []
    clock = Clock()
    turns = Turns(clock)
    known = [Guest("known", heard) for _ in range(2)]
    turns.goes_ahead(known[0])
    for _ in range(10):
        turns.ask(guest := Guest("stranger", heard))
        async with asyncio.timeout(5):
            while not heard:
                clock.now_s += AHEAD_S / 4
                turns.goes_ahead(known[1])
                turns.over(known[0])
                known.reverse()
                await asyncio.sleep(0.001)
        assert heard.pop() == "stranger"
        turns.over(guest)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["ask", "over", "leave"])), max_size=60))
def test_nobody_who_waits_is_forgotten_and_no_more_speak_than_may(steps: list[tuple[str, str]]) -> None:
    async def play() -> None:
        turns = Turns(Clock())
        heard: list[str] = []
        guests: list[Guest] = []
        for address, what in steps:
            if what == "ask":
                guests.append(Guest(address, heard))
                turns.ask(guests[-1])
            elif turns._speaking and what == "over":
                turns.over(next(iter(turns._speaking)))
            elif guests and what == "leave":
                guests[0].gone = True
                turns.over(guests.pop(0))
            assert len(turns._speaking) <= AT_ONCE
            assert not turns._waiting or len(turns._speaking) == AT_ONCE
        while turns._speaking:
            turns.over(next(iter(turns._speaking)))
        assert not turns._waiting

    asyncio.run(play())


async def test_who_left_while_they_waited_is_not_heard(
    served: tuple[Store, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, port = served
    monkeypatch.setattr("server.turns.LONGEST_S", 3_600.0)
    heard: list[bytes] = []
    speak, some_are_heard = Porter.speak, asyncio.Event()

    def noted(porter: Porter) -> None:
        heard.append(porter._unread)
        some_are_heard.set()
        speak(porter)

    monkeypatch.setattr(Porter, "speak", noted)
    async with asyncio.timeout(20), lines(port, AT_ONCE) as slow, lines(port, 21) as (patient, *leaving):
        for _, writer in slow:
            writer.write(b"GET /v1/sites HTTP/1.1\r\n")  # the turn lasts until its head is whole
        await some_are_heard.wait()
        for _, writer in leaving:
            writer.write(asks("/v1/gone"))
            await writer.drain()
        await asyncio.sleep(0)
        for _, writer in leaving:
            writer.close()
            await writer.wait_closed()
        patient[1].write(asks("/v1/sites"))
        slow[0][1].write(b"Host: x\r\n\r\n")
        assert await status(patient) == 401
    assert [part for part in heard if b"/v1/gone" in part] == []


@asynccontextmanager
async def serving(valkey_url: str, data_dir: Path, **over: Any) -> AsyncIterator[tuple[Store, int]]:
    """A server on a real socket, as it is started, and its port."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    settings = Settings(market=store.market, data_dir=str(data_dir), port=0, **over)
    app = create_app(settings, store=store, encoder=HashEncoder())
    runner = runner_of(app, shutdown_s=1.0)
    await runner.setup()
    server = await listen(runner, settings, Lines(1_000, app[PROXIES], app[METRICS]))
    yield store, server.sockets[0].getsockname()[1]
    server.close()
    await runner.cleanup()
    await store.close()


@pytest.fixture
async def served(valkey_url: str, tmp_path: Path) -> AsyncIterator[tuple[Store, int]]:
    async with serving(valkey_url, tmp_path) as opened:
        yield opened


Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Talk]]:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    yield opened
    for _, writer in opened:
        writer.close()
        await writer.wait_closed()


def asks(path: str, token: str = "") -> bytes:
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{bearer}\r\n".encode()


async def status(line: Talk) -> int:
    """The status of the next answer, which is read to its end."""
    head = (await line[0].readuntil(b"\r\n\r\n")).decode()
    (length,) = [int(row.partition(":")[2]) for row in head.split("\r\n") if row.lower().startswith("content-length")]
    await line[0].readexactly(length)
    return int(head.split()[1])


async def test_everybody_in_a_crowd_of_strangers_is_answered(served: tuple[Store, int]) -> None:
    _, port = served
    async with asyncio.timeout(20), lines(port, 60) as crowd:
        for _ in range(3):
            for _, writer in crowd:
                writer.write(asks("/v1/offers"))
            assert {await status(line) for line in crowd} == {401}


async def test_a_trusted_proxy_waits_for_no_turn(
    valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Turns, "ask", lambda _, who: asked.append(who))
    opened = serving(valkey_url, tmp_path, trusted_proxies="127.0.0.1")
    async with asyncio.timeout(20), opened as (_, port), lines(port, 2) as through:
        for _ in range(2):
            for _, writer in through:
                writer.write(asks("/v1/offers"))
            assert {await status(line) for line in through} == {401}
    assert asked == []


def test_over_https_and_on_the_loop_that_serves_as_well(valkey_url: str, tmp_path: Path) -> None:
    cert, key = self_made(tmp_path)
    trusting = ssl.create_default_context(cafile=str(cert))

    async def play() -> None:
        async with serving(valkey_url, tmp_path, tls_cert=str(cert), tls_key=str(key)) as (store, port):
            token = await sessions.issue(store, "clerk", "some-clerk")
            opened = [
                await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="kuaizhao.test")
                for _ in range(20)
            ]
            for path, shown, wanted in (("/v1/sites", "", 401), ("/v1/sites", token, 200), ("/v1/nothing", "", 404)):
                for _, writer in opened:
                    writer.write(asks(path, shown))
                assert {await status(line) for line in opened} == {wanted}
            for _, writer in opened:
                writer.close()

    uvloop.run(asyncio.wait_for(play(), 20))


async def test_a_head_in_pieces_two_requests_in_one_and_a_hang_up_are_all_heard(served: tuple[Store, int]) -> None:
    store, port = served
    token = await sessions.issue(store, "clerk", "some-clerk")
    whole = asks("/v1/sites", token)
    async with asyncio.timeout(20), lines(port, 4) as (pieces, double, gone, body):
        gone[1].write(whole[:20])
        gone[1].transport.abort()
        for part in _parts(whole, 7):
            pieces[1].write(part)
            await asyncio.sleep(0)
        assert await status(pieces) == 200
        double[1].write(asks("/v1/sites") + whole + asks("/v1/nothing"))
        assert [await status(double) for _ in range(3)] == [401, 200, 404]
        body[1].write(b"POST /v1/login/code HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        body[1].write(b"Content-Length: 40\r\n\r\n")
        await asyncio.sleep(2 * LONGEST_S)  # its turn is over, and the rest of its body is still taken
        body[1].write(b" " * 40)
        assert await status(body) == 400


async def test_who_has_shown_a_session_waits_for_nobody(
    served: tuple[Store, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, port = served
    token = await sessions.issue(store, "clerk", "some-clerk")
    monkeypatch.setattr("server.turns.LONGEST_S", 3_600.0)
    unfinished = b"GET /v1/sites HTTP/1.1\r\n"
    async with asyncio.timeout(20), lines(port, AT_ONCE + 2) as (known, stranger, *slow):
        known[1].write(asks("/v1/sites", token))
        assert await status(known) == 200
        for _, writer in slow:
            writer.write(unfinished)
        await asyncio.sleep(0.05)
        stranger[1].write(asks("/healthz"))
        known[1].write(asks("/v1/sites", token))
        assert await status(known) == 200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stranger[0].read(1)
        slow[0][1].transport.abort()
        assert await status(stranger) == 200
        known[1].write(asks("/healthz"))  # shows no session: the next one waits again
        assert await status(known) == 200


def _parts(data: bytes, size: int) -> Iterator[bytes]:
    return (data[n : n + size] for n in range(0, len(data), size))
