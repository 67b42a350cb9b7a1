"""What the keyboard offers: common words, and before them trades, places and surnames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Final

from ingest import gazetteer
from matcher.trades import trades
from server.pinyin import names
from server.pinyin.readings import common, share
from server.pinyin.tree import Kind, Tree, Word

TRADE_COUNT: Final = 12_000
ALIAS_COUNT: Final = 4_000
PHRASE_COUNT: Final = 1_000
PLACE_COUNT: Final = 5_000
SURNAME_COUNT: Final = 3_000
GIVEN_COUNT: Final = 500
"""Our own words count as if the corpus of 56 million words had held them at least so often."""
NEXT_READING: Final = 0.02
"""A character's second reading counts so much of its first, the third so much of the second."""
LONGEST_PHRASE: Final = 6

Own = tuple[str, Kind, int, list[str] | None]


_building: Final = Lock()


def tree() -> Tree:
    """The whole lexicon; the first call takes about half a second, and whoever asks meanwhile waits for it."""
    with _building:
        return _tree()


@cache
def _tree() -> Tree:
    readings = common()
    counts: dict[tuple[str, tuple[str, ...]], tuple[Kind, int]] = {}
    for text, said in readings.of.items():
        if len(text) > 1:
            counts[text, tuple(said)] = "word", readings.counts[text]
            continue
        for rank, reading in enumerate(said):
            counts[text, (reading,)] = "character", math.ceil(readings.counts[text] * NEXT_READING**rank)
    for text, kind, count, own in own_words():
        if spelled := own or readings.usual(text):
            _, held = counts.get((text, tuple(spelled)), (kind, 0))
            counts[text, tuple(spelled)] = kind, max(held, count)
    return Tree((Word(text, kind, share(count)), spelled) for (text, spelled), (kind, count) in counts.items())


def own_words() -> Iterator[Own]:
    """Names, places, phrases, aliases and trades, with their least counts; a later one outdoes an earlier."""
    for name in names.GIVEN:
        yield name, "name", GIVEN_COUNT, None
    for rank, name in enumerate((*names.SURNAMES, *names.DOUBLE_SURNAMES)):
        yield name, "name", max(SURNAME_COUNT - 5 * rank, GIVEN_COUNT), names.AS_A_SURNAME.get(name, "").split() or None
    yield "蛤蜊", "word", PHRASE_COUNT, ["ga", "la"]  # as Qingdao says it
    for name in gazetteer.names():
        yield name, "place", PLACE_COUNT, None
    for trade in trades().values():
        for phrase in (*trade.posting_phrases, *trade.worker_phrases):
            if len(phrase) <= LONGEST_PHRASE:
                yield phrase, "word", PHRASE_COUNT, None
    for trade in trades().values():
        for alias in trade.aliases:
            yield alias, "trade", ALIAS_COUNT, None
    for trade in trades().values():
        yield trade.name, "trade", TRADE_COUNT, None
