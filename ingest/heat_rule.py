"""Outdoor work in the heat (rule 9): by the highest temperature of the day in the district (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from ingest.fields.days import ZONE, local_time
from ingest.findings import Finding
from matcher.model import Posting

STOP: Final = 40
SHORTER: Final = 37
NO_OVERTIME: Final = 35
MOST_HOURS: Final = 5.0
"""Outdoor work from 37 degrees on, hours a day; and none of it around noon."""
USUAL_HOURS: Final = 8.0
NOON: Final = (time(11), time(16))


def days_of(posting: Posting) -> list[date]:
    """The local days that the shift touches."""
    first, last = local_time(posting.start_ms).date(), local_time(posting.end_ms - 1).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def heat_findings(posting: Posting, celsius: Mapping[date, int]) -> Iterator[Finding]:
    """What keeps an outdoor shift from being worked as it stands; `celsius` is known for some days."""
    if not posting.outdoor:
        return
    for day in days_of(posting):
        degrees = celsius.get(day, 0)
        begins = datetime.combine(day, time(), ZONE)
        hours = _hours(posting, begins, begins + timedelta(days=1))
        around_noon = _hours(posting, *(datetime.combine(day, at, ZONE) for at in NOON))
        words = f"{day.month}月{day.day}日{degrees}℃"
        if degrees >= STOP:
            yield _finding(words, "气温40℃以上,当天停止室外作业", "请改到别的日子")
        elif degrees >= SHORTER and around_noon > 0:
            yield _finding(words, "气温37℃以上,11点到16点不安排室外作业", "请改到11点以前或16点以后")
        elif degrees >= SHORTER and hours > MOST_HOURS:
            yield _finding(words, "气温37℃以上,室外作业一天不超过5小时", "请缩短到5小时以内")
        elif degrees >= NO_OVERTIME and hours > USUAL_HOURS:
            yield _finding(words, "气温35℃以上,室外作业不加班", "请缩短到8小时以内")


def _finding(words: str, message: str, mend: str) -> Finding:
    return Finding("heat", "block", words, message, mend)


def _hours(posting: Posting, begins: datetime, ends: datetime) -> float:
    lasts = min(local_time(posting.end_ms), ends) - max(local_time(posting.start_ms), begins)
    return max(lasts.total_seconds(), 0.0) / 3_600
