"""The trade lexicon: what gig work is called, by those who post it and by those who do it.

The facts live in `trades.toml` beside this file. A trade's place in that file is its bit number in the
matcher's trade columns, so new trades are appended and none is removed or moved.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from matcher.trade_words import Hit, Word, WordFinder

MAX_TRADES = 512
"""Trades that the matcher's index has room for."""

PAY_UNITS = ("hour", "day", "shift", "piece", "month")

NAME_CONFIDENCE = 0.9
POSTING_CONFIDENCE = 0.7
WORKER_CONFIDENCE = 0.5
_HIGHEST_CONFIDENCE = 0.99


class Trade(msgspec.Struct, frozen=True):
    """One kind of gig work. `code` is the occupation of the 2022 national classification it belongs to;
    `pay_fen` the pay usual in Qingdao per `pay_unit`; `related` the closeness (0..1) to other trades."""

    id: str
    code: str
    name: str
    domain: str
    aliases: tuple[str, ...]
    posting_phrases: tuple[str, ...]
    worker_phrases: tuple[str, ...]
    pay_fen: int
    pay_unit: str
    pictogram: str
    certificate: str | None = None
    hazard: str | None = None
    related: dict[str, float] = {}
    note: str = ""


class Certificate(msgspec.Struct, frozen=True):
    """A licence or certificate and the words people call it by."""

    id: str
    name: str
    words: tuple[str, ...]


class Hazard(msgspec.Struct, frozen=True):
    """A class of work barred to minors of 16 and 17."""

    id: str
    name: str


class Found(msgspec.Struct, frozen=True):
    """A trade met in a text, with confidence 0..1 and the words of the lexicon that led there."""

    id: str
    confidence: float
    words: tuple[str, ...]


class _Script(msgspec.Struct, frozen=True):
    traditional: str
    simplified: str


class _Lexicon(msgspec.Struct, frozen=True):
    certificates: dict[str, dict[str, object]]
    hazards: dict[str, dict[str, str]]
    trade: tuple[Trade, ...]
    neutral: tuple[str, ...] = ()
    chatter: tuple[str, ...] = ()
    script: _Script = _Script("", "")


@cache
def _lexicon() -> _Lexicon:
    with (Path(__file__).parent / "trades.toml").open("rb") as file:
        return msgspec.convert(tomllib.load(file), _Lexicon)


@cache
def trades() -> Mapping[str, Trade]:
    """All trades by id; the order is that of their bits."""
    return MappingProxyType({trade.id: trade for trade in _lexicon().trade})


def trade_name(id_: str) -> str:
    """How people call a trade; its id where the lexicon has it no more."""
    trade = trades().get(id_)
    return trade.name if trade else id_


@cache
def certificates() -> Mapping[str, Certificate]:
    """All certificates by id."""
    held = {key: msgspec.convert({"id": key, **row}, Certificate) for key, row in _lexicon().certificates.items()}
    return MappingProxyType(held)


@cache
def certificate_order() -> Mapping[str, int]:
    """A certificate's number in the matcher's columns: its place in `trades.toml`, from 1."""
    return MappingProxyType({kind: n for n, kind in enumerate(certificates(), start=1)})


@cache
def hazards() -> Mapping[str, Hazard]:
    """All hazard classes by id."""
    held = {key: Hazard(id=key, name=row["name"]) for key, row in _lexicon().hazards.items()}
    return MappingProxyType(held)


@cache
def hazard_order() -> Mapping[str, int]:
    """A hazard's bit number: its place in `trades.toml`, from 0."""
    return MappingProxyType({hazard: n for n, hazard in enumerate(hazards())})


@cache
def _bits() -> dict[str, int]:
    return {trade_id: position for position, trade_id in enumerate(trades())}


def bit(trade_id: str) -> int:
    """The trade's bit number, below MAX_TRADES. Raises KeyError for an unknown id."""
    return _bits()[trade_id]


@cache
def _names() -> tuple[str, ...]:
    return ("零工", *(trade.name for trade in trades().values()))


def name_of(number: int) -> str:
    """The name of the trade whose bit number is `number` - 1; 0, an unknown one, is called 零工."""
    return _names()[number]


@cache
def _closeness() -> dict[str, dict[str, float]]:
    close: dict[str, dict[str, float]] = {trade_id: {trade_id: 1.0} for trade_id in trades()}
    for trade in trades().values():
        for other, closeness in trade.related.items():
            for near, far in ((trade.id, other), (other, trade.id)):
                close[near][far] = max(close[near].get(far, 0.0), closeness)
    return close


def close_trades(trade_id: str, at_least: float = 0.6) -> dict[str, float]:
    """Trades whose workers could do this one, by closeness 0..1, itself 1.0; relations hold either way.

    Raises KeyError for an unknown id.
    """
    near = _closeness()[trade_id]
    return {other: closeness for other, closeness in near.items() if closeness >= at_least}


@cache
def simplified_characters() -> Mapping[int, int]:
    """`str.translate` table from traditional to simplified characters, as far as the lexicon needs them."""
    script = _lexicon().script
    return MappingProxyType(str.maketrans(script.traditional, script.simplified))


@cache
def neutral_words() -> tuple[str, ...]:
    """Words that contain a trade's word and mean something else: 木工板, 保安镇."""
    return _lexicon().neutral


@cache
def chatter_words() -> tuple[str, ...]:
    """What postings say of terms and not of the work: 大巴接送, 上不封顶."""
    return _lexicon().chatter


@cache
def finder() -> WordFinder:
    """The automaton over all words of all trades; the ids serve as their English names."""
    words: list[Word] = []
    for trade in trades().values():
        words.append(Word(trade.id.replace("_", " "), trade.id, NAME_CONFIDENCE))
        words += [Word(text, trade.id, NAME_CONFIDENCE) for text in (trade.name, *trade.aliases)]
        words += [Word(text, trade.id, POSTING_CONFIDENCE) for text in trade.posting_phrases]
        words += [Word(text, trade.id, WORKER_CONFIDENCE) for text in trade.worker_phrases]
    return WordFinder(words, neutral_words(), dict(simplified_characters()), chatter_words())


def find(text: str) -> list[Found]:
    """Trades named in `text`, surest first, by the words of the lexicon alone.

    Negated words (不做高空, 非电工, 保安勿扰) do not count and numbers carry no meaning. Several words of one
    trade add up as independent evidence; a word shared by several trades counts less for each.
    """
    return weigh(finder().find(text))


def weigh(hits: list[Hit]) -> list[Found]:
    """Joins the hits of each trade: confidence 1 - prod(1 - c), ordered by it, then by first mention."""
    doubt: dict[str, float] = {}
    words: dict[str, dict[str, None]] = {}
    for hit in hits:
        share = len(hit.owners) ** -0.5
        for owner, confidence in hit.owners:
            seen = words.setdefault(owner, {})
            if hit.text not in seen:
                seen[hit.text] = None
                doubt[owner] = doubt.get(owner, 1.0) * (1.0 - confidence * share * hit.weight)
    found = [
        Found(owner, min(_HIGHEST_CONFIDENCE, round(1.0 - doubt[owner], 4)), tuple(seen))
        for owner, seen in words.items()
    ]
    return sorted(found, key=lambda each: -each.confidence) if len(found) > 1 else found
