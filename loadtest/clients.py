"""Clients that behave like people: workers on WebSockets who think and answer, an employer who posts.

Each keeps a record of what it was told, which the audit compares with the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

import aiohttp
import msgspec

from loadtest.audit_checks import ClientRecord

Json = dict[str, Any]
AGAIN_S: Final = 0.2
GIVE_UP_S: Final = 60.0
SAID_WITHIN_S: Final = 3.0
"""So long the page waits for a word on the socket before it asks over HTTP."""
ASKED_AGAIN: Final = frozenset({429, 503})
"""Refusals on the socket after which it asks over HTTP."""


class Refused(RuntimeError):
    """An answer that is not 2xx: `status` and the error's stable `code`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code


class Api:
    """The HTTP side: one call, one answer. While the service is away (503, no connection) it asks again, as people do;
    every operation is idempotent, so that asking again is safe."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.refused: Counter[str] = Counter()
        """Answers that were not 2xx, by status and code."""

    async def call(self, method: str, path: str, token: str, body: Json | None = None) -> Json:
        """Raises Refused; TimeoutError when the service does not come back."""
        ends = time.monotonic() + GIVE_UP_S
        headers = {"Authorization": f"Bearer {token}"}
        data = None if body is None else msgspec.json.encode(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        while True:
            try:
                async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
                    told: Json = await answer.json()
                    if answer.status < 300:
                        return told
                    error = told["error"]
                    self.refused[f"{answer.status} {error['code']}"] += 1
                    if answer.status not in (429, 503):
                        raise Refused(answer.status, error["code"], error["message"])
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                pass
            if time.monotonic() > ends:
                raise TimeoutError(f"{method} {path}: no answer within {GIVE_UP_S:.0f} s")
            await asyncio.sleep(AGAIN_S)


class Habits:
    """How a worker answers: how often yes, after how long (seconds, from..to), and which share of the answers on the
    socket; the others over HTTP."""

    def __init__(self, *, accepts: float, thinks_s: tuple[float, float], on_socket: float = 0.5) -> None:
        self.accepts = accepts
        self.thinks_s = thinks_s
        self.on_socket = on_socket


class Worker:
    """One worker with the page open: receives cards, thinks, answers; comes back when the line drops."""

    heartbeat_s: float | None = None
    """How often it makes sure that the line still answers; None: it waits until it hears that it does not."""

    def __init__(
        self, api: Api, profile: str, token: str, habits: Habits, seen: Callable[[Worker, Json, float], None]
    ) -> None:
        self.api, self.profile, self.token = api, profile, token
        self.habits, self.seen = habits, seen
        self.cards: dict[str, Json] = {}
        self.told: list[ClientRecord] = []
        self.connected = asyncio.Event()
        self._draw = Random(profile)  # noqa: S311 - behaviour, the same in each run
        self._answered: set[str] = set()
        self._line: aiohttp.ClientWebSocketResponse | None = None
        self._said: dict[str, asyncio.Future[Json | None]] = {}
        """Offer -> what is said of the answer that was given on the socket; None: nothing came."""

    async def run(self) -> None:
        """Stays connected until cancelled. Raises ExceptionGroup of whatever an answer met with but a refusal."""
        async with asyncio.TaskGroup() as answering:
            while True:
                with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                    await self._listen(answering)
                self.connected.clear()
                self._line = None
                for said in self._said.values():
                    if not said.done():
                        said.set_result(None)
                await asyncio.sleep(AGAIN_S)

    async def _listen(self, answering: asyncio.TaskGroup) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.api.session.ws_connect(
            f"{self.api.url}/v1/inbox", headers=headers, protocols=("kuaizhao.json",), heartbeat=self.heartbeat_s
        ) as line:
            self._line = line
            async for message in line:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                received = time.perf_counter()
                frame = message.json()
                if frame["type"] == "hello":
                    self.connected.set()
                    for card in frame["cards"]:
                        self._take(card, received, answering)
                elif frame["type"] == "card":
                    self._take(frame, received, answering)
                elif (said := self._said.get(frame.get("offer", ""))) is not None and not said.done():
                    said.set_result(frame)

    def _take(self, card: Json, received: float, answering: asyncio.TaskGroup) -> None:
        posting = card["posting"]["id"]
        known = self.cards.get(posting)
        if known is not None and known["v"] > card["v"]:
            return
        self.cards[posting] = card
        self.seen(self, card, received)
        entry = card["entry"]
        if entry["offer_state"] == "open" and entry["offer"] not in self._answered:
            answering.create_task(self._answer(posting, entry["offer"]))
            self._answered.add(entry["offer"])
        elif entry["acceptance"] == "called":
            answering.create_task(self._reconfirm(posting))

    async def _answer(self, posting: str, offer: str) -> None:
        await asyncio.sleep(self._draw.uniform(*self.habits.thinks_s))
        yes = self._draw.random() < self.habits.accepts
        operation = "accept" if yes else "decline"
        body = None if yes else {"reason": "今天去不了"}
        with contextlib.suppress(Refused):
            answer = None
            if self._draw.random() < self.habits.on_socket:
                answer = await self._say({"type": operation, "offer": offer} | (body or {}))
            if answer is None:
                answer = await self.api.call("POST", f"/v1/offers/{offer}/{operation}", self.token, body)
            self._note(operation, posting, answer, terms=int(offer.rpartition(":")[2]))

    async def _say(self, frame: Json) -> Json | None:
        """What became of an answer on the socket, or None where that has to be asked over HTTP. Raises Refused."""
        if self._line is None:
            return None
        said = self._said[frame["offer"]] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(SAID_WITHIN_S):
                await self._line.send_json(frame)
                told = await said
        except (TimeoutError, ConnectionError):
            return None
        finally:
            del self._said[frame["offer"]]
        if told is None or told["type"] == "answered":
            return None if told is None else told["answered"]
        error = told["error"]
        self.api.refused[f"{told['status']} {error['code']}"] += 1
        if told["status"] in ASKED_AGAIN:
            return None
        raise Refused(told["status"], error["code"], error["message"])

    async def _reconfirm(self, posting: str) -> None:
        with contextlib.suppress(Refused):
            await self._act("reconfirm", posting)

    async def _act(self, operation: str, posting: str, body: Json | None = None) -> None:
        path = f"/v1/assignments/{posting}:{self.profile}/{operation}"
        self._note(operation, posting, await self.api.call("POST", path, self.token, body))

    async def release(self, posting: str) -> None:
        """Gives the seat back. Raises Refused."""
        await self._act("release", posting, {"reason": "家里有事"})

    def _note(self, operation: str, posting: str, answer: Json, terms: int = 0) -> None:
        state = answer.get("assignment") if operation in ("release", "reconfirm") else answer.get("acceptance")
        if answer.get("replay"):
            state = None  # the first answer was lost on the way: only that it was done is sure
        self.told.append(
            ClientRecord(
                operation=operation,
                posting=posting,
                profile=self.profile,
                answer=state or "",
                terms=terms,
                v=answer["v"],
                at_ms=time.time_ns() // 1_000_000,
            )
        )
