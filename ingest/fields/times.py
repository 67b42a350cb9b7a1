"""Shifts and instants: a day and a clock time together."""

from __future__ import annotations

import re
from datetime import date, timedelta

from msgspec import Struct

from ingest.fields.clocks import clock, length_h, span
from ingest.fields.days import day, local_day, to_ms
from ingest.fields.found import Found, plain
from matcher.model import HOUR_MS

_LONG_TERM = re.compile(r"长期(?!合作)|全职|正式工|长白班|常年")


class Shift(Struct, frozen=True):
    """When the work is. `end_ms` is None when only the start is known."""

    start_ms: int
    end_ms: int | None
    words: str


def shift(text: str, base: date) -> Shift | None:
    """The shift named in `text`, its day counted from `base`; None when no day or no clock time is named."""
    found_day = day(text, base)
    if found_day is None:
        return None
    if between := span(text):
        start, end, later = between.value
        start_ms = to_ms(found_day.value, start)
        return Shift(
            start_ms, to_ms(found_day.value + timedelta(days=later), end), f"{found_day.words} {between.words}"
        )
    at = clock(_without(text, found_day.words))
    if at is None:
        return None
    start_ms = to_ms(found_day.value, at.value)
    lasting = length_h(text)
    end_ms = start_ms + int(lasting.value * HOUR_MS) if lasting else None
    words = " ".join(w for w in (found_day.words, at.words, lasting.words if lasting else "") if w)
    return Shift(start_ms, end_ms, words)


def instant(text: str, base: date, *, after_ms: int | None = None) -> Found[int] | None:
    """One instant. Without a day it lies on `base`, or, given `after_ms`, within the 24 h after that instant.

    Returns None when no clock time is named.
    """
    found_day = day(text, base)
    at = clock(_without(text, found_day.words) if found_day else text)
    if at is None:
        return None
    if found_day is not None:
        return Found(to_ms(found_day.value, at.value), f"{found_day.words} {at.words}")
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
    """Whether the work is 长期: listed, never dispatched."""
    match = _LONG_TERM.search(plain(text))
    return Found(True, match[0]) if match else None
