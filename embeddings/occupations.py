"""The occupations of the national classification (2022) and what is known to lead to them.

The facts are in `lexicon/occupations.tsv`: code, name, titles parted by `|`, keywords parted by blanks. Codes
and names come from 中华人民共和国职业分类大典 (2022), keywords are distinctive words of its definitions, titles are
those used on recruitment sites. `lexicon/titles.tsv` holds further titles written for this project: code, titles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

_FACTS = Path(__file__).resolve().parent / "lexicon" / "occupations.tsv"
_TITLES = _FACTS.with_name("titles.tsv")
_WORKER = re.compile(r".(?:[工员师嫂手]|司机)$")
_RANKS = frozenset(("专员", "技术员"))


class Occupation(msgspec.Struct, frozen=True):
    """An occupation: its code (`4-02-05-01`), its name, the titles recruitment sites use for it, further ones written
    for this project, and words of its definition."""

    code: str
    name: str
    titles: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    def parts_of_titles(self) -> list[str]:
        """The halves of titles such as 装卸/搬运工 that name a worker by themselves: 搬运工."""
        parts = (part for title in self.titles if "/" in title for part in title.split("/"))
        return [part for part in parts if _WORKER.search(part) and part not in _RANKS]


@cache
def occupations() -> Mapping[str, Occupation]:
    """All occupations by code, and the groups of occupations (`6-31-00-00`) that titles such as 杂工 belong to."""
    written = [line.split("\t") for line in _TITLES.read_text(encoding="utf-8").splitlines()]
    further = {code: tuple(titles.split("|")) for code, titles in written}
    rows: dict[str, Occupation] = {}
    for line in _FACTS.read_text(encoding="utf-8").splitlines()[1:]:
        code, name, titles, keywords = line.split("\t")
        rows[code] = Occupation(
            code, name, tuple(filter(None, titles.split("|"))), further.get(code, ()), tuple(keywords.split())
        )
    return MappingProxyType(rows)
