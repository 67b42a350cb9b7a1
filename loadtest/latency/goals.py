"""What `make latency` is to show, and under which conditions a rate counts (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from loadtest.latency.outcome import Outcome

BENDS_MS: Final = 200.0
"""The rate at which the 99th percentile passes this is the greatest one."""
OFFERS_A_POSTING: Final = 10.0
TO_CONNECTED_PCT: Final = 50.0
ANSWERED_MS: Final = 1_000.0
"""Nor may those who answer be kept waiting meanwhile: the 99th percentile of their answers."""
SECONDS: Final = 60.0
CLAIMS_A_SECOND: Final = 3_000
SEATED_PCT: Final = 50.0
MOST: Final = {
    "p50_100k_ms": 8.0, "p99_100k_ms": 50.0, "p50_1m_ms": 10.0, "p99_1m_ms": 80.0, "unserved_pct": 0.1,
}  # fmt: skip
LEAST: Final = {"max_rate_100k": 400, "max_rate_1m": 200, "claims_per_s": CLAIMS_A_SECOND}


def faults_of(rate: Outcome) -> list[str]:
    """What is wrong with a measurement, however fast and however short it was."""
    return _broken(
        {
            f"no line ended ({rate.lines_ended})": rate.lines_ended == 0,
            f"appendfsync always ({rate.appendfsync})": rate.appendfsync == "always",
        }
    )


def shortfalls_of(rate: Outcome) -> list[str]:
    """Which conditions a rate has not kept."""
    to_connected_pct = rate.offers_to_connected_pct
    return _broken(
        {
            f"{SECONDS:.0f} s ({rate.seconds})": rate.seconds >= SECONDS,
            f"{OFFERS_A_POSTING:.0f} offers a posting ({rate.offers_a_posting})": rate.offers_a_posting
            >= OFFERS_A_POSTING,
            f"{TO_CONNECTED_PCT:.0f} % to the connected ({to_connected_pct})": to_connected_pct >= TO_CONNECTED_PCT,
            f"answers within {ANSWERED_MS:.0f} ms ({rate.answered_p99_ms})": rate.answered_p99_ms <= ANSWERED_MS,
        }
    )


def max_rate(rates: Iterable[Outcome]) -> int:
    """The greatest rate below the bend at which nothing was wrong and all conditions were kept; 0 where none is."""
    return max((r.rate for r in rates if r.p99_ms <= BENDS_MS and not faults_of(r) + shortfalls_of(r)), default=0)


def problems_of(told: Mapping[str, Any], rates: Mapping[str, Sequence[Outcome]], *, whole: bool) -> list[str]:
    """A sentence for everything that is not as promised: figures by name, and the outcomes of each scale, whose first
    one is of the rate that is asked for. Goals are asked of a `whole` run only."""
    found = [f"{name}, {o.rate}/s, {fault}" for name, each in rates.items() for o in each for fault in faults_of(o)]
    found += _broken({f"no wrong claim ({told['claims']['wrong']})": told["claims"]["wrong"] == 0})
    return found + (_missed(told, {name: each[0] for name, each in rates.items()}) if whole else [])


def _missed(told: Mapping[str, Any], asked_for: Mapping[str, Outcome]) -> list[str]:
    seated_pct, promised = told["claims"]["seated_pct"], {}
    for name, most in MOST.items():
        promised[f"{name} <= {most} ({told[name]})"] = told[name] <= most
    for name, least in LEAST.items():
        promised[f"{name} >= {least} ({told[name]})"] = told[name] >= least
    promised[f"{SEATED_PCT:.0f} % of the claims seated ({seated_pct})"] = seated_pct >= SEATED_PCT
    for name, o in asked_for.items():
        promised[f"{name}, {o.rate}/s, every offer received (missing {o.unheard})"] = o.unheard == 0
        promised[f"{name}, {o.rate}/s, no posting refused ({o.refused})"] = not o.refused
        promised[f"{name}, {o.rate}/s, the store rewrote its file meanwhile"] = o.rewrites >= 1
    return [f"{name}, {o.rate}/s, {why}" for name, o in asked_for.items() for why in shortfalls_of(o)] + _broken(
        promised
    )


def _broken(promised: Mapping[str, bool]) -> list[str]:
    return [f"not so: {promise}" for promise, kept in promised.items() if not kept]
