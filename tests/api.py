"""A real server on a real socket for the tests of the API. Every refusal it gives is checked against the table."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs
from numpy.typing import NDArray

from embeddings.encoder import Kind, guard_vector
from matcher import codec
from matcher.errors import TABLE
from matcher.model import Role
from matcher.settings import Settings
from matcher.store import Store
from server import sessions
from server.app import create_app
from server.encoding import NamedEncoder
from server.route import PARAMETER, errors_of
from server.routes import ROUTES
from server.views import ErrorBody
from server.wire import typed
from tests import builders

JSON = "application/json"
MSGPACK = "application/msgpack"
PATTERNS = [(re.compile(f"{r.method} {PARAMETER.sub('[^/]+', r.path)}"), r) for r in ROUTES]


class HashEncoder:
    """Vectors drawn from the text's hash: for tests whose subject is not the model."""

    model_id = builders.MODEL
    dimension = builders.DIMENSION

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        return np.stack([guard_vector(kind + text, self.dimension) for text in texts])


@dataclass
class Reply:
    """What came back."""

    status: int
    data: Any
    headers: Any

    @property
    def code(self) -> str:
        """The error's code; empty when it is none."""
        return str(self.data["error"]["code"]) if isinstance(self.data, dict) and "error" in self.data else ""


class Api:
    """Talks to one running server."""

    def __init__(self, app: web.Application, store: Store, session: aiohttp.ClientSession) -> None:
        self.app = app
        self.store = store
        self.session = session

    async def token(self, role: Role, subject: str = "", site: str = "", ttl_s: int = 600) -> str:
        """A token from the store."""
        return await sessions.issue(self.store, role, subject or f"some-{role}", site, ttl_s)

    async def worker(self, profile: str) -> str:
        return await self.token("worker", profile)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        wire: str = JSON,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; bodies and answers in the wire format, unless `headers` say otherwise."""
        sent = {"Accept": wire} | ({"Authorization": f"Bearer {token}"} if token else {})
        if body is not None or raw is not None:
            sent["Content-Type"] = wire
            if raw is None:
                raw = msgspec.json.encode(body) if wire == JSON else codec.pack(body)
        async with self.session.request(method, path, data=raw, headers=sent | (headers or {})) as response:
            data = await response.read()
            reply = Reply(response.status, _decoded(response.content_type, data), response.headers)
        _check_documented(method, path, reply)
        return reply

    async def until(self, path: str, status: int, within_s: float = 10.0) -> None:
        """Asks until the answer has this status."""
        async with asyncio.timeout(within_s):
            while (await self.get(path)).status != status:  # noqa: ASYNC110 - it can only be asked
                await asyncio.sleep(0.01)

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.send("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return await self.send("POST", path, body, **options)

    async def put(self, path: str, body: Any = None, **options: Any) -> Reply:
        return await self.send("PUT", path, body, **options)


async def audit_lines(store: Store) -> list[tuple[str, ...]]:
    """What waits for being written into the audit log: by whom, what, on whom, why."""
    entries = await store.commands.xrange(store.key("audit_log"))
    return [tuple(fields[name].decode() for name in (b"by", b"what", b"on", b"why")) for _, fields in entries]


def _decoded(content_type: str, data: bytes) -> Any:
    if content_type == JSON:
        return msgspec.json.decode(data)
    return codec.unpack(data) if content_type == MSGPACK else data


def _check_documented(method: str, path: str, reply: Reply) -> None:
    """Every answer is of the type in the route's line, every refusal in that line and in the table of errors."""
    asked = f"{method} {path.partition('?')[0]}"
    for pattern, route in PATTERNS:
        if not pattern.fullmatch(asked):
            continue
        if not reply.code:
            assert reply.status == route.status
            assert route.answer is None or typed(reply.data, route.answer)
        else:
            assert typed(reply.data, ErrorBody).error.message
            assert reply.code in errors_of(route), f"{method} {route.path} does not name {reply.code}"
            assert reply.status == TABLE[reply.code][0]
            if reply.status in (429, 503):
                assert int(reply.headers["Retry-After"]) >= 1


PATIENT_S = 60.0
"""How long a request may take here: what gives way to everything else (passwords, the recogniser) takes its time on a
machine that does something else."""


@asynccontextmanager
async def running(
    store: Store,
    data_dir: Any,
    *,
    encoder: NamedEncoder | None = None,
    own_store: bool = False,
    ready: bool = True,
    **settings: Any,
) -> AsyncIterator[Api]:
    """A server of one market, listening on 127.0.0.1 and (`ready`) ready.

    It uses the test's store, and with it the test's clock, unless `own_store`.
    """
    base = Settings(market=store.market, data_dir=str(data_dir), request_timeout_s=PATIENT_S)
    wanted = structs.replace(base, **settings)
    app = create_app(wanted, store=None if own_store else store, encoder=encoder or HashEncoder())
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        async with aiohttp.ClientSession(
            base_url=server.make_url("/"), connector=aiohttp.TCPConnector(limit=0)
        ) as session:
            api = Api(app, store, session)
            if ready:
                await api.until("/readyz", 200)
            yield api
    finally:
        await server.close()


async def prepared(store: Store) -> None:
    """A site and a verified employer, both invented."""
    await store.put_site(builders.SITE, builders.site())
    await store.put_employer(builders.EMPLOYER, builders.employer())


def plain(value: Any) -> Any:
    """A struct as the plain values of a JSON body."""
    return msgspec.to_builtins(value)
