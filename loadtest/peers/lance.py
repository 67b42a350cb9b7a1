"""LanceDB: a table with a scalar index on every field, filtered before the vectors are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lancedb
import pyarrow as pa

from loadtest.bench.open_postings import DIMENSION
from loadtest.bench.timing import Json
from loadtest.peers.city import METRES, City, K, Question

INDEXES = {
    "number": "BTREE", "lat": "BTREE", "lon": "BTREE", "pay_fen": "BTREE", "born": "BTREE",
    "radius_m": "BITMAP", "hours": "BITMAP", "free": "BITMAP", "trades": "LABEL_LIST",
}  # fmt: skip
AT_ONCE = 100_000


def condition(q: Question) -> str:
    """All six: a box that the indexes answer, the circle within it by arithmetic."""
    north, east = q.radius_m / METRES, q.radius_m / q.metres_east
    square = f"power((lat - {q.lat}) * {METRES}, 2) + power((lon - {q.lon}) * {q.metres_east}, 2)"
    reach = f"{square} <= {q.radius_m**2} AND {square} <= radius_m * radius_m"
    return (
        f"array_has_any(trades, [{', '.join(f'cast({t} as int)' for t in q.trades)}])"
        f" AND lat >= {q.lat - north} AND lat <= {q.lat + north} AND lon >= {q.lon - east} AND lon <= {q.lon + east}"
        f" AND free = 1 AND hours IN ({', '.join(map(str, q.hours)) or '-1'}) AND pay_fen <= {q.pay_fen}"
        f" AND born >= {q.born_from} AND born <= {q.born_until} AND {reach}"
    )


class Lance:
    """One table on disk (in the page cache while it is asked)."""

    def __init__(self, folder: Path) -> None:
        self.settings: Json = {
            "scalar_indexes": INDEXES,
            "prefilter": True,
            "vector_index": "none: exact over whoever is left",
            "threads": "its own",
        }
        self._db = lancedb.connect(str(folder))

    def build(self, c: City) -> None:
        """Rows, then the indexes, then one compaction."""
        for first in range(0, len(c), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            rows = self._rows(c, some)
            if first == 0:
                self._table = self._db.create_table("people", rows)
            else:
                self._table.add(rows)
        self._table.optimize()
        for column, kind in INDEXES.items():
            self._table.create_scalar_index(column, index_type=kind)

    def _rows(self, c: City, some: slice) -> pa.Table:
        columns = {
            "number": pa.array(range(*some.indices(len(c))), pa.int32()),
            "trades": pa.array(c.trades[some], pa.list_(pa.int32())),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(c.vectors[some].ravel()), DIMENSION),
            **{
                name: pa.array(getattr(c, name)[some])
                for name in ("lat", "lon", "radius_m", "hours", "pay_fen", "born", "free")
            },
        }
        return pa.table(columns)

    def hold(self, some: Sequence[Question]) -> None:
        """Writes the conditions."""
        self._conditions = {q.posting.id: condition(q) for q in some}

    def search(self, q: Question) -> list[int]:
        """Numbers of the best K."""
        found = (
            self._table.search(q.vector)
            .distance_type("dot")
            .where(self._conditions[q.posting.id], prefilter=True)
            .limit(K)
            .select(["number", "_distance"])
            .to_arrow()
        )
        numbers: list[int] = found["number"].to_pylist()
        return numbers

    def toggle_durably(self, c: City, n: int, free: int) -> None:
        """Status of one person: every change is a new version of the table, written to files."""
        self._table.update(where=f"number = {n}", values={"free": free})

    def close(self) -> None:
        """Nothing is left open."""
