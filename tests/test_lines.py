"""Connections: one address cannot have them all, and what clients send is no matter for our log."""

from __future__ import annotations

import logging
import sys

from aiohttp.http_exceptions import BadHttpMessage

from server.lines import Lines, is_our_fault
from server.metrics import Metrics
from server.peers import networks


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
    lines = Lines(2, networks("10.0.0.1"), Metrics())
    mine = [Line("192.0.2.1") for _ in range(4)]
    assert [lines.admits(line) for line in mine[:3]] == [True, True, False]  # type: ignore[arg-type]
    assert lines.admits(Line("192.0.2.2"))  # type: ignore[arg-type]
    mine[0].closing = True
    assert lines.admits(mine[3])  # type: ignore[arg-type]
    assert all(lines.admits(Line("10.0.0.1")) for _ in range(10))  # type: ignore[arg-type]


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
