"""What every answer tells a browser: run only our own scripts, show us in no frame, keep nothing, guess no types."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from server.peers import is_secure

HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
}
CACHING: Final = "no-store"
"""What an answer about people says, unless it says something else itself."""
HSTS: Final = "max-age=31536000"


async def protect(_: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: the last word on the headers of every answer, refusals and sockets included."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", CACHING)
    response.headers.pop("Server", None)


async def stay_encrypted(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`, where lines may be encrypted: whoever came so comes so again."""
    if is_secure(request):
        response.headers["Strict-Transport-Security"] = HSTS
