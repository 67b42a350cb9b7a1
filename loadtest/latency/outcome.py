"""What came of one rate: latencies, who was reached, and what it cost."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from hdrh.histogram import HdrHistogram
from msgspec import Struct
from numpy.typing import NDArray

from matcher.model import Entry

INFINITE_MS: Final = 600_000.0
"""Stands for a posting that reached nobody, or an offer that never came."""
PERCENTILES: Final = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0)
PART_S: Final = 15.0
_CLOCK_HZ: Final = os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_HZ


class Outcome(Struct, frozen=True, kw_only=True):
    """One rate, measured. Times in milliseconds."""

    rate: int
    seconds: float
    postings: int
    p50_ms: float
    p99_ms: float
    percentiles_ms: dict[str, float]
    """From the moment a posting was to be sent until its first wave's last offer came to a connected worker, or until
    that wave was written where it went to none of them."""
    p50_each_15_s: list[float]
    p99_each_15_s: list[float]
    """Percentiles of the postings of each quarter of a minute: how much a rate varies."""
    posted_p50_ms: float
    posted_p99_ms: float
    """Until the service had answered the POST."""
    answered_p50_ms: float
    answered_p99_ms: float
    """Until the service had answered a yes or no, from the moment at which it was meant to be given."""
    lag_p99_ms: float
    lag_max_ms: float
    """How late the generator itself sent."""
    refused: dict[str, int]
    """Postings by HTTP status where it was not 201."""
    unserved_pct: float
    """Postings that no offer was made of, of all of them."""
    unheard: int
    """Offers to connected workers that did not come."""
    not_to_connected: int
    """Postings whose first wave went to nobody who is connected. Their latency ends with the writing of the wave by the
    store's clock, the same machine's: a lower bound, for nobody is there to receive it."""
    offers: int
    offers_a_posting: float
    offers_to_connected_pct: float
    beyond_hall_pct: float
    """Waves that looked farther than the hall."""
    answers: dict[str, int]
    lines_ended: int
    """Sockets of connected workers that the service has ended since they were opened."""
    rewrites: int
    """Rewrites of the append-only file that the store says it has begun meanwhile and ended well."""
    appendfsync: str
    """What the store says of itself."""
    cpu_ms_a_posting: dict[str, float]
    cpu_pct: dict[str, float]
    load_average_after: list[float]
    """Of the machine, when the rate was over."""

    def words(self) -> str:
        """The outcome in a line."""
        cpu = " ".join(f"{name} {ms:.2f}" for name, ms in self.cpu_ms_a_posting.items())
        return (
            f"{self.rate}/s: p50 {self.p50_ms:.1f} p99 {self.p99_ms:.1f} ms; POST p50 {self.posted_p50_ms:.1f} p99 "
            f"{self.posted_p99_ms:.1f}; answers p50 {self.answered_p50_ms:.1f} p99 {self.answered_p99_ms:.1f}; "
            f"unserved {self.unserved_pct:.3f} %, unheard {self.unheard}, "
            f"{self.offers_a_posting:.1f} offers a posting, {self.offers_to_connected_pct:.0f} % to connected, "
            f"{self.not_to_connected} to none of them, {self.beyond_hall_pct:.0f} % beyond the hall; "
            f"lag p99 {self.lag_p99_ms:.1f} max {self.lag_max_ms:.1f}; "
            f"cpu ms a posting: {cpu}; refused {self.refused}; answers {self.answers}"
        )


class Run:
    """One rate, while it runs."""

    def __init__(self, due_s: dict[str, float], begun_s: float, begun_ms: float) -> None:
        """`due_s` and `begun_s` are of perf_counter; `begun_ms` is the same moment in epoch milliseconds."""
        self.due_s = due_s
        self.begun_s, self.begun_ms = begun_s, begun_ms
        self.sent_s = 0.0
        self.lag_ms: list[float] = []
        self.last_s: dict[str, float] = {}
        self.heard_by: set[tuple[str, str]] = set()
        self.posted_ms: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.lines_ended = 0
        self.rewrites = 0
        self.appendfsync = ""
        self.load_average_after: list[float] = []

    def heard(self, posting: str, profile: str, wave: int, came_s: float) -> None:
        """An offer came to a connected worker."""
        if posting in self.due_s:
            self.heard_by.add((posting, profile))
            if wave == 1:
                self.last_s[posting] = came_s

    def posted(self, due_s: float, status: int, _: bytes) -> None:
        """A POST was answered."""
        self.statuses[status] += 1
        self.posted_ms.append((time.perf_counter() - due_s) * 1000)

    def outcome(
        self,
        rate: int,
        entries: Mapping[str, Mapping[str, Entry]],
        connected: frozenset[str],
        cpu_s: Mapping[str, float],
        answers: Mapping[str, int],
        answered_ms: Sequence[float],
        given: int = 0,
    ) -> Outcome:
        """The outcome, by what the store says was offered to whom. Of the answers `given`, those without a time in
        `answered_ms` count as never answered."""
        late_ms = np.empty(len(self.due_s))
        unserved = unheard = elsewhere = offers = to_connected = beyond = 0
        for nth, posting in enumerate(self.due_s):
            made = entries.get(posting, {})
            offers += len(made)
            mine = [p for p in made if p in connected]
            to_connected += len(mine)
            beyond += any(e.within_m for e in made.values())
            missing = sum((posting, p) not in self.heard_by for p in mine)
            unheard += missing
            unserved += not made
            elsewhere += bool(made) and posting not in self.last_s
            late_ms[nth] = INFINITE_MS if missing or not made else self._late_ms(posting, made)
        at, each = _percentiles_ms(late_ms), self._each_part(late_ms)
        n = len(self.due_s)
        posted, lag = np.array(self.posted_ms or [INFINITE_MS]), np.array(self.lag_ms or [0.0])
        answered = np.array([*answered_ms, *[INFINITE_MS] * (given - len(answered_ms))] or [0.0])
        return Outcome(
            rate=rate,
            seconds=round(self.sent_s, 2),
            postings=n,
            p50_ms=at["50.0"],
            p99_ms=at["99.0"],
            percentiles_ms=at,
            p50_each_15_s=[part["50.0"] for part in each],
            p99_each_15_s=[part["99.0"] for part in each],
            posted_p50_ms=_ms(np.percentile(posted, 50)),
            posted_p99_ms=_ms(np.percentile(posted, 99)),
            answered_p50_ms=_ms(np.percentile(answered, 50)),
            answered_p99_ms=_ms(np.percentile(answered, 99)),
            lag_p99_ms=_ms(np.percentile(lag, 99)),
            lag_max_ms=_ms(lag.max()),
            refused={str(status): count for status, count in self.statuses.items() if status != 201},
            unserved_pct=round(100 * unserved / n, 4),
            unheard=unheard,
            not_to_connected=elsewhere,
            offers=offers,
            offers_a_posting=round(offers / n, 2),
            offers_to_connected_pct=round(100 * to_connected / max(offers, 1), 1),
            beyond_hall_pct=round(100 * beyond / n, 1),
            answers=dict(answers),
            lines_ended=self.lines_ended,
            rewrites=self.rewrites,
            appendfsync=self.appendfsync,
            cpu_ms_a_posting={name: round(1000 * s / n, 3) for name, s in cpu_s.items()},
            cpu_pct={name: round(100 * s / max(self.sent_s, 0.001), 1) for name, s in cpu_s.items()},
            load_average_after=self.load_average_after,
        )

    def _late_ms(self, posting: str, made: Mapping[str, Entry]) -> float:
        """Until the first wave's last offer came, or until the wave was written where nobody connected is in it."""
        if (came_s := self.last_s.get(posting)) is not None:
            return (came_s - self.due_s[posting]) * 1000
        written_ms = min(entry.offered_ms for entry in made.values())
        return written_ms - self.begun_ms - (self.due_s[posting] - self.begun_s) * 1000

    def _each_part(self, late_ms: NDArray[np.float64]) -> list[dict[str, float]]:
        parts = ((np.array(list(self.due_s.values())) - self.begun_s) // PART_S).astype(int)
        return [_percentiles_ms(late_ms[parts == part]) for part in np.unique(parts)]


def _percentiles_ms(late_ms: NDArray[np.float64]) -> dict[str, float]:
    histogram = HdrHistogram(1, int(INFINITE_MS * 1000), 3)  # of microseconds
    for late in np.clip(late_ms, 0.001, INFINITE_MS).tolist():
        histogram.record_value(int(late * 1000))
    return {str(p): histogram.get_value_at_percentile(p) / 1000 for p in PERCENTILES}


def _ms(value: Any) -> float:
    return round(float(value), 3)
