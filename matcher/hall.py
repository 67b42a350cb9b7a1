"""Who was last said to be in the hall, by trade: the first circle of a wave is found without a search (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOBODY: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


class Hall:
    """Rows by the numbers of their trades. Among them may be some whose presence has ended since."""

    def __init__(self) -> None:
        self._trades_of: dict[int, tuple[int, ...]] = {}
        self._rows_of: dict[int, set[int]] = {}
        self._arrays: dict[int, NDArray[np.int64]] = {}

    def __len__(self) -> int:
        return len(self._trades_of)

    def put(self, row: int, trades: tuple[int, ...]) -> None:
        """This row is in the hall and does these trades."""
        if self._trades_of.get(row) != trades:
            self.remove(row)
            self._trades_of[row] = trades
            for trade in trades:
                self._rows_of.setdefault(trade, set()).add(row)
                self._arrays.pop(trade, None)

    def remove(self, row: int) -> None:
        """This row is not in the hall."""
        for trade in self._trades_of.pop(row, ()):
            self._rows_of[trade].discard(row)
            self._arrays.pop(trade, None)

    def rows(self, trades: Iterable[int]) -> NDArray[np.int64]:
        """Rows in the hall that do one of the trades, ascending."""
        return merged([self._array(trade) for trade in trades if self._rows_of.get(trade)])

    def _array(self, trade: int) -> NDArray[np.int64]:
        if trade not in self._arrays:
            self._arrays[trade] = np.array(sorted(self._rows_of[trade]), dtype=np.int64)
        return self._arrays[trade]


def merged(some: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """The rows of all, ascending, each once. (`np.unique` hashes: ten times as long for some hundred numbers.)"""
    if not some:
        return NOBODY
    rows = np.concatenate(some).astype(np.int64, copy=False)
    if len(some) > 1:
        rows.sort()
        first = np.ones(len(rows), dtype=np.bool_)
        np.not_equal(rows[1:], rows[:-1], out=first[1:])
        rows = rows[first]
    return rows
