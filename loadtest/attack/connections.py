"""Attacks with connections: slow ones, idle ones, many of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

from loadtest.attack.target import Outcome, Target

SLOW: Final = 60
CLOSED_WITHIN_S: Final = 36.0
"""The request's time limit is 10 s, that of a connection without a request 30 s."""
FLOOD: Final = 3_000
PER_ADDRESS: Final = 1_000
"""The setting of the service under attack."""
UPGRADES: Final = 500


async def slow_bodies(target: Target) -> Outcome:
    """Bodies and headers that come a byte a second."""
    body = (
        f"POST /v1/recognise HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.clerk}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    headers = "GET /v1/sites HTTP/1.1\r\nHost: x\r\nX-Slow: "
    began = time.perf_counter()
    lasted = await asyncio.gather(*(_drip(target, (body, headers)[n % 2]) for n in range(SLOW)))
    closed = [s for s in lasted if s is not None]
    return Outcome(
        name="slow_bodies",
        refused=len(closed) == SLOW,
        tries=SLOW,
        detail=f"{len(closed)} were ended, the last after {max(closed, default=time.perf_counter() - began):.1f} s",
    )


async def _drip(target: Target, head: str) -> float | None:
    """Seconds until the server ended it; None when it did not in time."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(target.host, target.port)
    ended = asyncio.ensure_future(reader.read())
    try:
        writer.write(head.encode())
        while time.perf_counter() - began < CLOSED_WITHIN_S:
            done, _ = await asyncio.wait([ended], timeout=1.0)
            if done:
                return time.perf_counter() - began
            writer.write(b"x")
        return None
    except ConnectionError:
        return time.perf_counter() - began
    finally:
        ended.cancel()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await ended
        writer.close()


async def socket_flood(target: Target) -> Outcome:
    """Thousands of idle connections from one address, and hundreds of sockets without a log-in."""
    held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        for first in range(0, FLOOD, 100):
            opened = await asyncio.gather(*(_open(target) for _ in range(first, first + 100)), return_exceptions=True)
            held += [line for line in opened if not isinstance(line, BaseException)]
        await asyncio.sleep(0.5)
        alive = sum(not reader.at_eof() and reader.exception() is None for reader, _ in held)
        async with target.attacker() as other:
            served = (await other.send("GET", "/v1/sites", token=target.clerk)).status
    finally:
        for _, writer in held:
            writer.transport.abort()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    async with target.attacker() as bot:
        states = []
        for _ in range(UPGRADES // 50):
            answers = await asyncio.gather(*(bot.send("GET", "/v1/inbox", headers=upgrade) for _ in range(50)))
            states += [a.status for a in answers]
    return Outcome(
        name="socket_flood",
        refused=alive <= PER_ADDRESS and served == 200 and set(states) == {401},
        tries=FLOOD + UPGRADES,
        detail=f"{alive} of {FLOOD} connections were kept, others were served meanwhile ({served})",
    )


async def _open(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(target.host, target.port, local_addr=("127.0.0.199", 0))
