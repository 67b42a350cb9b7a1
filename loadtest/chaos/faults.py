"""The faults: what happens to the house, for how long, and what ends it. The clients are left to themselves.

A fault that could pass unnoticed looks whether it was felt: RuntimeError when it was not.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final, get_args

from loadtest.chaos.disk import Disk
from loadtest.chaos.proxy import Proxy, Side
from loadtest.chaos.shim import PARTS, Part, Shim
from loadtest.stage import Stage
from matcher.store import Store

PHASE_S: Final = (0.0, 0.01)
"""So long after enough acceptances have been sent a fault falls: about as long as one is on its way."""
LASTS_S: Final = (0.5, 2.5)
SYNC_MS: Final = (100, 400)
AHEAD_MS: Final = (3_600_000, -30_000, 30_000, -3_600_000)
CLOCKS_AGREE_MS: Final = 5_000
PULSE_S: Final = 0.15
"""Without a C compiler slow syncs are stood in for by stopping the store, so long of every two of it."""


class House:
    """The running stage and everything that can be done to it."""

    def __init__(self, stage: Stage, store: Store, proxy: Proxy, disk: Disk, shim: Shim | None, draw: Random) -> None:
        self.stage, self.store, self.proxy, self.disk, self.shim, self.draw = stage, store, proxy, disk, shim, draw
        self.snapshot = Path(stage.settings.data_dir) / f"snapshot-{stage.settings.market}.bin"
        self.stale = b""
        """A snapshot of the beginning."""
        self._turns: Counter[str] = Counter()

    def keep_snapshot(self) -> bool:
        """Keeps a copy of the snapshot, to be put back when it is old; False while there is none."""
        if self.snapshot.exists():
            self.stale = self.snapshot.read_bytes()
        return bool(self.stale)

    async def in_flight(self, least: int) -> int:
        """Waits for a random moment at which so many acceptances are on their way; answers how many are."""
        while True:
            while self.proxy.in_flight < least:
                self.proxy.asked.clear()
                await self.proxy.asked.wait()
            await asyncio.sleep(self.draw.uniform(*PHASE_S))  # they are sent, in the store, or nearly answered
            if (found := self.proxy.in_flight) >= least:
                return found

    def lasts_s(self) -> float:
        """How long this one lasts."""
        return self.draw.uniform(*LASTS_S)

    def turn(self, kind: str, n: int) -> int:
        """0, 1, .. n-1 in turn, for each kind of fault by itself."""
        self._turns[kind] += 1
        return (self._turns[kind] - 1) % n

    async def pid(self, part: Part) -> int:
        """The part's process, once there is one."""
        while (pid := self.stage.pid_of(part)) is None:  # noqa: ASYNC110 - processes ring no bell
            await asyncio.sleep(0.02)
        return pid

    async def signalled(self, part: Part, number: int) -> None:
        """Sends a signal to the part that runs."""
        with suppress(ProcessLookupError):
            os.kill(await self.pid(part), number)


Fault = Callable[[House], Awaitable[str]]
FAULTS: Final[dict[str, Fault]] = {}
"""By kind. A fault returns once it has ended, with a few words about it."""


def fault(what: Fault) -> Fault:
    """Adds a fault under its name."""
    FAULTS[what.__name__] = what
    return what


@fault
async def kill_store(house: House) -> str:
    await house.signalled("store", signal.SIGKILL)
    return "kill -9"


@fault
async def kill_match(house: House) -> str:
    await house.signalled("match", signal.SIGKILL)
    return "kill -9"


@fault
async def kill_serve(house: House) -> str:
    await house.signalled("serve", signal.SIGKILL)
    return "kill -9"


@fault
async def freeze(house: House) -> str:
    """One part stops and goes on."""
    part, lasts_s = PARTS[house.turn("freeze", 3)], house.lasts_s()
    pid = await house.pid(part)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(lasts_s)
        os.kill(pid, signal.SIGCONT)
    return f"SIGSTOP {part} {lasts_s:.1f} s"


@fault
async def disk_full(house: House) -> str:
    """The store ends rather than acknowledge what it cannot write."""
    lasts_s, pid = house.lasts_s(), await house.pid("store")
    house.disk.fill(house.stage)
    await asyncio.sleep(lasts_s)
    _felt(house.stage.pid_of("store") != pid, "no write of the store has failed")
    house.disk.free(house.stage)
    return f"{house.disk.name} {lasts_s:.1f} s"


@fault
async def slow_sync(house: House) -> str:
    lasts_s, sync_ms = house.lasts_s(), house.draw.randint(*SYNC_MS)
    if house.shim is None:
        await _pulses(house, lasts_s)
        return f"store stopped half of {lasts_s:.1f} s"
    house.shim.set("store", sync_ms=sync_ms)
    began_s = time.monotonic()
    await house.store.commands.set(house.store.key("chaos"), "", px=1)
    took_ms = (time.monotonic() - began_s) * 1000
    await asyncio.sleep(lasts_s)
    house.shim.set("store")
    _felt(took_ms >= sync_ms, f"a write of the store took {took_ms:.0f} ms")
    return f"every sync {sync_ms} ms more for {lasts_s:.1f} s"


def _felt(so: bool, otherwise: str) -> None:
    if not so:
        raise RuntimeError(f"a fault that was none: {otherwise}")


async def _pulses(house: House, lasts_s: float) -> None:
    pid = await house.pid("store")
    with suppress(ProcessLookupError):
        for _ in range(round(lasts_s / PULSE_S / 2)):
            for number in (signal.SIGSTOP, signal.SIGCONT):
                os.kill(pid, number)
                await asyncio.sleep(PULSE_S)


@fault
async def dropped(house: House) -> str:
    cut = house.proxy.drop()
    _felt(cut > 0, "no connection was there to be cut")
    return f"{cut} connections cut"


@fault
async def half_open(house: House) -> str:
    left: Side = get_args(Side)[house.turn("half_open", 2)]
    cut = house.proxy.half_open(left)
    _felt(cut > 0, "no connection was there to be cut")
    return f"{cut} connections, only the {left} left"


@fault
async def wrong_clock(house: House) -> str:
    """One part's wall clock is set wrong, and right again."""
    assert house.shim is not None
    turn, lasts_s = house.turn("wrong_clock", len(PARTS) * len(AHEAD_MS)), house.lasts_s()
    part, ahead_ms = PARTS[turn % len(PARTS)], AHEAD_MS[turn % len(AHEAD_MS)]
    house.shim.set(part, ahead_ms=ahead_ms)
    await asyncio.sleep(lasts_s)
    seen_ms, asked = await house.store.now_ms() - time.time() * 1000, house.shim.asked(part)
    house.shim.set(part)
    _felt(part != "store" or abs(seen_ms - ahead_ms) < CLOCKS_AGREE_MS, f"the store's clock is {seen_ms:.0f} ms ahead")
    _felt(asked > 0, f"{part} has not asked its clock")
    return f"{part} {ahead_ms / 1000:+.0f} s for {lasts_s:.1f} s"


@fault
async def bad_snapshot(house: House) -> str:
    """The matcher dies, and the snapshot that it would start from is old, cut off, changed or empty."""
    pid = await house.pid("match")
    os.kill(pid, signal.SIGSTOP)  # so that it writes no better one
    held = bytearray(house.snapshot.read_bytes())
    middle, how = len(held) // 2, house.turn("bad_snapshot", 4)
    held[middle] ^= 0xFF
    house.snapshot.write_bytes([house.stale, bytes(held[:middle]), bytes(held), b""][how])
    os.kill(pid, signal.SIGKILL)
    return ("a stale one", "one cut off", "one with a byte changed", "an empty one")[how]
