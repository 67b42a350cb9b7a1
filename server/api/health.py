"""Is it alive, can it work, what has it done."""

from __future__ import annotations

from aiohttp import web

from matcher.errors import KuaizhaoError, StoreUnavailable
from server.keys import ENCODING, METRICS, PUSH, STORE
from server.matcher_metrics import matcher_text
from server.views import Health, Ready

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(_request: web.Request, _: None) -> Health:
    """The process answers."""
    return Health()


async def readyz(request: web.Request, _: None) -> Ready:
    """The store answers, the encoder is warm and events are read. Raises `store_unavailable` or `overloaded`."""
    app = request.app
    await app[STORE].ping()
    if not app[PUSH].alive:
        raise StoreUnavailable("push")
    if not app[ENCODING].ready:
        raise KuaizhaoError("overloaded", "encoder")
    model, matcher = await app[ENCODING].is_in_force(), await app[STORE].is_alive("matcher")
    return Ready(store=True, encoder=True, push=True, model=model, matcher=matcher)


async def metrics(request: web.Request, _: None) -> web.Response:
    """Counters for Prometheus: this server's, and what the market's matcher told last."""
    body = request.app[METRICS].text()
    try:
        told = await request.app[STORE].counts_of("matcher")
    except StoreUnavailable:
        told = None
    return web.Response(body=body + matcher_text(told) if told else body, headers={"Content-Type": PROMETHEUS_TEXT})
