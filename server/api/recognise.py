"""Words to trades: what the forms for a posting or a registration propose, for a person to correct."""

from __future__ import annotations

from aiohttp import web

from server.keys import RECOGNISING
from server.views import Recognised, TextToRecognise, recognised_view


async def recognise_text(request: web.Request, said: TextToRecognise) -> Recognised:
    """Trades with confidence and the words that led there; nothing is stored."""
    return recognised_view(await request.app[RECOGNISING].recognise(said.text))
