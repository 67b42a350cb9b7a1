"""JSON and MessagePack that were mutated, over HTTP and on the workers' socket."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import cycle
from random import Random
from typing import Any, Final

import aiohttp
from msgspec import Struct

from loadtest.attack.target import SITE, Target
from loadtest.fuzz import mutate
from loadtest.fuzz.samples import least
from server import sessions

ANSWERS_WITHIN_S: Final = 20.0
"""The server gives a request up after 10 s; what has no answer by now hangs."""
ANSWERED_WITHIN_S: Final = 9.0
"""Whatever else is told on an idle socket comes later."""
CLOSES: Final = 0x88
"""How a frame begins that closes a WebSocket."""
AT_ONCE: Final = 16
FRAMES_A_SOCKET: Final = 20
NOT_FUZZED: Final = ("/v1/session/end", "/v1/session/rotate")
"""They end the session that the fuzzer asks with; schemathesis asks them."""


class Tally(Struct):
    """What came back."""

    frames: int = 0
    hangs: int = 0
    answers: int = 0
    """Frames that came back for frames on sockets."""
    statuses: Counter[int] = Counter()
    status_500: list[str] = []


class Fuzzer:
    """Sends mutated bodies to every route that takes one."""

    def __init__(self, target: Target, document: dict[str, Any], seed: int) -> None:
        self.target = target
        self.tally = Tally(statuses=Counter(), status_500=[])
        self._draw = Random(seed)  # noqa: S311 - the same each time
        self._bodies = _bodies(document)
        self._token = ""

    async def http(self, frames: int) -> None:
        """So many mutated bodies over HTTP."""
        self._token = await sessions.issue(self.target.store, "manager", "fuzz-manager")
        left = iter(range(frames))
        timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await asyncio.gather(*(self._send(session, left) for _ in range(AT_ONCE)))

    async def _send(self, session: aiohttp.ClientSession, left: Any) -> None:
        for _ in left:
            draw = self._draw
            method, path, seed = draw.choice(self._bodies)
            media = draw.choice(list(mutate.PACKERS))
            body = self._packed(media, seed)
            headers = {"Content-Type": media, "Accept": draw.choice(("*/*", "application/msgpack"))}
            headers["Authorization"] = f"Bearer {self._token}"
            self.tally.frames += 1
            try:
                async with session.request(
                    method, self.target.url + _filled(path, draw), data=body, headers=headers
                ) as answer:
                    await answer.read()
                    self._note(answer.status, f"{method} {path} {media} {body[:400]!r}")
            except TimeoutError:
                self.tally.hangs += 1
            except aiohttp.ClientError:
                self.tally.statuses[0] += 1

    def _packed(self, media: str, seed: Any) -> bytes:
        while True:
            try:
                return mutate.torn(mutate.PACKERS[media](mutate.value(seed, self._draw)), self._draw)
            except (OverflowError, UnicodeEncodeError):
                continue  # MessagePack cannot say it

    async def sockets(self, frames: int) -> None:
        """At least so many frames on workers' sockets: in turn such as are torn and must end it, and messages that may
        be answers, of which each is answered or ends it."""
        victims = [f"victim-{n}" for n in range(300 - AT_ONCE + 1, 301)]  # one's fifth socket would end the first
        tokens = [await sessions.issue(self.target.store, "worker", victim) for victim in victims]
        until, ways = self.tally.frames + frames, cycle((self._torn, self._answers))
        while (had := self.tally.frames) < until:
            speak = next(ways)
            await asyncio.gather(*(self._socket(token, speak) for token in tokens))
            if self.tally.frames == had:
                raise RuntimeError("no socket opens")

    async def _socket(self, token: str, speak: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> None:
        reader, writer = await asyncio.open_connection(self.target.host, self.target.port)
        protocol = self._draw.choice(("kuaizhao.json", "kuaizhao.msgpack"))
        writer.write(
            f"GET /v1/inbox HTTP/1.1\r\nHost: {self.target.host}\r\nAuthorization: Bearer {token}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        )
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                status = (await reader.readline()).split(b" ")
                self._note(int(status[1]) if len(status) > 1 else 0, "socket")
                await reader.readuntil(b"hello")
                await reader.read(65_536)  # the rest of it
                await speak(reader, writer)
        except TimeoutError:
            self.tally.hangs += 1
        except (OSError, asyncio.IncompleteReadError):  # it has closed already
            self.tally.statuses[0] += 1
        finally:
            writer.transport.abort()

    async def _torn(self, reader: StreamReader, writer: StreamWriter) -> None:
        for _ in range(FRAMES_A_SOCKET):
            writer.write(mutate.socket_frame(self._draw))
            self.tally.frames += 1
        writer.write(b"\x88\x80\x00\x00\x00\x00")  # a close, for what was all understood
        writer.write_eof()
        while told := await reader.read(65_536):
            self._note_internal(told, "torn frames")

    async def _answers(self, reader: StreamReader, writer: StreamWriter) -> None:
        for _ in range(FRAMES_A_SOCKET):
            frame = mutate.answer_frame(self._draw)
            writer.write(frame)
            self.tally.frames += 1
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                told = b""
                while b"refused" not in told and b"answered" not in told:  # else something else was told meanwhile
                    told = await reader.read(65_536)
                    if not told or told[0] == CLOSES:
                        return  # too long, or no text: it ends
            self.tally.answers += 1
            self._note_internal(told, repr(frame[:400]))

    def _note_internal(self, told: bytes, what: str) -> None:
        if b"internal" in told:
            self._note(500, f"socket {what}")

    def _note(self, status: int, what: str) -> None:
        self.tally.statuses[status] += 1
        if status == 500:
            self.tally.status_500.append(what)


def _bodies(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    components = document["components"]["schemas"]
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content and not path.startswith(NOT_FUZZED):
                found.append((method.upper(), path, least(content["application/json"]["schema"], components)))
    return found


def _filled(path: str, draw: Random) -> str:
    """The path with ids that are there, or are not."""
    ids = {"site": SITE, "profile": "victim-301", "posting": "attack-job", "employer": "attack-firm"}
    ids |= {"offer": "attack-job:victim-301:1", "assignment": "attack-job:victim-301", "crew": "c1", "series": "s1"}
    while "{" in path:
        name = path[path.index("{") + 1 : path.index("}")]
        path = path.replace("{" + name + "}", ids.get(name, "x") if draw.random() < 0.7 else "nothing")
    return path
