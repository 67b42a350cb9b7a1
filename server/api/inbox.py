"""/v1/inbox: a worker's socket."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from server import wire
from server.answering import hear
from server.keys import CALLER, CARDS, PUSH, now_ms
from server.sockets import shake_hands, talk, wanted_format
from server.worker_views import InboxQuery


async def inbox(request: web.Request, query: InboxQuery) -> web.StreamResponse:
    """Joins first and reads the snapshot after, so that nothing falls between; then sends what changes, and answers
    what is said (`server/answering.py`)."""
    caller, push = request[CALLER], request.app[PUSH]
    box = push.join(caller.subject, wanted_format(request), query.after, caller.token_hash)
    try:
        hello = await request.app[CARDS].hello(caller.subject, query.after)
        answer = await shake_hands(request)
        if hello.messages:
            box.last_seq = max(box.last_seq, hello.messages[-1].seq)
        life_s = (caller.expires_ms - now_ms()) / 1000
        await talk(request, answer, box, wire.encode(hello, box.wire_format), life_s, partial(hear, request, box))
        return answer
    finally:
        push.leave(box)
