"""Build the shipped model: ``python -m embeddings.train --out embeddings/model``.

From two packages of the Python registry (the teacher and word frequencies, see ``teacher.py``) and this project's
lexicon, in about an hour of one core the first time and fifty minutes once the teacher's vectors are cached.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from embeddings.assemble import SIF, Matrix, save_model, sif_weights, word_vectors
from embeddings.classification import classified
from embeddings.generator import chatter, concepts
from embeddings.origin import digests, teacher_digest
from embeddings.scenes import scenes
from embeddings.teacher import TeacherVectors, default_cache, word_frequencies
from embeddings.tuning import Recipe, Splitter, Subject, WordTable, all_rows, tune
from embeddings.vocabulary import Vocabulary, build_tokenizer, choose, own_words, passing_phrases, traditional_spellings
from matcher.trades import simplified_characters, trades

CHARACTERS = 5_500
WORDS = 8_500
"""Words taken by frequency besides the lexicon's: as many as fit 16 MB."""
TUNINGS = 6
"""Tunings averaged in the shipped model."""


@dataclass(frozen=True)
class Ground:
    """What every tuning starts from: words, tokenizer, teacher vectors at unit length, weights by frequency."""

    vocabulary: Vocabulary
    tokenizer: Tokenizer
    word_of_token: NDArray[np.int64]
    vectors: Matrix
    weights: NDArray[np.float32]


def subjects(recipe: Recipe, leave_out: Collection[str] = ()) -> list[Subject]:
    """What there is to teach: trades, occupations of the classification, scenes of everyday knowledge.

    ``leave_out``: trade ids to know nothing of: nothing said of them or of their occupations, and no scene that holds
    one of their names.
    """
    unknown = [trades()[trade] for trade in leave_out]
    names = {name.lower() for trade in unknown for name in (trade.name, *trade.aliases)}
    return [
        Subject(list(concepts(leave_out=leave_out).values()), recipe.batch),
        Subject(list(classified(leave_out={trade.code for trade in unknown}).values()), recipe.side_batch, recipe.side),
        Subject(list(scenes(leave_out=names).values()), recipe.scene_batch, recipe.scene),
    ]


def lay_ground(known: Iterable[Subject], cache: Path, say: Callable[[str], None] = print) -> Ground:
    """Vocabulary, tokenizer and teacher vectors for these subjects; downloads what the cache lacks."""
    taught = [concept for subject in known for concept in subject.concepts]
    frequencies = word_frequencies(cache)
    own = own_words(taught, chatter().places) - passing_phrases(taught, frequencies)
    vocabulary = choose(frequencies, own, characters=CHARACTERS, words=WORDS)
    spellings = traditional_spellings(sorted(own), simplified_characters())
    tokenizer, word_of_token = build_tokenizer(vocabulary, spellings)
    vectors = word_vectors(TeacherVectors(cache).get(vocabulary.words, say))
    weights = sif_weights(np.array(vocabulary.probabilities(), np.float32), SIF)
    return Ground(vocabulary, tokenizer, word_of_token, vectors, weights)


def tuned_rows(ground: Ground, known: Sequence[Subject], recipe: Recipe, tunings: int = 1) -> Matrix:
    """Tune on the subjects. Rows are (words + 1, dimension), row 0 the unknown word's zeros.

    Several tunings differ by their seed only, and their rows are averaged: they start from the same vectors, so
    their mean is a model as well, a little better than each (Wortsman et al. 2022, https://arxiv.org/abs/2203.05482).
    """
    rows = np.zeros_like(ground.vectors)
    splitter = Splitter(ground.tokenizer, ground.word_of_token)
    for number in range(tunings):
        table = WordTable(ground.vocabulary.words, ground.vectors, ground.weights)
        tune(table, splitter, known, replace(recipe, seed=recipe.seed + number))
        rows += all_rows(table) / tunings
    return np.concatenate([np.zeros((1, rows.shape[1]), np.float32), rows])


def build(folder: Path, cache: Path, recipe: Recipe) -> Ground:
    """Train a model on all there is to teach and write it to ``folder``."""
    known = subjects(recipe)
    ground = lay_ground(known, cache)
    rows = tuned_rows(ground, known, recipe, TUNINGS)
    save_model(folder, ground.tokenizer, rows, ground.word_of_token + 1)
    return ground


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description="Train the embedding model from the lexicon and a teacher.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="downloads and teacher vectors")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--threads", type=int, default=1, help="one makes the same model every time")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    ground = build(arguments.out, arguments.cache, Recipe(steps=arguments.steps))
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out}: {len(ground.vocabulary)} words, {size / 1e6:.1f} MB; rows for the model card:")
    vectors = TeacherVectors(arguments.cache).get(ground.vocabulary.words)
    for name, digest in {"teacher's vectors": teacher_digest(vectors), **digests(arguments.out)}.items():
        print(f"| {name} | {digest} | |")


if __name__ == "__main__":
    main()
