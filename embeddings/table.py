"""A static model, a table of words, read without sentence-transformers: to import it takes 3 s and 300 MB a process.

`SentenceTransformer(folder)` reads the same folder and gives the same vectors, which a test holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file
from tokenizers import Tokenizer

MODULES: Final = ["StaticEmbedding", "Normalize"]
WEIGHTS: Final = "model.safetensors"
TENSORS: Final = {"embeddings", "mapping", "weights"}
WORDS_AT_ONCE: Final = 8_192
"""Their vectors lie in memory together: 8 MB at 256 numbers."""


def is_table(folder: Path) -> bool:
    """Whether the folder holds a model that `Table` reads: the layout of `assemble.save_model`."""
    modules = folder / "modules.json"
    if not modules.is_file():
        return False
    kinds = [module["type"].rpartition(".")[2] for module in json.loads(modules.read_text("utf-8"))]
    if kinds != MODULES:
        return False
    with safe_open(folder / WEIGHTS, "numpy") as file:
        return set(file.keys()) == TENSORS


class Table:
    """Token i stands for row `mapping[i]` of int8, times its own weight; a text is the sum of its tokens."""

    def __init__(self, folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        self._rows, self._row_of, self._weight_of = (tensors[name] for name in ("embeddings", "mapping", "weights"))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, (n, dimension), not normalised; zeros for a text without a word of the table."""
        words = [found.ids for found in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        sums = np.zeros((len(texts), self._rows.shape[1]), np.float32)
        for some in _parts([at for at, ids in enumerate(words) if ids], words):
            ids = np.concatenate([words[at] for at in some])
            rows = self._rows[self._row_of[ids]].astype(np.float32)
            rows *= self._weight_of[ids, None]
            sums[some] = np.add.reduceat(rows, [0, *accumulate(len(words[at]) for at in some[:-1])])
        return sums


def _parts(texts: list[int], words: list[list[int]]) -> Iterator[list[int]]:
    """The texts in parts of `WORDS_AT_ONCE` words, or of one text."""
    part: list[int] = []
    count = 0
    for at in texts:
        if part and count + len(words[at]) > WORDS_AT_ONCE:
            yield part
            part, count = [], 0
        part.append(at)
        count += len(words[at])
    if part:
        yield part
