"""Clock times, spans and lengths of work as people write them."""

from __future__ import annotations

import re
from datetime import time
from typing import Final

from ingest.fields.found import Found, plain
from ingest.fields.numerals import WHOLE, number, whole

LONGEST_SHIFT_H: Final = 24
"""Hours; a length above this is taken for something else."""

_PERIODS = (
    "凌晨|清早|清晨|大清早|早上|早晨|早班|早|上午|中午|午后|下午|傍晚|晚上|晚班|夜班|夜里|半夜|晚|次日|第二天|翌日"
)


def _clock_pattern(name: str) -> str:
    """A clock time whose groups carry `name`, so that two can stand in one pattern."""
    return (
        rf"(?P<{name}next>次日|第二天|翌日|次晨|明天|明(?=[早晨晚])|(?<!\d)\d{{1,2}}[号日])?\s*(?P<{name}period>{_PERIODS})?\s*"
        rf"(?:(?P<{name}h>\d{{1,2}}):(?P<{name}m>\d{{2}})(?::\d{{2}})?"
        rf"|(?P<{name}H>{WHOLE})\s*[点时](?!间)"
        rf"(?:\s*(?P<{name}half>半)|\s*(?P<{name}quarter>[一三]刻)|"
        rf"(?P<{name}M>\d{{1,2}}(?=\s*分)|[0-5]\d(?![\d:]|\s*[个人名位元块]))\s*分?)?)"
    )


_ONE_TIME = re.compile(_clock_pattern("x"))
_TWO_TIMES = re.compile(_clock_pattern("x") + r"\s*(?:-+|至|到)\s*" + _clock_pattern("y"))
_BARE_RANGE = re.compile(
    rf"(?P<period>{_PERIODS})?\s*(?<![\d:])(\d{{1,2}})\s*(?:-+|至|到)\s*(?P<p2>{_PERIODS})?\s*(\d{{1,2}})\s*[点时](?!间)"
)
_UNTIL = re.compile(
    _clock_pattern("x")
    + r"[^。;\n]{0,14}?[,、 ]\s*(?:干到|大概|大约|约)?\s*"
    + _clock_pattern("y")
    + r"\s*(?:左右)?\s*(?:收工|结束|下班|完工|散场|回)"
)
_DAWN_TO_DUSK = re.compile(r"[朝早]([五六七八九十5-9])点?[,、到至-]?晚([三四五六七八九十3-9])点?(?![\d:半])")
_LENGTH = re.compile(
    r"(?:干|做|工作|共|约|大约|大概|用时|预计|需)?\s*(?P<n>\d{1,2}(?:\.\d)?|[一二两三四五六七八九十]{1,2})\s*个?\s*(?P<half>半)?\s*个?(?:小时|钟头|h)(?!工)"
)
_HALF_DAY = re.compile(r"半天")
_EVENING = frozenset({"晚上", "晚班", "晚", "夜班", "夜里", "半夜", "傍晚"})
_AFTERNOON = frozenset({"下午", "午后"})


def _clock(match: re.Match[str], prefix: str = "x") -> tuple[time, bool, str | None] | None:
    """Clock time, whether the text moves it to the next day, and the part of the day named."""
    raw = match[f"{prefix}h"] or match[f"{prefix}H"]
    hour = whole(raw)
    minute = int(match[f"{prefix}m"] or match[f"{prefix}M"] or 0)
    if match[f"{prefix}half"]:
        minute = 30
    if match[f"{prefix}quarter"]:
        minute = 15 if match[f"{prefix}quarter"][0] == "一" else 45
    period = match[f"{prefix}period"]
    later = match[f"{prefix}next"] is not None or period in ("次日", "第二天", "翌日")
    return _timed(hour, minute, period, later)


def _timed(hour: int | None, minute: int, period: str | None, later: bool) -> tuple[time, bool, str | None] | None:
    if hour is None:
        return None
    if (period in _AFTERNOON and 1 <= hour < 12) or (period in _EVENING and 4 <= hour < 12):
        hour += 12
    elif period in _EVENING and hour == 12:
        hour = 24
    elif period == "中午" and 1 <= hour <= 3:
        hour += 12
    if hour == 24 and minute == 0:
        hour, later = 0, True
    if hour > 23 or minute > 59:
        return None
    return time(hour, minute), later, period


def clock(text: str) -> Found[time] | None:
    """The first clock time: `8:00`, `早6点`, `下午两点半`."""
    for match in _ONE_TIME.finditer(plain(text)):
        if read := _clock(match):
            return Found(read[0], match[0].strip())
    return None


def span(text: str) -> Found[tuple[time, time, bool]] | None:
    """From, to, and whether the end lies on the next day: `8:00-17:30`, `晚班8点到5点`, `早6到10点`."""
    text = plain(text)
    if match := _TWO_TIMES.search(text):
        return _between(_clock(match, "x"), _clock(match, "y"), match[0])
    if match := _BARE_RANGE.search(text):
        first = _timed(int(match[2]), 0, match["period"], False)
        last = _timed(int(match[4]), 0, match["p2"], False)
        return _between(first, last, match[0])
    if match := _UNTIL.search(text):
        return _between(_clock(match, "x"), _clock(match, "y"), match[0])
    if match := _DAWN_TO_DUSK.search(text):
        hours = (whole(match[1]) or 0, (whole(match[2]) or 0) + 12)
        return Found((time(hours[0]), time(hours[1]), False), match[0])
    return None


def _between(
    first: tuple[time, bool, str | None] | None, last: tuple[time, bool, str | None] | None, words: str
) -> Found[tuple[time, time, bool]] | None:
    if first is None or last is None:
        return None
    start, moved, period = first
    end, later, end_period = last
    later = later and not moved  # 明早6点到明天下午2点: one day
    # 下午2点到5点, 早8点到5点: the part of the day is said once; the end is the next such hour
    if end_period is None and period in _EVENING and end == time(12):
        end, later = time(0), True
    afternoon = time((end.hour + 12) % 24, end.minute)
    if end_period is None and not later and end <= start and period not in _EVENING and start < afternoon:
        end = afternoon
    if start == end and not later:
        return None
    return Found((start, end, later or end <= start), words.strip())


def length_h(text: str) -> Found[float] | None:
    """How long the work takes, hours: `5小时`, `两个半小时`, `半天` (4)."""
    text = plain(text)
    if match := _LENGTH.search(text):
        value = number(match["n"])
        if value is not None:
            hours = value + (0.5 if match["half"] else 0)
            return Found(hours, match[0].strip()) if 0 < hours <= LONGEST_SHIFT_H else None
    if match := _HALF_DAY.search(text):
        return Found(4.0, match[0])
    return None
