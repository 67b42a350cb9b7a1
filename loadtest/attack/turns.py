"""An attack's turns: what became of it, and what it cost the server, the attacker and the normal client meanwhile."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from loadtest.attack.target import Json, Outcome, Target
from loadtest.attack.timing import pooled, said, tells

Attack = Callable[[Target], Awaitable[Outcome]]
Seen = Sequence[tuple[float, float]]
"""The normal client's requests: when sent, in seconds since the epoch, and how long each took, in milliseconds."""

TIMES_AT_MOST: Final = 2.0


class Turn(Struct, frozen=True):
    """One turn of an attack, in seconds since the epoch; CPU times are of the whole server and the whole attacker."""

    outcome: Outcome
    began_s: float
    ended_s: float
    server_cpu_s: float
    attacker_cpu_s: float


async def taken(target: Target, attack: Attack) -> Turn:
    """The attack once, with what it cost."""
    began, server, attacker = time.time(), target.cpu_s(), time.process_time()
    outcome = await attack(target)
    return Turn(outcome, began, time.time(), target.cpu_s() - server, time.process_time() - attacker)


def rows(turns: Sequence[Turn], seen: Seen) -> list[Json]:
    """A row for each attack, of all of its turns: refused when each was, and all together tell nothing."""
    by_name: dict[str, list[Turn]] = {}
    for turn in turns:
        by_name.setdefault(turn.outcome.name, []).append(turn)
    return [_row(name, some, seen) for name, some in by_name.items()]


def during(turns: Sequence[Turn], seen: Seen) -> list[float]:
    """What the normal client's requests took while one of these turns went on."""
    return [ms for at, ms in seen if any(turn.began_s <= at < turn.ended_s for turn in turns)]


def _row(name: str, turns: Sequence[Turn], seen: Seen) -> Json:
    meanwhile = during(turns, seen)
    outcomes = [turn.outcome for turn in turns]
    pairs, kept_out = pooled(outcomes), all(outcome.refused for outcome in outcomes)
    telling = [outcome for outcome in outcomes if outcome.refused == kept_out][-1]
    return {
        "name": name,
        "refused": kept_out and not tells(pairs),
        "turns": len(turns),
        "tries": sum(turn.outcome.tries for turn in turns),
        "detail": said(pairs) if pairs else telling.detail,
        "seconds": round(sum(turn.ended_s - turn.began_s for turn in turns), 2),
        "server_cpu_s": round(sum(turn.server_cpu_s for turn in turns), 2),
        "attacker_cpu_s": round(sum(turn.attacker_cpu_s for turn in turns), 2),
        "normal_requests": len(meanwhile),
        "normal_p50_ms": round(percentile(meanwhile, 0.5), 2) if meanwhile else None,
        "normal_p99_ms": round(percentile(meanwhile, 0.99), 2) if meanwhile else None,
    }


def compared(quiet: list[float], meanwhile: list[float]) -> Json:
    """The normal client's figures, quiet and under attack."""
    before, during = percentile(quiet, 0.99), percentile(meanwhile, 0.99)
    return {
        "normal_requests_quiet": len(quiet),
        "normal_requests_attacked": len(meanwhile),
        "normal_p50_ms_quiet": round(percentile(quiet, 0.5), 2),
        "normal_p50_ms_attacked": round(percentile(meanwhile, 0.5), 2),
        "normal_p99_ms_quiet": round(before, 2),
        "normal_p99_ms_attacked": round(during, 2),
        "times": round(during / before, 2),
        "within": during <= TIMES_AT_MOST * before,
    }


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
