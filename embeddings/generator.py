"""Training text: postings and profiles made up from the trade lexicon.

A *concept* is what one kind of work is called and described with. Each training pair takes some of its words for a
posting and others for a profile, dresses both in chatter (pay, hour, place, "急招", "有力气") and so teaches that
the words of one kind of work belong together and that chatter says nothing.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path

from matcher.trades import Trade, trades

LEXICON = Path(__file__).resolve().parent / "lexicon"
SHARED_WORDS = 0.3
"""Concepts that share so much of the smaller one's words are too close to be told apart."""
NAMED = 0.25
"""Share of profiles that begin with a name of the trade."""
_KINDS = {"posting": "posting", "worker": "worker", "word": "words"}
PLACE = "{place}"
PLACEHOLDER = re.compile(r"\{[a-z]+\}")


@dataclass
class Concept:
    """One kind of work: names, and what those who offer it and those who do it say."""

    id: str
    names: list[str]
    posting: list[str] = field(default_factory=list)
    worker: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    related: dict[str, float] = field(default_factory=dict)

    @cached_property
    def offered(self) -> list[str]:
        """What a posting may say of it."""
        return list(dict.fromkeys([*self.posting, *self.words, *self.names]))

    @cached_property
    def sought(self) -> list[str]:
        """What a profile may say of it."""
        return list(dict.fromkeys([*self.worker, *self.words, *self.names]))

    @property
    def texts(self) -> list[str]:
        """Everything said of the concept, each once."""
        return list(dict.fromkeys([*self.names, *self.posting, *self.worker, *self.words]))


@dataclass(frozen=True)
class Chatter:
    """What texts say besides the work."""

    posting_openers: tuple[str, ...]
    posting_closers: tuple[str, ...]
    profile_openers: tuple[str, ...]
    profile_closers: tuple[str, ...]
    places: tuple[str, ...]


@cache
def chatter() -> Chatter:
    """The shipped ``lexicon/chatter.toml``."""
    with (LEXICON / "chatter.toml").open("rb") as file:
        return Chatter(**{key: tuple(value) for key, value in tomllib.load(file).items()})


def jargon(path: Path = LEXICON / "words.txt") -> list[tuple[list[str], list[str]]]:
    """Lines ``name/name: word word ...`` of the list of jargon, as (names, words)."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    parts = [line.split(":", 1) for line in lines if line and not line.startswith("#")]
    return [(names.split("/"), words.lower().split()) for names, words in parts]


def phrases(path: Path = LEXICON / "phrases.tsv") -> Iterator[tuple[str, str, list[str]]]:
    """Further things said of the trades: (trade id, ``posting``, ``worker`` or ``word``, what is said)."""
    for line in path.read_text(encoding="utf-8").splitlines():
        trade, kind, said = line.split("\t")
        yield trade, kind, said.lower().split("|")


def concepts(lexicon: Mapping[str, Trade] | None = None, leave_out: Collection[str] = ()) -> dict[str, Concept]:
    """All concepts by id: the trades, and jargon that names none of them. ``leave_out``: trade ids to know nothing of.

    A line of jargon belongs to the first trade that one of its names names; a line is left out with any of its trades.
    """
    lexicon = trades() if lexicon is None else lexicon
    found = {
        trade.id: Concept(
            trade.id,
            [trade.name, *trade.aliases],
            list(trade.posting_phrases),
            list(trade.worker_phrases),
            related=dict(trade.related),
        )
        for trade in lexicon.values()
    }
    for trade_id, kind, said in phrases():
        if trade_id in found:
            _extend(getattr(found[trade_id], _KINDS[kind]), said)
    owner: dict[str, str] = {}
    for concept in found.values():
        for name in (concept.id, *concept.names):
            owner.setdefault(name, concept.id)
    for names, words in jargon():
        owners = [owner[name] for name in names if name in owner]
        if any(trade in leave_out for trade in owners):
            continue
        if owners:
            _extend(found[owners[0]].words, words)
        else:
            found["jargon:" + names[0]] = Concept("jargon:" + names[0], list(names), words=words)
    return {key: concept for key, concept in found.items() if key not in leave_out}


def _extend(held: list[str], new: Iterable[str]) -> None:
    known = set(held)
    held += [text for text in dict.fromkeys(new) if text not in known]


def too_close(known: Sequence[Concept], at_least: float) -> set[tuple[str, str]]:
    """Pairs of concepts (both orders) that are no negatives of each other: related, or sharing many words."""
    holders: dict[str, list[str]] = {}
    size = {concept.id: len(concept.texts) for concept in known}
    for concept in known:
        for text in concept.texts:
            holders.setdefault(text, []).append(concept.id)
    shared = Counter(pair for ids in holders.values() for pair in combinations(ids, 2))
    close = {pair for pair, count in shared.items() if count >= SHARED_WORDS * min(size[pair[0]], size[pair[1]])}
    close |= {(one.id, other) for one in known for other, how in one.related.items() if how >= at_least}
    return {pair for one, other in close if one in size and other in size for pair in ((one, other), (other, one))}


class TextMaker:
    """Draws postings and profiles of a concept, each as the parts it is said in. The same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (training text needs no secrets)
        self._chatter = chatter()

    def pair(self, concept: Concept) -> tuple[list[str], list[str]]:
        """A posting and a profile that share no phrase where the concept knows enough of them."""
        draw = self._random
        asked = self._some(concept.offered, (1, 1, 1, 2, 2, 3))
        left = [phrase for phrase in self._some(concept.sought, (2, 3, 4, 5, 6, 7)) if phrase not in asked]
        told = left[: draw.choice((1, 1, 2, 2, 3, 4))] or [draw.choice(concept.sought)]
        if draw.random() < NAMED:
            told[0] = draw.choice(concept.names)
        return (
            self._dressed(asked, self._chatter.posting_openers, self._chatter.posting_closers),
            self._dressed(told, self._chatter.profile_openers, self._chatter.profile_closers),
        )

    def _some(self, phrases: Sequence[str], sizes: Sequence[int]) -> list[str]:
        return self._random.sample(phrases, min(len(phrases), self._random.choice(sizes)))

    def _dressed(self, phrases: Iterable[str], openers: Sequence[str], closers: Sequence[str]) -> list[str]:
        draw = self._random
        ends = [draw.choice(closers) for _ in range(draw.choice((0, 0, 1, 1, 2, 3)))]
        parts = [draw.choice(openers), *phrases, *ends]
        places = [draw.choice(self._chatter.places) for part in parts if PLACE in part]
        return [*parts, *places]


def plain(part: str) -> str:
    """A part of a text without its placeholders: figures are no words, and the place is a part of its own."""
    return PLACEHOLDER.sub("", part)
