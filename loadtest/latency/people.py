"""Connected workers: each holds a socket, takes cards, thinks for a while, and answers over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from loadtest.behaviour import Behaviour, prompt_s
from loadtest.latency.lines import HttpPool, SocketLine, request

ACCEPTS: Final = Behaviour().yes
"""Of the offers: as of those within two kilometres and at the wished pay."""
ANSWERED: Final = frozenset({200, 409})
"""Statuses: what became of the answer, or that the offer was over."""
CONNECT_AT_ONCE: Final = 50
CONNECT_WITHIN_S: Final = 120.0


class PostingPart(Struct):
    """What is read of a card's posting."""

    id: str


class EntryPart(Struct):
    """What is read of a card's entry."""

    offer: str
    offer_state: str
    wave: int


class Card(Struct, tag_field="type", tag="card"):
    """What is read of a card."""

    posting: PostingPart
    entry: EntryPart


class Hello(Struct, tag_field="type", tag="hello"):
    """The first frame."""


class Message(Struct, tag_field="type", tag="message"):
    """A message."""


class Alive(Struct, tag_field="type", tag="alive"):
    """The line is there."""


FRAMES: Final = msgspec.msgpack.Decoder(Card | Hello | Message | Alive)
Heard = Callable[[str, str, int, float], None]
"""Called with posting, profile, wave and moment of each offer, the first time it is seen."""


class People:
    """All connected workers of one process."""

    def __init__(self, pool: HttpPool, tokens: dict[str, str], heard: Heard, seed: int) -> None:
        self.pool = pool
        self.tokens = tokens
        self.heard = heard
        self.answers: Counter[str] = Counter()
        """Answers by operation and HTTP status."""
        self.answered_ms: list[float] = []
        """From the moment at which somebody had made up their mind until the service had answered. Who is refused, but
        for an offer that is over, has not been answered."""
        self.given = 0
        """Answers that were given; those that are not among `answered_ms` still wait."""
        self.ended = 0
        """Sockets that ended by themselves; none is opened again."""
        self._draw = Random(seed)  # noqa: S311 - behaviour, the same in each run
        self._lines: list[SocketLine] = []
        self._thinking: dict[str, asyncio.TimerHandle] = {}
        self._offers: set[str] = set()
        self._closing = False
        self._loop = asyncio.get_running_loop()

    async def connect(self, host: str, port: int) -> None:
        """Everybody connects. Raises ConnectionError when somebody is refused, TimeoutError."""
        everybody = list(self.tokens.items())
        async with asyncio.timeout(CONNECT_WITHIN_S):
            for first in range(0, len(everybody), CONNECT_AT_ONCE):
                some = everybody[first : first + CONNECT_AT_ONCE]
                await asyncio.gather(*(self._connect(host, port, profile, token) for profile, token in some))

    async def _connect(self, host: str, port: int, profile: str, token: str) -> None:
        def took(payload: bytes, came_s: float) -> None:
            self._take(profile, token, payload, came_s)

        _, line = await self._loop.create_connection(lambda: SocketLine(token, took, self._end), host, port)
        self._lines.append(line)
        await line.open

    def _take(self, profile: str, token: str, payload: bytes, came_s: float) -> None:
        frame = FRAMES.decode(payload)
        if not isinstance(frame, Card):
            return
        entry, offer = frame.entry, frame.entry.offer
        if entry.offer_state != "open":
            thought = self._thinking.pop(offer, None)
            if thought is not None:
                thought.cancel()
                self.answers["taken back"] += 1
        elif offer not in self._offers:
            self._offers.add(offer)
            self.heard(frame.posting.id, profile, entry.wave, came_s)
            thinks_s = prompt_s(self._draw)
            due_s = time.perf_counter() + thinks_s
            self._thinking[offer] = self._loop.call_later(thinks_s, self._answer, offer, token, due_s)

    def _answer(self, offer: str, token: str, due_s: float) -> None:
        del self._thinking[offer]
        yes = self._draw.random() < ACCEPTS
        operation = "accept" if yes else "decline"
        payload = request("POST", f"/v1/offers/{offer}/{operation}", token, b"" if yes else b"\x80")

        answers, answered_ms = self.answers, self.answered_ms  # of this run: the answer may come in the next one
        self.given += 1

        def answered(status: int, _: bytes) -> None:
            answers[f"{operation} {status}"] += 1
            if status in ANSWERED:
                answered_ms.append((time.perf_counter() - due_s) * 1000)

        self.pool.send(payload, answered)

    def forget(self) -> None:
        """A new run begins: nobody thinks about the last one any more."""
        for thought in self._thinking.values():
            thought.cancel()
        self._thinking.clear()
        self._offers.clear()
        self.answers = Counter()
        self.answered_ms = []
        self.given = 0

    def _end(self) -> None:
        self.ended += not self._closing

    def close(self) -> None:
        """Everybody goes."""
        self._closing = True
        for line in self._lines:
            line.close()
