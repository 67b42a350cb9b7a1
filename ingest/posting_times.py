"""When a posting's work is and how long the posting counts, from its columns and text (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Final

from ingest.fields import clocks, days, times
from ingest.fields.found import Found
from ingest.fields.times import Shift
from ingest.understood import Reading
from matcher.model import HOUR_MS

_FIRST_YEAR: Final = 2001
"""Systems write the first of January 1970 where they have no date."""


LISTED_DAYS: Final = 30
"""How long 长期 work stays listed when the row says nothing of its validity."""
_USUAL_START: Final = time(8)
_USUAL_HOURS: Final = 8


def posted_day(cells: Mapping[str, str], today: date) -> date:
    """The day of posting, from which 明天 and 周六 count; `today` when the row names none that can be."""
    found = days.day(cells.get("posted", "").partition("至")[0], today)
    return found.value if found and found.value.year >= _FIRST_YEAR else today


def read_shift(
    cells: Mapping[str, str], text: str, base: date, valid_until_ms: int | None, lasting: str, reading: Reading
) -> tuple[Shift | None, bool]:
    """The row's shift, from its columns or else its text, and whether the work is 长期.

    Unless both ends are known the problem is noted; a shift of which the text tells only the start is given back
    without its end. `lasting` holds other words that make the work 长期: pay by the month, or a span of dates.

    长期 work has no shift of its own: it gets a usual day's (its clock times where they are said, else eight hours from
    eight) on the last day on which it is listed, so that the rules about hours and pay read it like any other.
    """
    found = _shift_of_columns(cells, base) or times.shift(_told(cells, text), base)
    if found and found.end_ms is not None:
        reading.saw("时间", times_shown(found), found.words)
        return found, False
    long = times.long_term(f"{cells.get('shift', '')}\n{text}")
    words = long.words if long else lasting
    if words and (found is None or "长期" in words):
        reading.saw("时间", "长期", words)
        last = days.local_day(valid_until_ms) if valid_until_ms else base + timedelta(days=LISTED_DAYS)
        return _usual_day(f"{cells.get('shift', '')}\n{text}", last, words), True
    if any(field in cells for field in ("start", "shift", "day")):
        written = " ".join(cells[f] for f in ("day", "shift", "start", "end") if f in cells)
        reading.refuse("bad_time", "shift", written)
    elif found:
        reading.saw("时间", f"{days.local_time(found.start_ms):%m-%d %H:%M}起", found.words)
        reading.refuse("missing", "shift", "几点结束")
        return found, False
    else:
        reading.refuse("missing", "shift", "哪天" if clocks.span(text) else "开始和结束时间")
    return None, False


def several_days(cells: Mapping[str, str], text: str, base: date) -> list[date]:
    """The days of the row's shift, where it names several (周六日两天); none where it names one or no shift."""
    if "start" in cells:
        return []
    named = times.series(_told(cells, cells.get("shift", "") or text), base)
    return [days.local_day(each.start_ms) for each in named]


def _told(cells: Mapping[str, str], text: str) -> str:
    """The text with the row's own day before it."""
    return f"{cells['day']}\n{text}" if "day" in cells else text


def _usual_day(text: str, last: date, words: str) -> Shift:
    between = clocks.span(text)
    if between is None:
        start_ms = days.to_ms(last, _USUAL_START)
        return Shift(start_ms, start_ms + _USUAL_HOURS * HOUR_MS, words)
    start, end, later = between.value
    return Shift(days.to_ms(last, start), days.to_ms(last + timedelta(days=later), end), words)


def times_shown(shift: Shift) -> str:
    """As people read it: `11-24 06:00至11-24 14:00`."""
    first = days.local_time(shift.start_ms)
    last = days.local_time(shift.end_ms or shift.start_ms)
    return f"{first:%m-%d %H:%M}至{last:%m-%d %H:%M}"


def _shift_of_columns(cells: Mapping[str, str], base: date) -> Shift | None:
    day_cell = cells.get("day", "")
    if "shift" in cells:
        return times.shift(f"{day_cell} {cells['shift']}", base)
    if "start" not in cells:
        return None
    start_cell = f"{day_cell} {cells['start']}".strip()
    whole = times.shift(start_cell, base)
    if whole is None or "end" not in cells:
        return whole
    start_day = days.local_day(whole.start_ms)
    end = times.instant(cells["end"], start_day, after_ms=whole.start_ms)
    if end is None:
        lasting = clocks.length_h(cells["end"])
        end_ms = whole.start_ms + int(lasting.value * HOUR_MS) if lasting else None
        return Shift(whole.start_ms, end_ms, f"{whole.words} {cells['end']}")
    return Shift(whole.start_ms, end.value, f"{whole.words} 至 {end.words}")


def valid_until(cells: Mapping[str, str], base: date, reading: Reading) -> int | None:
    """The row's own validity: an instant, or the end of a day; of a span of dates (2026-06-15至2026-11-10) its end."""
    text = cells.get("valid_until") or cells.get("posted", "").partition("至")[2]
    at = times.instant(text, base) if text else None
    if at is None and text and (on := days.day(text, base)):
        at = Found(days.to_ms(on.value, days.LAST_MINUTE), on.words)
    if at is None or days.local_day(at.value).year < _FIRST_YEAR:
        return None
    reading.saw("有效期", f"{days.local_time(at.value):%Y-%m-%d %H:%M}", at.words)
    return at.value


def stored_validity(shift: Shift, valid_until_ms: int | None) -> int:
    """The validity to store: at most, and by default, an hour after the start, or until a shorter shift ends.

    So long somebody who drops out can be replaced.
    """
    latest = min(shift.start_ms + HOUR_MS, shift.end_ms or shift.start_ms)
    return latest if valid_until_ms is None else min(valid_until_ms, latest)
