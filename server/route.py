"""A line of the table of the API: what it takes and answers, who may ask, and what it may refuse with."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from aiohttp import web

from matcher.model import Role

PARAMETER: Final = re.compile(r"{(\w+)}")
Handler = Callable[[web.Request, Any], Awaitable[Any]]

ANYBODY: Final[frozenset[Role]] = frozenset({"worker", "employer", "kiosk", "clerk", "manager", "integration"})
"""Every role but the newcomer, who is nobody yet."""

OWN: Final[dict[str, frozenset[Role]]] = {
    "profile": frozenset({"worker"}),
    "offer": frozenset({"worker"}),
    "crew": frozenset({"worker"}),
    "assignment": frozenset({"worker", "employer", "kiosk"}),
    "posting": frozenset({"employer", "kiosk"}),
    "series": frozenset({"employer", "kiosk"}),
    "employer": frozenset({"employer"}),
}
"""Who reaches only what is theirs, by what the path names; `server.auth` has the rules."""


@dataclass(frozen=True)
class Route:
    """One line of the table. `body` or `query` is parsed before the handler, which gets it as its second argument;
    `answer` is encoded after it, unless the handler answers by itself (`answer` None)."""

    method: str
    path: str
    summary: str
    handler: Handler
    answer: type | None
    roles: frozenset[Role] | None = ANYBODY  # None: needs no token
    body: type | None = None
    query: type | None = None
    status: int = 200
    errors: tuple[str, ...] = ()
    bounded: bool = True  # counts as a request at work and must end in time
    own: frozenset[Role] = frozenset()  # besides those of `OWN`: who reaches only what is theirs
    hides: str = "forbidden"  # what those are told about what is not theirs
    audited: bool = False  # tells, shows, changes or deletes who somebody is: logged whoever asks
    impersonal: bool = False  # about nobody: not logged where staff ask, as everything else is (`server.auditing`)

    @property
    def name(self) -> str:
        """The handler's name: unique in the table, the `operationId`."""
        return self.handler.__name__

    @property
    def limited(self) -> frozenset[Role]:
        """Roles that reach only what is theirs by this route."""
        named = [OWN.get(name, frozenset()) for name in PARAMETER.findall(self.path)]
        return self.own.union(*named) & (self.roles or frozenset())

    @cached_property
    def scope(self) -> str:
        """What an integration's key must be allowed: the noun after /v1; nothing for its own session."""
        noun = self.path.split("/")[2] if self.path.startswith("/v1/") else ""
        return "" if noun == "session" else noun


_SAID_BY_EVERY_ROUTE: Final = ("not_acceptable", "store_unavailable", "overloaded", "timeout", "internal")
_SAID_TO_TOKENS: Final = ("no_token", "bad_token", "bad_csrf", "forbidden", "too_many_requests")
_SAID_TO_BODIES: Final = ("bad_body", "bad_field", "too_large", "unsupported_media")


def errors_of(route: Route) -> tuple[str, ...]:
    """Every code that the route may answer with, its own first."""
    codes = [*route.errors]
    if "{" in route.path:
        codes.append("bad_id")
    if route.body is not None:
        codes += _SAID_TO_BODIES
    elif route.query is not None:
        codes.append("bad_field")
    if route.roles is not None:
        codes += _SAID_TO_TOKENS
    return tuple(dict.fromkeys([*codes, *_SAID_BY_EVERY_ROUTE]))
