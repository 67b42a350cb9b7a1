"""/openapi.json: OpenAPI 3.1 from the table of routes and the types, so that it cannot disagree with them."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any, Final

import msgspec

from matcher.errors import TABLE
from server import sockets, views, worker_views
from server.route import PARAMETER, Route, errors_of
from server.routes import ROUTES
from server.wire import CONTENT_TYPES

VERSION: Final = "1"
DESCRIPTION: Final = (
    "Urgent gig-work matching. Instants are epoch milliseconds, money is fen, places are WGS-84. "
    "Every body may be JSON or msgpack, with the same fields."
)
FRAMES: Final = (
    worker_views.HelloFrame,
    worker_views.CardFrame,
    worker_views.MessageFrame,
    worker_views.AnsweredFrame,
    worker_views.RefusedFrame,
    worker_views.AcceptFrame,
    worker_views.DeclineFrame,
    sockets.AliveFrame,
)
_REF: Final = "#/components/schemas/{name}"
_PARAMETERS: Final = {
    "site": "Id of a site",
    "kiosk": "Id of a kiosk",
    "account": "Name of a clerk or manager",
    "profile": "Id of a profile",
    "employer": "Id of an employer",
    "posting": "Id of a posting",
    "crew": "Id of a crew",
    "complaint": "Id of a complaint",
    "series": "Id of a series",
    "offer": "POSTING:PROFILE:TERMS",
    "assignment": "POSTING:PROFILE",
    "run": "Id of a run",
    "row": "Id of a row in the quarantine",
    "merge": "Id of a merge",
}
_KEYED: Final = frozenset({"/v1/postings", "/v1/employers", "/v1/crews", "/v1/series", "/v1/complaints"})


@cache
def encoded() -> bytes:
    """The description as it is served; it is the same for every application."""
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """The whole description as plain values."""
    bodies = {t for r in ROUTES for t in (r.body, r.answer) if t is not None}
    queries = {r.query for r in ROUTES if r.query is not None}
    types = sorted({*bodies, *queries, *FRAMES, views.ErrorBody}, key=lambda t: t.__name__)
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route, components)
    for query in queries:  # shown as parameters
        components.pop(query.__name__)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kuaizhao 快招",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [_tag(route.path)],
        "summary": route.summary,
        "description": (route.handler.__doc__ or "").strip(),
        "parameters": _parameters(route, components),
        "responses": _responses(route),
        "security": [] if route.roles is None else [{"token": []}],
    }
    if route.roles is not None:
        operation["x-roles"] = sorted(route.roles)
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    return operation


def _tag(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[1] if parts[0] == "v1" else "server"


def _parameters(route: Route, components: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            "description": _PARAMETERS[name],
        }
        for name in PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        schema = components[route.query.__name__]
        required = schema.get("required", [])
        for name, of_type in schema["properties"].items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": of_type})
    if route.method == "POST" and route.path in _KEYED:
        key: dict[str, Any] = {"name": "Idempotency-Key", "in": "header"}
        key["schema"] = {"type": "string", "maxLength": 200}
        key["description"] = "The same key with the same body answers as the first time."
        found.append(key)
    return found


def _responses(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in errors_of(route):
        by_status[TABLE[code][0]].append(code)
    responses: dict[str, Any] = {str(_status(route)): _success(route)}
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"`{code}` {TABLE[code][1]}" for code in codes),
            "content": _content(views.ErrorBody),
            "x-codes": codes,
        }
        if status in (429, 503):
            responses[str(status)]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses


def _status(route: Route) -> int:
    return 101 if route.path == "/v1/inbox" else route.status


def _success(route: Route) -> dict[str, Any]:
    if route.path == "/v1/inbox":
        frames = [_REF.format(name=frame.__name__) for frame in FRAMES]
        return {
            "description": "Subprotocol `kuaizhao.json` or `kuaizhao.msgpack`; `token.<TOKEN>` may carry the token.",
            "x-frames": frames,
        }
    if route.answer is None:
        return {"description": "text", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"description": "done", "content": _content(route.answer)}


def _content(kind: type) -> dict[str, Any]:
    schema = {"schema": {"$ref": _REF.format(name=kind.__name__)}}
    return dict.fromkeys(CONTENT_TYPES.values(), schema)
