"""A worker's yes or no on their socket: as over HTTP, without a request's way there.

Who is offered work holds a socket anyway. On it an answer needs no new connection, which takes a phone on a bad line
up to two round trips more, and costs this server about half of what a request does. The same rules, the same function
of the store and the same codes; who is not answered in time asks again, here or over HTTP, and is told the same.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Final

import structlog
from aiohttp import web

from ingest.masking import masked
from matcher.errors import KuaizhaoError
from matcher.model import Role
from server import wire
from server.api.ids import parsed_offer
from server.api.offers import accept, decline
from server.auth import check_role
from server.keys import GATE, METRICS, PUSH, SESSIONS, STORE
from server.porter import answered as answered_on
from server.push import Inbox
from server.sockets import TOKEN_EXPIRED
from server.views import Error
from server.worker_views import AcceptFrame, Answered, AnsweredFrame, DeclineFrame, RefusedFrame, Said

ROLES: Final[frozenset[Role]] = frozenset({"worker"})
OPERATIONS: Final[dict[type, Said]] = {AcceptFrame: "accept", DeclineFrame: "decline"}
OK: Final = 200

log = structlog.get_logger()


async def hear(request: web.Request, inbox: Inbox, said: str | bytes) -> None:
    """Answers one frame with one frame. `request` is the one that opened the socket."""
    began, metrics = time.perf_counter(), request.app[METRICS]
    offer, status = "", OK
    operation: Said = "none"
    reply: AnsweredFrame | RefusedFrame
    try:
        frame = _read(inbox, said)
        offer, operation = frame.offer, OPERATIONS[type(frame)]
        answered = await request.app[GATE].request(partial(_answer, request.app, inbox, frame))
        reply = AnsweredFrame(offer=offer, operation=operation, answered=answered)
    except KuaizhaoError as exc:
        reply = _refused(offer, operation, exc.with_traceback(None))  # as in `limits.refusals`
        if exc.code == "bad_token":
            inbox.end(TOKEN_EXPIRED)  # which tells it: no frame comes after
    except Exception:
        log.exception("request_failed", method="socket", route=operation)
        reply = _refused(offer, operation, KuaizhaoError("internal"))
    if isinstance(reply, RefusedFrame):
        status = reply.status
        metrics.errors.labels(reply.error.code).inc()
    request.app[PUSH].send(inbox, wire.encode(reply, inbox.wire_format), "answer")
    metrics.requests_like("socket", operation, status).observe(time.perf_counter() - began)
    answered_on(request, known=True)


def _read(inbox: Inbox, said: str | bytes) -> AcceptFrame | DeclineFrame:
    """Raises `bad_body`, `bad_field`."""
    body = said.encode("utf-8", "surrogatepass") if isinstance(said, str) else said
    frame: AcceptFrame | DeclineFrame = wire.typed(
        wire.decode(body, inbox.wire_format),
        AcceptFrame | DeclineFrame,  # type: ignore[arg-type]  # a union of tagged structs
    )
    return masked(frame)


async def _answer(app: web.Application, inbox: Inbox, frame: AcceptFrame | DeclineFrame) -> Answered:
    """Raises `bad_token` where the session has ended, and what the store's functions do."""
    caller = await app[SESSIONS].known_as(inbox.session)
    check_role(caller, ROLES, "")
    offer, gate = parsed_offer(frame.offer), app[GATE]
    if isinstance(frame, AcceptFrame):
        return await gate.caller(caller, partial(accept, app[STORE], caller, offer))
    inbox.declining.add(offer.posting)  # before it is done: its event may be here before its answer
    is_done = False
    try:
        answered = await gate.caller(caller, partial(decline, app[STORE], caller, offer, frame.reason))
        is_done = not answered.replay
        return answered
    finally:
        if not is_done:
            inbox.declining.discard(offer.posting)


def _refused(offer: str, operation: Said, error: KuaizhaoError) -> RefusedFrame:
    return RefusedFrame(
        offer=offer,
        operation=operation,
        status=error.status,
        error=Error(error.code, error.message, error.detail),
        retry_after_s=error.retry_after_s,
    )
