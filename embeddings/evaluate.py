"""Measure the model: ``python -m embeddings.evaluate`` writes reports/embeddings.json.

Pairs: each posting of ``lexicon/pairs.tsv`` against all its profiles; MRR is the mean of 1/rank of the right profile,
ties counted against us. Two figures are given. *Unseen* leaves out every trade that is asked for: five folds of
trades, the model tuned anew without the fold's trades, words and jargon. *Known* is the shipped model: it knows the
trades and none of these wordings.

Titles: real job titles -> occupation by the recogniser, in five folds of occupations whose titles were left out of its
facts; the model itself is never trained on titles.
Figures that need the teacher's package are null where it is not in the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from embeddings.assemble import Matrix, unit
from embeddings.baselines import CharacterTfIdf, cached_teacher
from embeddings.encoder import SHIPPED_MODEL, Encoder, EncoderSettings, Kind, Vectors
from embeddings.generator import LEXICON, concepts
from embeddings.occupations import Occupation, occupations
from embeddings.recogniser import Recogniser
from embeddings.teacher import TEACHER_PACKAGE, cached_package, default_cache
from embeddings.train import Ground, lay_ground, tuned_rows
from embeddings.tuning import Recipe
from matcher.trades import trades

FOLDS = 5
SMALL_SET = 116
"""Pairs in the study that the goals come from; the mean over draws of as many makes our figures comparable."""


class TextEncoder(Protocol):
    """Anything that turns texts into unit vectors, float32 (n, dimension)."""

    def encode(self, texts: Sequence[str], kind: Kind, /) -> Vectors: ...


@dataclass(frozen=True)
class Pair:
    """A posting and a profile of one trade; ``hard`` when they share no character but particles."""

    posting: str
    profile: str
    trade: str
    stratum: str


def read_pairs(path: Path = LEXICON / "pairs.tsv") -> list[Pair]:
    """The evaluation pairs, written apart from the lexicon."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [Pair(*row) for row in rows if len(row) == 4 and row[2] in trades()]


def ranks(postings: Vectors, profiles: Vectors, right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank, from 1, of each posting's right profile among all; equal scores come before it."""
    scores = postings @ profiles.T
    own = scores[np.arange(len(right)), right]
    found: NDArray[np.int64] = (scores >= own[:, None] - 1e-7).sum(axis=1)
    return found


def pair_ranks(encoder: TextEncoder, pairs: Sequence[Pair], asked: Sequence[int] | None = None) -> NDArray[np.int64]:
    """Ranks for the postings ``asked`` for (default all) among the profiles of all pairs."""
    asked = range(len(pairs)) if asked is None else asked
    postings = encoder.encode([pairs[place].posting for place in asked], "posting")
    profiles = encoder.encode([pair.profile for pair in pairs], "profile")
    return ranks(postings, profiles, np.array(asked, np.int64))


def mrr(found: NDArray[np.int64]) -> float:
    """Mean reciprocal rank."""
    return round(float((1 / found).mean()), 4)


def small_set_mrr(encoder: TextEncoder, pairs: Sequence[Pair], draws: int = 50) -> float:
    """MRR among SMALL_SET pairs of different trades, the mean of seeded draws."""
    draw = random.Random(0)  # noqa: S311 (a sample needs no secrets)
    postings = encoder.encode([pair.posting for pair in pairs], "posting")
    profiles = encoder.encode([pair.profile for pair in pairs], "profile")
    by_trade: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        by_trade.setdefault(pair.trade, []).append(place)
    figures = []
    for _ in range(draws):
        names = draw.sample(sorted(by_trade), min(SMALL_SET, len(by_trade)))
        chosen = [draw.choice(by_trade[name]) for name in names]
        figures.append(mrr(ranks(postings[chosen], profiles[chosen], np.arange(len(chosen)))))
    return round(float(np.mean(figures)), 4)


class Table:
    """A tuned table of words, not saved, behind the encoder's interface."""

    def __init__(self, ground: Ground, rows: Matrix) -> None:
        self._tokenizer = ground.tokenizer
        self._rows = rows[ground.word_of_token + 1]

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """(n, dimension) float32 unit rows; zeros without a known word."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return unit(np.stack([self._rows[encoding.ids].sum(axis=0) for encoding in encodings]))


def folds(names: Collection[str], count: int = FOLDS) -> list[set[str]]:
    """The names dealt into ``count`` parts, always the same."""
    dealt = sorted(names)
    random.Random(1).shuffle(dealt)  # noqa: S311 (a split needs no secrets)
    return [set(dealt[start::count]) for start in range(count)]


def taught_without(cache: Path, recipe: Recipe, leave_out: Collection[str]) -> Table:
    """A model tuned without these trades."""
    known = concepts(leave_out=leave_out)
    ground = lay_ground(known, cache)
    return Table(ground, tuned_rows(ground, known, recipe))


def unseen_ranks(pairs: Sequence[Pair], cache: Path, recipe: Recipe, say: Callable[[str], None]) -> NDArray[np.int64]:
    """Ranks of all pairs, each by a model that was taught nothing of its trade."""
    found = np.zeros(len(pairs), np.int64)
    for number, fold in enumerate(folds({pair.trade for pair in pairs}), 1):
        asked = [place for place, pair in enumerate(pairs) if pair.trade in fold]
        found[asked] = pair_ranks(taught_without(cache, recipe, leave_out=fold), pairs, asked)
        say(f"pairs, fold {number} of {FOLDS}: MRR {mrr(found[asked])}")
    return found


def without_titles(fold: Collection[str]) -> list[Occupation]:
    """The shipped occupations; those of the fold keep their name only."""
    return [msgspec.structs.replace(fact, titles=()) if code in fold else fact for code, fact in occupations().items()]


@dataclass(frozen=True)
class Answer:
    """What became of a title. Easy: it shares two characters in a row with the occupation's name. Gig: the
    occupation has one of our trades."""

    easy: bool
    gig: bool
    right: bool


def answered(title: str, fact: Occupation, code: str | None) -> Answer:
    """The answer ``code`` to a title of the occupation ``fact``."""
    gig = any(trade.code == fact.code for trade in trades().values())
    return Answer(_shares_two(title, fact.name), gig, code == fact.code)


def titles_right(facts: Sequence[Occupation], fold: Collection[str], encoder: TextEncoder) -> list[Answer]:
    """The recogniser's answer to each title of the fold's occupations."""
    recogniser = Recogniser(encoder, facts)
    asked = [(title, fact) for code, fact in occupations().items() if code in fold for title in fact.titles]
    found = recogniser.recognise_many([title for title, _ in asked])
    return [
        answered(title, fact, answer.occupation_codes[0] if answer.occupation_codes else None)
        for (title, fact), answer in zip(asked, found, strict=True)
    ]


def _shares_two(title: str, name: str) -> bool:
    return any(title[at : at + 2] in name for at in range(len(title) - 1))


def titles_accuracy(answers: Sequence[Answer]) -> dict[str, float]:
    """Share of titles with the right occupation first: of our trades' occupations all, easy, hard; of any."""
    by = {
        "titles_acc1": [answer.right for answer in answers if answer.gig],
        "titles_acc1_easy": [answer.right for answer in answers if answer.gig and answer.easy],
        "titles_acc1_hard": [answer.right for answer in answers if answer.gig and not answer.easy],
        "titles_acc1_any_occupation": [answer.right for answer in answers],
    }
    return {name: round(float(np.mean(right)), 4) for name, right in by.items()}


def titles_figures(encoder: TextEncoder) -> dict[str, float]:
    """Titles by folds of occupations; no title is used in training, so the encoder is the same for every fold."""
    answers = []
    for fold in folds([code for code, fact in occupations().items() if fact.titles]):
        answers += titles_right(without_titles(fold), fold, encoder)
    return titles_accuracy(answers)


def nearest_name_figures(encoder: TextEncoder) -> dict[str, float]:
    """Titles -> the occupation whose name is nearest, nothing else known: what the baselines can do."""
    facts = list(occupations().values())
    asked = [(title, place) for place, fact in enumerate(facts) for title in fact.titles]
    scores = (
        encoder.encode([title for title, _ in asked], "query")
        @ encoder.encode([fact.name for fact in facts], "profile").T
    )
    best = scores.argmax(axis=1)
    return titles_accuracy(
        [answered(title, facts[place], facts[found].code) for (title, place), found in zip(asked, best, strict=True)]
    )


def speed(encoder: Encoder, texts: Sequence[str]) -> dict[str, float]:
    """Texts a second in batch and milliseconds for one text, cache off; the best and the median of several runs."""
    many = [f"{text} {number}元" for number in range(10_000 // len(texts) + 1) for text in texts][:10_000]
    laps = []
    for _ in range(3):
        start = time.perf_counter()
        encoder.encode(many, "posting")
        laps.append(time.perf_counter() - start)
    singles = []
    for text in many[:1000]:
        start = time.perf_counter()
        encoder.encode([text], "posting")
        singles.append(time.perf_counter() - start)
    return {
        "texts_per_s": round(len(many) / min(laps)),
        "single_ms": round(float(np.median(singles)) * 1000, 3),
    }


def model_mb(folder: Path) -> float:
    """Size of a model folder in MB of 1,000,000 bytes."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 2)


def pair_figures(encoder: TextEncoder, pairs: Sequence[Pair]) -> dict[str, float]:
    """MRR over all pairs, the hard ones, and draws as large as the study's set."""
    found = pair_ranks(encoder, pairs)
    hard = np.array([pair.stratum == "hard" for pair in pairs])
    return {"pairs_mrr": mrr(found), "pairs_mrr_hard": mrr(found[hard]), "pairs_mrr_116": small_set_mrr(encoder, pairs)}


def measure(cache: Path, recipe: Recipe, say: Callable[[str], None] = print) -> dict[str, object]:
    """All figures; those of a tuning are None without the teacher's package in the cache."""
    pairs = read_pairs()
    encoder = Encoder.load(EncoderSettings(cache_texts=0))
    hard = np.array([pair.stratum == "hard" for pair in pairs])
    known = pair_figures(encoder, pairs)
    teacher = cached_teacher(cache)
    tunable = cached_package(TEACHER_PACKAGE, cache) is not None
    unseen = unseen_ranks(pairs, cache, recipe, say) if tunable else None
    report: dict[str, object] = {
        "model_id": encoder.model_id,
        "pairs": len(pairs),
        "pairs_hard": int(hard.sum()),
        "folds": FOLDS,
        "steps_a_fold": recipe.steps,
        "pairs_mrr_unseen": None if unseen is None else mrr(unseen),
        "pairs_mrr_hard": None if unseen is None else mrr(unseen[hard]),
        "pairs_mrr_known": known["pairs_mrr"],
        "pairs_mrr_known_hard": known["pairs_mrr_hard"],
        "pairs_mrr_known_116": known["pairs_mrr_116"],
        "titles": sum(len(fact.titles) for fact in occupations().values()),
        **titles_figures(encoder),
        **speed(encoder, [pair.posting for pair in pairs]),
        "model_mb": model_mb(SHIPPED_MODEL),
        "baselines": {
            "char_tfidf": {
                **pair_figures(CharacterTfIdf([pair.profile for pair in pairs]), pairs),
                **nearest_name_figures(CharacterTfIdf([fact.name for fact in occupations().values()])),
            },
            "teacher": teacher
            and {**pair_figures(teacher, pairs), **nearest_name_figures(teacher), **teacher_speed(teacher, pairs)},
        },
    }
    return report


def teacher_speed(teacher: TextEncoder, pairs: Sequence[Pair]) -> dict[str, float]:
    """The teacher's texts a second and milliseconds a text, on fewer texts: it is a hundred times slower."""
    texts = [pair.posting for pair in pairs][:200]
    start = time.perf_counter()
    teacher.encode(texts, "posting")
    batch_s = time.perf_counter() - start
    start = time.perf_counter()
    for text in texts[:20]:
        teacher.encode([text], "posting")
    return {
        "texts_per_s": round(len(texts) / batch_s),
        "single_ms": round((time.perf_counter() - start) / 20 * 1000, 3),
    }


def surroundings() -> dict[str, object]:
    """The machine, how busy it was, and the versions used."""
    return {
        "machine": {"cpus": os.cpu_count(), "processor": _processor(), "python": platform.python_version()},
        "load": [round(load, 2) for load in os.getloadavg()],
        "versions": {name: version(name) for name in ("sentence-transformers", "tokenizers", "torch", "numpy")},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Parse the command line, measure, write the report and print it."""
    parser = argparse.ArgumentParser(description="Measure the shipped model and the baselines.")
    parser.add_argument("--out", type=Path, default=Path("reports/embeddings.json"))
    parser.add_argument("--cache", type=Path, default=default_cache(), help="the teacher's package and vectors")
    parser.add_argument("--steps", type=int, default=Recipe.steps, help="of the tuning of each fold")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    started = surroundings()
    report = {**measure(arguments.cache, Recipe(steps=arguments.steps)), **started}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
