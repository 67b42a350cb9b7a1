"""Which requests go into the audit log, and as what: before they are acted on, so that nothing is done unlogged."""

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
    """Whatever shows or deletes who somebody is, by whomever; and every change that staff make."""
    return route.audited or (caller.role in STAFF and route.method not in SAFE)


async def note(route: Route, request: web.Request, given: Any, refused: str = "") -> None:
    """Writes who asks for what, on which records and why; `refused` is the code of a refusal, told afterwards. Raises
    StoreUnavailable: then it must not be done."""
    caller = request.get(CALLER)
    if caller is None or not belongs(route, caller):
        return
    what = f"{route.name} refused:{refused}" if refused else route.name
    on = " ".join(request.match_info.values())
    why = mask_text(getattr(given, "reason", "") or "")
    await request.app[STORE].call("audit_log", caller.whose, what, on, why)


async def noted(route: Route, request: web.Request, given: Any) -> Any:
    """The handler's answer; logged before it is asked, and again where it refuses."""
    await note(route, request, given)
    try:
        return await route.handler(request, given)
    except KuaizhaoError as exc:
        await note(route, request, given, exc.code)
        raise
