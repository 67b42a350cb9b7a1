"""Shifts and instants: a day and a clock time together."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from ingest.fields.clocks import clock, length_h, span
from ingest.fields.day_lists import day_list
from ingest.fields.days import day, local_day, to_ms
from ingest.fields.found import Found, plain, stretch
from matcher.model import DAY_MS, HOUR_MS

_LONG_TERM = re.compile(
    r"长期(?!合作|有效|坐|站|出差|战略|客户|以来|稳定的客户|供货|订单)|全职|正式工|长白班|常日班|常白班|常年(?!无|满|订单)|长期工|[两三]班[倒制]|倒班|翻班|"
    r"(?:做|上)[五六一二四三]休[一二两]|[五六]天\s*(?:八|8)?小时|[单双大小]休|月休|每月休|每周休|每周单休|元/月|/月|月薪|月综合|月收入|每月工资|月工资|底薪|"
    r"试用期|转正|五险|社保|劳动合同|年终奖|工龄"
)
_LISTED = re.compile(r"\d\s*[日号]?\s*[、,和]\s*\d{1,2}\s*[日号]")
"""Days of the month side by side: the first named by its number alone (26、27号)."""
_LIST_LENGTH: Final = 14
"""Days; what lasts longer is no series of shifts but long-term work."""


class Shift(Struct, frozen=True):
    """When the work is. `end_ms` is None when only the start is known."""

    start_ms: int
    end_ms: int | None
    words: str


def shift(text: str, base: date) -> Shift | None:
    """The shift named in `text`, its day counted from `base`; None when no day or no clock time is named."""
    found_day = day(text, base)
    several = day_list(text, base) if found_day is None or _LISTED.search(text) else None
    if several and (found_day is None or found_day.value in several.value):
        found_day = Found(several.value[0], several.words)
    return _on(found_day, plain(text)) if found_day else None


def _on(found_day: Found[date], text: str) -> Shift | None:
    if between := span(text):
        start, end, later = between.value
        start_ms, end_day = to_ms(found_day.value, start), found_day.value + timedelta(days=later)
        return Shift(start_ms, to_ms(end_day, end), stretch(text, found_day.words, between.words))
    at = clock(_without(text, found_day.words))
    if at is None:
        return None
    start_ms = to_ms(found_day.value, at.value)
    lasting = length_h(text)
    end_ms = start_ms + int(lasting.value * HOUR_MS) if lasting else None
    return Shift(start_ms, end_ms, stretch(text, found_day.words, at.words, lasting.words if lasting else ""))


def series(text: str, base: date) -> list[Shift]:
    """A shift a day where a text names several days (周六日两天, 1号-3号) and a clock time; empty where it does not."""
    named = day_list(text, base)
    first = shift(text, base) if named and len(named.value) <= _LIST_LENGTH else None
    if named is None or first is None:
        return []
    words = stretch(plain(text), named.words, first.words)
    clock_day = local_day(first.start_ms)
    moves_ms = [(each - clock_day).days * DAY_MS for each in named.value]
    return [Shift(first.start_ms + m, first.end_ms + m if first.end_ms else None, words) for m in moves_ms]


def instant(text: str, base: date, *, after_ms: int | None = None) -> Found[int] | None:
    """One instant. Without a day it lies on `base`, or, given `after_ms`, within the 24 h after that instant.

    Returns None when no clock time is named.
    """
    found_day = day(text, base)
    at = clock(_without(text, found_day.words) if found_day else text)
    if at is None:
        return None
    if found_day is not None:
        return Found(to_ms(found_day.value, at.value), stretch(plain(text), found_day.words, at.words))
    at_ms = to_ms(base if after_ms is None else local_day(after_ms), at.value)
    if after_ms is not None and at_ms <= after_ms:
        at_ms += 24 * HOUR_MS
    return Found(at_ms, at.words)


def _without(text: str, words: str) -> str:
    """The text after a day has been read out of it, so that `2026-11-23 6:00` is not read as a clock `23 6`."""
    text = plain(text)
    relative = words[-1:] not in "天日号儿" and not words[-1:].isdigit()
    return text if relative else text.replace(words, " ", 1)


def long_term(text: str) -> Found[bool] | None:
    """Whether the work is 长期, by that word or by terms that only such work has (月薪, 转正)."""
    match = _LONG_TERM.search(plain(text))
    return Found(True, match[0]) if match else None
