"""What a text's vector is compared with: prototypes of each trade, titles and keywords of each occupation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.occupations import Occupation
from matcher.trades import Trade

Vectors = NDArray[np.float32]
Scores = NDArray[np.float32]
PROTOTYPES = 12
"""Prototypes a trade: on hand-written postings as good as every word by itself, at a third of the rows."""
_ROUNDS = 8
_NEAREST_SHARE = np.float32(0.5)
"""Of the likeness; the rest is the likeness to all words of the trade or occupation taken together."""


class TextEncoder(Protocol):
    """Anything that turns texts into unit vectors, float32 (n, dimension)."""

    def encode(self, texts: Sequence[str], kind: Literal["posting", "profile", "query"], /) -> Vectors:
        """Unit vectors in the order of the texts."""
        ...


class References:
    """Vectors of a lexicon and of occupations, stacked so that one product compares a text with all of them.

    The lexicon must come in the order of its occupations' positions; `code_of_trade` gives those positions.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        lexicon: Sequence[Trade],
        occupations: Sequence[Occupation],
        code_of_trade: NDArray[np.intp],
        fold: Callable[[str], str],
    ) -> None:
        self._words = [tuple(dict.fromkeys(map(fold, _words_of(trade)))) for trade in lexicon]
        self._word_vectors = _encode_groups(encoder, self._words)
        prototypes = [_prototypes(vectors) for vectors in self._word_vectors]
        whole = _encode_groups(encoder, [[" ".join(words)] for words in self._words], "profile")
        titles = _encode_groups(
            encoder, [[fold(text) for text in (o.name, *o.titles, *o.further)] for o in occupations]
        )
        keywords = encoder.encode([fold(" ".join((o.name, *(o.keywords or o.titles)))) for o in occupations], "profile")
        self._nearest = _Groups([*prototypes, *titles])
        self._whole = np.concatenate([*whole, keywords])
        codes, self._first_trades = np.unique(code_of_trade, return_index=True)
        self._with_trades = len(lexicon) + codes

    def likenesses(self, vectors: Vectors) -> tuple[Scores, Scores]:
        """Likeness (-1..1) of each text to each trade (texts, trades) and each occupation (texts, occupations).

        It is the mean of the cosine to the nearest word or title and the cosine to all of them together; an
        occupation is also as near as the nearest of its trades.
        """
        nearest, whole = self._nearest.highest(vectors), self._whole @ vectors.T
        trade_count = len(self._words)
        if trade_count:
            for part in (nearest, whole):
                best = np.maximum.reduceat(part[:trade_count], self._first_trades, axis=0)
                part[self._with_trades] = np.maximum(part[self._with_trades], best)
        likeness = np.ascontiguousarray((_NEAREST_SHARE * nearest + (1 - _NEAREST_SHARE) * whole).T)
        return likeness[:, :trade_count], likeness[:, trade_count:]

    def nearest_word(self, vector: Vectors, trade: int) -> str:
        """The trade's word most like the text."""
        return self._words[trade][int(np.argmax(self._word_vectors[trade] @ vector))]


class _Groups:
    """Groups of vectors, stored in layers: one vector of every group, a second of those that have two, and so on, the
    largest groups in front. So the highest of each group is found by whole rows, which is ten times as fast."""

    def __init__(self, groups: Sequence[Vectors]) -> None:
        order = sorted(range(len(groups)), key=lambda group: -len(groups[group]))
        layers = [
            [groups[group][depth] for group in order if len(groups[group]) > depth]
            for depth in range(len(groups[order[0]]))
        ]
        self._place = np.argsort(order)
        self._stack = np.array(list(itertools.chain(*layers)))
        self._ends = list(itertools.accumulate(map(len, layers)))

    def highest(self, vectors: Vectors) -> Scores:
        """The highest product of a vector of each group with each of `vectors`, (groups, vectors)."""
        products = self._stack @ vectors.T
        highest = products[: self._ends[0]]
        for start, end in itertools.pairwise(self._ends):
            front = highest[: end - start]
            np.maximum(front, products[start:end], out=front)
        found: Scores = highest[self._place]
        return found


def _words_of(trade: Trade) -> list[str]:
    return [trade.name, *trade.aliases, *trade.posting_phrases, *trade.worker_phrases]


def _encode_groups(
    encoder: TextEncoder, groups: Sequence[Sequence[str]], kind: Literal["profile", "query"] = "query"
) -> list[Vectors]:
    if not groups:
        return []
    flat = encoder.encode([text for group in groups for text in group], kind)
    return np.split(flat, np.cumsum([len(group) for group in groups])[:-1])


def _prototypes(vectors: Vectors) -> Vectors:
    """At most PROTOTYPES unit centres by spherical k-means from farthest-first seeds; no chance in it."""
    if len(vectors) <= PROTOTYPES:
        return vectors
    seeds = [int(np.argmax(vectors @ vectors.mean(axis=0)))]
    while len(seeds) < PROTOTYPES:
        seeds.append(int(np.argmin((vectors @ vectors[seeds].T).max(axis=1))))
    centres = vectors[seeds]
    for _ in range(_ROUNDS):
        member = (vectors @ centres.T).argmax(axis=1)
        sums = (member == np.arange(PROTOTYPES)[:, None]).astype(np.float32) @ vectors
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), centres)
    return centres.astype(np.float32)
