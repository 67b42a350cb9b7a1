"""Trades of rows whose words the lexicon does not know: by likeness, and only where it is nearly sure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from embeddings.recogniser import Recogniser
from embeddings.references import TextEncoder
from matcher.trades import Found

Infer = Callable[[str], tuple[Found, ...]]
"""A text's trades, surest first; none where nothing is sure enough."""

LEAST_CONFIDENCE: Final = 0.7
"""On our own postings without a word of the lexicon 98 % of the trades above it are right
(139 of 308 postings reach it); at .5 it would be 91 %. A wrong trade asks the wrong people."""
MOST_TRADES: Final = 3
REMEMBERED: Final = 8_192
_ABOUT_HIRING: Final = re.compile(r"(?:诚|急|现|高薪)*(?:招聘|招募|招工|招收|招人|聘用|招|聘)")
"""Every posting hires; only the rest says for what. Left in, it would speak of recruiters."""


def nothing(text: str) -> tuple[Found, ...]:
    """Infers no trade from any text."""
    return ()


class TradeInference:
    """Infers trades with a recogniser that is built when the first row needs it, which takes a second or two.

    What was inferred for a text is remembered: sites write the same words again and again.
    """

    def __init__(self, load: Callable[[], TextEncoder]) -> None:
        self._load = load
        self._recogniser: Recogniser | None = None
        self._known: dict[str, tuple[Found, ...]] = {}

    def __call__(self, text: str) -> tuple[Found, ...]:
        """At most MOST_TRADES trades of at least LEAST_CONFIDENCE, surest first."""
        self.learn([text])
        return self._known[_work(text)]

    def learn(self, texts: Iterable[str]) -> None:
        """Infers many texts at once, which takes a fraction of the time, for the calls that follow."""
        asked = dict.fromkeys(map(_work, texts))
        new = [words for words in asked if words not in self._known]
        if len(self._known) + len(new) > REMEMBERED:
            self._known.clear()
            new = list(asked)
        said = [words for words in new if words]
        self._known.update(dict.fromkeys(new, ()))
        if said and self._recogniser is None:
            self._recogniser = Recogniser(self._load())
        if said and self._recogniser is not None:
            for words, found in zip(said, self._recogniser.recognise_many(said), strict=True):
                sure = (each for each in found.trades if each.confidence >= LEAST_CONFIDENCE)
                self._known[words] = tuple(sure)[:MOST_TRADES]


def _work(text: str) -> str:
    """What a text says of the work: all but that somebody is wanted."""
    return _ABOUT_HIRING.sub(" ", text).strip()
