"""Profiles as arrays: one row a profile, one column a question that a hard rule asks (pure).

A row keeps its number until `compact`; rows of erased profiles are tombstones (`alive` False) until then. `candidates`
finds the rows near a place through an index by trade and cell. The index describes the rows as they were when it was
built; rows that are new, moved to another cell or took up other trades since are strays, looked at by every search
until the index is built anew. So a change is written in place at once and the index is never wrong, only longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import grid, trades
from matcher.grid import TradesByCell
from matcher.model import Profile, ProfileRecord, hourly_fen
from matcher.weeks import WeekTable

TRADES_HELD: Final = 8
"""Trades of a profile in the column; the few people who name more have the others in `more`."""
EXPIRIES_HELD: Final = 3
"""Certificates that run out in the columns; more of them are in `more`."""
WISHED_DAY_HOURS: Final = 8.0
"""A wished day's pay is for a day of eight hours."""
FIRST_CAPACITY: Final = 1024
LAYOUT: Final = 2
"""Version of the columns' meaning, for snapshots."""
PRESENCE: Final = {"away": 0, "available": 1, "in_hall": 2}
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
LAST_DAY: Final = 65_535
"""The latest expiry told apart, in days since the epoch: the year 2149."""

_COLUMNS: Final[dict[str, tuple[Any, tuple[int, ...]]]] = {
    "lat": (np.float32, ()),
    "lon": (np.float32, ()),
    "radius_m": (np.float32, ()),
    "hours": (np.uint32, ()),
    "pay_fen": (np.uint32, ()),
    "born": (np.int32, ()),
    "trades": (np.uint16, (TRADES_HELD,)),
    "offers_day": (np.int32, ()),
    "alive": (np.bool_, ()),
    "paused": (np.bool_, ()),
    "booked": (np.bool_, ()),
    "stray": (np.bool_, ()),
    "live_offers": (np.uint8, ()),
    "offers_today": (np.uint8, ()),
    "presence": (np.uint8, ()),
    "expiry_kind": (np.uint8, (EXPIRIES_HELD,)),
    "expiry_day": (np.uint16, (EXPIRIES_HELD,)),
    "done": (np.uint16, ()),
    "no_shows": (np.uint16, ()),
    "v": (np.uint32, ()),
    "certificates": (np.uint64, ()),
    "presence_until_ms": (np.int64, ()),
    "last_work_ms": (np.int64, ()),
}
"""`trades` and `expiry_kind` hold numbers from 1, 0 where there is none; `hours` is a number of `weeks`."""
_ROW: Final = np.dtype([(name, kind, shape) for name, (kind, shape) in _COLUMNS.items()], align=True)
"""A row lies together in memory, what most rules ask first: a search goes to distant rows once, not once a column."""

FROM_LEDGER: Final = ("live_offers", "offers_today", "offers_day", "booked")
"""Columns that follow from the postings' entries, not from the profile's record."""


class More(Struct, frozen=True):
    """What a row's columns have no room for: trade numbers, and (certificate number, last day) pairs."""

    trades: tuple[int, ...]
    expiries: tuple[tuple[int, int], ...]


def trade_number(trade: str) -> int:
    """The trade's number in the column: 1..MAX_TRADES. Raises KeyError for an unknown one."""
    return trades.bit(trade) + 1


def certificate_number(kind: str) -> int:
    """The certificate's number in the columns, from 1; 0 for an unknown kind."""
    return trades.certificate_order().get(kind, 0)


def _expiry(day: date | None) -> int:
    return LAST_DAY if day is None else min(max(day.toordinal() - EPOCH_ORDINAL, 0), LAST_DAY)


def _last_days(doc: Profile) -> dict[int, int]:
    """Certificate number -> last day it counts; of two of one kind the one that lasts longer."""
    last: dict[int, int] = {}
    for held in doc.certificates:
        number = certificate_number(held.kind)
        if number:
            last[number] = max(last.get(number, 0), _expiry(held.expires))
    return last


class Columns:
    """Growing arrays, one row a profile. Not for two writers."""

    def __init__(self) -> None:
        self.size = 0
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.weeks = WeekTable()
        self.more: dict[int, More] = {}
        self._hold(np.zeros(FIRST_CAPACITY, dtype=_ROW))
        self._by_cell = self._index_of(np.zeros(0, dtype=np.int64), {})()
        self.strays = 0
        """Rows that the index does not describe."""
        self._stray_rows = np.zeros(64, dtype=np.uint32)
        self._late: set[int] | None = None
        """Rows that strayed while an index is being built."""

    def __getattr__(self, name: str) -> NDArray[Any]:
        """A column's rows in use: a view, so writing to it writes the column. Kept until rows or arrays change."""
        if name not in _COLUMNS:
            raise AttributeError(name)
        view = self._arrays[name][: self.size]
        self.__dict__[name] = view
        return view

    def _hold(self, table: NDArray[Any]) -> None:
        self._table = table
        self._arrays: dict[str, NDArray[Any]] = {name: table[name] for name in _COLUMNS}
        self._forget_views()

    def _forget_views(self) -> None:
        for name in _COLUMNS:
            self.__dict__.pop(name, None)

    @property
    def nbytes(self) -> int:
        """Bytes of columns, index, week masks and what does not fit in the columns (about 300 bytes a row of that)."""
        table = self._table.nbytes + self._stray_rows.nbytes
        return table + self._by_cell.nbytes + self.weeks.nbytes + 300 * len(self.more)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every column's rows in use and the week masks, by name."""
        return {name: array[: self.size] for name, array in self._arrays.items()} | {"week_masks": self.weeks.masks}

    def restore(self, ids: list[str], arrays: dict[str, NDArray[Any]], more: dict[int, More]) -> None:
        """Takes over what `arrays` gave and builds the index. Raises ValueError when columns or lengths differ."""
        for name, (kind, shape) in _COLUMNS.items():
            if name not in arrays or arrays[name].shape != (len(ids), *shape) or arrays[name].dtype != kind:
                raise ValueError(f"column {name} does not fit")
        self.weeks.restore(arrays["week_masks"])
        table = np.zeros(len(ids), dtype=_ROW)
        for name in _COLUMNS:
            table[name] = arrays[name]
        self.ids, self.size = list(ids), len(ids)
        self._hold(table)
        alive = self._arrays["alive"].tolist()
        self.row_of = {id_: row for row, id_ in enumerate(ids) if alive[row]}
        self.more = more
        self.reindex()

    def described(self, row: int) -> dict[str, object]:
        """What the row says of its profile, whatever the history that led there."""
        told: dict[str, object] = {name: a[row].tolist() for name, a in self._arrays.items() if name != "stray"}
        return told | {"hours": self.weeks.masks[self._arrays["hours"][row]].tolist(), "more": self.more.get(row)}

    def put(self, record: ProfileRecord) -> int:
        """Writes a profile's row and answers with its number."""
        known = self.row_of.get(record.id)
        row = self._new_row(record.id) if known is None else known
        a, doc = self._arrays, record.doc
        before = None if known is None else self._filed_under(row)
        a["alive"][row] = True
        a["paused"][row] = record.paused
        a["v"][row] = record.v
        a["hours"][row] = self.weeks.number(doc.hours)
        a["lat"][row], a["lon"][row] = doc.place.lat, doc.place.lon
        a["radius_m"][row] = doc.radius_m
        a["pay_fen"][row] = wished_fen(doc)
        a["born"][row] = doc.born.toordinal()
        a["presence"][row] = PRESENCE[record.presence]
        a["presence_until_ms"][row] = record.presence_until_ms
        a["last_work_ms"][row] = record.last_work_ms
        a["done"][row] = min(record.done, 65_535)
        a["no_shows"][row] = min(record.no_shows, 65_535)
        self._put_skills(row, doc)
        if before != self._filed_under(row):
            self._stray(row)
        return row

    def _put_skills(self, row: int, doc: Profile) -> None:
        lexicon = trades.trades()
        numbers = tuple(dict.fromkeys(trade_number(t) for t in doc.trades if t in lexicon))
        last = _last_days(doc)
        expiries = tuple((number, day) for number, day in last.items() if day < LAST_DAY)
        a = self._arrays
        a["trades"][row] = (*numbers[:TRADES_HELD], *(0,) * (TRADES_HELD - len(numbers)))
        a["certificates"][row] = sum(1 << number for number in last)
        kept = (*expiries[:EXPIRIES_HELD], *((0, 0),) * (EXPIRIES_HELD - len(expiries)))
        a["expiry_kind"][row] = [number for number, _ in kept]
        a["expiry_day"][row] = [day for _, day in kept]
        more = More(numbers[TRADES_HELD:], expiries[EXPIRIES_HELD:])
        if more.trades or more.expiries:
            self.more[row] = more
        else:
            self.more.pop(row, None)

    def remove(self, id_: str) -> None:
        """Leaves a tombstone where the profile was."""
        row = self.row_of.pop(id_, None)
        if row is not None:
            self._table[row] = np.zeros((), dtype=_ROW)
            self.more.pop(row, None)

    def holds_certificate(self, row: int, kind: str, on: date) -> bool:
        """Whether the certificate is there and still counts on that day."""
        number = certificate_number(kind)
        if not number or not int(self._arrays["certificates"][row]) >> number & 1:
            return False
        a, more = self._arrays, self.more.get(row)
        days = dict(zip(a["expiry_kind"][row].tolist(), a["expiry_day"][row].tolist(), strict=True))
        days |= dict(more.expiries) if more else {}
        return bool(days.get(number, LAST_DAY) >= _expiry(on))

    def candidates(self, wanted: Collection[int], lat: float, lon: float, radius_m: float) -> NDArray[np.int64]:
        """Rows that may do one of these trades within the radius, ascending: nobody who does is missing, some who do
        not are among them."""
        near = self._by_cell.near(wanted, *grid.bands(lat, lon, radius_m))
        rows = np.concatenate([self._stray_rows[: self.strays], near])
        rows.sort()
        once = np.ones(len(rows), dtype=np.bool_)
        np.not_equal(rows[1:], rows[:-1], out=once[1:])
        found: NDArray[np.int64] = rows[once].astype(np.int64)
        return found

    @property
    def tombstones(self) -> int:
        """Rows whose profile is gone."""
        return self.size - len(self.row_of)

    def reindex(self) -> None:
        """Builds the index anew, at once."""
        self.adopt(self.begin_reindex()())

    def begin_reindex(self) -> Callable[[], TradesByCell]:
        """The work of building the index anew, for a thread; rows that stray meanwhile are strays of the new one."""
        self._late = set()
        return self._index_of(np.flatnonzero(self.alive), dict(self.more))

    def adopt(self, index: TradesByCell) -> None:
        """Takes over the index begun last, unless rows were numbered anew since."""
        if self._late is None:
            return
        late, self._late, self._by_cell = sorted(self._late), None, index
        self.stray[:] = False
        self.strays, self._stray_rows = 0, np.zeros(64, dtype=np.uint32)
        for row in late:
            self._stray(row)

    def compact(self) -> NDArray[np.int64]:
        """Drops the tombstones, sorts the rows by cell and builds the index anew: row numbers change.

        Answers with the old number of every new row, so that whatever goes by row can follow.
        """
        rows = np.flatnonzero(self.alive)
        kept: NDArray[np.int64] = rows[np.argsort(grid.cells_of(self.lat[rows], self.lon[rows]), kind="stable")]
        table = np.zeros(len(kept) + len(kept) // 64 + FIRST_CAPACITY, dtype=_ROW)
        table[: len(kept)] = self._table[kept]
        old_ids = self.ids
        self.ids, self.size = [old_ids[row] for row in kept.tolist()], len(kept)
        self._hold(table)
        self.row_of = {id_: row for row, id_ in enumerate(self.ids)}
        self.more = {row: self.more[old] for row, old in enumerate(kept.tolist()) if old in self.more}
        self.hours[:] = self.weeks.prune(self.hours)
        self.reindex()
        return kept

    def _new_row(self, id_: str) -> int:
        row = self.size
        capacity = len(self._table)
        if row == capacity:
            table = np.zeros(capacity + max(FIRST_CAPACITY, capacity // 4), dtype=_ROW)
            table[:capacity] = self._table
            self._hold(table)
        self.size += 1
        self._forget_views()
        self.ids.append(id_)
        self.row_of[id_] = row
        return row

    def _filed_under(self, row: int) -> tuple[object, ...]:
        """What the index knows a row by."""
        a, more = self._arrays, self.more.get(row)
        cell = grid.cell_of(float(a["lat"][row]), float(a["lon"][row]))
        return cell, a["trades"][row].tobytes(), more.trades if more else ()

    def _index_of(self, rows: NDArray[np.int64], more: dict[int, More]) -> Callable[[], TradesByCell]:
        held, lat, lon = (self._arrays[name] for name in ("trades", "lat", "lon"))

        def build() -> TradesByCell:
            trade_of = held[rows]
            at, slot = np.nonzero(trade_of)
            extra = [(row, number) for row, kept in more.items() for number in kept.trades]
            more_rows, more_trades = np.array(extra, dtype=np.int64).reshape(-1, 2).T
            pairs = np.concatenate([rows[at], more_rows])
            numbers = np.concatenate([trade_of[at, slot], more_trades.astype(np.uint16)])
            return grid.trades_by_cell(pairs, numbers, grid.cells_of(lat[pairs], lon[pairs]), trades.MAX_TRADES + 1)

        return build

    def _stray(self, row: int) -> None:
        if self._late is not None:
            self._late.add(row)
        if not self._arrays["stray"][row]:
            self._arrays["stray"][row] = True
            if self.strays == len(self._stray_rows):
                self._stray_rows = np.concatenate([self._stray_rows, np.zeros_like(self._stray_rows)])
            self._stray_rows[self.strays] = row
            self.strays += 1


def wished_fen(doc: Profile) -> int:
    """Wished pay in fen an hour."""
    return hourly_fen(doc.pay, WISHED_DAY_HOURS)
