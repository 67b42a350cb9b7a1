"""Which requests go into the audit log, and as what: so that nothing is done, and nothing shown, unlogged."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ingest.masking import mask_text
from matcher.errors import KuaizhaoError
from server.auth import SAFE, STAFF
from server.keys import CALLER, STORE
from server.route import Route
from server.sessions import Caller


def belongs(route: Route, caller: Caller) -> bool:
    """Whatever tells, shows, changes or deletes who somebody is, by whomever; and all that staff change or look at, but
    what is about nobody."""
    return route.audited or (caller.role in STAFF and not route.impersonal)


async def tell(request: web.Request, what: str, on: str, why: str) -> None:
    """Writes that the caller does this. Raises StoreUnavailable: then it must not be done."""
    await request.app[STORE].call("audit_log", request[CALLER].whose, what, on, mask_text(why))


async def noted(route: Route, request: web.Request, given: Any) -> Any:
    """The handler's answer. What changes something is logged before it is done, and again where it is refused; what is
    looked at before the answer goes out: with everybody whom a list is `about`, and not where it is empty."""
    caller = request.get(CALLER)
    if caller is None or not belongs(route, caller):
        return await route.handler(request, given)
    named, why = _named(request, given), getattr(given, "reason", "")
    if route.method not in SAFE:
        await tell(request, route.name, named, why)
    try:
        answer = await route.handler(request, given)
    except KuaizhaoError as exc:
        await tell(request, f"{route.name} refused:{exc.code}", named, why)
        raise
    if route.method in SAFE:
        about = getattr(answer, "about", None)
        if about is None or about:
            await tell(request, route.name, " ".join(dict.fromkeys([*named.split(), *(about or ())])), why)
    return answer


def _named(request: web.Request, given: Any) -> str:
    """Whom and what the request names: by its path, or as the `site` or `profile` that it asks for."""
    asked = [getattr(given, name, None) for name in ("site", "profile")]
    return " ".join([*request.match_info.values(), *(each for each in asked if isinstance(each, str))])
