"""Hours as sets of half-hours of the week, and the distinct ones that the profiles of a market have (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.model import Hours

HALF_HOURS: Final = 7 * 48
HOUR_WORDS: Final = (HALF_HOURS + 63) // 64

WeekMask = NDArray[np.uint64]


def bits(numbers: Iterable[int], words: int) -> NDArray[np.uint64]:
    """A bit set as `words` 64-bit words."""
    mask = np.zeros(words, dtype=np.uint64)
    for n in numbers:
        mask[n >> 6] |= np.uint64(1 << (n & 63))
    return mask


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def week_mask(hours: Iterable[Hours]) -> WeekMask:
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


def shift_mask(start_ms: int, end_ms: int, zone_offset_ms: int) -> WeekMask:
    """Half-hours of the week that a shift touches, in the market's zone."""
    half_hour = 30 * 60_000
    monday = 4 * 86_400_000  # the epoch was a Thursday
    first = (start_ms + zone_offset_ms - monday) // half_hour
    last = -(-(end_ms + zone_offset_ms - monday) // half_hour)
    return bits({i % HALF_HOURS for i in range(first, min(last, first + HALF_HOURS))}, HOUR_WORDS)


@lru_cache(maxsize=65_536)
def _mask_bytes(windows: tuple[tuple[tuple[int, ...], str, str], ...]) -> bytes:
    return week_mask(Hours(days=list(days), start=start, end=end) for days, start, end in windows).tobytes()


class WeekTable:
    """Distinct week masks by number: people's hours repeat, so a profile keeps a number instead of 42 bytes."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._masks = np.zeros((64, HOUR_WORDS), dtype=np.uint64)

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def masks(self) -> NDArray[np.uint64]:
        """All masks, shape (len, HOUR_WORDS)."""
        return self._masks[: len(self)]

    @property
    def nbytes(self) -> int:
        """Bytes held, the dictionary's keys included (81 bytes of object for 48 of mask)."""
        return self._masks.nbytes + len(self) * 200

    def number(self, hours: Iterable[Hours]) -> int:
        """The number of these hours' mask, a new one where it is new."""
        key = _mask_bytes(tuple((tuple(h.days), h.start, h.end) for h in hours))
        known = self._numbers.get(key)
        if known is not None:
            return known
        number = len(self)
        if number == len(self._masks):
            self._masks = np.concatenate([self._masks, np.zeros_like(self._masks)])
        self._masks[number] = np.frombuffer(key, dtype=np.uint64)
        self._numbers[key] = number
        return number

    def restore(self, masks: NDArray[np.uint64]) -> None:
        """Takes over masks by number. Raises ValueError when they are no distinct masks."""
        if masks.dtype != np.uint64 or masks.shape[1:] != (HOUR_WORDS,):
            raise ValueError("week masks do not fit")
        numbers = {mask.tobytes(): n for n, mask in enumerate(masks)}
        if len(numbers) != len(masks):
            raise ValueError("week masks are not distinct")
        self._numbers = numbers
        self._masks = np.concatenate([masks, np.zeros((64, HOUR_WORDS), dtype=np.uint64)])

    def prune(self, used: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Keeps the masks that are used; answers with the numbers in `used` as they are now."""
        kept, renumbered = np.unique(used, return_inverse=True)
        self.restore(self.masks[kept])
        return renumbered.astype(np.uint32)
