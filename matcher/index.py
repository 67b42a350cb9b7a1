"""The vectors of the profiles by the columns' rows, scored exactly by FAISS' kernel for chosen rows.

Hard rules come first, so only some hundred rows are scored: their inner products are all that is computed, in place and
without a search structure. One model only: a record encoded by another one scores 0 until it is encoded anew.
One writer; no scores while it writes.
"""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from faiss import swig_ptr
from numpy.typing import NDArray

from matcher.compiled import kernel

faiss.omp_set_num_threads(1)  # two threads make short searches wait for each other

FIRST_CAPACITY = 1024
PERMUTED_AT_ONCE = 32
"""Dimensions moved at a time when rows change places: an eighth of the memory instead of a second copy."""


@kernel
def _lie_below(rows: NDArray[np.int64], size: int) -> Any:
    return len(rows) == 0 or (rows.min() >= 0 and rows.max() < size)


class VectorIndex:
    """Unit vectors by row; the score is the inner product, -1..1."""

    def __init__(self, dimension: int, model: str) -> None:
        self.dimension = dimension
        self.model = model
        self._size = 0
        self._rows = np.zeros((FIRST_CAPACITY, dimension), dtype=np.float32)

    def __len__(self) -> int:
        return self._size

    def put(self, row: int, vector: NDArray[np.float32], model: str) -> None:
        """Writes one row in place, or a new one. A vector of another model or size counts as none."""
        capacity = len(self._rows)
        if row >= capacity:
            grown = np.zeros((max(row + 1, capacity + capacity // 4), self.dimension), dtype=np.float32)
            grown[: self._size] = self._rows[: self._size]
            self._rows = grown
        fits = model == self.model and vector.shape == (self.dimension,)
        self._rows[row] = vector if fits else 0
        self._size = max(self._size, row + 1)

    def restore(self, vectors: NDArray[np.float32]) -> None:
        """Takes over vectors of shape (rows, dimension), as its own. Raises ValueError for another shape."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dimension:
            raise ValueError(f"vectors of shape {vectors.shape} do not fit {self.dimension} dimensions")
        self._rows = np.ascontiguousarray(vectors, dtype=np.float32)
        self._size = len(vectors)

    def vectors(self) -> NDArray[np.float32]:
        """All rows, shape (rows, dimension); a view."""
        return self._rows[: self._size]

    def permute(self, kept: NDArray[np.int64]) -> None:
        """Row i becomes what row `kept[i]` was; rows not kept are gone."""
        for first in range(0, self.dimension, PERMUTED_AT_ONCE):
            some = slice(first, first + PERMUTED_AT_ONCE)
            self._rows[: len(kept), some] = self._rows[kept, some]
        self._rows[len(kept) : self._size] = 0
        self._size = len(kept)

    def scores(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Exact scores of just these rows, in their order: shape (len(rows),), float32. Raises IndexError."""
        n, scores = len(rows), np.zeros(len(rows), dtype=np.float32)
        if n == 0 or query.shape != (self.dimension,):
            return scores
        asked, chosen = np.ascontiguousarray(query, dtype=np.float32), np.ascontiguousarray(rows, dtype=np.int64)
        if not _lie_below(chosen, self._size):
            raise IndexError(f"no such row among {self._size}")
        # the stubs leave this function out
        faiss.fvec_inner_products_by_idx(  # type: ignore[attr-defined]
            swig_ptr(scores), swig_ptr(asked), swig_ptr(self._rows), swig_ptr(chosen), self.dimension, 1, n
        )
        return scores
