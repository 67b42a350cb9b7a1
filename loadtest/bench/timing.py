"""What all measurements share: spreads, memory of a process, a process of their own."""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def spread(values: Sequence[float]) -> Json:
    """Median, least and greatest over the repeats."""
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def memory_gb(field: str, pid: int | str = "self") -> float:
    """Memory of a process in GB: VmRSS is what is resident now, VmHWM the most it ever was (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return round(int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024 / 1e9, 3)


def apart(work: Callable[..., Json], *args: Any) -> Json:
    """Runs the work in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args).result()
