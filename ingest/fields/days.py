"""Days as people write them, in the market's zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from ingest.fields.found import Found, plain
from ingest.fields.numerals import WHOLE, whole

ZONE: Final = timezone(timedelta(hours=8))
"""Asia/Shanghai, which has no summer time."""
LAST_MINUTE: Final = time(23, 59)

_RELATIVE = {"今": 0, "当": 0, "明": 1, "后": 2, "大后": 3}
_RELATIVE_DAY = re.compile(
    r"(大后|今|明|后|当(?![天日]\S{0,2}(?:结|发|付|拿|给|清|岗|职|试|排|钱)))"
    r"(?:天|日|儿|(?=早|晚|晨|上午|下午|中午|夜|\d))"
)
_WEEKDAY = re.compile(r"(下下?|这|本)?(?:周|星期|礼拜)([一二三四五六日天])")
_FULL_DAY = re.compile(r"(20\d{2}|19\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?!\d)")
_COMPACT_DAY = re.compile(r"(?<!\d)(20\d{2}|19\d{2})(\d{2})(\d{2})(?!\d)")
_MONTH_DAY = re.compile(rf"(?<!\d)({WHOLE})\s*月\s*({WHOLE})\s*[日号]?|(?<![\d/:])(\d{{1,2}})/(\d{{1,2}})(?![\d/])")
_DOTTED_DAY = re.compile(
    r"(?<![\d.])(1[0-2]|0?[1-9])\.(3[01]|[12]\d|0?[1-9])"
    r"(?=\s*(?:日|号|上午|下午|早|晚|中午|凌晨|开始|到|至|(?:-|、|,)\s*\d{1,2}\.\d|\s\d{1,2}[:点]))"
)
_DAY_OF_MONTH = re.compile(r"(?<![\d月])(\d{1,2})\s*[号日](?!结|薪|工资)")


def to_ms(day: date, clock: time) -> int:
    """Local day and clock as epoch milliseconds."""
    return int(datetime.combine(day, clock, ZONE).timestamp() * 1000)


def local_time(at_ms: int) -> datetime:
    """The market's day and clock at an instant."""
    return datetime.fromtimestamp(at_ms / 1000, ZONE)


def local_day(at_ms: int) -> date:
    """The market's date at an instant."""
    return local_time(at_ms).date()


def day(text: str, base: date) -> Found[date] | None:
    """The day named, relative ones (明天, 周六, 15号) counted from `base`; None when none is named or it is no day.

    A weekday or a day of the month without more is the next such day, `base` itself included.
    """
    text = plain(text)
    for pattern in (_FULL_DAY, _COMPACT_DAY):
        if match := pattern.search(text):
            return _dated(int(match[1]), int(match[2]), int(match[3]), match[0])
    if match := _RELATIVE_DAY.search(text):
        return Found(base + timedelta(days=_RELATIVE[match[1]]), match[0])
    if match := _WEEKDAY.search(text):
        return Found(_weekday(match, base), match[0])
    if match := _MONTH_DAY.search(text):
        return _month_day(match, base)
    if match := _DOTTED_DAY.search(text):
        return _month_of(int(match[1]), int(match[2]), base, match[0])
    if match := _DAY_OF_MONTH.search(text):
        return _day_of_month(int(match[1]), base, match[0])
    return None


def _dated(year: int, month: int, number_: int, words: str) -> Found[date] | None:
    try:
        return Found(date(year, month, number_), words)
    except ValueError:
        return None


def _weekday(match: re.Match[str], base: date) -> date:
    wanted = "一二三四五六日".index(match[2].replace("天", "日"))
    if match[1] and match[1].startswith("下"):
        monday = base - timedelta(days=base.weekday())
        return monday + timedelta(days=7 * len(match[1]) + wanted)
    return base + timedelta(days=(wanted - base.weekday()) % 7)


def _month_day(match: re.Match[str], base: date) -> Found[date] | None:
    month, number_ = whole(match[1] or match[3]), whole(match[2] or match[4])
    return None if month is None or number_ is None else _month_of(month, number_, base, match[0])


def _month_of(month: int, number_: int, base: date, words: str) -> Found[date] | None:
    found = _dated(base.year, month, number_, words)
    if found is not None and found.value < base - timedelta(days=180):
        return _dated(base.year + 1, month, number_, words)
    return found


def _day_of_month(number_: int, base: date, words: str) -> Found[date] | None:
    year, month = base.year, base.month
    if number_ < base.day:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return _dated(year, month, number_, words)
