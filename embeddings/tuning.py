"""Contrastive tuning of word vectors on posting -> profile pairs.

Each word's row is ``weight x (map(teacher vector) + own shift + mean shift of its characters)``. The map, the rule
for the weight and the characters' shifts are shared, so what is learned from the lexicon's words carries over to
words it never saw; only the own shift belongs to one word.
The loss is InfoNCE with in-batch negatives, both ways (MultipleNegativesRankingLoss, Henderson et al. 2017,
https://arxiv.org/abs/1705.00652), over nested dimensions (Kusupati et al. 2022, https://arxiv.org/abs/2205.13147).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, embedding_bag, normalize

from embeddings.generator import Concept, TextMaker, plain, too_close

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Matrix = NDArray[np.float32]
Words = NDArray[np.int64]


@dataclass(frozen=True)
class Recipe:
    """How the model is tuned. The defaults are the ones that did best; see the model card."""

    steps: int = 3000
    batch: int = 240
    """Trades a step."""
    side_batch: int = 96
    """Occupations of the classification a step, in a contrast of their own."""
    side: float = 0.3
    """Weight of that contrast beside the trades'."""
    scene_batch: int = 512
    """Scenes of everyday knowledge a step, likewise."""
    scene: float = 1.0
    """Weight of their contrast."""
    scale: float = 17.0
    dropped: float = 0.2
    """Share of a text's words left out."""
    letters: float = 0.5
    """Length of the random vectors that characters begin with: words that share one stay alike, taught or not."""
    shift_rate: float = 0.002
    """Learning rate of the shifts and of each word's own weight; word vectors have length 1."""
    map_rate: float = 1e-3
    """Learning rate of the map that all words share."""
    weight_rate: float = 3e-3
    """Learning rate of the shared rule for word weights."""
    nested: tuple[int, ...] = (256, 128, 64)
    related: float = 0.9
    """Trades at least this close are no negatives of each other."""
    seed: int = 7


class WordTable(torch.nn.Module):
    """Rows of all words, as a function of the teacher's vectors and what was learned.

    ``vectors`` (n, d) and ``weights`` (n,) belong to ``words`` in their order.
    """

    vectors: torch.Tensor
    base: torch.Tensor
    letters: torch.Tensor
    letter_count: torch.Tensor

    def __init__(self, words: Sequence[str], vectors: Matrix, weights: NDArray[np.float32]) -> None:
        super().__init__()
        count, dimension = vectors.shape
        letters = letter_numbers(words)
        self.register_buffer("vectors", torch.from_numpy(vectors))
        self.register_buffer("base", torch.from_numpy(np.log(weights)))
        self.register_buffer("letters", torch.from_numpy(letters))
        self.register_buffer("letter_count", torch.from_numpy((letters > 0).sum(axis=1).clip(1)[:, None]))
        self.turn = torch.nn.Parameter(torch.zeros(dimension, dimension))
        self.shift = torch.nn.Embedding(count, dimension, sparse=True)
        self.letter_shift = torch.nn.Embedding(int(letters.max()) + 1, dimension, padding_idx=0, sparse=True)
        self.own_weight = torch.nn.Embedding(count, 1, sparse=True)
        self.weigh = torch.nn.Linear(dimension, 1)
        for parameter in self.parameters():
            torch.nn.init.zeros_(parameter)

    def mark_letters(self, length: float) -> None:
        """Give every character a random vector of about this length."""
        with torch.no_grad():
            self.letter_shift.weight[1:].normal_(0.0, length / self.letter_shift.embedding_dim**0.5)

    def rows(self, words: torch.Tensor) -> torch.Tensor:
        """(n, dimension) rows of the words numbered."""
        vectors = self.vectors[words]
        weight = torch.exp(self.base[words, None] + self.weigh(vectors) + self.own_weight(words))
        spelt = self.letter_shift(self.letters[words]).sum(dim=1) / self.letter_count[words]
        rows: torch.Tensor = weight * (vectors + vectors @ self.turn + self.shift(words) + spelt)
        return rows


def letter_numbers(words: Sequence[str], longest: int = 5) -> NDArray[np.int64]:
    """(n, longest) numbers of each word's first Han characters, from 1; 0 fills up, Latin words have none."""
    known: dict[str, int] = {}
    numbers = np.zeros((len(words), longest), np.int64)
    for row, word in enumerate(words):
        if not word.isascii():
            numbers[row, : len(word[:longest])] = [known.setdefault(sign, len(known) + 1) for sign in word[:longest]]
    return numbers


@dataclass(frozen=True)
class Bags:
    """Texts as word numbers, one after the other, and where each text begins."""

    words: torch.Tensor
    starts: torch.Tensor

    def embed(self, table: WordTable) -> torch.Tensor:
        """Sums of the words' rows, (texts, dimension), not normalised."""
        unique, place = torch.unique(self.words, return_inverse=True)
        return embedding_bag(place, table.rows(unique), self.starts, mode="sum")


def bag(texts: Sequence[Words]) -> Bags:
    """Texts, each the numbers of its words, as one bag."""
    ends = np.cumsum([len(text) for text in texts])
    return Bags(torch.from_numpy(np.concatenate(texts)), torch.from_numpy(np.concatenate([[0], ends[:-1]])))


class Splitter:
    """Splits parts of texts into words, each part once."""

    def __init__(self, tokenizer: Tokenizer, word_of_token: NDArray[np.int64]) -> None:
        self._tokenizer = tokenizer
        self._word_of_token = word_of_token
        self._known: dict[str, Words] = {}

    def words(self, parts: Iterable[str]) -> Words:
        """Numbers of the parts' words in order, the unknown word left out."""
        return np.concatenate([self._known[part] if part in self._known else self._split(part) for part in parts])

    def _split(self, part: str) -> Words:
        tokens = self._tokenizer.encode(plain(part), add_special_tokens=False).ids
        words = self._word_of_token[[token for token in tokens if token]]
        self._known[part] = words
        return words


def contrast(postings: torch.Tensor, profiles: torch.Tensor, masked: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """InfoNCE of row i against row i, both ways, over the nested dimensions; ``masked`` pairs do not count."""
    right = torch.arange(len(postings))
    loss = postings.new_zeros(())
    for dimension in recipe.nested:
        one, other = normalize(postings[:, :dimension], dim=1), normalize(profiles[:, :dimension], dim=1)
        scores = (recipe.scale * one @ other.T).masked_fill(masked, -1e4)
        loss = loss + cross_entropy(scores, right) + cross_entropy(scores.T, right)
    return loss / (2 * len(recipe.nested))


def batches(known: Sequence[Concept], recipe: Recipe) -> Iterator[tuple[list[Concept], torch.Tensor]]:
    """For each step: distinct concepts, and which of their pairs (n, n) are too close to be negatives."""
    draw = random.Random(recipe.seed)  # noqa: S311 (training order needs no secrets)
    number = {concept.id: place for place, concept in enumerate(known)}
    masked = torch.zeros(len(known), len(known), dtype=torch.bool)
    for one, other in too_close(known, recipe.related):
        masked[number[one], number[other]] = one != other
    for _ in range(recipe.steps):
        chosen = draw.sample(range(len(known)), min(recipe.batch, len(known)))
        yield [known[place] for place in chosen], masked[chosen][:, chosen]


@dataclass(frozen=True)
class Subject:
    """Concepts taught in a contrast of their own: so many a step, with this weight."""

    concepts: Sequence[Concept]
    batch: int
    weight: float = 1.0


class Course:
    """Texts of a subject, step by step, and how well a table tells its concepts apart."""

    def __init__(self, splitter: Splitter, subject: Subject, recipe: Recipe) -> None:
        self._splitter = splitter
        self._recipe = recipe
        self._weight = subject.weight
        self._maker = TextMaker(recipe.seed)
        self._draw = np.random.default_rng(recipe.seed)
        self._batches = batches(subject.concepts, replace(recipe, batch=subject.batch))

    def loss(self, table: WordTable) -> torch.Tensor:
        """The weighted contrast of the next step's concepts."""
        chosen, masked = next(self._batches)
        pairs = [self._maker.pair(concept) for concept in chosen]
        postings = bag([self._words(posting) for posting, _ in pairs])
        profiles = bag([self._words(profile) for _, profile in pairs])
        return self._weight * contrast(postings.embed(table), profiles.embed(table), masked, self._recipe)

    def _words(self, parts: Iterable[str]) -> Words:
        words = self._splitter.words(parts)
        kept = words[self._draw.random(len(words)) >= self._recipe.dropped]
        return kept if len(kept) else words


def tune(table: WordTable, splitter: Splitter, subjects: Sequence[Subject], recipe: Recipe) -> list[float]:
    """Train the table in place on all subjects at once; returns the loss of every step.

    Deterministic for a seed and one thread.
    """
    torch.manual_seed(recipe.seed)
    table.mark_letters(recipe.letters)
    optimisers = _optimisers(table, recipe)
    fading = [torch.optim.lr_scheduler.LinearLR(each, 1.0, 0.01, total_iters=recipe.steps) for each in optimisers]
    courses = [Course(splitter, subject, recipe) for subject in subjects]
    losses = []
    for _ in range(recipe.steps):
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss = torch.stack([course.loss(table) for course in courses]).sum()
        torch.autograd.backward(loss)
        for optimiser in optimisers:
            optimiser.step()
        for schedule in fading:
            schedule.step()
        losses.append(float(loss.detach()))
    return losses


def _optimisers(table: WordTable, recipe: Recipe) -> list[torch.optim.Optimizer]:
    shared = [
        {"params": [table.turn], "lr": recipe.map_rate},
        {"params": [table.weigh.weight, table.weigh.bias], "lr": recipe.weight_rate},
    ]
    rows = [table.shift.weight, table.own_weight.weight, table.letter_shift.weight]
    return [torch.optim.Adam(shared), torch.optim.SparseAdam(rows, lr=recipe.shift_rate)]


def all_rows(table: WordTable) -> Matrix:
    """The rows of every word, (n, dimension), ready to be saved."""
    with torch.inference_mode():
        rows: Matrix = table.rows(torch.arange(len(table.vectors))).numpy()
    return rows
