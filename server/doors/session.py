"""The session itself: who am I, a new token, and out."""

from __future__ import annotations

from aiohttp import web

from server import kiosks, sessions
from server.auth import COOKIE, csrf_of, token_of
from server.doors.entering import with_cookie
from server.doors.views import Ended, Ending, LoggedIn, Rotation, SessionView
from server.keys import CALLER, SESSIONS, STORE
from server.sessions import LIVES
from server.wire import answer


async def get_session(request: web.Request, _: None) -> SessionView:
    """Who asks, and what a page needs to ask for more."""
    caller = request[CALLER]
    return SessionView(
        csrf=csrf_of(token_of(request)),
        role=caller.role,
        subject=caller.subject,
        site=caller.site,
        scopes=sorted(caller.scopes),
        expires_ms=caller.expires_ms,
        card_reader=caller.role == "kiosk" and await kiosks.has_card_reader(request.app[STORE], caller.subject),
    )


async def rotate_session(request: web.Request, into: Rotation) -> LoggedIn | web.Response:
    """A new token for the same session, where it was or (`cookie`) in the cookie; the old one works a minute more."""
    caller = request[CALLER]
    token = await sessions.rotate(request.app[STORE], caller)
    request.app[SESSIONS].forget([caller.token_hash])
    by_cookie = into.cookie or "Authorization" not in request.headers
    renewed = LoggedIn(
        token="" if by_cookie else token,
        csrf=csrf_of(token),
        role=caller.role,
        subject=caller.subject,
        site=caller.site,
        idle_s=LIVES[caller.role].idle_s,
        expires_ms=caller.expires_ms,
    )
    if not by_cookie:
        return renewed
    return with_cookie(request, renewed, token, LIVES[caller.role].most_s)


async def end_session(request: web.Request, ending: Ending) -> web.Response:
    """Out, here or everywhere: at once, on every server."""
    caller, store = request[CALLER], request.app[STORE]
    done = await store.end_sessions(caller.whose, None if ending.everywhere else caller.token_hash)
    request.app[SESSIONS].forget([caller.token_hash])
    response = answer(request, Ended(done.done))
    if "Authorization" not in request.headers:  # else the cookie is another's: at a kiosk, the kiosk's own
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response
