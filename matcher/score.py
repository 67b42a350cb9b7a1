"""The soft score: who fits best among those who may, and why, in words (pure).

A part is a compiled function from 0 to 1 and, where it can be told, a sentence. The parts are compiled into one loop,
as the rules are. A new part is a function here with its words, a weight of the same name, and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat
from math import exp
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import trades
from matcher.ask import Ask
from matcher.compiled import inner, kernel
from matcher.model import DAY_MS
from matcher.row import MORE_PENALTY, Town
from matcher.rules import IN_HALL, Row, Terms, among, further, metres
from matcher.search import Rows
from matcher.settings import MarketSettings

Scores = NDArray[np.float32]
PRACTISED: Final = 10.0
"""So many shifts in a trade count half as much as a perfect match of words."""
PRIOR_OFFERS: Final = 4.0
"""What the channel's chance of an answer weighs against somebody's own answers, in offers."""
PRIOR_SHIFTS: Final = 10.0
PRIOR_RELIABILITY: Final = 0.92
"""New people start at the average: DOMAIN's no-show rate of 8 %, worth ten shifts."""
LONG_WAIT_DAYS: Final = 7.0
MUCH_ABOVE: Final = 0.5
"""Pay so far above the wish counts in full."""
NEAR_M: Final = 5_000.0
"""At this distance nearness has fallen to 1/e."""
REASONS_SHOWN: Final = 3
SORTED_WHOLE: Final = 512
"""So few scores are sorted faster than the best are picked out first."""


class Weights(Struct, frozen=True):
    """How much each part counts; they add up to 1."""

    skill: float = 0.25
    near: float = 0.16
    pay: float = 0.07
    reliable: float = 0.07
    waited: float = 0.12
    present: float = 0.10
    focus: float = 0.05
    answers: float = 0.05
    known: float = 0.05
    spare: float = 0.08


def weights_of(settings: MarketSettings) -> Weights:
    """The market's weights, of which only the proportions count."""
    given = [getattr(settings, f"weight_{name}") for name in Weights.__struct_fields__]
    return Weights(*(weight / sum(given) for weight in given))


class Seen(NamedTuple):
    """What words are made of, for one row."""

    done: int
    last_work_s: int
    presence: int
    times: int
    """Shifts done in this trade."""
    trade: str
    """The trade's name."""


Value = Callable[[Row, Terms, Town, float], float]
Words = Callable[[float, Seen, int], str | None]


class Part(Struct, frozen=True):
    """A part of the score: its name, the compiled value 0..1, and its words for a value, what is seen of the row,
    and now_ms."""

    name: str
    value: Value
    words: Words


PARTS: Final[list[Part]] = []
"""In the order of their columns in `Parts.values`."""


def part(words: Words) -> Callable[[Value], Value]:
    """Adds a part with what tells it in words; None where it is not worth telling."""

    def add(value: Value) -> Value:
        PARTS.append(Part(value.__name__, inner(value), words))
        return PARTS[-1].value

    return add


@inner
def times_done(w: Row, ask: Terms, town: Town) -> int:
    """Shifts that the worker did in the posting's trade."""
    link = w.history
    while link != 0:
        if town.history[link].trade == ask.trade:
            return int(town.history[link].times)
        link = town.history[link].next
    return 0


def _practice(value: float, w: Seen, now_ms: int) -> str | None:
    if w.times:
        work = w.trade.removesuffix("工") if len(w.trade) > 2 else w.trade  # 搬运工: 搬运
        return f"做过{w.times}次{work}"
    return "技能对口" if value >= 0.5 else None


@part(_practice)
def skill(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """How close the worker's words are to the posting's, and how often they did this trade."""
    words, times = min(max(similarity, 0.0), 1.0), times_done(w, ask, town)
    return words + (1.0 - words) * times / (times + PRACTISED)


@part(lambda value, w, now_ms: None)  # the distance is always told
def near(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """How near."""
    return exp(-metres(w, ask) / NEAR_M)


@part(lambda value, w, now_ms: f"工钱比你期望高{round(value * MUCH_ABOVE * 100)}%" if value >= 0.1 else None)
def pay(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """How far the pay is above the wish."""
    if ask.pay_fen == 0:
        return 0.0
    return min(max(ask.pay_fen / max(w.pay_fen, 1) - 1.0, 0.0), MUCH_ABOVE) / MUCH_ABOVE


@part(lambda value, w, now_ms: f"干过{w.done}次零工" if w.done and not w.times else None)
def reliable(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """Shifts done against shifts missed; a point of penalty halves it, until it has decayed."""
    share = (w.done + PRIOR_SHIFTS * PRIOR_RELIABILITY) / (w.done + w.no_shows + PRIOR_SHIFTS)
    one_s = town.more[further(w, town, MORE_PENALTY, 0)].until  # when the penalties have come down to one point
    return share / (1.0 + 2.0 ** ((one_s * 1000 - ask.now_ms) / ask.penalty_half_life_ms)) if one_s else share


def _days_without_work(value: float, w: Seen, now_ms: int) -> str | None:
    days = (now_ms - w.last_work_s * 1000) // DAY_MS
    return f"{days}天没接到活" if w.last_work_s > 0 and days >= 1 else None


@part(_days_without_work)
def waited(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """Time since the last work."""
    return min(max(ask.now_ms - w.last_work_s * 1000, 0) / (LONG_WAIT_DAYS * DAY_MS), 1.0)


def _where(value: float, w: Seen, now_ms: int) -> str | None:
    if value <= 0:
        return None
    return "你在大厅" if w.presence == IN_HALL else "你今天能干"


@part(_where)
def present(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """In the hall now, or available today."""
    if w.presence_until_s * 1000 <= ask.now_ms:
        return 0.0
    return 1.0 if w.presence == IN_HALL else 0.6


@part(lambda value, w, now_ms: "重点群体优先" if value > 0 else None)
def focus(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """Belongs to one of the groups that the city puts first."""
    return 1.0 if w.focus else 0.0


@part(lambda value, w, now_ms: None)
def answers(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """The chance that they answer: their own lately, leaning on what is usual on their channel."""
    return (w.answered_lately + PRIOR_OFFERS * ask.answers[w.channel]) / (w.asked_lately + PRIOR_OFFERS)


@part(lambda value, w, now_ms: "这家以前找过你干活" if value > 0 else None)
def known(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """Has worked for this employer, or is a favourite."""
    return 1.0 if among(town.known, w) else 0.0


@part(lambda value, w, now_ms: None)
def spare(w: Row, ask: Terms, town: Town, similarity: float) -> float:
    """Room for further offers: who holds none comes before who holds one already. Offers reach more people, and those
    who alone can do rare work are not full with common work when it comes."""
    return 1.0 - min(w.live_offers / max(ask.live_cap, 1), 1.0)


def _in_turn(parts: Sequence[Part], column: int = 0) -> Callable[[Row, Terms, Town, float, Any], None]:
    """The parts as one function that writes them into a line."""
    if not parts:

        @inner
        def none(w: Row, ask: Terms, town: Town, similarity: float, line: Any) -> None:
            return

        return none
    value, others = parts[0].value, _in_turn(parts[1:], column + 1)

    @inner
    def valued(w: Row, ask: Terms, town: Town, similarity: float, line: Any) -> None:
        line[column] = value(w, ask, town, similarity)
        others(w, ask, town, similarity, line)

    return valued


_valued: Final = _in_turn(PARTS)
_PARTS_N: Final = len(PARTS)


@kernel
def _totals(town: Town, terms: Any, weights: Any, rows: Rows, similarity: Scores) -> Any:
    totals, line = np.empty(len(rows), dtype=np.float32), np.empty(_PARTS_N)
    for i in range(len(rows)):
        _valued(town.people[rows[i]], terms[0], town, similarity[i], line)
        total = 0.0
        for k in range(_PARTS_N):
            total += weights[k] * line[k]
        totals[i] = total
    return totals


@kernel
def _parts(town: Town, terms: Any, rows: Rows, similarity: Scores) -> Any:
    distances, times, values = np.empty(len(rows)), np.empty(len(rows), np.int64), np.empty((len(rows), _PARTS_N))
    for i in range(len(rows)):
        w = town.people[rows[i]]
        distances[i] = metres(w, terms[0])
        times[i] = times_done(w, terms[0], town)
        _valued(w, terms[0], town, similarity[i], values[i])
    return distances, times, values


@kernel
def _across(town: Town, terms: Any, weights: Any, row: int, similarity: Scores) -> Any:
    distances, totals, line = np.empty(len(terms)), np.empty(len(terms), dtype=np.float32), np.empty(_PARTS_N)
    for i in range(len(terms)):
        w = town.people[row]
        distances[i] = metres(w, terms[i])
        _valued(w, terms[i], town, similarity[i], line)
        total = 0.0
        for k in range(_PARTS_N):
            total += weights[k] * line[k]
        totals[i] = total
    return distances, totals


class Parts(Struct, frozen=True):
    """The parts of the scores of some rows, shape (rows, parts), each 0..1, the distances, and the shifts done in the
    trade."""

    metres: NDArray[np.float64]
    times: NDArray[np.int64]
    values: NDArray[np.float64]


@lru_cache(maxsize=64)
def by_part(weights: Weights) -> NDArray[np.float64]:
    """The weights in the order of the parts; the same array for everybody who asks."""
    return np.array([getattr(weights, part.name) for part in PARTS])


def totals(town: Town, ask: Ask, weights: Weights, rows: Rows, similarity: Scores) -> Scores:
    """The weighted sum for each row; `similarity` is the inner product of the posting's vector with each row's."""
    found: Scores = _totals(town, ask.terms, by_part(weights), rows, similarity)
    return found


def across(
    town: Town, terms: NDArray[Any], weights: Weights, row: int, similarity: Scores
) -> tuple[NDArray[np.float64], Scores]:
    """One row's distances and weighted sums over many postings."""
    distances, found = _across(town, terms, by_part(weights), row, similarity)
    return distances, found


def parts(town: Town, ask: Ask, rows: Rows, similarity: Scores) -> Parts:
    """What the totals of some rows are made of."""
    return Parts(*_parts(town, ask.terms, rows, similarity))


def best(total: Scores, wanted: int) -> NDArray[np.int64]:
    """Positions of the `wanted` highest totals, the highest first; of equal ones the earlier row."""
    if len(total) <= SORTED_WHOLE or wanted < 1:
        return (-total).argsort(kind="stable")[:wanted]
    some = np.flatnonzero(total >= np.partition(total, -wanted)[-wanted])
    return some[(-total[some]).argsort(kind="stable")][:wanted]


def kilometres(metres: float) -> str:
    """`离你350米`, `离你2.1公里`."""
    return f"离你{max(50, round(metres / 50) * 50):.0f}米" if metres < 950 else f"离你{metres / 1_000:.1f}公里"


def reasons(people: NDArray[Any], ask: Ask, p: Parts, weights: Weights) -> list[list[str]]:
    """The reasons that count most for each of the people (rows of the table), in words; the distance is always told.
    `p` are their parts."""
    now_ms, named = int(ask.terms["now_ms"][0]), trades.name_of(int(ask.terms["trade"][0]))
    columns = (people[name].tolist() for name in ("done", "last_work_s", "presence"))
    seen = map(Seen, *columns, p.times.tolist(), repeat(named))
    heaviest_first = np.argsort(-p.values * by_part(weights), axis=1, kind="stable").tolist()
    return [
        [kilometres(metres_away), *_told(values, order, w, now_ms)]
        for w, metres_away, values, order in zip(
            seen, p.metres.tolist(), p.values.tolist(), heaviest_first, strict=True
        )
    ]


def _told(values: Sequence[float], order: Sequence[int], w: Seen, now_ms: int) -> list[str]:
    told: list[str] = []
    for k in order:
        words = PARTS[k].words(values[k], w, now_ms)
        if words is not None:
            told.append(words)
            if len(told) == REASONS_SHOWN - 1:
                break
    return told
