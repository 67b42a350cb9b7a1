"""The wires of locust's users: HTTP from a pool that they share, and WebSockets; msgpack on both.

A client for each of 8,000 users would be 8,000 pools; a socket of `websocket-client` is one buffer and one file.
"""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Any, Final
from urllib.parse import urlsplit

import websocket
from geventhttpclient.client import HTTPClient
from locust.env import Environment

from matcher import codec

MSGPACK: Final = "application/msgpack"
AT_ONCE: Final = 64
TIMEOUT_S: Final = 30.0
_LOST: Final = (OSError, ValueError)

Json = dict[str, Any]


class Http:
    """Calls that are counted in locust's statistics under the name of their route."""

    def __init__(self, environment: Environment) -> None:
        where = urlsplit(environment.host or "")
        self._pool = HTTPClient(
            where.hostname or "127.0.0.1",
            where.port,
            concurrency=AT_ONCE,
            connection_timeout=TIMEOUT_S,
            network_timeout=TIMEOUT_S,
            ssl=where.scheme == "https",
        )
        self._fire = environment.events.request.fire

    def call(
        self,
        method: str,
        path: str,
        token: str,
        body: Json | None = None,
        *,
        name: str = "",
        late: Container[str] = (),
    ) -> Json | None:
        """The answer; {"refused": code} where the code is one of `late`; None of any other refusal, which counts as a
        failure."""
        headers = {"Authorization": f"Bearer {token}", "Accept": MSGPACK}
        data = b"" if body is None else codec.pack(body)
        if data:
            headers["Content-Type"] = MSGPACK
        began, size = time.perf_counter(), 0
        answer: Json | None = None
        wrong: Exception | None = None
        try:
            response = self._pool.request(method, path, data, headers)
            raw = bytes(response.read())
            size, said = len(raw), codec.unpack(raw)
            if response.status_code < 300:
                answer = said
            elif (code := said["error"]["code"]) in late:
                answer = {"refused": code}
            else:
                wrong = RuntimeError(f"{response.status_code} {code} {said['error']['detail']}".strip())
        except _LOST as exc:
            wrong = exc
        self._fire(  # type: ignore[no-untyped-call]  # locust's
            request_type=method,
            name=name or path,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=size,
            exception=wrong,
            context={},
        )
        return answer


class Socket:
    """A WebSocket that only listens."""

    def __init__(self, environment: Environment, path: str, token: str) -> None:
        """Connects, and reads the hello. Raises OSError, websocket.WebSocketException; either is counted."""
        self._fire, self._path = environment.events.request.fire, path
        url = (environment.host or "").replace("http", "ws", 1) + path
        began, wrong = time.perf_counter(), None
        try:
            self._line = websocket.create_connection(
                url,
                timeout=TIMEOUT_S,
                header=[f"Authorization: Bearer {token}"],
                subprotocols=["kuaizhao.msgpack"],
                suppress_origin=True,
                skip_utf8_validation=True,
                enable_multithread=False,
            )
            self.hello = self.receive()
            self._line.settimeout(None)
        except (OSError, ValueError, websocket.WebSocketException) as exc:
            wrong = exc
            raise
        finally:
            self._note("WS", "hello", began, wrong)

    def receive(self) -> Json:
        """The next frame. Raises OSError, websocket.WebSocketException where the line is gone."""
        raw = self._line.recv()
        if not isinstance(raw, bytes) or not raw:
            raise ConnectionError("the server closed the line")
        frame: Json = codec.unpack(raw)
        return frame

    def dropped(self, why: Exception) -> None:
        """Counts a line that the server ended."""
        self._note("WS", "stays open", time.perf_counter(), why)

    def close(self) -> None:
        """Ends the line without waiting."""
        self._line.shutdown()  # type: ignore[no-untyped-call]  # websocket-client's

    def _note(self, kind: str, what: str, began: float, wrong: Exception | None) -> None:
        self._fire(  # type: ignore[no-untyped-call]  # locust's
            request_type=kind,
            name=f"{self._path.partition('?')[0]} {what}",
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=wrong,
            context={},
        )
