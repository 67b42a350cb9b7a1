"""Profiles as rows of one table: a column for every question that a hard rule or the score asks (pure).

A row keeps its number until `compact`; rows of erased profiles are tombstones (`alive` False) until then. The index
(`grid`) describes the rows as they were when it was built; rows that are new, moved to another cell or took up other
trades since are strays, looked at by every search until the index is built anew. So a change is written in place at
once and the index is never wrong, only longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matcher import grid, trades
from matcher.chains import Chains
from matcher.grid import TradesByCell
from matcher.hall import Hall
from matcher.model import CHANNELS, ProfileRecord
from matcher.row import (
    ABOUT_ROWS,
    COLUMNS,
    EXPIRIES_HELD,
    FROM_LEDGER,
    LAST_DAY,
    MORE_EXPIRY,
    MORE_PENALTY,
    MORE_REFUSAL,
    MORE_SUSPENSION,
    MORE_TRADE,
    OFFERS_MADE,
    PRESENCE,
    ROW,
    TRADES_HELD,
    Town,
    birth_day,
    last_days,
    refusal_number,
    trade_number,
    wished_fen,
)
from matcher.weeks import WeekTable

MOST_SETS: Final = 256
"""Sets of profiles whose rows are kept."""
MOST_ROWLESS: Final = 10_000
"""Of more without a row than these, who was noted longest ago is forgotten."""
FIRST_CAPACITY: Final = 1024
NO_ROWS: Final[NDArray[np.uint32]] = np.zeros(0, dtype=np.uint32)


class Columns:
    """A growing table, one row a profile. Not for two writers."""

    def __init__(self) -> None:
        self.numbering = 0
        """Counts how often rows were numbered anew."""
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self._rows_found: dict[frozenset[str], NDArray[np.uint32]] = {}
        self.weeks = WeekTable()
        self.more = Chains([("kind", "u1"), ("number", "u2"), ("until", "u4")])
        self.shifts = Chains([("start_ms", "i8"), ("end_ms", "i8"), ("lat", "f4"), ("lon", "f4")])
        self.history = Chains([("trade", "u2"), ("times", "u2")])
        self.hall = Hall()
        self._hold(np.zeros(FIRST_CAPACITY, dtype=ROW), 0)
        self.by_cell = self._index_of(np.zeros(0, dtype=np.int64))()
        self.strays = 0
        """Rows that the index does not describe."""
        self._stray_rows = np.zeros(64, dtype=np.uint32)
        self._late: set[int] | None = None
        """Rows that strayed while an index is being built."""
        self._offers_of_rowless: dict[str, tuple[int, int]] = {}
        """Last local day with offers, and how many, of who has no row now (erased, not readable): they may be back."""

    def __getattr__(self, name: str) -> NDArray[Any]:
        """A column's rows in use: a view, so writing to it writes the column."""
        if name not in COLUMNS:
            raise AttributeError(name)
        return self.table[name]

    def _hold(self, rows: NDArray[Any], size: int) -> None:
        self._rows = rows
        self._of_ledger, self._shifts = rows[list(FROM_LEDGER)], rows["shifts"]
        self._offers_day, self._offers_today = (rows[name] for name in OFFERS_MADE)
        self._use(size)

    def _use(self, size: int) -> None:
        self.size = size
        self.table = self._rows[:size]
        """The rows in use, of ROW; a view."""

    @property
    def nbytes(self) -> int:
        """Bytes of table, index, week masks and chains."""
        parts = (self._rows, self._stray_rows, self.by_cell, self.weeks, self.more, self.shifts, self.history)
        return sum(part.nbytes for part in parts)

    def town(self, asked: Collection[str], blocked: Collection[str] = (), known: Collection[str] = ()) -> Town:
        """Everything as compiled code sees it; `asked` are the profiles that had the posting before, `blocked`
        and `known` those that have to do with its employer."""
        more, shifts, history, rows_of = self.more.links, self.shifts.links, self.history.links, self.rows_of
        sets = rows_of(asked), rows_of(blocked), rows_of(known)
        return Town(self._rows, self.weeks.masks, more, shifts, history, *sets)

    def rows_of(self, profiles: Collection[str]) -> NDArray[np.uint32]:
        """Rows of those profiles that have one, ascending; kept for sets asked for again until rows change."""
        if not profiles:
            return NO_ROWS
        if not isinstance(profiles, frozenset):
            return self._find_rows(profiles)
        if profiles not in self._rows_found:
            if len(self._rows_found) == MOST_SETS:
                self._rows_found.clear()
            self._rows_found[profiles] = self._find_rows(profiles)
        return self._rows_found[profiles]

    def _find_rows(self, profiles: Collection[str]) -> NDArray[np.uint32]:
        return np.array(sorted(self.row_of[p] for p in profiles if p in self.row_of), dtype=np.uint32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The rows in use, what their `more` and `history` lead to, and the week masks, by name."""
        return {
            "table": self.table,
            "more": self.more.held,
            "history": self.history.held,
            "week_masks": self.weeks.masks,
        }

    def restore(self, ids: list[str], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Takes over what `arrays` gave, as its own and without what follows from the ledger, and builds the index.
        Raises ValueError where shapes or types differ."""
        table = arrays["table"]
        if table.dtype != ROW or table.shape != (len(ids),):
            raise ValueError("the table does not fit")
        self.weeks.restore(arrays["week_masks"])
        self.more.restore(arrays["more"])
        self.history.restore(arrays["history"])
        for name in (*FROM_LEDGER, *OFFERS_MADE):
            table[name] = 0
        self.ids = list(ids)
        self._hold(table, len(ids))
        alive = table["alive"].tolist()
        self.row_of = {id_: row for row, id_ in enumerate(ids) if alive[row]}
        self._find_hall()
        self.reindex()

    def described(self, row: int) -> dict[str, object]:
        """What the row says of its profile, whatever the history that led there."""
        held = self._rows[row]
        told: dict[str, object] = {name: held[name].tolist() for name in COLUMNS if name not in ABOUT_ROWS}
        chains = {name: sorted(getattr(self, name).items(int(held[name]))) for name in ("more", "shifts", "history")}
        return told | chains | {"hours": self.weeks.masks[held["hours"]].tolist()}

    def put(self, record: ProfileRecord) -> int:
        """Writes a profile's row and answers with its number."""
        known = self.row_of.get(record.id)
        row = self._new_row(record.id) if known is None else known
        doc, held = record.doc, self._rows[row]
        before = None if known is None else self._filed_under(row)
        held["alive"] = True
        held["paused"] = record.paused
        held["hours"] = self.weeks.number(doc.hours)
        held["lat"], held["lon"] = doc.place.lat, doc.place.lon
        held["radius_m"] = doc.radius_m
        held["pay_fen"] = wished_fen(doc)
        held["born"] = birth_day(doc.born.toordinal())
        held["presence"] = PRESENCE[record.presence]
        held["presence_until_s"] = -(-record.presence_until_ms // 1000)
        held["channel"] = CHANNELS.index(doc.channels[0]) if doc.channels else 0
        held["focus"] = doc.group != ""
        held["last_work_s"] = record.last_work_ms // 1000
        held["done"] = min(record.done, 65_535)
        held["no_shows"] = min(record.no_shows, 65_535)
        known_trades = trades.trades()
        done_in = [(trade_number(t), min(n, 65_535)) for t, n in record.done_in.items() if t in known_trades]
        held["history"] = self.history.put(int(held["history"]), done_in)
        self._put_skills(held, record)
        self._put_in_hall(row)
        if before != self._filed_under(row):
            self._stray(row)
        return row

    def _put_skills(self, held: Any, record: ProfileRecord) -> None:
        lexicon, doc = trades.trades(), record.doc
        numbers = tuple(dict.fromkeys(trade_number(t) for t in (*doc.trades, *doc.recognised) if t in lexicon))
        last = last_days(doc)
        expiries = tuple((number, day) for number, day in last.items() if day < LAST_DAY)
        held["trades"] = (*numbers[:TRADES_HELD], *(0,) * (TRADES_HELD - len(numbers)))
        held["certificates"] = sum(1 << number for number in last)
        kept = (*expiries[:EXPIRIES_HELD], *((0, 0),) * (EXPIRIES_HELD - len(expiries)))
        held["expiry_kind"] = [number for number, _ in kept]
        held["expiry_day"] = [day for _, day in kept]
        more = [(MORE_TRADE, number, 0) for number in numbers[TRADES_HELD:]]
        more += [(MORE_EXPIRY, number, day) for number, day in expiries[EXPIRIES_HELD:]]
        if record.suspended_until_ms:
            more.append((MORE_SUSPENSION, 0, -(-record.suspended_until_ms // 1000)))
        more += [(MORE_REFUSAL, number, 0) for number in sorted(map(refusal_number, doc.refused)) if number]
        if record.penalty_one_ms:
            more.append((MORE_PENALTY, 0, record.penalty_one_ms // 1000))
        held["more"] = self.more.put(int(held["more"]), more)

    def put_ledger(
        self,
        id_: str,
        live_offers: int,
        shifts: Sequence[tuple[int, int, float, float]],
        lately: tuple[int, int] = (0, 0),
    ) -> None:
        """Writes what the postings' entries say of a profile into its row, where it has one; `lately` are the offers
        that have ended, and those of them that were answered."""
        row = self.row_of.get(id_)
        if row is None:
            return
        chain = self.shifts.put(self._shifts.item(row), shifts)
        # in one go, in the order of FROM_LEDGER: field by field is ten times as long, and each answer comes by here
        self._of_ledger[row] = (min(live_offers, 255), chain, min(lately[0], 255), min(lately[1], 255))

    def put_offer(self, id_: str, day: int, nth: int) -> None:
        """Notes that a profile got its `nth` offer of a local day, where this is not known yet. It is kept in the row
        alone: a note for everybody who was ever asked would grow until everybody has been."""
        row, made = self.row_of.get(id_), (day, min(nth, 255))
        if row is None:
            self._note_rowless(id_, made)
        elif made > (self._offers_day.item(row), self._offers_today.item(row)):
            self._offers_day[row], self._offers_today[row] = made

    def _note_rowless(self, id_: str, made: tuple[int, int]) -> None:
        held = self._offers_of_rowless
        held[id_] = max(held.pop(id_, made), made)
        if len(held) > MOST_ROWLESS:
            del held[next(iter(held))]

    def remove(self, id_: str) -> None:
        """Leaves a tombstone where the profile was."""
        row = self.row_of.pop(id_, None)
        if row is not None:
            self._note_rowless(id_, (self._offers_day.item(row), self._offers_today.item(row)))
            self._rows_found.clear()
            held = self._rows[row]
            self.more.put(int(held["more"]), [])
            self.shifts.put(int(held["shifts"]), [])
            self.history.put(int(held["history"]), [])
            self.hall.remove(row)
            self._rows[row] = np.zeros((), dtype=ROW)

    @property
    def tombstones(self) -> int:
        """Rows whose profile is gone."""
        return self.size - len(self.row_of)

    @property
    def stray_rows(self) -> NDArray[np.uint32]:
        """Rows that the index does not describe, among them some that it does again."""
        return self._stray_rows[: self.strays]

    def reindex(self) -> None:
        """Builds the index anew, at once."""
        self.adopt(self.begin_reindex()())

    def begin_reindex(self) -> Callable[[], TradesByCell]:
        """The work of building the index anew, for a thread; rows that stray meanwhile are strays of the new one."""
        self._late = set()
        return self._index_of(np.flatnonzero(self.alive))

    def adopt(self, index: TradesByCell) -> None:
        """Takes over the index begun last, unless rows were numbered anew since."""
        if self._late is None:
            return
        late, self._late, self.by_cell = sorted(self._late), None, index
        self.stray[:] = False
        self.strays, self._stray_rows = 0, np.zeros(64, dtype=np.uint32)
        for row in late:
            self._stray(row)

    def compact(self) -> NDArray[np.int64]:
        """Drops the tombstones, sorts the rows by cell and builds the index anew: row numbers change.

        Answers with the old number of every new row, so that whatever goes by row can follow.
        """
        self.numbering += 1
        self._rows_found.clear()
        rows = np.flatnonzero(self.alive)
        kept: NDArray[np.int64] = rows[np.argsort(grid.cells_of(self.lat[rows], self.lon[rows]), kind="stable")]
        table = np.zeros(len(kept) + len(kept) // 64 + FIRST_CAPACITY, dtype=ROW)
        table[: len(kept)] = self._rows[kept]
        old_ids = self.ids
        self.ids = [old_ids[row] for row in kept.tolist()]
        self._hold(table, len(kept))
        self.row_of = {id_: row for row, id_ in enumerate(self.ids)}
        self.row[:] = np.arange(len(kept))
        self._find_hall()
        self.hours[:] = self.weeks.prune(self.hours)
        self.reindex()
        return kept

    def _find_hall(self) -> None:
        self.hall = Hall()
        for row in np.flatnonzero(self.presence == PRESENCE["in_hall"]).tolist():
            self._put_in_hall(row)

    def _put_in_hall(self, row: int) -> None:
        held = self._rows[row]
        if held["presence"] != PRESENCE["in_hall"]:
            self.hall.remove(row)
            return
        further = (number for kind, number, _ in self.more.items(int(held["more"])) if kind == MORE_TRADE)
        self.hall.put(row, (*(number for number in held["trades"].tolist() if number), *further))

    def _new_row(self, id_: str) -> int:
        row = self.size
        capacity = len(self._rows)
        if row == capacity:
            rows = np.zeros(capacity + max(FIRST_CAPACITY, capacity // 4), dtype=ROW)
            rows[:capacity] = self._rows
            self._hold(rows, self.size)
        self._use(row + 1)
        self._rows[row]["row"] = row
        self.ids.append(id_)
        self.row_of[id_] = row
        self._offers_day[row], self._offers_today[row] = self._offers_of_rowless.pop(id_, (0, 0))
        self._rows_found.clear()
        return row

    def _filed_under(self, row: int) -> tuple[object, ...]:
        """What the index knows a row by."""
        held = self._rows[row]
        cell = grid.cell_of(float(held["lat"]), float(held["lon"]))
        return cell, held["trades"].tobytes(), [i for i in self.more.items(int(held["more"])) if i[0] == MORE_TRADE]

    def _index_of(self, rows: NDArray[np.int64]) -> Callable[[], TradesByCell]:
        table = self._rows

        def build() -> TradesByCell:
            trade_of = table["trades"][rows]
            at, slot = np.nonzero(trade_of)
            owners, links = self.more.flat(table["more"][rows])
            further = links["kind"] == MORE_TRADE
            pairs = np.concatenate([rows[at], rows[owners[further]]])
            numbers = np.concatenate([trade_of[at, slot], links["number"][further]])
            cells = grid.cells_of(table["lat"][pairs], table["lon"][pairs])
            return grid.trades_by_cell(pairs, numbers, cells, trades.MAX_TRADES + 1)

        return build

    def _stray(self, row: int) -> None:
        if self._late is not None:
            self._late.add(row)
        if not self._rows["stray"][row]:
            self._rows["stray"][row] = True
            if self.strays == len(self._stray_rows):
                self._stray_rows = np.concatenate([self._stray_rows, np.zeros_like(self._stray_rows)])
            self._stray_rows[self.strays] = row
            self.strays += 1
