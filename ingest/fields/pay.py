"""Pay as people write it: `200元/天`, `18-20元/小时`, `5k`, `面议`, `一车120`, `日薪二百`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.fields.found import plain
from ingest.fields.numerals import NUMBER, number
from matcher.model import Pay, PayUnit

_UNIT_WORDS: Final[dict[str, PayUnit]] = {
    "小时": "hour",
    "钟头": "hour",
    "时": "hour",
    "h": "hour",
    "H": "hour",
    "个小时": "hour",
    "个钟": "hour",
    "天": "day",
    "日": "day",
    "工": "day",
    "个工": "day",
    "班": "shift",
    "个班": "shift",
    "场": "shift",
    "次": "shift",
    "晚": "shift",
    "趟活": "shift",
    "月": "month",
    "个月": "month",
    "车": "piece",
    "件": "piece",
    "单": "piece",
    "吨": "piece",
    "趟": "piece",
    "箱": "piece",
    "包": "piece",
    "个": "piece",
    "平": "piece",
    "平米": "piece",
    "米": "piece",
    "方": "piece",
    "套": "piece",
    "棵": "piece",
    "亩": "piece",
    "斤": "piece",
    "户": "piece",
}
UNIT_NAMES: Final[dict[PayUnit, str]] = {"hour": "小时", "day": "天", "shift": "班", "piece": "件", "month": "月"}
"""Units as people read them."""
_SALARY_WORDS: Final[dict[str, PayUnit]] = {
    "时薪": "hour",
    "小时工资": "hour",
    "日薪": "day",
    "日工资": "day",
    "天薪": "day",
    "月薪": "month",
    "月工资": "month",
    "月收入": "month",
    "月综合工资": "month",
    "底薪": "month",
}
_UNIT = "|".join(sorted(map(re.escape, _UNIT_WORDS), key=len, reverse=True))
_SALARY = "|".join(sorted(_SALARY_WORDS, key=len, reverse=True))
_MONEY = r"(?:元钱?|块钱?|圆|rmb|RMB)"
_SCALE = r"(?:[kKwW千万](?![a-zA-Z瓦]))"
_AMOUNT = rf"[¥]?\s*(?P<low>{NUMBER})\s*(?P<low_scale>{_SCALE})?\s*{_MONEY}?"
_RANGE = rf"(?:\s*(?:-+|至|到)\s*[¥]?(?P<high>{NUMBER})\s*(?P<high_scale>{_SCALE})?)?"
_AFTER = rf"\s*(?:以上|左右|起)?\s*(?P<money>{_MONEY})?\s*(?:以上|左右|起)?\s*(?:/\s*人)?\s*"
_BEFORE = rf"(?:(?P<salary>{_SALARY})|(?P<per>(?:每|一|1)\s*(?:{_UNIT}))|(?P<pay>工资|薪资|待遇|报酬|工钱|薪酬))?"
_MONEY_BEFORE = r"(?P<currency>[¥])?"
_PAY = re.compile(
    rf"{_BEFORE}\s*(?:可?(?:挣|拿|得|给|达)|大?[:为是约(]*)\s*{_MONEY_BEFORE}{_AMOUNT}{_RANGE}{_AFTER}[)]?"
    rf"(?:(?P<slash>[/每一])\s*(?P<unit>{_UNIT})(?![a-zA-Z]))?"
)
_NEGOTIABLE = re.compile(r"(?:工资|薪资|价格|待遇|报酬)?(?:面议|面谈|当面谈|详谈|电议)")
_BOUNDS_FEN = (50, 100_000_00)


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


def unit_of(words: str) -> PayUnit | None:
    """The unit a column's name gives: `工资(元/天)` day, `时薪` hour; None when it names none."""
    text = plain(words)
    for name, unit in _SALARY_WORDS.items():
        if name in text:
            return unit
    match = re.search(rf"[/每](?:\s*)({_UNIT})", text)
    return _UNIT_WORDS[match[1]] if match else None


@lru_cache(maxsize=8192)
def wage(text: str, *, column: bool = False, unit: PayUnit | None = None) -> Wage | None:
    """The first pay named in `text`; None when there is none.

    Args:
        text: a cell, or running text.
        column: the cell is known to hold pay, so a bare number counts.
        unit: the unit that the column's name gives, for cells that name none.
    """
    text = plain(text)
    for match in _PAY.finditer(text):
        found = _read(match, column, unit)
        if found is not None:
            return found
    match_ = _NEGOTIABLE.search(text)
    return Wage(None, unit or "hour", match_[0]) if match_ else None


def _read(match: re.Match[str], column: bool, unit: PayUnit | None) -> Wage | None:
    named = _named_unit(match)
    has_money = any(match[g] for g in ("money", "currency")) or re.search(_MONEY, match[0]) is not None
    evidence = sum((named is not None, has_money, bool(match["pay"] or match["salary"])))
    if not column and (evidence < 1 or (not has_money and not match["salary"] and not match["pay"])):
        return None
    low = _yuan(match["low"], match["low_scale"] or (match["high_scale"] if match["high"] else None))
    high = _yuan(match["high"], match["high_scale"]) if match["high"] else None
    if low is None or (high is not None and high < low):
        return None
    fen = round(low * 100)
    chosen = named or unit
    if not _BOUNDS_FEN[0] <= fen <= _BOUNDS_FEN[1] and chosen != "piece":
        return None
    if fen <= 0 or fen > _BOUNDS_FEN[1]:
        return None
    high_fen = min(round(high * 100), _BOUNDS_FEN[1]) if high is not None else None
    return Wage(fen, chosen or _likely_unit(low), match[0].strip(" :("), high_fen, guessed=chosen is None)


def _named_unit(match: re.Match[str]) -> PayUnit | None:
    if match["unit"]:
        return _UNIT_WORDS[match["unit"]]
    if match["salary"]:
        return _SALARY_WORDS[match["salary"]]
    if match["per"]:
        return _UNIT_WORDS[match["per"][1:].strip()]
    return None


def _yuan(digits: str, scale: str | None) -> float | None:
    value = number(digits)
    if value is None:
        return None
    return value * {None: 1, "k": 1000, "K": 1000, "千": 1000}.get(scale, 10_000)


def _likely_unit(yuan: float) -> PayUnit:
    """The unit a bare amount most likely has in gig work: below 60 yuan an hour, from 2000 a month, else a shift."""
    if yuan < 60:
        return "hour"
    return "month" if yuan >= 2000 else "shift"
