"""Words in a tree of their syllables, and which of them the letters from a place on may mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from server.pinyin.syllables import Piece, Syllables

Kind = Literal["trade", "place", "name", "word", "character"]

COST: Final = {"whole": 0.0, "begun": 3.0, "initial": 4.0}
"""What a syllable takes from a word's score when only its beginning was typed."""
MIXED_UP: Final = 6.0
NOT_YET_TYPED: Final = 1.5
"""The same for a sound mixed up with another, and for a syllable that is still to come."""


class Word(Struct, frozen=True, gc=False):
    """A word and the logarithm of its share of all words."""

    text: str
    kind: Kind
    score: float


class Node(Struct, gc=False):
    """The words that are spelled by the way to here, the most frequent first, and the syllables that may follow.

    Words and nodes are never part of a cycle: the collector need not walk over 200,000 of them.
    """

    after: dict[str, Node] = {}
    words: tuple[Word, ...] = ()


class Met(NamedTuple):
    """A place in the tree that the letters up to `end` lead to, and what is taken from the scores there."""

    node: Node
    end: int
    cost: float
    syllables: int


class Tree:
    """All words. Built once, never changed."""

    def __init__(self, words: Iterable[tuple[Word, tuple[str, ...]]]) -> None:
        self._root = Node()
        for word, spelled in sorted(words, key=lambda each: -each[0].score):
            node = self._root
            for syllable in spelled:
                node = node.after.setdefault(syllable, Node())
            node.words += (word,)
        self.syllables = Syllables(self._root.after)

    def meet(self, letters: str, start: int, *, short: bool, fuzzy: bool) -> Iterator[Met]:
        """Every place with words that the letters from `start` on lead to.

        Args:
            short: whether initials alone may stand for syllables (the beginning of the last one always may).
            fuzzy: whether sounds that people mix up count as each other.
        """
        waiting = [Met(self._root, start, 0.0, 0)]
        while waiting:
            met = waiting.pop()
            for piece in self.syllables.pieces(letters, met.end):
                if short or piece.form != "initial":
                    for node, cost in self._follow(met.node, piece, fuzzy):
                        waiting.append(Met(node, piece.end, met.cost + cost, met.syllables + 1))
                        if node.words:
                            yield waiting[-1]

    def _follow(self, node: Node, piece: Piece, fuzzy: bool) -> Iterator[tuple[Node, float]]:
        if piece.form != "whole":
            for syllable, after in node.after.items():
                if syllable.startswith(piece.text) and syllable != piece.text:
                    yield after, COST[piece.form]
            return
        if found := node.after.get(piece.text):
            yield found, 0.0
        for syllable in self.syllables.alike(piece.text) if fuzzy else ():
            if found := node.after.get(syllable):
                yield found, MIXED_UP


def longer(node: Node, kinds: frozenset[Kind]) -> Iterator[tuple[Word, float]]:
    """Words of these kinds that begin with what leads to the node, with what is taken for the syllables to come."""
    waiting = [(after, NOT_YET_TYPED) for after in node.after.values()]
    while waiting:
        here, cost = waiting.pop()
        yield from ((word, cost) for word in here.words if word.kind in kinds)
        waiting += [(after, cost + NOT_YET_TYPED) for after in here.after.values()]
