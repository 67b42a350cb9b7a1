"""What every door ends in: a session of its own, as a token or in a cookie; and the caller's address for the limits."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from matcher.model import Role
from server import rates, sessions
from server.auth import COOKIE, CSRF_HEADER, csrf_of, token_of
from server.doors.views import LoggedIn
from server.keys import SESSIONS, STORE, VAULT
from server.peers import address_of, is_secure
from server.rates import Rate
from server.sessions import Caller, Life, Still
from server.wire import answer

CODE_DIGITS: Final = 6


async def enter(
    request: web.Request,
    role: Role,
    subject: str,
    *resting_on: Still,
    site: str = "",
    life: Life | None = None,
    cookie: bool,
) -> web.Response | LoggedIn:
    """Opens a session, of a worker only while they are registered. Whatever session the request came with is not taken
    over: nobody can plant one. Raises `bad_login` where what it rests on is not so any more."""
    store, life = request.app[STORE], life or sessions.LIVES[role]
    if role == "worker":
        resting_on += (Still("SISMEMBER", store.key("ids", "profile"), subject),)
    token = await sessions.log_in(store, role, subject, site, life, resting_on)
    caller = await request.app[SESSIONS].caller(token)
    entered = LoggedIn(
        token="" if cookie else token,
        csrf=csrf_of(token),
        role=role,
        subject=subject,
        site=site,
        idle_s=life.idle_s,
        expires_ms=caller.expires_ms,
    )
    if not cookie:
        return entered
    return with_cookie(request, entered, token, life.most_s)


def with_cookie(request: web.Request, body: object, token: str, most_s: int) -> web.Response:
    """The answer with the token in a cookie that scripts cannot read and other sites cannot send."""
    response = answer(request, body)
    response.set_cookie(
        COOKIE, token, max_age=most_s, path="/", httponly=True, samesite="Strict", secure=is_secure(request)
    )
    return response


async def kiosk_of(request: web.Request) -> Caller | None:
    """The kiosk that a log-in comes through, if it says so: with its token, or its cookie and CSRF token. A browser
    that shows only a cookie is nobody yet. Raises `bad_token`, `bad_csrf`."""
    if "Authorization" not in request.headers and CSRF_HEADER not in request.headers:
        return None
    caller = await request.app[SESSIONS].caller(token_of(request))
    return caller if caller.role == "kiosk" else None


def device_of(request: web.Request, kiosk: Caller | None = None) -> tuple[Rate, str]:
    """What tries are counted by beside the telephone: the kiosk, or a keyed hash of the client's address."""
    if kiosk is not None:
        return rates.KIOSK_TRIES, kiosk.subject
    return rates.ADDRESS_TRIES, request.app[VAULT].keyed_hash(f"address {address_of(request)}")[:32]
