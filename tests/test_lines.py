"""Connections: one address cannot have them all, and what clients send is no matter for our log."""

from __future__ import annotations

import asyncio
import logging
import resource
import subprocess
import sys
from contextlib import suppress
from typing import cast

import pytest
import uvloop
from aiohttp.http_exceptions import BadHttpMessage

from server.lines import FEW, FULL_S, Lines
from server.metrics import Metrics
from server.peers import networks
from server.porter import Porter
from server.serving import FILES_MOST, is_our_fault
from server.turns import Turns


class Line:
    """As much of a transport as is looked at."""

    closing = False

    def is_closing(self) -> bool:
        return self.closing


def enters(lines: Lines, address: str, line: Line | None = None) -> bool:
    """Whether somebody who says something gets in."""
    transport = cast(asyncio.Transport, line or Line())
    admitted = lines.admits(transport, address)
    lines.speaks(transport, address)
    return admitted


def test_one_address_may_hold_so_many_and_proxies_more() -> None:
    now = [100.0]
    lines = Lines(2, networks("10.0.0.1"), Metrics(), clock=lambda: now[0])
    mine = [Line() for _ in range(4)]
    assert [enters(lines, "192.0.2.1", line) for line in mine[:3]] == [True, True, False]
    assert enters(lines, "192.0.2.2")
    mine[0].closing = True
    now[0] += FULL_S
    assert enters(lines, "192.0.2.1", mine[3])
    assert all(enters(lines, "10.0.0.1") for _ in range(10))


def test_lines_that_have_ended_are_not_kept_for_long() -> None:
    lines = Lines(2_048, (), Metrics())
    for n in range(1_000):
        line = Line()
        assert enters(lines, "192.0.2.1", line)
        line.closing = n % 50 > 0
    assert len(lines._open["192.0.2.1"]) <= 2 * 20 + FEW


def test_addresses_that_have_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lines.ADDRESSES_KEPT", 10)
    lines = Lines(1, (), Metrics())
    assert enters(lines, "192.0.2.1")
    for n in range(500):
        line = Line()
        assert enters(lines, f"198.51.100.{n}", line)
        line.closing = True
    assert len(lines._open) <= 20
    assert not enters(lines, "192.0.2.1")
    assert lines._silent == {}


class Echo(asyncio.Protocol):
    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Echo.made += 1
        self.line = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.line.write(data)
        self.line.close()


async def test_who_says_nothing_gets_no_more_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.porter.KEEPALIVE_S", 0.2)
    monkeypatch.setattr(Echo, "made", 0)
    lines = Lines(2, (), Metrics())
    server = await asyncio.get_running_loop().create_server(lambda: Porter(lines, Turns(), Echo), "127.0.0.1", 0)
    async with server:
        where = server.sockets[0].getsockname()[:2]
        silent = await asyncio.open_connection(*where)
        talks = await asyncio.open_connection(*where)
        talks[1].write(b"hello")
        assert await talks[0].read() == b"hello"
        with suppress(ConnectionError):
            assert await silent[0].read() == b""
        assert Echo.made == 1
        for _, writer in (silent, talks):
            writer.close()


def test_of_silent_lines_the_first_makes_room_unless_it_has_just_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lines.SILENT_MOST", 3)

    async def play() -> None:
        lines = Lines(100, (), Metrics())
        server = await asyncio.get_running_loop().create_server(lambda: Porter(lines, Turns(), Echo), "127.0.0.1", 0)
        where = server.sockets[0].getsockname()[:2]
        speaks, first, *more = [await asyncio.open_connection(*where) for _ in range(3)]
        speaks[1].write(b"hello")  # comes with the next line, and may be read after it
        more += [await asyncio.open_connection(*where) for _ in range(2)]
        assert await speaks[0].read() == b"hello"
        assert await first[0].read() == b""
        assert [reader.at_eof() for reader, _ in more] == [False] * len(more)
        for _, writer in (speaks, first, *more):
            writer.close()
        while lines._silent:  # noqa: ASYNC110 - it can only be looked at
            await asyncio.sleep(0.001)
        server.close()

    uvloop.run(asyncio.wait_for(play(), 10))


def test_a_process_may_hold_as_many_lines_as_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    code = (
        "import resource; from server.serving import make_room; "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (256, {before[1]})); "
        "print(make_room(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    room, soft, hard = map(int, done.stdout.split())
    assert room == soft == (FILES_MOST if hard == resource.RLIM_INFINITY else min(FILES_MOST, hard))


def logged(error: Exception | None) -> logging.LogRecord:
    try:
        if error is not None:
            raise error
    except Exception:
        return logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "Error handling request", (), sys.exc_info())
    return logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "plain", (), None)


def test_only_our_own_faults_are_logged() -> None:
    assert not is_our_fault(logged(BadHttpMessage("Authorization: Bearer secret")))
    assert is_our_fault(logged(RuntimeError("ours")))
    assert is_our_fault(logged(None))
