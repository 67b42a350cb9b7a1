"""When a posting's work is and how long the posting counts, from its columns and text (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ingest.fields import clocks, days, times
from ingest.fields.found import Found
from ingest.fields.times import Shift
from ingest.understood import Reading
from matcher.model import HOUR_MS


def posted_day(cells: Mapping[str, str], today: date) -> date:
    """The day of posting, from which 明天 and 周六 count; `today` when the row names none."""
    found = days.day(cells.get("posted", ""), today)
    return found.value if found else today


def read_shift(cells: Mapping[str, str], text: str, base: date, reading: Reading) -> Shift | None:
    """The row's shift, from its columns or else its text; None, with the problem noted, unless both ends are known."""
    found = _shift_of_columns(cells, base) or times.shift(text, base)
    if found is None or found.end_ms is None:
        if long := times.long_term(f"{cells.get('shift', '')}\n{text}"):
            reading.saw("时间", "长期", long.words)
            reading.refuse("long_term", "shift")
        elif any(field in cells for field in ("start", "shift", "day")):
            written = " ".join(cells[f] for f in ("day", "shift", "start", "end") if f in cells)
            reading.refuse("bad_time", "shift", written)
        else:
            reading.refuse("missing", "shift", "开始和结束时间")
        return None
    reading.saw("时间", _times(found), found.words)
    return found


def _times(shift: Shift) -> str:
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
    """The row's own validity: an instant, or the end of a day."""
    text = cells.get("valid_until", "")
    at = times.instant(text, base) if text else None
    if at is None and text and (on := days.day(text, base)):
        at = Found(days.to_ms(on.value, days.LAST_MINUTE), on.words)
    if at is None:
        return None
    reading.saw("有效期", f"{days.local_time(at.value):%Y-%m-%d %H:%M}", at.words)
    return at.value


def stored_validity(shift: Shift, valid_until_ms: int | None) -> int:
    """The validity to store: at most, and by default, an hour after the start, or until a shorter shift ends.

    So long somebody who drops out can be replaced.
    """
    latest = min(shift.start_ms + HOUR_MS, shift.end_ms or shift.start_ms)
    return latest if valid_until_ms is None else min(valid_until_ms, latest)
