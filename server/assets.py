"""The pages: small HTML shells, and the scripts, styles and pictures under one address that names their content.

Everything lies in memory, compressed once. The address of an asset holds the digest of them all, so it is kept for ever
by a browser and never wrong; imports between them are relative and need no build step. A shell says `{assets}` for that
address and is never kept; it asks at once for all that its script imports, which would else come one after the other
(seen on a slow kiosk: 0.4 s for 0.8). Besides the folder's files there is lib/trades.js: the lexicon and its pictures.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from matcher.errors import KuaizhaoError
from matcher.trades import certificates, hazards, trades

FOLDER: Final = Path(__file__).with_name("pages")
SHELLS: Final[dict[str, str]] = {
    "/kiosk": "kiosk/kiosk.html",
    "/worker": "worker/worker.html",
    "/employer": "employer/employer.html",
    "/desk": "desk/desk.html",
    "/hall/{site}": "hall/hall.html",
    "/worker.webmanifest": "worker/worker.webmanifest",
    "/worker.sw.js": "worker/worker.sw.js",
}
"""What has an address of its own: the pages, and whatever must not change its address with its content."""
ASSETS: Final = "/assets/{digest}/{name:.+}"
FOR_EVER: Final = "public, max-age=31536000, immutable"
TYPES: Final[dict[str, str]] = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
}
"""By the ending of a file; a file with another one is not served."""
_SCRIPT: Final = re.compile(rb'<script type="module" src="{assets}/([^"]+)">')
_IMPORT: Final = re.compile(rb"""^(?:import|export)\s(?:[^"'(;]*\sfrom\s+)?["'](\.[^"']+)["']""", re.MULTILINE)
"""What a script cannot do without; what it imports later is left out."""
_WORTH_IT: Final = 0.95


@dataclass(frozen=True)
class File:
    """A file as it is sent, and the same with gzip where that is shorter."""

    content_type: str
    plain: bytes
    zipped: bytes | None

    @staticmethod
    def of(name: str, body: bytes) -> File:
        """The file of this name and content."""
        zipped = gzip.compress(body, 9, mtime=0)
        return File(TYPES[Path(name).suffix], body, zipped if len(zipped) < _WORTH_IT * len(body) else None)

    def answer(self, request: web.Request, caching: str = "") -> web.Response:
        """The file as this client wants it."""
        zipped = self.zipped if "gzip" in request.headers.get("Accept-Encoding", "") else None
        headers = {"Vary": "Accept-Encoding"}
        if zipped is not None:
            headers["Content-Encoding"] = "gzip"
        if caching:
            headers["Cache-Control"] = caching
        body = self.plain if zipped is None else zipped
        charset = None if self.content_type == "image/png" else "utf-8"
        return web.Response(body=body, content_type=self.content_type, charset=charset, headers=headers)


@dataclass(frozen=True)
class Pages:
    """Everything under `server/pages`: `files` by name, `shells` by the name they have there, and the digest."""

    digest: str
    files: dict[str, File]
    shells: dict[str, File]


@cache
def pages() -> Pages:
    """Reads the folder; the same for every application."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    bodies = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}
    bodies["lib/trades.js"] = trades_module()
    digest = hashlib.sha256(b"".join(name.encode() + body for name, body in bodies.items())).hexdigest()[:16]
    address = f"/assets/{digest}".encode()
    for name in SHELLS.values():
        bodies[name] = _SCRIPT.sub(lambda script: _preloads(script[1].decode(), bodies) + script[0], bodies[name])
    shells = {name: File.of(name, bodies.pop(name).replace(b"{assets}", address)) for name in SHELLS.values()}
    return Pages(digest, {name: File.of(name, body) for name, body in bodies.items()}, shells)


def _preloads(script: str, bodies: Mapping[str, bytes]) -> bytes:
    """Links to whatever this script imports, and what that imports."""
    needed = [script]
    for name in needed:
        beside = (posixpath.join(posixpath.dirname(name), found.decode()) for found in _IMPORT.findall(bodies[name]))
        needed += [path for each in beside if (path := posixpath.normpath(each)) not in needed]
    return b"".join(b'<link rel="modulepreload" href="{assets}/%b">\n' % name.encode() for name in needed[1:])


def trades_module() -> bytes:
    """A script module with every trade by its id: name, picture (in design/pictograms.svg) and domain; and the names of
    certificates and hazards."""
    listed = {trade.id: (trade.name, trade.pictogram, trade.domain) for trade in trades().values()}
    told = {
        "Every trade by its id: name, picture, domain.": ("TRADES", listed),
        "Certificates by their ids.": ("CERTIFICATES", {each.id: each.name for each in certificates().values()}),
        "Hazards by their ids.": ("HAZARDS", {each.id: each.name for each in hazards().values()}),
    }
    lines = [
        f"/** {words} */\nexport const {name} = {json.dumps(said, ensure_ascii=False, separators=(',', ':'))};\n"
        for words, (name, said) in told.items()
    ]
    return "".join(lines).encode()


def add_pages(app: web.Application) -> None:
    """Adds what needs no session and says nothing about anybody; it is not in the table of the API."""
    served = pages()

    async def asset(request: web.Request) -> web.Response:
        file = served.files.get(request.match_info["name"])
        if file is None or request.match_info["digest"] != served.digest:
            raise KuaizhaoError("not_found")
        return file.answer(request, FOR_EVER)

    for path, name in SHELLS.items():
        app.router.add_get(path, _shell(served.shells[name]))
    app.router.add_get(ASSETS, asset)


def _shell(file: File) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def shell(request: web.Request) -> web.Response:
        return file.answer(request)

    return shell
