"""Posting -> profile pairs and how well an encoder joins them.

Two sets, both written apart from the training lexicon and never trained on. ``natural``: one pair a trade as people
write postings and profiles; the main figures. ``riddles``: telegraphic pairs for every trade, half of them (``hard``)
without a shared telling character. Each posting is asked for among all profiles of its set; MRR is the mean of 1/rank
of the right profile, ties counted against us.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Kind, Vectors
from embeddings.generator import LEXICON
from matcher.trades import trades

Ranks = NDArray[np.int64]
Scores = NDArray[np.float32]
FOLDS = 10
SMALL_SET = 116
"""Pairs in the study that the goals come from; the mean over draws of as many makes figures comparable."""
_DRAWS = 50
_TIE = 1e-6


class TextEncoder(Protocol):
    """Anything that turns texts into unit vectors, float32 (n, dimension)."""

    def encode(self, texts: Sequence[str], kind: Kind, /) -> Vectors: ...


@dataclass(frozen=True)
class Pair:
    """A posting and a profile of one trade; the stratum is ``natural``, or ``plain`` or ``hard`` of the riddles."""

    posting: str
    profile: str
    trade: str
    stratum: str


def read_pairs(path: Path = LEXICON / "pairs.tsv") -> tuple[list[Pair], list[Pair]]:
    """The natural pairs and the riddles."""
    pairs = [Pair(*line.split("\t")) for line in path.read_text(encoding="utf-8").splitlines()]
    natural = [pair for pair in pairs if pair.stratum == "natural"]
    return natural, [pair for pair in pairs if pair.stratum != "natural"]


def independent(stratum: str = "independent") -> list[Pair]:
    """Pairs written without a look at the lexicon; their rows stand in for trades.

    ``independent``: 300, terse, by somebody who saw nothing of this project. ``fresh``: 120 as postings and profiles
    are usually worded, written once the shipped model was done.
    """
    lines = (LEXICON / f"{stratum}_pairs.tsv").read_text(encoding="utf-8").splitlines()
    texts = [line.split("\t") for line in lines]
    return [Pair(posting, profile, str(row), stratum) for row, (posting, profile) in enumerate(texts, 1)]


def independent_figures(encoder: TextEncoder) -> dict[str, float]:
    """MRR of the independent pairs: all; the even rows, which nobody read who worked on the model; small sets."""
    pairs = independent()
    scores = likeness(encoder, pairs)
    found = ranks(scores)
    return {
        "independent_pairs_mrr": mrr(found),
        "independent_pairs_mrr_even": mrr(found[1::2]),
        "independent_pairs_mrr_116": small_set_mrr(scores, pairs),
    }


def fresh_figures(encoder: TextEncoder) -> dict[str, float]:
    """MRR of the fresh pairs."""
    return {"fresh_pairs_mrr": mrr(ranks(likeness(encoder, independent("fresh"))))}


def likeness(encoder: TextEncoder, pairs: Sequence[Pair], asked: Sequence[int] | None = None) -> Scores:
    """Likeness of the postings ``asked`` for (default all) to the profiles of all pairs, (asked, pairs)."""
    asked = range(len(pairs)) if asked is None else asked
    postings = encoder.encode([pairs[place].posting for place in asked], "posting")
    scores: Scores = postings @ encoder.encode([pair.profile for pair in pairs], "profile").T
    return scores


def ranks(scores: Scores) -> Ranks:
    """Rank, from 1, of each row's right column, which is on the diagonal; equal scores come before it."""
    found: Ranks = (scores >= np.diag(scores)[:, None] - _TIE).sum(axis=1)
    return found


def mrr(found: Ranks) -> float:
    """Mean reciprocal rank."""
    return round(float((1 / found).mean()), 4)


def small_set_mrr(scores: Scores, pairs: Sequence[Pair]) -> float:
    """MRR among SMALL_SET pairs of different trades, the mean of seeded draws."""
    draw = random.Random(0)  # noqa: S311 (a sample needs no secrets)
    by_trade: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        by_trade.setdefault(pair.trade, []).append(place)
    figures = []
    for _ in range(_DRAWS):
        names = draw.sample(sorted(by_trade), min(SMALL_SET, len(by_trade)))
        chosen = [draw.choice(by_trade[name]) for name in names]
        figures.append(mrr(ranks(scores[np.ix_(chosen, chosen)])))
    return round(float(np.mean(figures)), 4)


def folds(names: Collection[str], count: int = FOLDS) -> list[set[str]]:
    """The names dealt into ``count`` parts, always the same."""
    dealt = sorted(names)
    random.Random(1).shuffle(dealt)  # noqa: S311 (a split needs no secrets)
    return [set(dealt[start::count]) for start in range(count)]


def unseen_likeness(
    sets: Sequence[Sequence[Pair]], taught_without: Callable[[set[str]], TextEncoder], say: Callable[[str], None]
) -> list[Scores]:
    """For each set of pairs, likeness with each posting read by a model that was taught nothing of its trade."""
    found = [np.zeros((len(pairs), len(pairs)), np.float32) for pairs in sets]
    for number, fold in enumerate(folds(trades()), 1):
        encoder = taught_without(fold)
        for scores, pairs in zip(found, sets, strict=True):
            asked = [place for place, pair in enumerate(pairs) if pair.trade in fold]
            scores[asked] = likeness(encoder, pairs, asked)
        say(f"pairs, fold {number} of {FOLDS} taught and asked")
    return found


def pair_figures(scores: Sequence[Scores], how: str = "") -> dict[str, float]:
    """Figures of the natural pairs and the riddles, in this order, named ``pairs_mrr`` + ``how``."""
    natural, riddles = scores
    pairs, hints = read_pairs()
    hard = np.array([pair.stratum == "hard" for pair in hints])
    return {
        f"pairs_mrr{how}": mrr(ranks(natural)),
        f"pairs_mrr{how}_116": small_set_mrr(natural, pairs),
        f"pairs_mrr{how}_riddles": mrr(ranks(riddles)),
        f"pairs_mrr{how}_riddles_116": small_set_mrr(riddles, hints),
        f"pairs_mrr{how}_hard": mrr(ranks(riddles)[hard]),
    }
