"""Who may do what: the token of a request, roles, scopes, and what is whose. The only place that decides it.

A token comes in the Authorization header, or in the cookie that a browser's log-in set; with the cookie, whatever
changes something must carry the session's CSRF token, and a socket must come from a page of this server.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from matcher.errors import KuaizhaoError
from matcher.model import PostingRecord, PostingState, Role
from matcher.store import Store
from server.sessions import EVERYTHING, Caller

STAFF: Final[frozenset[Role]] = frozenset({"clerk", "manager"})
COOKIE: Final = "kuaizhao"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_PROTOCOL: Final = "token."  # noqa: S105 - a prefix, not a secret
"""A browser cannot send headers with a socket: it offers the token as one more subprotocol, `token.<TOKEN>`."""
PRIVATE: Final[frozenset[PostingState]] = frozenset({"draft", "blocked", "awaiting_review"})
"""States in which only the employer, staff and those who have an offer of it may see a posting."""


# -- the token ---------------------------------------------------------------------------------------------------------


def token_of(request: web.Request, *, socket: bool = False) -> str:
    """The token that a request carries. Raises `no_token`; `bad_csrf` where another site may have sent the cookie."""
    header = request.headers.get("Authorization")
    if header is not None:
        return _bearer(header)
    if socket and (token := _of_socket(request)):
        return token
    cookie = request.cookies.get(COOKIE, "")
    if not cookie:
        raise KuaizhaoError("no_token")
    if socket:
        origin = urlsplit(request.headers.get("Origin", "")).netloc
        if origin != request.host:
            raise KuaizhaoError("bad_csrf", "Origin")
    elif request.method not in SAFE and not hmac.compare_digest(
        csrf_of(cookie).encode(), request.headers.get(CSRF_HEADER, "").encode("utf-8", "surrogateescape")
    ):
        raise KuaizhaoError("bad_csrf", CSRF_HEADER)
    return cookie


def csrf_of(token: str) -> str:
    """The CSRF token of a session: whoever can read it has the session's token already."""
    return hashlib.sha256(b"csrf " + token.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def offered_protocols(request: web.Request) -> list[str]:
    """The subprotocols that a socket offers, in its order."""
    return [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()]


def _of_socket(request: web.Request) -> str:
    for protocol in offered_protocols(request):
        if protocol.startswith(TOKEN_PROTOCOL):
            return protocol.removeprefix(TOKEN_PROTOCOL)
    return request.query.get("token", "")


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise KuaizhaoError("no_token")
    return token.strip()


# -- roles -------------------------------------------------------------------------------------------------------------


def check_role(caller: Caller, roles: Collection[Role], scope: str) -> None:
    """The table names the caller's role, and an integration's key has the route's scope. Raises `forbidden`."""
    if caller.role not in roles:
        raise KuaizhaoError("forbidden", caller.role)
    if caller.role == "integration" and scope and not caller.scopes & {EVERYTHING, scope}:
        raise KuaizhaoError("forbidden", scope)


# -- what is whose -----------------------------------------------------------------------------------------------------


def check_profile(caller: Caller, profile: str) -> None:
    """A worker's own profile, everybody for staff. Raises `forbidden`."""
    if caller.role not in STAFF and not (caller.role == "worker" and caller.subject == profile):
        raise KuaizhaoError("forbidden")


def check_employer(caller: Caller, employer: str) -> None:
    """An employer's own record and postings, everything for staff and the integration. Raises `forbidden`."""
    if caller.role in STAFF or caller.role == "integration":
        return
    if caller.role != "employer" or caller.subject != employer:
        raise KuaizhaoError("forbidden")


def check_reason(caller: Caller, reason: str) -> None:
    """Staff say why they look at what is somebody's own; it is in the audit log. Raises `bad_field`."""
    if caller.role in STAFF and not reason.strip():
        raise KuaizhaoError("bad_field", "reason 请写明为什么要看")


def check_site(caller: Caller, site: str) -> None:
    """A kiosk acts for its own site only. Raises `forbidden`."""
    if caller.role == "kiosk" and caller.site != site:
        raise KuaizhaoError("forbidden")


async def check_posting(store: Store, caller: Caller, posting: str) -> None:
    """A posting's employer, a kiosk of its site, or staff. Raises `forbidden`, `no_posting`."""
    if caller.role in STAFF:
        return
    doc = (await store.posting(posting)).doc
    if caller.role == "kiosk":
        check_site(caller, doc.site)
    else:
        check_employer(caller, doc.employer)


def may_see(caller: Caller, record: PostingRecord) -> bool:
    """Whether a posting is shown: to its employer, a kiosk of its site, staff; to everybody else once it is public."""
    if caller.role == "employer":
        return record.doc.employer == caller.subject
    if caller.role == "kiosk" and record.doc.site != caller.site:
        return False
    return record.state not in PRIVATE or caller.role in STAFF or caller.role == "integration"


def sees_review(caller: Caller) -> bool:
    """Whether the caller may see why a posting was returned or held back."""
    return caller.role not in {"worker", "kiosk"}


def check_in_hall(caller: Caller) -> None:
    """Who is in the hall is said by staff, or by a worker who has logged in at a kiosk there. Raises `forbidden`."""
    if caller.role == "worker" and not caller.site:
        raise KuaizhaoError("forbidden", "in_hall")
