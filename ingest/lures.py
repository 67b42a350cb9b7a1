"""Signs of lures and fraud in running text, and how sure they make it (pure).

A sign alone says little; together they add up to a risk of 0 to 100. Weights were set by eye on listings that sell
courses as jobs, against honest ones.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest.fields.found import plain
from ingest.findings import Finding

_WARNED: Final = re.compile(r"谨防|警惕|严禁|拒绝|禁止|请勿|不要轻信|杜绝|非|无需|不(?:用|需|做|是|搞)")
_FILE: Final = Path(__file__).parent / "lures.toml"
HELD_FROM: Final = 40
"""From this risk on a clerk looks before anybody is called."""


class Sign(Struct, frozen=True):
    """Words that fraud uses: what they are, and how much they add to the risk."""

    words: str
    what: str
    weight: int


@cache
def _signs() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)["sign"]
    return tuple((row["what"], row["weight"], re.compile("|".join(row["patterns"]))) for row in rows)


@lru_cache(maxsize=4096)
def signs(text: str) -> tuple[Sign, ...]:
    """The signs in a text, each kind once, the weightiest first; warnings of others' fraud (拒绝刷单) are none."""
    text = plain(text)
    found = []
    for what, weight, pattern in _signs():
        for match in pattern.finditer(text):
            if not _WARNED.search(text[max(0, match.start() - 6) : match.start()]):
                found.append(Sign(match[0].strip(" ,、"), what, weight))
                break
    return tuple(sorted(found, key=lambda sign: -sign.weight))


def risk(found: Sequence[Sign]) -> int:
    """How likely it is a lure, 0 to 100: what the signs add up to."""
    return min(100, sum(sign.weight for sign in found))


def lure(text: str) -> Iterator[Finding]:
    """One finding from `HELD_FROM` on, with the weightiest words and all reasons."""
    found = signs(text)
    if risk(found) >= HELD_FROM:
        reasons = "、".join(sign.what for sign in found)
        mend = "请写清楚真实的工作内容、地点和工资;招学员、卖课程、刷单等不是招工,不能发布"
        yield Finding("lure", "warn", found[0].words, f"疑似虚假招工({reasons})", mend)
