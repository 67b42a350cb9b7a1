"""What the keyboard asks and is answered."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from server.pinyin.candidates import About, CandidateKind


class PinyinQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Letters as typed: pinyin without tones, ü as v, ' to divide. `about` is what the field is for: such words come
    first. `fuzzy`: zh and z, an and ang, n and l ... count as each other."""

    q: Annotated[str, Meta(max_length=60, pattern="^[A-Za-z']+$")]
    about: About = "text"
    fuzzy: bool = False
    limit: Annotated[int, Meta(ge=1, le=400)] = 60


class CandidateView(Struct):
    """A text for the first `used` letters; the rest is still to be chosen."""

    text: str
    used: int
    kind: CandidateKind


class Candidates(Struct):
    """What the letters may mean: what uses more of them first, then the more probable. `more` were left out."""

    candidates: list[CandidateView]
    more: int
