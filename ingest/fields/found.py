"""What a field parser answers, and the spelling all parsers read."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

LONGEST_TEXT = 4_000
"""Characters of one cell that are read; a gig posting has 20 to 400."""

_DASHES = str.maketrans(dict.fromkeys("—–―－~〜～", "-"))


class Found(Struct, Generic[T], frozen=True):
    """A value and the words it was read from. `guessed` says that a unit or a half of it was supplied by us."""

    value: T
    words: str
    guessed: bool = False


def plain(text: str) -> str:
    """The text as parsers read it: full-width forms folded (NFKC), every dash a `-`, no blanks at the ends."""
    text = text[:LONGEST_TEXT]
    return text.strip() if text.isascii() else _folded(text)


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip()
