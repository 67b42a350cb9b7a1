"""Several days at once: `周六日两天`, `明后两天`, `1号-3号`, `12月1日至12月3日`, `23号起连续3天`."""

from __future__ import annotations

import re
from datetime import date, timedelta

from ingest.fields.days import day
from ingest.fields.found import Found, plain
from ingest.fields.numerals import WHOLE, whole

_WEEK = "一二三四五六日"
_WEEKDAYS = re.compile(
    r"(?P<next>下)?(?:(?:周|星期|礼拜)(?P<first>[一二三四五六日天])\s*(?:-+|至|到)\s*(?:周|星期|礼拜)?(?P<last>[一二三四五六日天])|"
    r"(?:周|星期|礼拜)(?P<several>[一二三四五六日天](?:\s*[、,和及]?\s*(?:周|星期|礼拜)?[一二三四五六日天])+)(?!\d{1,2}[日号])|(?P<weekend>周末|双休日)(?:两天)?)"
)
_RELATIVE = re.compile(r"明后[两2]?天|明天[、,和]?后天|今明[两2]?天|今天[、,和]?明天")
_RANGE = re.compile(
    r"(?<![\d.:])(?:(?P<month>\d{1,2})\s*[月/.])?\s*(?P<first>\d{1,2})\s*[日号]?\s*(?:-+|至|到)\s*"
    r"(?:(?P<to_month>\d{1,2})\s*[月/.])?\s*(?P<last>\d{1,2})\s*(?:[日号](?!结|薪)|(?<=\d\.\d)|(?<=\d\.\d\d))(?![\d.])"
)
_DAYS = re.compile(
    r"(?<![\d.:])(?:(?P<month>\d{1,2})月)?(?P<all>\d{1,2}[日号]?(?:\s*[、,和]\s*\d{1,2}[日号]?){0,9}\s*[、,和]\s*\d{1,2}[日号]|\d{1,2}[日号](?:\s*\d{1,2}[日号]){1,9})(?!结|薪)"
)
_LASTING = re.compile(rf"(?:连续|连干|一共|共|干|做|为期|开始|起|连着)\s*(?P<n>{WHOLE})\s*天(?![内后一])")
_DATED = re.compile(r"\d\s*[日号]|\d\.\d{1,2}\s*(?:-|至|到)\s*\d{1,2}\.\d")
_MOST = 31


def day_list(text: str, base: date) -> Found[list[date]] | None:
    """The days named, in order and each once, counted from `base`; None unless they are at least two."""
    text = plain(text)
    found = _relative(text, base) or _weekdays(text, base) or _dated(text, base) or _lasting(text, base)
    if found is None:
        return None
    days = sorted(set(found.value))
    return Found(days, found.words) if len(days) > 1 else None


def _relative(text: str, base: date) -> Found[list[date]] | None:
    match = _RELATIVE.search(text)
    if match is None:
        return None
    first = base + timedelta(days=match[0][0] == "明")
    return Found([first, first + timedelta(days=1)], match[0])


def _weekdays(text: str, base: date) -> Found[list[date]] | None:
    match = _WEEKDAYS.search(text)
    if match is None:
        return None
    if match["weekend"]:
        wanted = [5, 6]
    elif match["several"]:
        wanted = [_WEEK.index(c.replace("天", "日")) for c in match["several"] if c in "一二三四五六日天"]
    else:
        low, high = (_WEEK.index(match[g].replace("天", "日")) for g in ("first", "last"))
        wanted = [(low + i) % 7 for i in range((high - low) % 7 + 1)]
    if match["next"]:
        monday = base - timedelta(days=base.weekday()) + timedelta(days=7)
        return Found([monday + timedelta(days=w) for w in wanted], match[0])
    start = base + timedelta(days=(wanted[0] - base.weekday()) % 7)
    return Found([start + timedelta(days=(w - wanted[0]) % 7) for w in wanted], match[0])


def _dated(text: str, base: date) -> Found[list[date]] | None:
    if not _DATED.search(text):
        return None
    if match := _RANGE.search(text):
        month = f"{match['month']}月" if match["month"] else ""
        to_month = f"{match['to_month']}月" if match["to_month"] else month
        first, last = day(f"{month}{match['first']}日", base), day(f"{to_month}{match['last']}日", base)
        if first and last and 0 < (last.value - first.value).days < _MOST:
            span = (last.value - first.value).days
            return Found([first.value + timedelta(days=i) for i in range(span + 1)], match[0])
    if match := _DAYS.search(text):
        month = f"{match['month']}月" if match["month"] else ""
        read = [day(f"{month}{n}日", base) for n in re.findall(r"\d{1,2}", match["all"])]
        return Found([each.value for each in read if each], match[0])
    return None


def _lasting(text: str, base: date) -> Found[list[date]] | None:
    match = _LASTING.search(text)
    count = whole(match["n"]) if match else None
    first = day(text, base) if count and count <= _MOST else None
    if match is None or first is None or not count:
        return None
    return Found([first.value + timedelta(days=i) for i in range(count)], match[0])
