"""Names of the trades, hazards and certificates whose ids the API speaks in."""

from __future__ import annotations

from aiohttp import web

from matcher import trades
from server.views import Named, TradeList, TradeView


async def list_trades(request: web.Request, _: None) -> TradeList:
    """The whole lexicon's names, in its order."""
    return TradeList(
        trades=[TradeView(t.id, t.name, t.pictogram) for t in trades.trades().values()],
        hazards=[Named(h.id, h.name) for h in trades.hazards().values()],
        certificates=[Named(c.id, c.name) for c in trades.certificates().values()],
    )
