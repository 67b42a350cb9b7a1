"""Who may be asked: the rules compiled into one loop over the rows that the index names (pure).

`survivors` finds them, `passing` looks at some again, `excluded_by` tells every rule that keeps one row out: the same
functions, once stopping at the first rule broken, once going on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.ask import Ask
from matcher.columns import Columns
from matcher.compiled import fetch_early, inner, kernel
from matcher.grid import TradesByCell, near
from matcher.row import Town
from matcher.rules import RULES, Row, Rule, Terms, Test, place_of_trade, trade

Rows = NDArray[np.int64]
Spans = NDArray[np.int64]
AHEAD: Final = 24
"""So many rows are asked for before they are looked at."""
TOGETHER: Final = frozenset({"hours", "pay", "place", "age", "working_age", "minor_hazard", "building_age", "paused"})
"""Rules that are quick to ask and keep most people out. They are asked without a branch between them: nobody could
foretell it, and one foretold wrongly takes as long as all of them."""
Broken = Callable[[Row, Terms, Town], int]


def _together(rules: Sequence[Rule]) -> Test:
    """Whether all of these rules let somebody through, without a branch."""
    if len(rules) == 1:
        return rules[0].passes
    passes, others = rules[0].passes, _together(rules[1:])

    @inner
    def pass_(w: Row, ask: Terms, town: Town) -> bool:
        return others(w, ask, town) & passes(w, ask, town)

    return pass_


def _in_turn(rules: Sequence[Rule]) -> Test:
    """The same, only as far as the first rule that does not."""
    if len(rules) == 1:
        return rules[0].passes
    passes, others = rules[0].passes, _in_turn(rules[1:])

    @inner
    def pass_(w: Row, ask: Terms, town: Town) -> bool:
        return passes(w, ask, town) and others(w, ask, town)

    return pass_


def _told(rules: Sequence[Rule], bit: int = 1) -> Broken:
    """A bit for each rule that keeps somebody out, `bit` for the first of them."""
    if not rules:

        @inner
        def none(w: Row, ask: Terms, town: Town) -> int:
            return 0

        return none
    passes, others = rules[0].passes, _told(rules[1:], bit * 2)

    @inner
    def broken(w: Row, ask: Terms, town: Town) -> int:
        return others(w, ask, town) | (0 if passes(w, ask, town) else bit)

    return broken


_broken: Final = _told(RULES)
_pass_quick: Final = _together([rule for rule in RULES if rule.code in TOGETHER])
_pass_others: Final = _in_turn([rule for rule in RULES if rule.code not in TOGETHER and rule.passes is not trade])


@inner
def _passes(w: Row, ask: Terms, town: Town) -> bool:
    return _pass_quick(w, ask, town) and trade(w, ask, town) and _pass_others(w, ask, town)


@kernel
def _survivors(town: Town, index: TradesByCell, strays: NDArray[np.uint32], terms: Any, spans: Spans) -> Any:
    ask, n = terms[0], len(strays)
    for i in range(len(spans)):
        n += spans[i, 1] - spans[i, 0]
    found, places, n = np.empty(n, dtype=np.int64), np.zeros(n, dtype=np.uint8), len(strays)
    found[:n] = strays
    for i in range(len(spans)):
        for at in range(spans[i, 0], spans[i, 1]):
            found[n], places[n] = index.rows[at], spans[i, 2]
            n += 1
    looked_at, n = n, 0
    for i in range(min(AHEAD, looked_at)):
        fetch_early(town.people, found[i])
    for i in range(looked_at):
        if i + AHEAD < looked_at:
            fetch_early(town.people, found[i + AHEAD])
        w = town.people[found[i]]
        found[n], places[n] = found[i], places[i]
        n += (w.stray == (places[i] == 0)) & _pass_quick(w, ask, town)
    looked_at, n = n, 0
    for i in range(looked_at):
        w, place = town.people[found[i]], place_of_trade(town.people[found[i]], ask, town)
        # a row lies in the spans of all its trades and counts in the first; a stray counts in its own list only
        if place != 0 and (place == places[i] or places[i] == 0) and _pass_others(w, ask, town):
            found[n] = found[i]
            n += 1
    return found[:n]


@kernel
def _within(
    town: Town, index: TradesByCell, strays: NDArray[np.uint32], terms: Any, trades: NDArray[np.uint16], most: int
) -> Any:
    ask, n = terms[0], 0
    spans = near(index, trades, ask.lat, ask.lon, ask.radius_m)
    for i in range(len(spans)):
        n += spans[i, 1] - spans[i, 0]
    if n > most:
        return False, np.empty(0, dtype=np.int64)
    return True, _survivors(town, index, strays, terms, spans)


@kernel
def _rules_broken(town: Town, terms: Any, row: int) -> Any:
    broken = np.empty(len(terms), dtype=np.int64)
    for i in range(len(terms)):
        broken[i] = _broken(town.people[row], terms[i], town)
    return broken


@kernel
def _passing(town: Town, terms: Any, rows: Rows) -> Any:
    passing = np.empty(len(rows), dtype=np.bool_)
    for i in range(len(rows)):
        if i + AHEAD < len(rows):
            fetch_early(town.people, rows[i + AHEAD])
        passing[i] = _passes(town.people[rows[i]], terms[0], town)
    return passing


@kernel
def _reached(town: Town, terms: Any, rows: Rows) -> Any:
    reached = np.zeros(len(terms), dtype=np.bool_)
    for i in range(len(terms)):
        for row in rows:
            if _passes(town.people[row], terms[i], town):
                reached[i] = True
                break
    return reached


@kernel
def _among(rows: Rows, some: Rows) -> Any:
    among, at = np.empty(len(rows), dtype=np.bool_), np.searchsorted(some, rows)
    for i in range(len(rows)):
        among[i] = at[i] < len(some) and some[at[i]] == rows[i]
    return among


class Sight(NamedTuple):
    """What a search looks at, as it is at one moment: a thread may go on looking while the columns change."""

    town: Town
    by_cell: TradesByCell
    strays: NDArray[np.uint32]


def town(c: Columns, ask: Ask) -> Town:
    """Everything that rules and scores see for this ask."""
    return c.town(ask.asked, ask.blocked, ask.known)


def sight(c: Columns, ask: Ask) -> Sight:
    """What a search for this ask looks at."""
    return Sight(town(c, ask), c.by_cell, c.stray_rows)


def spans(index: TradesByCell, ask: Ask) -> Spans:
    """Where the rows lie that the index has for this ask; see `grid.near`."""
    terms = ask.terms[0]
    found: Spans = near(index, ask.trades, terms["lat"], terms["lon"], terms["radius_m"])
    return found


def candidates(spans: Spans) -> int:
    """Rows to be looked at."""
    return int((spans[:, 1] - spans[:, 0]).sum())


def survivors(sight: Sight, ask: Ask, spans: Spans) -> Rows:
    """Rows in these spans, and strays, that pass every rule; each once."""
    rows: Rows = _survivors(sight.town, sight.by_cell, sight.strays, ask.terms, spans)
    return rows


def within(sight: Sight, ask: Ask, most: int) -> Rows | None:
    """Rows that pass every rule, each once; None where more than `most` would have to be looked at. One step of what
    `spans` and `survivors` do in two, without handing the spans out and in again."""
    is_narrow, rows = _within(sight.town, sight.by_cell, sight.strays, ask.terms, ask.trades, most)
    return rows if is_narrow else None


def everybody(c: Columns, ask: Ask) -> Rows:
    """Rows that pass every rule, each once."""
    rows = within(sight(c, ask), ask, len(c.by_cell.rows))
    assert rows is not None
    return rows


def passing(c: Columns, ask: Ask, rows: Rows) -> NDArray[np.int64]:
    """Positions of those rows that pass every rule now."""
    return np.flatnonzero(_passing(town(c, ask), ask.terms, rows))


def reached(c: Columns, terms: NDArray[Any], rows: Rows) -> NDArray[np.bool_]:
    """Which of many postings' terms let one of these rows pass every rule, but for having been asked before."""
    found: NDArray[np.bool_] = _reached(c.town(()), terms, rows)
    return found


def among(rows: Rows, some: Rows) -> NDArray[np.bool_]:
    """Which rows are among `some`, which ascend; as `np.isin`, without what that costs for a few."""
    found: NDArray[np.bool_] = _among(rows, some)
    return found


def broken_by(town: Town, terms: NDArray[Any], row: int) -> NDArray[np.int64]:
    """For each of many postings the rules that keep this row out, as bits in the order of RULES."""
    broken: NDArray[np.int64] = _rules_broken(town, terms, row)
    return broken


def rules_of(broken: int) -> list[Rule]:
    """The rules of such bits."""
    return [rule for i, rule in enumerate(RULES) if broken >> i & 1]


def excluded_by(c: Columns, ask: Ask, row: int) -> list[tuple[str, str]]:
    """Every rule that keeps this row out: (code, sentence)."""
    (broken,) = broken_by(town(c, ask), ask.terms, row).tolist()
    return [(rule.code, rule.words) for rule in rules_of(broken)]
