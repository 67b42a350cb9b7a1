"""What a changed posting means for the people who have it (pure)."""

from __future__ import annotations

from matcher.model import Posting, hourly_fen, shift_hours


def material(old: Posting, new: Posting) -> bool:
    """Whether seated people must consent again: pay down an hour, or time, place or work changed."""
    if (old.start_ms, old.end_ms, old.place) != (new.start_ms, new.end_ms, new.place):
        return True
    if (old.trade, old.text, set(old.hazards), old.outdoor) != (new.trade, new.text, set(new.hazards), new.outdoor):
        return True
    if old.pay.unit == new.pay.unit:
        return new.pay.fen < old.pay.fen
    before, after = hourly_fen(old.pay, shift_hours(old)), hourly_fen(new.pay, shift_hours(new))
    return before == 0 or after < before
