"""Where a measurement ran, how busy and how quick that was, and the versions: a part of every report."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest.bench.timing import Json, spread

LAPS: Final = 5
ADDITIONS: Final = 200_000
READ_AT_RANDOM: Final = 200_000
MEMORY_BYTES: Final = 64 * 2**20
SYNCED_BYTES: Final = 4_096
SYNCS: Final = 50
CORES: Final = 2
"""What the goals of the load tests are for."""


@contextmanager
def two_cores() -> Iterator[None]:
    """This process, and whatever it starts meanwhile, keeps to two cores where the machine has more (Linux)."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:CORES])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def machine(*packages: str) -> Json:
    """The machine as it is now, and the versions of the packages; `cores_used`: how many this process keeps to. Takes a
    second."""
    names = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")]
    return {
        "cpus": os.cpu_count(),
        "cores_used": len(os.sched_getaffinity(0)),
        "processor": names[0].partition(": ")[2] if names else platform.machine(),
        "load_average": load_average(),
        "speed": speed(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }


def load_average() -> list[float]:
    """Of the last 1, 5 and 15 minutes."""
    return [round(x, 2) for x in os.getloadavg()]


def speed() -> Json:
    """How quick the machine is: a virtual one takes twice as long where its neighbours are busy, and without this one
    day's figure says little beside another's.

    `python_ms`: a loop of 200,000 additions; `memory_ns`: a number of 64 MB of them, read at random; `sync_ms`: 4 kB
    appended to a temporary file and synced.
    """
    return {"python_ms": spread(_python_ms()), "memory_ns": spread(_memory_ns()), "sync_ms": spread(_sync_ms())}


def _python_ms() -> list[float]:
    laps = []
    for _ in range(LAPS):
        begun, total = time.perf_counter(), 0
        for n in range(ADDITIONS):
            total += n
        laps.append(1e3 * (time.perf_counter() - begun))
    return laps


def _memory_ns() -> list[float]:
    numbers: Any = np.ones(MEMORY_BYTES // 8)
    laps = []
    for lap in range(LAPS):
        places = np.random.default_rng(lap).integers(0, len(numbers), READ_AT_RANDOM)
        begun = time.perf_counter()
        numbers[places].sum()
        laps.append(1e9 * (time.perf_counter() - begun) / READ_AT_RANDOM)
    return laps


def _sync_ms() -> list[float]:
    laps = []
    with tempfile.TemporaryFile() as file:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            file.write(bytes(SYNCED_BYTES))
            file.flush()
            os.fdatasync(file.fileno())
            laps.append(1e3 * (time.perf_counter() - begun))
    return laps
