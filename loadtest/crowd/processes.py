"""Memory of the service's processes (Linux): what is resident now, and how it moves over time."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from loadtest.stage import Stage

PARTS: Final = ("store", "match", "serve", "collect", "audit-log")
STEP_MB: Final = 5.0
"""Processes take memory in pieces of some MB: to have taken one over the whole time says nothing. In the middle of it
one makes a line that rises by half as much again."""


def resident_kb(pid: int) -> int:
    """Anonymous resident memory in kB: what the process has asked for itself, without files and what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous:")).split()[1])


class Slope(NamedTuple):
    """A straight line through samples: MB an hour, its standard error, and what a single step would make of it."""

    mb_h: float
    error_mb_h: float
    step_mb_h: float

    @property
    def is_flat(self) -> bool:
        """0 within the noise: two standard errors, or one step."""
        return self.mb_h <= max(2 * self.error_mb_h, self.step_mb_h)


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """Least squares over (seconds, MB). Samples that follow one another are alike, so the error is widened by how
    many of them tell something new (lag-1 autocorrelation of what the line leaves over; Santer et al. 2000,
    doi:10.1029/1999JD901105). Needs three samples."""
    n = len(samples)
    t_mean, y_mean = (sum(sample[i] for sample in samples) / n for i in (0, 1))
    spread = sum((t - t_mean) ** 2 for t, _ in samples)
    by_s = sum((t - t_mean) * (y - y_mean) for t, y in samples) / spread
    left = [y - y_mean - by_s * (t - t_mean) for t, y in samples]
    squares = sum(x * x for x in left)
    alike = sum(a * b for a, b in pairwise(left)) / squares if squares else 0.0
    alike = min(0.99, max(0.0, alike))
    telling = max(3.0, n * (1 - alike) / (1 + alike))
    error = math.sqrt(squares / (telling - 2) / spread)
    return Slope(by_s * 3600, error * 3600, 1.5 * STEP_MB * 3600 / (samples[-1][0] - samples[0][0]))


class Watch:
    """Looks at something every so often in a thread of its own. Enter it to start, leave it to stop."""

    def __init__(self, look: Callable[[], None], every_s: float) -> None:
        self._look, self._every_s = look, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            self._look()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


class Memory:
    """Samples of every process of a stage: (seconds, MB) by part."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._began = stage, time.monotonic()
        self.samples: dict[str, list[tuple[float, float]]] = {part: [] for part in PARTS}

    def look(self) -> None:
        """One sample of each that is up."""
        for part, samples in self.samples.items():
            with contextlib.suppress(OSError):  # it has just ended
                if (pid := self._stage.pid_of(part)) is not None:
                    samples.append((time.monotonic() - self._began, resident_kb(pid) / 1024))
