"""What the shipped model is compared with: character TF-IDF, and the teacher it was distilled from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from embeddings.assemble import unit
from embeddings.encoder import Kind, Vectors
from embeddings.teacher import TEACHER_PACKAGE, Teacher, cached_package, load_teacher


class CharacterTfIdf:
    """Characters and pairs of characters, weighted by how few of ``documents`` hold them; smooth idf, unit length.

    tf-idf as in scikit-learn's ``TfidfVectorizer(analyzer="char", ngram_range=(1, 2))``.
    """

    def __init__(self, documents: Sequence[str]) -> None:
        held = Counter(gram for document in documents for gram in set(_grams(document)))
        self._column = {gram: column for column, gram in enumerate(held)}
        self._idf = np.array([math.log((1 + len(documents)) / (1 + count)) + 1 for count in held.values()])
        self.dimension = len(held)

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """(n, dimension) float32 unit rows; a text that shares nothing with the documents has a row of zeros."""
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for gram, count in Counter(_grams(text)).items():
                if gram in self._column:
                    rows[row, self._column[gram]] = count * self._idf[self._column[gram]]
        return unit(rows)


class TeacherEncoder:
    """The teacher behind the encoder's interface."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self.dimension = teacher.dimension

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """(n, dimension) float32 unit rows."""
        return self._teacher.encode(texts)


def cached_teacher(cache: Path) -> TeacherEncoder | None:
    """The teacher when its package was downloaded before, else None: measuring downloads nothing."""
    return TeacherEncoder(load_teacher(cache)) if cached_package(TEACHER_PACKAGE, cache) else None


def _grams(text: str) -> Iterable[str]:
    return (text[at : at + size] for size in (1, 2) for at in range(len(text) - size + 1))
