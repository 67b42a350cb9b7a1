"""What a field parser answers, and the spelling all parsers read."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

LONGEST_TEXT: Final = 4_000
"""Characters of one cell that are read; a gig posting has 20 to 400."""

LONGEST_WORDS: Final = 60
"""Characters of the words that a value is said to come from."""

_FOLDED_BLOCKS: Final = ((0x2F00, 0x2FD6), (0x3000, 0x3001), (0xF900, 0xFB00), (0xFE30, 0xFE70), (0xFF01, 0xFFEF))
"""Radicals, the ideographic blank, compatibility ideographs and forms, full-width forms."""


class Found(Struct, Generic[T], frozen=True):
    """A value and the words it was read from. `guessed` says that a unit or a half of it was supplied by us."""

    value: T
    words: str
    guessed: bool = False


def _folding() -> dict[int, str]:
    folded = {}
    for first, end in _FOLDED_BLOCKS:
        for code in range(first, end):
            form = unicodedata.normalize("NFKC", chr(code))
            if len(form) == 1:
                folded[code] = form
    folded |= {ord(c): "-" for c in "\u2014\u2013\u2015\u2500\u2010\u2212\uff0d~\uff5e\u301c\u223c\ufe4f"}
    folded |= {ord(c): " " for c in "\u200b\u200c\u200d\ufeff\u00a0\t\u2028"}
    # list numbers end the item before them; read as digits they would join the figure behind
    return folded | dict.fromkeys(range(0x2460, 0x249C), ";")


_FOLD: Final = _folding()
_THOUSANDS: Final = re.compile(r"(?<=\d)(?<![早晚到至]\d),(?=\d{3}(?!\d))")
"""An ASCII comma inside a figure; a Chinese one stands between two (早8晚6，200一天). It becomes an apostrophe."""
_UNFOLDED: Final = re.compile(r"\d,\d{3}(?!\d)|[" + re.escape("".join(map(chr, _FOLD))) + "]")


def plain(text: str) -> str:
    """The text as parsers read it: full-width forms folded, every dash a `-`, no blanks at the ends.

    Between the ends each character stays one character, so that `as_written` can find words again.
    """
    text = text[:LONGEST_TEXT]
    return _folded(text) if _UNFOLDED.search(text) else text.strip()


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    return _fold(text).strip()


def _fold(text: str) -> str:
    return _THOUSANDS.sub("'", text).translate(_FOLD)


def as_written(text: str, words: str) -> str:
    """The words of a `plain` text as they stand in `text` itself; `words` where they are not in it."""
    at = _fold(text[:LONGEST_TEXT]).find(words)
    return text[at : at + len(words)] if at >= 0 else words


def stretch(text: str, *pieces: str) -> str:
    """The words of `text` from the first to the last of its `pieces`; where they lie far apart, the first piece."""
    found = [(at, at + len(piece)) for piece in pieces if piece and (at := text.find(piece)) >= 0]
    if not found:
        return ""
    start, end = min(at for at, _ in found), max(at for _, at in found)
    return text[start:end] if end - start <= LONGEST_WORDS else text[found[0][0] : found[0][1]]
