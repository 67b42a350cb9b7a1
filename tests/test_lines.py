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
from aiohttp.http_exceptions import BadHttpMessage

from server.lines import FEW, FULL_S, Lines
from server.metrics import Metrics
from server.peers import networks
from server.porter import Porter
from server.serving import FILES_MOST, is_our_fault
from server.turns import Turns


class Line:
    """As much of a transport as is looked at."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.closing = False

    def get_extra_info(self, name: str) -> tuple[str, int]:
        assert name == "peername"
        return self.address, 1

    def is_closing(self) -> bool:
        return self.closing


def test_one_address_may_hold_so_many_and_proxies_more() -> None:
    now = [100.0]
    lines = Lines(2, networks("10.0.0.1"), Metrics(), clock=lambda: now[0])
    mine = [Line("192.0.2.1") for _ in range(4)]
    assert [lines.admits(line) for line in mine[:3]] == [True, True, False]  # type: ignore[arg-type]
    assert lines.admits(Line("192.0.2.2"))  # type: ignore[arg-type]
    mine[0].closing = True
    now[0] += FULL_S
    assert lines.admits(mine[3])  # type: ignore[arg-type]
    assert all(lines.admits(Line("10.0.0.1")) for _ in range(10))  # type: ignore[arg-type]


def test_lines_that_have_ended_are_not_kept_for_long() -> None:
    lines = Lines(2_048, (), Metrics())
    for n in range(1_000):
        line = Line("192.0.2.1")
        assert lines.admits(line)  # type: ignore[arg-type]
        line.closing = n % 50 > 0
    assert len(lines._open["192.0.2.1"]) <= 2 * 20 + FEW


def test_addresses_that_have_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lines.ADDRESSES_KEPT", 10)
    lines, stays = Lines(1, (), Metrics()), Line("192.0.2.1")
    assert lines.admits(stays)  # type: ignore[arg-type]
    for n in range(500):
        line = Line(f"198.51.100.{n}")
        assert lines.admits(line)  # type: ignore[arg-type]
        line.closing = True
    assert len(lines._open) <= 20
    assert not lines.admits(Line("192.0.2.1"))  # type: ignore[arg-type]


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
