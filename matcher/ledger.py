"""What the postings hold of people: offers, answers and shifts, by posting and by person (pure)."""

from __future__ import annotations

from typing import Any, NamedTuple

from matcher.model import CALENDAR_HOLDING, DAY_MS, Entry, PostingRecord


class Shift(NamedTuple):
    """When and where a shift is worked."""

    start_ms: int
    end_ms: int
    lat: float
    lon: float


def shift_of(record: PostingRecord) -> Shift:
    """The posting's shift."""
    return Shift(record.start_ms, record.end_ms, record.doc.place.lat, record.doc.place.lon)


class Ledger:
    """Entries by posting, and what follows from them for each person. Rebuilt or kept by changes, it is the same."""

    def __init__(self, zone_offset_ms: int) -> None:
        self.zone_offset_ms = zone_offset_ms
        self.entries: dict[str, dict[str, Entry]] = {}
        self.live: dict[str, dict[str, int]] = {}
        """Profile -> posting -> deadline of every open offer."""
        self.shifts: dict[str, dict[str, Shift]] = {}
        """Profile -> posting -> every shift held."""
        self.lately: dict[str, tuple[int, int]] = {}
        """Profile -> offers of these postings that have ended, and those of them that were answered."""

    def day(self, at_ms: int) -> int:
        """Number of the local day."""
        return (at_ms + self.zone_offset_ms) // DAY_MS

    def put(self, posting: str, profile: str, entry: Entry, shift: Shift) -> Entry | None:
        """Takes over one entry as the store has it; answers with the one that it replaces."""
        entries = self.entries.setdefault(posting, {})
        before = entries.get(profile)
        self._count(profile, before, entry)
        entries[profile] = entry
        if entry.offer == "open":
            self.live.setdefault(profile, {})[posting] = entry.deadline_ms
        else:
            _drop(self.live, profile, posting)
        if entry.assignment in CALENDAR_HOLDING:
            self.shifts.setdefault(profile, {})[posting] = shift
        else:
            _drop(self.shifts, profile, posting)
        return before

    def forget(self, posting: str) -> set[str]:
        """Drops a posting that is over; answers with the profiles it held."""
        entries = self.entries.pop(posting, {})
        for profile, entry in entries.items():
            self._count(profile, entry, None)
            _drop(self.live, profile, posting)
            _drop(self.shifts, profile, posting)
        return set(entries)

    def _count(self, profile: str, old: Entry | None, new: Entry | None) -> None:
        ended, answered = self.lately.get(profile, (0, 0))
        for entry, sign in ((old, -1), (new, 1)):
            if entry is not None and entry.offer in ("accepted", "declined", "expired"):
                ended, answered = ended + sign, answered + sign * (entry.offer != "expired")
        if ended:
            self.lately[profile] = ended, answered
        else:
            self.lately.pop(profile, None)


def _drop(by_profile: dict[str, dict[str, Any]], profile: str, posting: str) -> None:
    held = by_profile.get(profile)
    if held is not None and held.pop(posting, None) is not None and not held:
        del by_profile[profile]
