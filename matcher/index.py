"""The vectors of the profiles in a FAISS index whose rows are the columns' rows; scores are exact.

The index holds vectors of one model only: a record encoded by another one scores 0 until it is encoded anew.
One writer; no search while it writes.
"""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

faiss.omp_set_num_threads(1)  # two threads make short searches wait for each other


class VectorIndex:
    """Unit vectors by row; the score is the inner product, -1..1."""

    def __init__(self, dimension: int, model: str) -> None:
        self.dimension = dimension
        self.model = model
        self._index = faiss.IndexFlatIP(dimension)
        self._rows = np.zeros((0, dimension), dtype=np.float32)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def put(self, row: int, vector: NDArray[np.float32], model: str) -> None:
        """Writes one row in place, or the next one. A vector of another model or size counts as none."""
        fits = model == self.model and vector.shape == (self.dimension,)
        value = vector if fits else np.zeros(self.dimension, dtype=np.float32)
        missing = row + 1 - len(self)
        if missing > 0:
            self._index.add(np.zeros((missing, self.dimension), dtype=np.float32))
            self._rows = self._view()
        self._rows[row] = value

    def restore(self, vectors: NDArray[np.float32]) -> None:
        """Takes over vectors of shape (rows, dimension)."""
        self._index = faiss.IndexFlatIP(self.dimension)
        if len(vectors):
            self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        self._rows = self._view()

    def vectors(self) -> NDArray[np.float32]:
        """All rows, shape (rows, dimension); a view."""
        return self._rows

    def scores(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Exact scores of just these rows (ascending), in their order: shape (len(rows),), float32."""
        if not len(rows):
            return np.zeros(0, dtype=np.float32)
        if query.shape != (self.dimension,):
            return np.zeros(len(rows), dtype=np.float32)
        chosen = faiss.SearchParameters()
        chosen.sel = faiss.IDSelectorArray(rows)
        found, labels = self._index.search(query[None, :], len(rows), params=chosen)
        scores = np.empty(len(rows), dtype=np.float32)
        scores[np.searchsorted(rows, labels[0])] = found[0]
        return scores

    def _view(self) -> NDArray[np.float32]:
        total = len(self)
        flat = faiss.rev_swig_ptr(self._index.get_xb(), total * self.dimension)
        view: NDArray[np.float32] = flat.reshape(total, self.dimension)
        return view
