"""A gateway of short messages to try things with: real HTTP, delays, failures and duplicates.

`POST /messages {"id", "to", "text"}` takes a message, `GET /messages?to=TELEPHONE` shows what came to a telephone. It
is for sample data and tests: whoever reaches it reads every message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from random import Random
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

KEPT: Final = 10_000


class Weather(Struct, frozen=True, kw_only=True):
    """How bad it is today: shares of 0..1, and the longest delay."""

    longest_delay_s: float = 0.2
    refused: float = 0.0
    """Answered 503 and not taken."""
    lost_answers: float = 0.0
    """Taken, and answered 500 all the same: it will come again."""
    doubled: float = 0.0
    """Delivered twice."""


class SimulatedGateway:
    """What came to which telephone. A message that comes again under its id is delivered once."""

    def __init__(self, weather: Weather | None = None, seed: int = 0) -> None:
        self.weather = weather or Weather()
        self.delivered: deque[dict[str, str]] = deque(maxlen=KEPT)
        self.handed_over: list[str] = []
        self._seen: set[str] = set()
        self._draw = Random(seed)  # noqa: S311 - weather

    def app(self) -> web.Application:
        """Its HTTP side."""
        app = web.Application()
        app.router.add_post("/messages", self._take)
        app.router.add_get("/messages", self._show)
        return app

    def of(self, telephone: str) -> list[str]:
        """The texts that came to a telephone, oldest first."""
        return [message["text"] for message in self.delivered if message["to"] == telephone]

    async def _take(self, request: web.Request) -> web.Response:
        message: dict[str, Any] = await request.json()
        await asyncio.sleep(self._draw.uniform(0, self.weather.longest_delay_s))
        self.handed_over.append(message["id"])
        if self._draw.random() < self.weather.refused:
            return web.json_response({"state": "busy"}, status=503)
        if message["id"] not in self._seen:
            self._seen.add(message["id"])
            times = 2 if self._draw.random() < self.weather.doubled else 1
            self.delivered.extend([{"to": message["to"], "text": message["text"]}] * times)
        if self._draw.random() < self.weather.lost_answers:
            return web.json_response({"state": "error"}, status=500)
        return web.json_response({"state": "taken", "id": message["id"]}, status=202)

    async def _show(self, request: web.Request) -> web.Response:
        wanted = request.query.get("to")
        return web.json_response([m for m in self.delivered if wanted in (None, m["to"])])


def main(host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM."""
    web.run_app(SimulatedGateway().app(), host=host, port=port, access_log=None, print=None)
