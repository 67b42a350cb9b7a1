"""The map as cells of about 2 km, and who does a trade in which cell (pure).

A search near a posting reads only the slices of its cells: for each trade, rows are sorted by cell, and the cells of
one band of latitude follow each other. Rows of one trade in one cell are a group, so that the cells searched are few.
Where the groups of a trade and a band begin is kept: looking for it waits for the memory at every step.
"""

from __future__ import annotations

from math import cos, floor, radians, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.compiled import inner, kernel

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


@inner
def band_of(degrees: float) -> int:
    """Number of the band that a latitude lies in; beyond a pole the pole's."""
    return floor((min(max(degrees, -90.0), 90.0) + 90) / LAT_STEP)


@inner
def cells_in_band(band: int, lat: float, lon: float, radius_m: float) -> tuple[int, int]:
    """First and last cell of a band that the circle touches (equirectangular, as the distances are)."""
    reach = radius_m / METRES_PER_DEGREE + MARGIN_DEGREES
    south = band * LAT_STEP - 90
    away = max(south - lat, lat - south - LAT_STEP, 0.0)
    half = sqrt(max(reach * reach - away * away, 0.0)) / max(cos(radians(lat)), 1e-6) + MARGIN_DEGREES
    west = floor((max(lon - half, -180.0) + 180) / LON_STEP)
    east = floor((min(lon + half, 180.0) + 180) / LON_STEP)
    return band << BAND_BITS | west, band << BAND_BITS | east


class TradesByCell(NamedTuple):
    """Rows by trade number, then by cell, in groups: group g has the rows `rows[begins[g]:begins[g + 1]]`, all of the
    cell `cells[g]`. Of n `bands` of latitude that somebody lives in, trade t has in the i-th the groups from
    `groups[t * n + i]` until `groups[t * n + i + 1]`."""

    bands: NDArray[np.int64]
    groups: NDArray[np.uint32]
    cells: Cells
    begins: NDArray[np.uint32]
    rows: NDArray[np.uint32]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(part.nbytes for part in self)


def trades_by_cell(
    rows: NDArray[np.int64], trades: NDArray[np.uint16], cells: Cells, trade_numbers: int
) -> TradesByCell:
    """The index of (row, trade) pairs; `cells` is by pair too, trade numbers are below `trade_numbers`."""
    keys = trades.astype(np.uint64) << np.uint64(32) | cells
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    begins = np.flatnonzero(first)
    bands = np.unique(cells >> np.uint32(BAND_BITS)).astype(np.uint64)
    by_trade = np.arange(trade_numbers, dtype=np.uint64)[:, None] << np.uint64(32) | bands << np.uint64(BAND_BITS)
    return TradesByCell(
        bands.astype(np.int64),
        np.append(np.searchsorted(keys[begins], by_trade.ravel()), len(begins)).astype(np.uint32),
        keys[begins].astype(np.uint32),
        np.append(begins, len(keys)).astype(np.uint32),
        rows[order].astype(np.uint32),
    )


@kernel
def near(index: TradesByCell, trades: NDArray[np.uint16], lat: float, lon: float, radius_m: float) -> Any:
    """Where the rows lie that may do one of the trades within the radius: (begin, end, place of the trade in `trades`
    from 1) in `index.rows`, shape (n, 3), the trades in their order; a row comes once for each of its trades."""
    reach = radius_m / METRES_PER_DEGREE + MARGIN_DEGREES
    lowest = np.searchsorted(index.bands, band_of(lat - reach))
    highest = np.searchsorted(index.bands, band_of(lat + reach), side="right")
    edges = np.empty((highest - lowest, 2), dtype=np.int64)
    for i in range(lowest, highest):
        edges[i - lowest] = cells_in_band(index.bands[i], lat, lon, radius_m)
    spans = np.empty((len(trades) * len(edges), 3), dtype=np.int64)
    n = 0
    for place in range(len(trades)):
        first = trades[place] * len(index.bands) + lowest
        for i in range(len(edges)):
            begin, last = index.groups[first + i], index.groups[first + i + 1]
            while begin < last and index.cells[begin] < edges[i, 0]:
                begin += 1
            end = begin
            while end < last and index.cells[end] <= edges[i, 1]:
                end += 1
            if begin < end:
                spans[n, 0], spans[n, 1], spans[n, 2] = index.begins[begin], index.begins[end], place + 1
                n += 1
    return spans[:n]
