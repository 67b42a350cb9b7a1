"""When a worker can come, week by week."""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.fields.clocks import span
from ingest.fields.found import Found, plain
from matcher.model import Hours

_WEEK_RANGE = re.compile(r"(?:周|星期)([一二三四五六日])\s*(?:-+|至|到)\s*(?:周|星期)?([一二三四五六日])")
_WEEK_DAYS = re.compile(r"(?:周|星期)([一二三四五六日]{1,7})")
_NAMED_HOURS = {
    "白天": ("06:00", "18:00"),
    "白班": ("07:00", "19:00"),
    "夜班": ("19:00", "07:00"),
    "晚上": ("17:00", "24:00"),
    "早市": ("04:00", "12:00"),
    "上午": ("05:00", "12:00"),
    "下午": ("12:00", "19:00"),
}
_ANY_TIME = re.compile(r"随时|全天|都行|都可以|不限|任何时间|24小时")


@lru_cache(maxsize=4096)
def weekly_hours(text: str) -> Found[tuple[Hours, ...]] | None:
    """When a worker can come: `随时` (empty: any time), `周一至周五 8:00-18:00`, `周末白天`, `夜班`."""
    text = plain(text)
    if match := _ANY_TIME.search(text):
        return Found((), match[0])
    days, day_words = _week_days(text)
    between = span(text)
    if between:
        start, end, _ = between.value
        window = (f"{start:%H:%M}", f"{end:%H:%M}")
        words = between.words
    else:
        words = next((name for name in _NAMED_HOURS if name in text), "")
        if not words and not day_words:
            return None
        window = _NAMED_HOURS.get(words, ("00:00", "24:00"))
    return Found((Hours(days=days, start=window[0], end=window[1]),), f"{day_words} {words}".strip())


def _week_days(text: str) -> tuple[list[int], str]:
    order = "一二三四五六日"
    if match := _WEEK_RANGE.search(text):
        first, last = order.index(match[1]), order.index(match[2])
        return sorted((first + i) % 7 + 1 for i in range((last - first) % 7 + 1)), match[0]
    if "周末" in text:
        return [6, 7], "周末"
    if "工作日" in text:
        return [1, 2, 3, 4, 5], "工作日"
    if match := _WEEK_DAYS.search(text):
        return sorted({order.index(c) + 1 for c in match[1]}), match[0]
    return [1, 2, 3, 4, 5, 6, 7], ""
