"""Memory of the service's processes (Linux): what is resident now, and how it moves over time."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadtest.stage import Stage

PARTS: Final = ("store", "match", "serve", "collect", "audit-log")
STEP_MB: Final = 5.0
"""Processes take memory in pieces of some MB: to have taken one over the whole time says nothing."""


def resident_kb(pid: int) -> int:
    """Anonymous resident memory in kB: what the process has asked for itself, without files and what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous:")).split()[1])


class Slope(NamedTuple):
    """A straight line through samples: MB an hour, its standard error, and the step that lies beside it, MB."""

    mb_h: float
    error_mb_h: float
    step_mb: float = 0.0

    @property
    def is_flat(self) -> bool:
        """It rises by no more than the noise: two standard errors."""
        return self.mb_h <= 2 * self.error_mb_h


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """The straight line through (seconds, MB); where it rises, the one beside the step that fits best, if that is flat.

    A step of up to STEP_MB says nothing, and yet the line through it rises by half as much again over the whole time,
    far more than the noise of a quiet process. Who leaks rises evenly or in many steps; one step explains neither, and
    what is left rises still. Needs three samples.
    """
    at_s, mb = np.array(samples).T
    line, _ = _fitted(mb, at_s)
    if line.is_flat:
        return line
    stepped = [_fitted(mb, at_s, at_s >= since_s) for since_s in at_s[1:]]
    possible = [(left, beside) for beside, left in stepped if 0 < beside.step_mb <= STEP_MB]
    beside = min(possible, default=(0.0, line))[1]
    return beside if beside.is_flat else line


def _fitted(mb: NDArray[Any], *causes: NDArray[Any]) -> tuple[Slope, float]:
    """Least squares over the time and perhaps a step, and the squares of what they leave over. Samples that follow one
    another are alike, so the error is widened by how many of them tell something new (lag-1 autocorrelation of what is
    left; Santer et al. 2000, doi:10.1029/1999JD901105)."""
    known = np.column_stack([cause - cause.mean() for cause in causes])
    spread = np.linalg.inv(known.T @ known)
    by = spread @ known.T @ (mb - mb.mean())
    left = mb - mb.mean() - known @ by
    squares, n, fitted = float(left @ left), len(mb), len(causes) + 1
    alike = min(0.99, max(0.0, float(left[:-1] @ left[1:]) / squares)) if squares else 0.0
    telling = max(fitted + 1.0, n * (1 - alike) / (1 + alike))
    error = math.sqrt(squares / (telling - fitted) * spread[0, 0])
    return Slope(*(round(float(x), 6) for x in (by[0] * 3600, error * 3600, *by[1:]))), squares


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
