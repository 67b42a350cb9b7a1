"""What people say of themselves: trades they know beside those they name, and what they never do (pure).

Decided once, when a profile is written: the matcher only compares.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from msgspec import structs

from matcher import trades
from matcher.denials import MAY_DENY, denied
from matcher.model import Profile
from matcher.trade_words import Word, WordFinder

SURE: Final = 0.7
"""A trade counts as known from this confidence on: words that name it, not those that many trades share."""
MOST_RECOGNISED: Final = 5
MOST_REFUSED: Final = 40
_HAZARD_WORDS: Final = {
    "heights": ("高空", "登高", "高处", "爬高", "高楼", "外墙", "脚手架", "吊篮"),
    "heavy_lifting": ("重活", "力气活", "重体力", "重物", "扛包"),
    "toxic": ("有毒", "化工", "喷漆", "农药"),
    "hot_work": ("高温", "明火"),
    "electric": ("带电",),
    "underground": ("井下", "下井", "有限空间"),
    "deep_water": ("水下", "潜水", "出海"),
    "cold": ("冷库", "冷冻"),
    "demolition": ("拆除", "拆墙"),
}
"""Words that speak of a hazard; they count where they are denied: 不做高空, 冷库不去."""
_SAYS_NO: Final = {
    "heights": re.compile("恐高|怕高|(?:高空|登高|爬高).{0,2}(?:做|干|上)?不(?:了|行)|(?:上|爬)不了高"),
    "heavy_lifting": re.compile("(?:干|做|搬|扛|提)不(?:了|动).{0,2}重|腰不(?:好|行)|腰(?:伤|椎|间盘)"),
}
"""Words that say no by themselves."""


def understood(doc: Profile) -> Profile:
    """The profile with what its own words say: `recognised` anew, `refused` added to. What somebody names as their
    trade they do, whatever else they write."""
    known, denied_ids = _said(doc.skills)
    if not known and not denied_ids and not doc.recognised:
        return doc
    refused = dict.fromkeys((*doc.refused, *(id_ for id_ in denied_ids if id_ not in doc.trades)))
    taken = {*doc.trades, *refused}
    found = [id_ for id_ in known if id_ not in taken]
    return structs.replace(doc, recognised=found[:MOST_RECOGNISED], refused=list(refused)[:MOST_REFUSED])


@lru_cache(maxsize=8192)
def _said(text: str) -> tuple[list[str], list[str]]:
    """Trades that a text surely speaks of, and those and hazards that it denies. Many people say the same."""
    return [each.id for each in trades.find(text) if each.confidence >= SURE], _refused(text)


@cache
def _hazard_finder() -> WordFinder:
    words = [Word(text, hazard, 1.0) for hazard, texts in _HAZARD_WORDS.items() for text in texts]
    return WordFinder(words, simplified=dict(trades.simplified_characters()))


def _refused(text: str) -> list[str]:
    """Trades and hazards that a text denies."""
    found: list[str] = []
    for finder in () if MAY_DENY.search(text) is None else (trades.finder(), _hazard_finder()):
        normalised = finder.normalise(text)
        hits = finder.matches(normalised)
        denials = denied(normalised, [(hit.start, hit.end) for hit in hits])
        for hit, is_denied in zip(hits, denials, strict=True):
            if is_denied:
                sure = (len(hit.owners) == 1 or confidence >= trades.NAME_CONFIDENCE for _, confidence in hit.owners)
                found += [owner for (owner, _), is_sure in zip(hit.owners, sure, strict=True) if is_sure]
    return found + [hazard for hazard, says_no in _SAYS_NO.items() if says_no.search(text)]
