"""From typed letters to what they may mean, the best first."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Final, Literal, NamedTuple

from server.pinyin.tree import Kind, Tree, Word, longer

About = Literal["text", "trade", "place", "name"]
CandidateKind = Literal["trade", "place", "name", "word", "character", "phrase"]

FAVOUR: Final[dict[About, float]] = {"text": 0.0, "trade": 1.5, "place": 1.5, "name": 4.0}
"""Added to the score of the kind of words that a field is about; names are characters that others seldom outdo."""
SEVERAL: Final = 2.0
"""Added to that of words of several characters: whoever types them seldom wants the first character alone."""
WAYS: Final = 2
"""Ways to read the letters that are kept at each place."""
CONTINUED: Final[frozenset[Kind]] = frozenset({"trade", "place"})
CONTINUATIONS: Final = 4
"""Kinds of words that are offered before they are typed to the end, and how many."""
SYLLABLES_FIRST: Final = 2


class Candidate(NamedTuple):
    """A text for the first `used` letters."""

    text: str
    used: int
    kind: CandidateKind
    score: float


class Way(NamedTuple):
    """Words that together stand for the letters up to here."""

    score: float
    words: tuple[str, ...]


def candidates(tree: Tree, letters: str, *, about: About = "text", fuzzy: bool = False) -> list[Candidate]:
    """What the letters (a-z, ü as v, ' to divide) may mean: what uses more of them first, then the more probable."""
    found = [*_words(tree, letters, about, fuzzy), *_phrases(tree, letters, about, fuzzy)]
    best: dict[str, Candidate] = {}
    for each in sorted(found, key=lambda candidate: (-candidate.used, -candidate.score)):
        best.setdefault(each.text, each)
    return list(best.values())


def _score(word: Word, about: About) -> float:
    return word.score + FAVOUR[about] * (word.kind == about) + SEVERAL * (len(word.text) > 1)


def _words(tree: Tree, letters: str, about: About, fuzzy: bool) -> Iterator[Candidate]:
    """Words that the letters begin with, and some that begin with all of the letters."""
    to_come: list[Candidate] = []
    for met in tree.meet(letters, 0, short=True, fuzzy=fuzzy):
        for word in met.node.words:
            yield Candidate(word.text, met.end, word.kind, _score(word, about) - met.cost)
        if met.end == len(letters) and met.syllables >= SYLLABLES_FIRST:
            to_come += [
                Candidate(word.text, met.end, word.kind, _score(word, about) - met.cost - cost)
                for word, cost in longer(met.node, CONTINUED)
            ]
    yield from nlargest(CONTINUATIONS, to_come, key=lambda candidate: candidate.score)


def _phrases(tree: Tree, letters: str, about: About, fuzzy: bool) -> Iterator[Candidate]:
    """The most probable words in a row for as many of the letters as can be read."""
    best: list[list[Way]] = [[Way(0.0, ())], *([] for _ in letters)]
    for start, ways in enumerate(best):
        if not ways:
            continue
        for met in tree.meet(letters, start, short=False, fuzzy=fuzzy):
            likely = nlargest(WAYS, ((_score(word, about) - met.cost, word.text) for word in met.node.words))
            on = [Way(way.score + score, (*way.words, text)) for way in ways for score, text in likely]
            best[met.end] = nlargest(WAYS, [*best[met.end], *on])
    used = max(end for end, ways in enumerate(best) if ways)
    for way in best[used]:
        if len(way.words) > 1:
            yield Candidate("".join(way.words), used, "phrase", way.score)
