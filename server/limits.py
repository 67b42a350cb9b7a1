"""From a line of the table to aiohttp's handler: who may ask, what is parsed and answered; refusals in one form."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import hdrs, web

from ingest.masking import masked
from matcher.errors import KuaizhaoError
from server import wire
from server.api.ids import checked
from server.auditing import noted
from server.auth import check_role, token_of
from server.gate import Door, Gate
from server.keys import CALLER, METRICS, SESSIONS
from server.porter import answered, session_shown
from server.route import Route
from server.sessions import Caller

COMPOSED: Final = frozenset({"offer", "assignment"})
"""Parts of a path that their handlers take apart."""

log = structlog.get_logger()
Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


def endpoint(route: Route, gate: Gate) -> Endpoint:
    """The route's handler as aiohttp calls it."""
    door = Door() if route.bounded and route.roles is None else None

    async def whoever_asks(request: web.Request) -> web.StreamResponse:
        if route.answer is not None:
            wire.format_of(request)
        if route.roles is None:
            return await _respond(route, request, door)
        request[CALLER] = caller = await _caller(route, request)
        session_shown(request)
        if not route.bounded:
            return await _respond(route, request)
        return await gate.caller(caller, partial(_respond, route, request))

    async def handle(request: web.Request) -> web.StreamResponse:
        if not route.bounded:
            return await whoever_asks(request)
        return await gate.request(partial(whoever_asks, request))

    return handle


async def _caller(route: Route, request: web.Request) -> Caller:
    """Who asks. Raises `no_token`, `bad_token`, `bad_csrf`, or `forbidden` for a role that the table does not name."""
    caller = await request.app[SESSIONS].caller(token_of(request, socket=not route.bounded))
    check_role(caller, route.roles or (), route.scope)
    return caller


async def _respond(route: Route, request: web.Request, door: Door | None = None) -> web.StreamResponse:
    for name, value in request.match_info.items():
        if name not in COMPOSED:
            checked(value)
    given: Any = None
    if route.body is not None:
        given = await wire.read(request, route.body)
    elif route.query is not None:
        given = wire.read_query(request.query, route.query)
    given = masked(given)
    handling = partial(noted, route, request, given)  # who sends slowly holds up nobody at the door
    value = await (handling() if door is None else door.request(handling))
    if isinstance(value, web.StreamResponse):
        return value
    return wire.answer(request, value, route.status)


@web.middleware
async def refusals(request: web.Request, handler: Endpoint) -> web.StreamResponse:
    """Every refusal in the same form, every request measured; what nobody expected is logged, without its body.

    A refusal loses its traceback: its frames hold the request, and some of them the refusal. Such a cycle would keep
    both until the collector comes, which is seldom here (matcher/garbage.py).
    """
    metrics, began = request.app[METRICS], time.perf_counter()
    resource = request.match_info.route.resource
    label = resource.canonical if resource is not None else "none"
    try:
        response = await handler(request)
    except KuaizhaoError as exc:
        response = _refused(request, exc.with_traceback(None))
    except web.HTTPException as exc:
        response = _refused_by_aiohttp(request, exc.with_traceback(None))
    except Exception:
        log.exception("request_failed", method=request.method, route=label)
        response = _refused(request, KuaizhaoError("internal"))
    answered(request, known=CALLER in request)
    seconds = time.perf_counter() - began
    if response.status != 101:
        method = request.method if request.method in hdrs.METH_ALL else "other"  # anybody can invent methods
        metrics.requests_like(method, label, response.status).observe(seconds)
    return response


def _refused(request: web.Request, error: KuaizhaoError) -> web.StreamResponse:
    request.app[METRICS].errors.labels(error.code).inc()
    return wire.refusal(request, error)


def _refused_by_aiohttp(request: web.Request, exc: web.HTTPException) -> web.StreamResponse:
    if exc.status == 413:
        return _refused(request, KuaizhaoError("too_large"))
    if exc.status == 400:  # a socket that does not shake hands
        return _refused(request, KuaizhaoError("bad_body", exc.reason))
    where = f"{request.method} {request.path}"
    if exc.status == 405:
        response = _refused(request, KuaizhaoError("method_not_allowed", where))
        response.headers["Allow"] = exc.headers.get("Allow", "")
        return response
    return _refused(request, KuaizhaoError("not_found", where))
