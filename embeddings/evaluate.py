"""Measure the model: ``python -m embeddings.evaluate`` writes reports/embeddings.json.

``pairs.py`` says what the pairs are, ``titles.py`` what the titles. Figures of pairs come in two kinds. *Unseen* leaves
out every trade that is asked for: ten folds of trades, the model tuned anew without the fold's trades (their names,
phrases and jargon), without what the classification says of their occupations and without every scene of everyday
knowledge that holds a name or an alias of one of them. *Known* is the shipped model: it knows the trades and none of
these wordings. Figures that need a package or ``../shared`` are null where those are not
there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from embeddings.assemble import Matrix, unit
from embeddings.baselines import CharacterTfIdf, cached_teacher
from embeddings.commands import LINES_AT_ONCE, recognised
from embeddings.encoder import SHIPPED_MODEL, Encoder, EncoderSettings, Kind, Vectors
from embeddings.occupations import occupations
from embeddings.pairs import (
    FOLDS,
    Pair,
    Scores,
    TextEncoder,
    fresh_figures,
    independent,
    likeness,
    pair_figures,
    read_pairs,
    unseen_likeness,
)
from embeddings.pairs import independent_figures as independent_pairs
from embeddings.recogniser import Recogniser
from embeddings.teacher import TEACHER_PACKAGE, cached_package, default_cache
from embeddings.titles import (
    alias_figures,
    nearest_name_figures,
    posting_titles,
    title_figures,
)
from embeddings.titles import independent_figures as independent_titles
from embeddings.train import Ground, lay_ground, subjects, tuned_rows
from embeddings.tuning import Recipe

FOLD_STEPS = 700
"""Steps a fold: fewer than of the shipped model, for ten tunings must be borne with."""


class Table:
    """A tuned table of words, not saved, behind the encoder's interface."""

    def __init__(self, ground: Ground, rows: Matrix) -> None:
        self._tokenizer = ground.tokenizer
        self._rows = rows[ground.word_of_token + 1]

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """(n, dimension) float32 unit rows; zeros without a known word."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return unit(np.stack([self._rows[encoding.ids].sum(axis=0) for encoding in encodings]))


def taught_without(cache: Path, recipe: Recipe, leave_out: Collection[str]) -> Table:
    """A model tuned without these trades, their occupations and the scenes that name them."""
    known = subjects(recipe, leave_out)
    ground = lay_ground(known, cache)
    return Table(ground, tuned_rows(ground, known, recipe))


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


def recogniser_speed(recogniser: Recogniser, texts: Sequence[str]) -> dict[str, float]:
    """The same of texts to trades, as `kuaizhao trades` recognises them; no text is met twice."""
    many = [f"{text} {number}元" for number in range(20_000 // len(texts) + 1) for text in texts][:20_000]
    batches = [many[at : at + LINES_AT_ONCE] for at in range(0, len(many), LINES_AT_ONCE)]
    start = time.perf_counter()
    for _ in recognised(recogniser, batches):
        pass
    batch_s = time.perf_counter() - start
    singles = []
    for text in many[:1000]:
        start = time.perf_counter()
        recogniser.recognise(text)
        singles.append(time.perf_counter() - start)
    return {
        "trades_texts_per_s": round(len(many) / batch_s),
        "trades_single_ms": round(float(np.median(singles)) * 1000, 3),
    }


def model_mb(folder: Path) -> float:
    """Size of a model folder in MB of 1,000,000 bytes."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 2)


def both_sets(encoder: TextEncoder, sets: Sequence[Sequence[Pair]]) -> list[Scores]:
    """Likeness within each set of pairs."""
    return [likeness(encoder, pairs) for pairs in sets]


def unseen_figures(cache: Path, recipe: Recipe, say: Callable[[str], None]) -> dict[str, float | None]:
    """Pairs by models taught without their trades; None without the teacher's package."""
    names = (f"pairs_mrr_{kind}" for kind in ("unseen", "unseen_116", "hard"))
    if cached_package(TEACHER_PACKAGE, cache) is None:
        return dict.fromkeys(names)
    scores = unseen_likeness(read_pairs(), lambda fold: taught_without(cache, recipe, fold), say)
    figures = pair_figures(scores, "_unseen")
    return {**figures, "pairs_mrr_hard": figures.pop("pairs_mrr_unseen_hard")}


def real_title_figures(encoder: TextEncoder) -> dict[str, float | None]:
    """Real titles, and those of somebody independent, through the recogniser as it is shipped."""
    titles = posting_titles()
    recogniser = Recogniser(encoder)
    return {
        **title_figures(recogniser, titles and [each for each in titles if each.half == "test"], "titles_postings"),
        **independent_titles(recogniser),
    }


def measure(cache: Path, recipe: Recipe, say: Callable[[str], None] = print) -> dict[str, object]:
    """All figures."""
    sets = read_pairs()
    encoder = Encoder.load(EncoderSettings(cache_texts=0))
    teacher = cached_teacher(cache)
    texts = [pair.posting for pairs in sets for pair in pairs]
    tfidf = CharacterTfIdf([pair.profile for pair in sets[0]]), CharacterTfIdf([pair.profile for pair in sets[1]])
    return {
        "model_id": encoder.model_id,
        "pairs": len(sets[0]),
        "pairs_riddles": len(sets[1]),
        "pairs_hard": sum(pair.stratum == "hard" for pair in sets[1]),
        "folds": FOLDS,
        "steps_a_fold": recipe.steps,
        **unseen_figures(cache, recipe, say),
        **pair_figures(both_sets(encoder, sets), "_known"),
        **independent_pairs(encoder),
        **fresh_figures(encoder),
        **alias_figures(encoder),
        **real_title_figures(encoder),
        **speed(encoder, texts),
        **recogniser_speed(Recogniser(encoder), texts),
        "model_mb": model_mb(SHIPPED_MODEL),
        "baselines": {
            "char_tfidf": {
                **pair_figures([likeness(each, pairs) for each, pairs in zip(tfidf, sets, strict=True)]),
                **independent_pairs(CharacterTfIdf([pair.profile for pair in independent()])),
                **fresh_figures(CharacterTfIdf([pair.profile for pair in independent("fresh")])),
                **nearest_name_figures(CharacterTfIdf([fact.name for fact in occupations().values()])),
            },
            "teacher": teacher
            and {
                **pair_figures(both_sets(teacher, sets)),
                **independent_pairs(teacher),
                **fresh_figures(teacher),
                **nearest_name_figures(teacher),
                **teacher_speed(teacher, texts),
            },
        },
    }


def teacher_speed(teacher: TextEncoder, texts: Sequence[str]) -> dict[str, float]:
    """The teacher's texts a second and milliseconds a text, on fewer texts: it is a hundred times slower."""
    texts = texts[:200]
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
    parser.add_argument("--steps", type=int, default=FOLD_STEPS, help="of the tuning of each fold")
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
