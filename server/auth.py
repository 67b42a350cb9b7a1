"""Bearer tokens: who asks, with which role, and what is theirs.

The store keeps only the SHA-256 of a token, so that reading the store gives nobody a login.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from typing import Final

from aiohttp import web
from msgspec import Struct

from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.model import Role
from matcher.store import Store

CACHE_S: Final = 3.0
"""How long a token that was found is not looked up again; a revoked one works for so long at most."""
CACHED_TOKENS: Final = 20_000
TOKEN_BYTES: Final = 32
STAFF: Final[frozenset[Role]] = frozenset({"clerk", "manager"})


class Caller(Struct, frozen=True):
    """Who asks: `subject` is the id of a profile (worker) or an employer, `site` the kiosk's."""

    role: Role
    subject: str
    site: str
    expires_ms: int
    token_hash: str


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


async def issue(store: Store, role: Role, subject: str, site: str = "", ttl_s: int = 12 * 3600) -> str:
    """A new token for a role. A worker's subject is the profile id, an employer's the employer id.

    Raises StoreUnavailable.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    key = store.key("token", _hashed(token))
    expires_ms = await store.now_ms() + ttl_s * 1000
    fields = {"role": role, "subject": subject, "site": site, "expires_ms": expires_ms}
    async with guarded():
        pipe = store.commands.pipeline(transaction=True)
        pipe.hset(key, mapping=fields)
        pipe.pexpireat(key, expires_ms)
        await pipe.execute()
    return token


async def revoke(store: Store, token: str) -> None:
    """Ends a token; servers that know it forget it within `CACHE_S`."""
    async with guarded():
        await store.commands.delete(store.key("token", _hashed(token)))


class Tokens:
    """Looks tokens up, and remembers those found for `CACHE_S`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    async def caller(self, token: str) -> Caller:
        """Raises `bad_token` for one that is unknown or has expired."""
        hashed = _hashed(token)
        known = self._known.get(hashed)
        if known is None or known[1] < time.monotonic():
            known = await self._look_up(hashed), time.monotonic() + CACHE_S
            self._known[hashed] = known
            if len(self._known) > CACHED_TOKENS:
                self._known.popitem(last=False)
        if known[0].expires_ms <= time.time_ns() // 1_000_000:
            raise KuaizhaoError("bad_token")
        return known[0]

    async def _look_up(self, hashed: str) -> Caller:
        (raw,) = await self._store.hashes("token", [hashed])
        if not raw:
            self._known.pop(hashed, None)
            raise KuaizhaoError("bad_token")
        return Caller(
            role=raw[b"role"].decode(),  # type: ignore[arg-type]  # written by `issue` from the Literal
            subject=raw[b"subject"].decode(),
            site=raw[b"site"].decode(),
            expires_ms=int(raw[b"expires_ms"]),
            token_hash=hashed,
        )


def bearer(request: web.Request) -> str:
    """The token of the Authorization header. Raises `no_token`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise KuaizhaoError("no_token")
    return token.strip()


# -- what is whose -----------------------------------------------------------------------------------------------------


async def check_profile(store: Store, caller: Caller, profile: str) -> None:
    """A worker's own profile, a kiosk's people of its site, everybody for staff. Raises `forbidden`, `no_profile`."""
    if caller.role in STAFF or (caller.role == "worker" and caller.subject == profile):
        return
    if caller.role == "kiosk" and (await store.profile(profile)).doc.site == caller.site:
        return
    raise KuaizhaoError("forbidden")


def check_employer(caller: Caller, employer: str) -> None:
    """An employer's own record and postings, everything for staff and the integration. Raises `forbidden`."""
    if caller.role in STAFF or caller.role == "integration":
        return
    if caller.role != "employer" or caller.subject != employer:
        raise KuaizhaoError("forbidden")


def check_site(caller: Caller, site: str) -> None:
    """A kiosk acts for its own site only. Raises `forbidden`."""
    if caller.role == "kiosk" and caller.site != site:
        raise KuaizhaoError("forbidden")
