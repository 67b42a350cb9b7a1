"""FAISS alone: who fits is found with numpy, the index is asked with a selector of them.

FAISS has no filter of its own, so somebody writes one. `Mask` is what one writes: condition after condition over
numpy columns, each on the rows that the ones before left. `Slice` is what one writes after having measured: the people
sorted by place, so that a search reads a slice of each column, and tables instead of look-ups. That is an index of
one's own beside FAISS, as ours is, and is shown for what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from loadtest.bench.open_postings import DIMENSION
from loadtest.bench.timing import Json
from loadtest.peers.city import METRES, City, Exact, K, Question
from matcher.trades import MAX_TRADES

faiss: Any = import_module("faiss")  # its stubs know neither selectors nor their parameters
Rows = NDArray[np.int64]
HNSW_M, HNSW_BUILD_EF = 16, 80
IVF_LISTS = 1024
EFFORTS: Final = {"ivf": (64, 256, IVF_LISTS), "hnsw": (512, 2_048), "range": (40, 160, 640)}
"""What is tried until recall is good: lists probed, efSearch, and how many times K a range of rows is asked for, most
of which do not fit. (An efSearch of 32,768 takes some 0.4 s at 100,000, for a recall of 0.95.)"""
BUILD_THREADS: Final = 2
MOST_TRADES: Final = 12


OWN_FILTER: Final = "faiss flat array, slice by place"
"""FAISS with an index of one's own before it; no peer that anybody could install."""


class Mask:
    """The six conditions over numpy columns; rows are sorted by latitude, as the selector of a range needs them."""

    def __init__(self, c: City) -> None:
        self.order: Rows = np.argsort(c.lat, kind="stable")
        """Row -> the person's number."""
        order = self.order
        self.lat, self.lon = c.lat[order].astype(np.float32), c.lon[order].astype(np.float32)
        self.radius_m, self.hours = c.radius_m[order].astype(np.float32), c.hours[order].astype(np.uint8)
        self.pay_fen, self.born = c.pay_fen[order].astype(np.int32), c.born[order].astype(np.int32)
        self.free = c.free[order].astype(bool)
        self.trades = np.zeros((len(order), MOST_TRADES), dtype=np.int16)
        for row, n in enumerate(order.tolist()):
            self.trades[row, : len(c.trades[n])] = c.trades[n][:MOST_TRADES]

    def band(self, q: Question) -> tuple[int, int]:
        """Rows from..to of the circle's latitudes."""
        north = np.float32(q.radius_m / METRES)
        lat = np.float32(q.lat)
        low, high = np.searchsorted(self.lat, (lat - north, lat + north))
        return int(low), int(high)

    def rows(self, q: Question) -> Rows:
        """Who fits, ascending; of the orders tried the quickest: the dearest condition meets the fewest rows."""
        north, east = np.float32(q.radius_m / METRES), np.float32(q.radius_m / q.metres_east)
        rows = np.flatnonzero(np.abs(self.lat - np.float32(q.lat)) <= north)
        rows = rows[np.abs(self.lon[rows] - np.float32(q.lon)) <= east]
        rows = rows[(self.pay_fen[rows] <= q.pay_fen) & self.free[rows]]
        born = self.born[rows]
        rows = rows[(q.born_from <= born) & (born <= q.born_until)]
        rows = self.near(q, rows[np.isin(self.hours[rows], q.hours)])
        return rows[np.isin(self.trades[rows], q.trades).any(axis=1)]

    def near(self, q: Question, rows: Rows) -> Rows:
        """Those of the rows within the circle, and not farther than they will go."""
        north = (self.lat[rows].astype(float) - q.lat) * METRES
        east = (self.lon[rows].astype(float) - q.lon) * q.metres_east
        fitting: Rows = rows[north * north + east * east <= np.minimum(self.radius_m[rows], q.radius_m) ** 2]
        return fitting


class Slice(Mask):
    """The same within the slice of rows that has the circle's latitudes; only who is left is picked out."""

    def rows(self, q: Question) -> Rows:
        """Who fits, ascending."""
        low, high = self.band(q)
        hours, trades, band = np.zeros(256, bool), np.zeros(MAX_TRADES + 1, bool), slice(low, high)
        hours[q.hours], trades[q.trades] = True, True
        fit = hours[self.hours[band]] & (np.abs(self.lon[band] - np.float32(q.lon)) <= q.radius_m / q.metres_east)
        born = self.born[band]
        fit &= (self.pay_fen[band] <= q.pay_fen) & self.free[band] & (q.born_from <= born) & (born <= q.born_until)
        rows = low + np.flatnonzero(fit)
        return self.near(q, rows[trades[self.trades[rows]].any(axis=1)])


def _array(rows: Rows, size: int) -> Any:
    return faiss.IDSelectorArray(rows)


def _batch(rows: Rows, size: int) -> Any:
    return faiss.IDSelectorBatch(rows)


def _bitmap(rows: Rows, size: int) -> Any:
    bits = np.zeros(size, dtype=bool)
    bits[rows] = True
    return faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))


SELECTORS: Final[dict[str, Callable[[Rows, int], Any]]] = {"array": _array, "batch": _batch, "bitmap": _bitmap}


class Faiss:
    """The three indexes over the same rows, and the ways to ask them."""

    def __init__(self) -> None:
        self.settings: Json = {
            "filters": {
                "mask": "numpy, condition after condition on the rows left",
                "slice": "the same within the slice of rows that has the circle's latitudes, with tables",
            },
            "flat": "IndexFlatIP",
            "hnsw": {"m": HNSW_M, "efConstruction": HNSW_BUILD_EF},
            "ivf": {"nlist": IVF_LISTS},
            "range": "rows of the circle's latitudes, many times K asked for, then filtered",
            "threads": 1,
        }
        self.efforts = {name: tries[0] for name, tries in EFFORTS.items()}

    def build(self, c: City, *, graphs: bool = True) -> None:
        """Flat, and with `graphs` HNSW and IVF too."""
        self.filters: dict[str, Mask] = {"mask": Mask(c), "slice": Slice(c)}
        vectors = np.ascontiguousarray(c.vectors[self.filters["mask"].order])
        faiss.omp_set_num_threads(BUILD_THREADS)
        flat = faiss.IndexFlatIP(DIMENSION)
        self._indexes: dict[str, Any] = {"flat": flat}
        if graphs:
            hnsw = faiss.IndexHNSWFlat(DIMENSION, HNSW_M, faiss.METRIC_INNER_PRODUCT)
            hnsw.hnsw.efConstruction = HNSW_BUILD_EF
            ivf = faiss.IndexIVFFlat(faiss.IndexFlatIP(DIMENSION), DIMENSION, IVF_LISTS, faiss.METRIC_INNER_PRODUCT)
            ivf.train(vectors[:: max(1, len(vectors) // (40 * IVF_LISTS))])
            self._indexes |= {"hnsw": hnsw, "ivf": ivf}
        for index in self._indexes.values():
            index.add(vectors)
        faiss.omp_set_num_threads(1)

    def ways(self) -> dict[str, tuple[str, str, str]]:
        """Name -> filter, index and selector."""
        alone = {f"faiss {i} {s}": ("mask", i, s) for i in self._indexes for s in (*SELECTORS, "range")}
        return alone | {OWN_FILTER: ("slice", "flat", "array")}

    def tune(self, some: Sequence[Question], exact: Sequence[Exact], good_recall: float) -> None:
        """Takes the least effort with which recall is good, or else the greatest."""
        trials = {
            "ivf": ("mask", "ivf", "bitmap"),
            "hnsw": ("mask", "hnsw", "bitmap"),
            "range": ("mask", "flat", "range"),
        }
        for name, way in trials.items():
            for effort in EFFORTS[name]:
                self.efforts[name] = effort
                recalls = [right.recall(self.search(q, way)) for q, right in zip(some, exact, strict=True)]
                if sum(recalls) / len(recalls) >= good_recall:
                    break
        self.settings["tuned"] = {
            "nprobe": self.efforts["ivf"], "efSearch": self.efforts["hnsw"], "range": self.efforts["range"]
        }  # fmt: skip

    def _parameters(self, index: str, selector: Any) -> Any:
        if index == "hnsw":
            return faiss.SearchParametersHNSW(sel=selector, efSearch=self.efforts["hnsw"])
        if index == "ivf":
            return faiss.SearchParametersIVF(sel=selector, nprobe=self.efforts["ivf"])
        return faiss.SearchParameters(sel=selector)

    def search(self, q: Question, way: tuple[str, str, str]) -> list[int]:
        """Numbers of the best K, by one of the `ways`."""
        filter_, index, selector = way
        chosen_by = self.filters[filter_]
        fitting, k = chosen_by.rows(q), K
        if selector == "range":
            chosen, k = faiss.IDSelectorRange(*chosen_by.band(q)), self.efforts["range"] * K
        else:
            chosen = SELECTORS[selector](fitting, len(chosen_by.order))
        _, found = self._indexes[index].search(q.vector[None], k, params=self._parameters(index, chosen))
        rows = found[0][found[0] >= 0]
        if selector == "range":
            rows = rows[np.isin(rows, fitting)][:K]
        numbers: list[int] = chosen_by.order[rows].tolist()
        return numbers

    def toggle(self, c: City, n: int, free: int) -> None:
        """Status of one person (by row), in place; nothing of it is durable."""
        self.filters["mask"].free[n] = bool(free)
