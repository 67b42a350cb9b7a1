"""The map as cells of about 2 km, and who does a trade in which cell (pure).

A search near a posting reads only the slices of its cells: for each trade, rows are sorted by cell, and the cells of
one band of latitude follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, floor, radians, sqrt
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

LAT_STEP: Final = 0.018
"""Degrees of latitude in a cell: 2.0 km."""
LON_STEP: Final = 0.0225
"""Degrees of longitude in a cell: 2.0 km at 36 degrees north; elsewhere wider or narrower, with the same results."""
BAND_BITS: Final = 14
"""A band of latitude has 16,000 cells, numbered within 2**14."""
METRES_PER_DEGREE: Final = 111_195.0
"""Length of a degree of latitude on a sphere of 6,371,009 m."""
MARGIN_DEGREES: Final = 5e-5
"""More than 32-bit places can be off (about 1 m)."""

Cells = NDArray[np.uint32]


def cell_of(lat: float, lon: float) -> int:
    """The cell's number; cells of one band of latitude follow each other from west to east."""
    return floor((lat + 90) / LAT_STEP) << BAND_BITS | floor((lon + 180) / LON_STEP)


def cells_of(lat: NDArray[np.float32], lon: NDArray[np.float32]) -> Cells:
    """`cell_of` for many places."""
    north = np.floor((lat.astype(np.float64) + 90) / LAT_STEP).astype(np.uint32)
    east = np.floor((lon.astype(np.float64) + 180) / LON_STEP).astype(np.uint32)
    cells: Cells = north << np.uint32(BAND_BITS) | east
    return cells


def bands(lat: float, lon: float, radius_m: float) -> tuple[Cells, Cells]:
    """First and last cell of each band that the circle touches (equirectangular, as the distances are)."""
    reach = radius_m / METRES_PER_DEGREE + MARGIN_DEGREES
    narrow = 1 / max(cos(radians(lat)), 1e-6)
    lowest, highest = (floor((min(max(x, -90.0), 90.0) + 90) / LAT_STEP) for x in (lat - reach, lat + reach))
    first, last = [], []
    for band in range(lowest, highest + 1):
        south = band * LAT_STEP - 90
        away = max(south - lat, lat - south - LAT_STEP, 0.0)
        half = sqrt(max(reach * reach - away * away, 0.0)) * narrow + MARGIN_DEGREES
        first.append(band << BAND_BITS | floor((max(lon - half, -180.0) + 180) / LON_STEP))
        last.append(band << BAND_BITS | floor((min(lon + half, 180.0) + 180) / LON_STEP))
    return np.array(first, dtype=np.uint32), np.array(last, dtype=np.uint32)


class TradesByCell(Struct, frozen=True):
    """Rows by trade number, then by cell: trade t has `rows[starts[t]:starts[t + 1]]`, in the order of `cells`."""

    starts: NDArray[np.int64]
    cells: Cells
    rows: NDArray[np.uint32]

    def near(self, trades: Iterable[int], first: Cells, last: Cells) -> NDArray[np.uint32]:
        """The rows of these trades in these bands; a row comes once for each of its trades."""
        begins, ends = [], []
        for trade in trades:
            begin, end = self.starts[trade], self.starts[trade + 1]
            if begin < end:
                cells = self.cells[begin:end]
                begins.append(cells.searchsorted(first) + begin)
                ends.append(cells.searchsorted(last, side="right") + begin)
        if not begins:
            return self.rows[:0]
        begin_of = np.concatenate(begins)
        lengths = np.concatenate(ends) - begin_of
        before = lengths.cumsum()
        at = np.arange(before[-1]) + (begin_of - before + lengths).repeat(lengths)
        found: NDArray[np.uint32] = self.rows[at]
        return found

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.starts.nbytes + self.cells.nbytes + self.rows.nbytes


def trades_by_cell(
    rows: NDArray[np.int64], trades: NDArray[np.uint16], cells: Cells, trade_numbers: int
) -> TradesByCell:
    """The index of (row, trade) pairs; `cells` is by pair too, trade numbers are below `trade_numbers`."""
    order = np.argsort(trades.astype(np.uint64) << np.uint64(32) | cells, kind="stable")
    counts = np.bincount(trades, minlength=trade_numbers)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return TradesByCell(starts, cells[order], rows[order].astype(np.uint32))
