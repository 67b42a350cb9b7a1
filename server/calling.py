"""叫号: which queue numbers were called aloud at a site; hall screens show them. Numbers, never names."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from matcher import codec
from matcher.model import EpochMs
from matcher.store import Store


class NumberToCall(Struct, forbid_unknown_fields=True):
    """The number to call, a missing one: the next after the highest that was called today."""

    queue_no: Annotated[int, Meta(ge=1, le=99_999)] | None = None


class CalledNumber(Struct, frozen=True):
    """A queue number and when it was called."""

    queue_no: int
    called_ms: EpochMs


class CalledNumbers(Struct, kw_only=True):
    """The last numbers that were called, the newest first, and how many were given out today."""

    called: list[CalledNumber]
    given: int


async def called(store: Store, site: str) -> list[CalledNumber]:
    """The last numbers called at a site, the newest first. Raises StoreUnavailable."""
    (raw,) = await store.hashes("called", [site])
    if not raw:
        return []
    return [CalledNumber(int(number), int(at_ms)) for number, at_ms in codec.unpack(raw[b"recent"])]
