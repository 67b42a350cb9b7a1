"""Pay as people write it: `200元/天`, `18-20元/小时`, `4-6k`, `面议`, `一车120`, `底薪3000+提成,综合5000-8000`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.fields.found import LONGEST_WORDS, plain
from ingest.fields.money import UNIT_WORDS
from ingest.fields.sums import SALARY_UNITS, Kind, Sum, sums
from matcher.model import Pay, PayUnit

UNIT_NAMES: Final[dict[PayUnit, str]] = {"hour": "小时", "day": "天", "shift": "班", "piece": "件", "month": "月"}
"""Units as people read them."""
_SUREST_FIRST: Final[tuple[Kind, ...]] = ("pay", "base", "bare", "trial", "lone")
_NEGOTIABLE = re.compile(r"(?:工资|薪资|价格|待遇|报酬)?(?:面议|面谈|当面谈|详谈|电议|私聊|私信)")
_UNIT_IN_HEADER = re.compile(r"[/每]\s*(" + "|".join(sorted(map(re.escape, UNIT_WORDS), key=len, reverse=True)) + ")")


class Wage(Struct, frozen=True):
    """Pay as read. `fen` is what is surely paid (the low end of a range), None when it is to be agreed (面议);
    `high_fen` the high end; `guessed` says that the text gave no unit and the amount decided."""

    fen: int | None
    unit: PayUnit
    words: str
    high_fen: int | None = None
    guessed: bool = False

    def pay(self) -> Pay | None:
        """The pay to store; None when it is to be agreed."""
        return None if self.fen is None else Pay(fen=self.fen, unit=self.unit)

    def shown(self) -> str:
        """As people read it: `18-20元/小时`, `面议`."""
        if self.fen is None:
            return "面议"
        high = f"-{self.high_fen / 100:g}" if self.high_fen is not None else ""
        return f"{self.fen / 100:g}{high}元/{UNIT_NAMES[self.unit]}"


def unit_of(words: str) -> PayUnit | None:
    """The unit a column's name gives: `工资(元/天)` day, `时薪` hour; None when it names none."""
    text = plain(words)
    for name, unit in SALARY_UNITS.items():
        if name in text:
            return unit
    match = _UNIT_IN_HEADER.search(text)
    return UNIT_WORDS[match[1]] if match else None


@lru_cache(maxsize=8192)
def wage(text: str, *, column: bool = False, unit: PayUnit | None = None) -> Wage | None:
    """The pay named in `text`; None when there is none.

    Pay as a whole goes before a part of it (底薪), that before the pay of a trial; of several sums with one unit the
    widest range is given, since a posting often names a sum for each of its trades.

    Args:
        text: a cell, or running text.
        column: the cell is known to hold pay, so a bare number counts.
        unit: the unit that the column's name gives, for cells that name none.
    """
    text = plain(text)
    found = list(sums(text, column=column))
    for kind in _SUREST_FIRST:
        if chosen := [each for each in found if each.kind == kind]:
            timed = [each for each in chosen if each.unit != "piece"]  # 计件, 月收入6000: the month can be compared
            return _widest(text, timed or chosen, unit)
    match = _NEGOTIABLE.search(text)
    return Wage(None, unit or "hour", match[0]) if match else None


def _widest(text: str, chosen: list[Sum], unit: PayUnit | None) -> Wage:
    first = chosen[0]
    meant = first.unit or unit or _likely_unit(first.low)
    alike = [each for each in chosen if (each.unit or unit or _likely_unit(each.low)) == meant]
    low = min(each.low for each in alike)
    high = max(each.high or each.low for each in alike)
    start, end = alike[0].start, alike[-1].end
    if end - start > LONGEST_WORDS:
        start, end = first.start, first.end
    return Wage(
        max(1, round(low * 100)),
        meant,
        text[start:end].strip(" ("),
        round(high * 100) if high > low else None,
        guessed=first.unit is None and unit is None,
    )


def _likely_unit(yuan: float) -> PayUnit:
    """The unit a bare amount most likely has in gig work: below 60 yuan an hour, from 1000 a month, else a shift."""
    if yuan < 60:
        return "hour"
    return "month" if yuan >= 1000 else "shift"
