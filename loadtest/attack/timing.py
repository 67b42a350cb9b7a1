"""Finding out who is registered by how long an answer takes.

A registered telephone and an unknown one are asked right after each other; a coin decides which goes first, so that
where nothing tells them apart each is the slower one by chance alone. Whether it is, is decided once, of the pairs of
all turns together: the sign test at each door, two-sided and exact whatever the times are like and however they drift.
A server that tells nothing is found wanting in one run of `1 / ERROR_RATE`.

With 2,880 pairs at a door (24 turns of `SAMPLES`) the registered one may be the slower in 46.8 to 53.2 of a hundred.
Where the time of an answer varies by 2 ms (standard deviation), a leak of a millisecond makes that 64 of a hundred; one
of a third of a millisecond is found in nine runs of ten (tests/test_attack_timing.py).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from math import exp, lgamma, log
from typing import Any, Final

from loadtest.attack.target import REGISTERED, Outcome, Pairs, Target

SAMPLES: Final = 120
ERROR_RATE: Final = 0.001
DOORS: Final[dict[str, dict[str, Any]]] = {"/v1/login/code": {}, "/v1/login/telephone": {"code": "000000"}}


async def enumeration_by_timing(target: Target) -> Outcome:
    """Counts how often a registered telephone is answered later than an unknown one; `tells` says what that means."""
    pairs = {}
    for path, more in DOORS.items():
        slower = 0
        async with target.attacker() as spy:
            for number in target.untouched(SAMPLES):
                took_ms = {}
                for one in random.sample((number, REGISTERED + number), 2):
                    answer = await spy.send("POST", path, {"telephone": target.telephone(one)} | more)
                    took_ms[one] = answer.ms
                slower += took_ms[number] > took_ms[REGISTERED + number]
        pairs[path.rpartition("/")[2]] = Pairs(slower, SAMPLES)
    return Outcome(name="enumeration_by_timing", refused=True, tries=4 * SAMPLES, pairs=pairs)


def pooled(outcomes: Iterable[Outcome]) -> dict[str, Pairs]:
    """The pairs of all turns together, by door."""
    slower: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for outcome in outcomes:
        for door, pairs in outcome.pairs.items():
            slower[door] += pairs.slower
            count[door] += pairs.of
    return {door: Pairs(slower[door], count[door]) for door in count}


def tells(pairs: Mapping[str, Pairs]) -> bool:
    """Whether some door tells who is registered: what was counted there is too rare for a coin's tosses."""
    return any(by_chance(*some) < ERROR_RATE / len(pairs) for some in pairs.values())


def by_chance(heads: int, tosses: int) -> float:
    """Probability that a fair coin's tosses are at least as uneven."""
    fewer = min(heads, tosses - heads)
    ways = (
        exp(lgamma(tosses + 1) - lgamma(n + 1) - lgamma(tosses - n + 1) - tosses * log(2)) for n in range(fewer + 1)
    )
    return min(1.0, 2 * sum(ways))


def said(pairs: Mapping[str, Pairs]) -> str:
    """The shares, in words."""
    doors = [f"{door} {some.slower / some.of:.3f} of {some.of}" for door, some in pairs.items()]
    return f"share of pairs in which the registered one was slower (0.5: nothing is told): {', '.join(doors)}"
