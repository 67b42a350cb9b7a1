"""Log-ins: opaque tokens that name a session in the store.

The store keeps only the SHA-256 of a token, so that reading it gives nobody a log-in. A session ends by itself when it
is not used for a while and at a fixed time (both by the store's clock: they are the key's own expiry), and at once when
it is ended: an event tells every server, which drops it from its memory and closes its sockets.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from matcher.errors import KuaizhaoError
from matcher.model import Role
from matcher.reading import fields
from matcher.store import Store

CACHE_S: Final = 10.0
"""How long, at most, a session that was found is not looked up again: who is offered work answers a few times a minute.
The event that ends it comes within milliseconds."""
CACHED_OF_IDLE: Final = 20
"""Nor longer than this part of the time that it lives unused, which is counted from the last look."""
CACHED_SESSIONS: Final = 20_000
TOKEN_BYTES: Final = 32
ROTATED_MS: Final = 60_000
"""How long the old token still works after a rotation: the answer with the new one may have been lost."""
EVERYTHING: Final = "*"
DAY_S: Final = 24 * 3600


class Life(NamedTuple):
    """How long a session lives: unused, and at most."""

    idle_s: int
    most_s: int


LIVES: Final[dict[Role, Life]] = {
    "worker": Life(14 * DAY_S, 90 * DAY_S),
    "employer": Life(2 * DAY_S, 30 * DAY_S),
    "kiosk": Life(30 * DAY_S, 365 * DAY_S),
    "clerk": Life(3600, 12 * 3600),
    "manager": Life(1800, 12 * 3600),
    "integration": Life(90 * DAY_S, 365 * DAY_S),
    "newcomer": Life(900, 1800),
}
AT_A_KIOSK: Final = Life(120, 3600)
"""A worker's session at a kiosk: who walks away is logged out, who reads slowly has the time."""


class Caller(Struct, frozen=True):
    """Who asks: `subject` is the id of a profile (worker), an employer, a kiosk, a member of staff or a key, and of a
    newcomer the keyed hash of the telephone; `site` the kiosk's, or where a worker has logged in at one; `scopes` what
    an integration may do."""

    role: Role
    subject: str
    site: str
    scopes: frozenset[str]
    expires_ms: int
    token_hash: str

    @property
    def whose(self) -> str:
        """`ROLE:SUBJECT`: all sessions of one subject."""
        return f"{self.role}:{self.subject}"


def hashed(token: str) -> str:
    """What the store knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class Still(NamedTuple):
    """What a log-in rests on, and must be so when it begins: the store's answer to a command."""

    command: Literal["HGET", "SISMEMBER"]
    key: str
    argument: str
    answer: str = "1"


async def issue(
    store: Store,
    role: Role,
    subject: str,
    site: str = "",
    ttl_s: float = 12 * 3600,
    *,
    idle_s: float | None = None,
    scopes: Iterable[str] = (EVERYTHING,),
    resting_on: Sequence[Still] = (),
) -> str:
    """The token of a new session; without `idle_s` it need not be used to last. Raises `bad_login` where what it rests
    on is not so any more, StoreUnavailable."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    most_ms, idle_ms = int(ttl_s * 1000), int((ttl_s if idle_s is None else idle_s) * 1000)
    conditions = [part for still in resting_on for part in still]
    await store.call(
        "open_session", hashed(token), role, subject, site, " ".join(scopes), most_ms, idle_ms, *conditions
    )
    return token


async def log_in(
    store: Store, role: Role, subject: str, site: str = "", life: Life | None = None, resting_on: Sequence[Still] = ()
) -> str:
    """The token of a new session of the usual life. Raises as `issue`."""
    life = life or LIVES[role]
    return await issue(store, role, subject, site, life.most_s, idle_s=life.idle_s, resting_on=resting_on)


async def rotate(store: Store, caller: Caller) -> str:
    """A new token for the caller's session, which ends when it would have; the old token ends within `ROTATED_MS`.
    Raises `bad_token` for one that has ended meanwhile."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await store.call("rotate_session", caller.token_hash, hashed(token), ROTATED_MS)
    return token


class Sessions:
    """Looks sessions up, and remembers those found for `CACHE_S`, or until an event says that they ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
        self._endings = 0

    async def caller(self, token: str) -> Caller:
        """Raises `bad_token` for one that is unknown or has ended."""
        return await self.known_as(hashed(token))

    async def known_as(self, hash_: str) -> Caller:
        """The caller by what the store knows of their token (`hashed`). Raises `bad_token`."""
        known = self._known.get(hash_)
        if known is None or known[1] < time.monotonic():
            self._known.pop(hash_, None)
            endings = self._endings
            known = await self._look_up(hash_)
            if endings == self._endings:  # else it may be this one that has ended since the store answered
                self._known[hash_] = known
            if len(self._known) > CACHED_SESSIONS:
                self._known.popitem(last=False)
        return known[0]

    def forget(self, hashes: Iterable[str]) -> None:
        """These sessions have ended."""
        self._endings += 1
        for hash_ in hashes:
            self._known.pop(hash_, None)

    def forget_all(self) -> None:
        """Ends of sessions may have been missed."""
        self._endings += 1
        self._known.clear()

    async def _look_up(self, hash_: str) -> tuple[Caller, float]:
        """The caller, and until when (monotonic seconds) it need not be looked up again."""
        key = self._store.key("session", hash_)
        flat, left_ms, (seconds, micros) = await self._store.ask([("HGETALL", key), ("PTTL", key), ("TIME",)])
        raw = fields(flat)
        if not raw or left_ms <= 0:  # it may have ended between the two
            raise KuaizhaoError("bad_token")
        now_ms, expires_ms, idle_ms = (
            int(seconds) * 1000 + int(micros) // 1000,
            int(raw[b"expires_ms"]),
            int(raw[b"idle_ms"]),
        )
        longest_ms = min(idle_ms, expires_ms - now_ms)
        if left_ms < longest_ms - idle_ms // 10:  # not on every use: each is a synced write
            await self._store.ask([("PEXPIREAT", key, now_ms + longest_ms)])
            left_ms = longest_ms
        caller = Caller(
            role=raw[b"role"].decode(),  # type: ignore[arg-type]  # written by one function from one Literal
            subject=raw[b"subject"].decode(),
            site=raw[b"site"].decode(),
            scopes=frozenset(raw[b"scopes"].decode().split()),
            expires_ms=expires_ms,
            token_hash=hash_,
        )
        return caller, time.monotonic() + min(CACHE_S, idle_ms / CACHED_OF_IDLE / 1000, left_ms / 1000)
