"""How often the recogniser gives a job title its occupation.

*Alias table*: 1,809 titles of recruitment sites with their occupation, in folds of occupations whose titles were taken
out of the recogniser's facts and words; no title of the table is trained on as such. *Postings*: titles of the postings
in ``../shared``, labelled by hand (``lexicon/posting_titles.tsv`` holds row ids and acceptable codes only); a title is
easy when the name or an alias of an acceptable occupation stands in it. *Independent*: 320 titles written with their
codes by somebody who saw neither lexicon nor recogniser.
"""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from embeddings.generator import LEXICON
from embeddings.occupations import Occupation, occupations
from embeddings.pairs import TextEncoder, folds
from embeddings.recogniser import Recogniser, lexicon_without_words
from matcher.trades import Trade, trades

_FOLDS = 5
_POSTINGS = Path("../shared/data/postings")


@dataclass(frozen=True)
class Title:
    """A title, the codes that are right for it, and the half of its set: ``tuning`` or ``test``."""

    text: str
    codes: frozenset[str]
    half: str = "test"

    @property
    def easy(self) -> bool:
        """Whether a name or an alias of a right occupation stands in the title."""
        text = unicodedata.normalize("NFKC", self.text)
        facts = [occupations()[code] for code in self.codes if code in occupations()]
        return any(word in text for fact in facts for word in (fact.name, *fact.titles))


def posting_titles(folder: Path = _POSTINGS) -> list[Title] | None:
    """Titles of real postings, labelled by hand; None where ``../shared`` is not there."""
    if not folder.is_dir():
        return None
    texts = _texts_of_postings(folder)
    rows = [line.split("\t") for line in (LEXICON / "posting_titles.tsv").read_text(encoding="utf-8").splitlines()]
    return [Title(texts[row], frozenset(codes.split()), half) for row, half, codes in rows]


def independent_figures(recogniser: Recogniser) -> dict[str, float | None]:
    """Titles by somebody who saw nothing of this project, with acceptable codes and how hard the writer found them."""
    lines = (LEXICON / "independent_titles.tsv").read_text(encoding="utf-8").splitlines()
    asked = [line.split("\t") for line in lines]
    found = recogniser.recognise_many([text for text, _, _ in asked])
    right = [
        bool(set(answer.occupation_codes[:1]) & set(codes.split(",")))
        for answer, (_, codes, _) in zip(found, asked, strict=True)
    ]
    return {
        f"independent_titles_{how}": _share([each for each, row in zip(right, asked, strict=True) if row[2] == how])
        for how in ("easy", "hard")
    }


def _texts_of_postings(folder: Path) -> dict[str, str]:
    """Titles by row id: the id of a posting, or the source and number of a listing."""
    lines = (folder / "bluecollar_2015.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {row["id"]: row["title"] for row in map(json.loads, lines)}
    with (folder / "gig_listings.csv").open(encoding="utf-8") as file:
        texts |= {f"{row['src']}:{row['id']}": row["title"] for row in csv.DictReader(file)}
    return texts


def title_figures(recogniser: Recogniser, titles: Iterable[Title] | None, name: str) -> dict[str, float | None]:
    """Share of the titles whose first code is right: easy and hard ones."""
    asked = list(titles or ())
    found = recogniser.recognise_many([title.text for title in asked])
    right = [bool(set(answer.occupation_codes[:1]) & title.codes) for answer, title in zip(found, asked, strict=True)]
    easy = [each for each, title in zip(right, asked, strict=True) if title.easy]
    hard = [each for each, title in zip(right, asked, strict=True) if not title.easy]
    return {f"{name}_easy": _share(easy), f"{name}_hard": _share(hard)}


def alias_figures(encoder: TextEncoder) -> dict[str, float | None]:
    """The alias table by folds of occupations: titles of our trades' occupations, and of any."""
    answers: list[tuple[str, bool]] = []
    for fold in folds([code for code, fact in occupations().items() if fact.titles], _FOLDS):
        asked = [(title, code) for code in sorted(fold) for title in occupations()[code].titles]
        recogniser = Recogniser(encoder, *_without(fold, {title for title, _ in asked}))
        found = recogniser.recognise_many([title for title, _ in asked])
        first = [answer.occupation_codes[:1] for answer in found]
        answers += [(code, codes == (code,)) for (_, code), codes in zip(asked, first, strict=True)]
    return _alias_shares(answers)


def nearest_name_figures(encoder: TextEncoder) -> dict[str, float | None]:
    """The alias table by the nearest occupation name, nothing else known: what the baselines can do."""
    facts = list(occupations().values())
    asked = [(title, fact.code) for fact in facts for title in fact.titles]
    names = encoder.encode([fact.name for fact in facts], "profile")
    best = (encoder.encode([title for title, _ in asked], "query") @ names.T).argmax(axis=1)
    return _alias_shares([(code, facts[found].code == code) for (_, code), found in zip(asked, best, strict=True)])


def _without(fold: Collection[str], left_out: Collection[str]) -> tuple[list[Occupation], list[Trade]]:
    facts = [
        msgspec.structs.replace(fact, titles=(), further=()) if code in fold else fact
        for code, fact in occupations().items()
    ]
    return facts, lexicon_without_words(left_out)


def _alias_shares(answers: Sequence[tuple[str, bool]]) -> dict[str, float | None]:
    ours = {trade.code for trade in trades().values()}
    return {
        "titles_acc1": _share([right for code, right in answers if code in ours]),
        "titles_acc1_any_occupation": _share([right for _, right in answers]),
    }


def _share(right: Sequence[bool]) -> float | None:
    return round(float(np.mean(right)), 4) if right else None
