"""Profiles as arrays: one row a profile, one column a question that a hard rule asks (pure).

A row keeps its number as long as its profile exists; rows of erased profiles are tombstones (`alive` False).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matcher import trades
from matcher.model import Hours, Profile, ProfileRecord, hourly_fen

TRADE_WORDS: Final = trades.MAX_TRADES // 64
HALF_HOURS: Final = 7 * 48
HOUR_WORDS: Final = (HALF_HOURS + 63) // 64
WISHED_DAY_HOURS: Final = 8.0
"""A wished day's pay is for a day of eight hours."""
FIRST_CAPACITY: Final = 1024
PRESENCE: Final = {"away": 0, "available": 1, "in_hall": 2}

_COLUMNS: Final[dict[str, tuple[Any, tuple[int, ...]]]] = {
    "alive": (np.bool_, ()),
    "paused": (np.bool_, ()),
    "v": (np.int64, ()),
    "trades": (np.uint64, (TRADE_WORDS,)),
    "hours": (np.uint64, (HOUR_WORDS,)),
    "certificates": (np.uint64, ()),
    "lat": (np.float32, ()),
    "lon": (np.float32, ()),
    "radius_m": (np.float32, ()),
    "pay_fen": (np.uint32, ()),
    "born": (np.int32, ()),
    "presence": (np.uint8, ()),
    "presence_until_ms": (np.int64, ()),
    "last_work_ms": (np.int64, ()),
    "done": (np.uint16, ()),
    "no_shows": (np.uint16, ()),
    "live_offers": (np.uint8, ()),
    "offers_today": (np.uint8, ()),
    "offers_day": (np.int32, ()),
}


def bits(numbers: Iterable[int], words: int) -> NDArray[np.uint64]:
    """A bit set as `words` 64-bit words."""
    mask = np.zeros(words, dtype=np.uint64)
    for n in numbers:
        mask[n >> 6] |= np.uint64(1 << (n & 63))
    return mask


def certificate_bits(kinds: Iterable[str]) -> np.uint64:
    """Certificates as bits, by their order in the lexicon; unknown kinds have none."""
    order = {kind: i for i, kind in enumerate(trades.certificates())}
    return np.uint64(sum({1 << order[k] for k in kinds if k in order}))


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def week_mask(hours: Iterable[Hours]) -> NDArray[np.uint64]:
    """Half-hours of the week (Monday 00:00 first) covered by the windows; no window at all means any time."""
    windows = list(hours)
    if not windows:
        return np.full(HOUR_WORDS, np.iinfo(np.uint64).max, dtype=np.uint64)
    numbers: set[int] = set()
    for window in windows:
        start = _minute(window.start)
        end = start + ((_minute(window.end) - start) % 1440 or 1440)
        for day in window.days:  # only half-hours that lie wholly inside
            numbers.update(((day - 1) * 48 + half) % HALF_HOURS for half in range(-(-start // 30), end // 30))
    return bits(numbers, HOUR_WORDS)


def shift_mask(start_ms: int, end_ms: int, zone_offset_ms: int) -> NDArray[np.uint64]:
    """Half-hours of the week that a shift touches, in the market's zone."""
    half_hour = 30 * 60_000
    monday = 4 * 86_400_000  # the epoch was a Thursday
    first = (start_ms + zone_offset_ms - monday) // half_hour
    last = -(-(end_ms + zone_offset_ms - monday) // half_hour)
    return bits({i % HALF_HOURS for i in range(first, min(last, first + HALF_HOURS))}, HOUR_WORDS)


class Columns:
    """Growing arrays, one row a profile. Not for two writers."""

    def __init__(self) -> None:
        self.size = 0
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.expires: dict[int, dict[str, int]] = {}
        """Row -> certificate kind -> last day it counts (ordinal), where there is one."""
        self._arrays: dict[str, NDArray[Any]] = {
            name: np.zeros((FIRST_CAPACITY, *shape), dtype=kind) for name, (kind, shape) in _COLUMNS.items()
        }

    def __getattr__(self, name: str) -> NDArray[Any]:
        """A column's rows in use: a view, so writing to it writes the column."""
        try:
            return self._arrays[name][: self.size]
        except KeyError:
            raise AttributeError(name) from None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every column's rows in use, by name."""
        return {name: array[: self.size] for name, array in self._arrays.items()}

    def restore(self, ids: list[str], arrays: dict[str, NDArray[Any]], expires: dict[int, dict[str, int]]) -> None:
        """Takes over what `arrays` gave. Raises ValueError when columns or lengths differ."""
        for name, (kind, shape) in _COLUMNS.items():
            if name not in arrays or arrays[name].shape != (len(ids), *shape) or arrays[name].dtype != kind:
                raise ValueError(f"column {name} does not fit")
        self._arrays = {name: np.array(arrays[name]) for name in _COLUMNS}
        self.ids, self.size = list(ids), len(ids)
        self.row_of = {id_: row for row, id_ in enumerate(ids) if self._arrays["alive"][row]}
        self.expires = expires

    def _new_row(self, id_: str) -> int:
        row = self.size
        capacity = len(self._arrays["alive"])
        if row == capacity:
            for name, array in self._arrays.items():
                grown = np.zeros((max(FIRST_CAPACITY, capacity * 2), *array.shape[1:]), dtype=array.dtype)
                grown[:capacity] = array
                self._arrays[name] = grown
        self.size += 1
        self.ids.append(id_)
        self.row_of[id_] = row
        return row

    def put(self, record: ProfileRecord) -> int:
        """Writes a profile's row and answers with its number."""
        row = self.row_of.get(record.id)
        if row is None:
            row = self._new_row(record.id)
        a, doc = self._arrays, record.doc
        a["alive"][row] = True
        a["paused"][row] = record.paused
        a["v"][row] = record.v
        known = trades.trades()
        a["trades"][row] = bits((trades.bit(t) for t in doc.trades if t in known), TRADE_WORDS)
        a["hours"][row] = week_mask(doc.hours)
        a["lat"][row], a["lon"][row] = doc.place.lat, doc.place.lon
        a["radius_m"][row] = doc.radius_m
        a["pay_fen"][row] = wished_fen(doc)
        a["born"][row] = doc.born.toordinal()
        a["presence"][row] = PRESENCE[record.presence]
        a["presence_until_ms"][row] = record.presence_until_ms
        a["last_work_ms"][row] = record.last_work_ms
        a["done"][row] = min(record.done, 65_535)
        a["no_shows"][row] = min(record.no_shows, 65_535)
        a["certificates"][row] = certificate_bits(c.kind for c in doc.certificates)
        expires = {c.kind: c.expires.toordinal() for c in doc.certificates if c.expires is not None}
        if expires:
            self.expires[row] = expires
        else:
            self.expires.pop(row, None)
        return row

    def remove(self, id_: str) -> None:
        """Leaves a tombstone where the profile was."""
        row = self.row_of.pop(id_, None)
        if row is not None:
            for array in self._arrays.values():
                array[row] = 0
            self.expires.pop(row, None)

    def holds_certificate(self, row: int, kind: str, on: date) -> bool:
        """Whether the certificate is there and still counts on that day."""
        if not int(self._arrays["certificates"][row]) & int(certificate_bits([kind])):
            return False
        return self.expires.get(row, {}).get(kind, 10**9) >= on.toordinal()


def wished_fen(doc: Profile) -> int:
    """Wished pay in fen an hour."""
    return hourly_fen(doc.pay, WISHED_DAY_HOURS)
