"""/v1/board: the socket of who watches postings: an employer its own, a kiosk or hall screen its site's, staff what
waits at the desk. It only tells; answers go over HTTP."""

from __future__ import annotations

from aiohttp import web

from server import wire
from server.board_views import BoardQuery
from server.keys import BOARDS, CALLER, now_ms
from server.sockets import shake_hands, talk, wanted_format


async def board(request: web.Request, query: BoardQuery) -> web.StreamResponse:
    """Joins first and reads the snapshot after, so that nothing falls between; then sends what changes."""
    caller, boards = request[CALLER], request.app[BOARDS]
    watcher = boards.join(caller, query.site or "", wanted_format(request))
    try:
        hello = await boards.hello(watcher)
        answer = await shake_hands(request)
        life_s = (caller.expires_ms - now_ms()) / 1000
        await talk(request, answer, watcher, wire.encode(hello, watcher.wire_format), life_s)
        return answer
    finally:
        boards.leave(watcher)
