"""How an offer reaches somebody (pure)."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from matcher.model import CHANNELS, Channel
from matcher.row import PRESENCE


def channels_of(people: NDArray[Any], now_ms: int) -> list[Channel]:
    """How an offer reaches each of the people (rows of the table) now: as they wish; who has no telephone of that kind
    at the kiosk while they are in the hall, and else by a clerk's call."""
    in_hall = (people["presence"] == PRESENCE["in_hall"]) & (people["presence_until_s"] > now_ms // 1000)
    return [_channel(CHANNELS[n], there) for n, there in zip(people["channel"].tolist(), in_hall.tolist(), strict=True)]


def _channel(wished: Channel, in_hall: bool) -> Channel:
    if wished in ("inbox", "push"):
        return wished
    if in_hall:
        return "kiosk"
    return "call" if wished == "kiosk" else wished
