"""The market's settings as this process knows them: read from the store, kept for a moment."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from typing import Final

from matcher.settings import MarketSettings
from matcher.store import Store

KEPT_S: Final = 5.0


class Market:
    """The settings in force, at most `KEPT_S` old."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settings: MarketSettings | None = None
        self._until = 0.0
        self._sites: set[str] = set()

    async def settings(self) -> MarketSettings:
        """Raises StoreUnavailable."""
        if self._settings is None or self._until < time.monotonic():
            self._settings = await self._store.market_settings()
            self._until = time.monotonic() + KEPT_S
        return self._settings

    async def check_site(self, id_: str) -> None:
        """Raises `no_site`. A site that was there stays: nothing removes sites."""
        if id_ not in self._sites:
            await self._store.site(id_)
            self._sites.add(id_)

    async def today(self, now_ms: int) -> date:
        """The market's calendar day at an instant."""
        zone = timezone(timedelta(milliseconds=(await self.settings()).zone_offset_ms))
        return datetime.fromtimestamp(now_ms / 1000, zone).date()
