"""How words are read: words.tsv, and what follows from it for words that it lacks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

CORPUS: Final = 56e6
"""Words of the corpus that the counts in words.tsv come from."""
LONGEST_COMMON: Final = 4


class Readings:
    """Common words and characters with their counts and readings, from the lines of words.tsv."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.counts: dict[str, int] = {}
        self.of: dict[str, list[str]] = {}
        """A word's syllables; a character's readings, the usual one first."""
        for line in lines:
            text, count, *said = line.rstrip("\n").split("\t")
            self.counts[text] = int(count)
            self.of[text] = said[0].split(" ") if said else [self.of[character][0] for character in text]

    def usual(self, text: str) -> list[str] | None:
        """A syllable for each character, after the most probable words in the text; None where one is unknown."""
        best: list[tuple[float, list[str]] | None] = [(0.0, [])]
        for end in range(1, len(text) + 1):
            ways = []
            for start in range(max(0, end - LONGEST_COMMON), end):
                word, way = text[start:end], best[start]
                if way is not None and word in self.of:
                    ways.append((way[0] + share(self.counts[word]), way[1] + self._spelled(word)))
            best.append(max(ways) if ways else None)
        return best[-1][1] if best[-1] else None

    def _spelled(self, word: str) -> list[str]:
        return self.of[word] if len(word) > 1 else self.of[word][:1]


def share(count: float) -> float:
    """The logarithm of a word's share of the corpus."""
    return math.log(count / CORPUS)


def common() -> Readings:
    """The table beside this file."""
    with Path(__file__).with_name("words.tsv").open(encoding="utf-8") as lines:
        return Readings(lines)
