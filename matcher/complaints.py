"""Complaints (投诉) as the store keeps them: sealed texts under an id, of a worker, perhaps about a posting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Category = Literal["pay", "fee", "false_posting", "unsafe", "treatment", "platform", "other"]
"""What about: wages; fees or papers taken; work other than promised; danger; insults or discrimination; how offers are
made; anything else."""


class Complaint(Struct, frozen=True, kw_only=True):
    """One complaint; `answer` is empty and `answered_ms` 0 while it waits for a clerk."""

    id: str
    v: int
    profile: str
    posting: str
    category: Category
    text: bytes
    at_ms: int
    answer: bytes
    answered_ms: int


def complaint(id_: str, raw: Mapping[bytes, bytes]) -> Complaint:
    """The hash `complaint:ID`."""
    return Complaint(
        id=id_,
        v=int(raw[b"v"]),
        profile=raw[b"profile"].decode(),
        posting=raw[b"posting"].decode(),
        category=raw[b"category"].decode(),  # type: ignore[arg-type]  # written by one function from one Literal
        text=raw[b"text"],
        at_ms=int(raw[b"at_ms"]),
        answer=raw.get(b"answer", b""),
        answered_ms=int(raw.get(b"answered_ms", 0)),
    )
