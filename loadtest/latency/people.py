"""Connected workers: each holds a socket, takes cards, thinks for a while, and answers on it."""

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
from loadtest.latency.lines import SocketLine

ACCEPTS: Final = Behaviour().yes
"""Of the offers: as of those within two kilometres and at the wished pay."""
OK: Final = 200
OVER: Final = 409
"""The status of a refusal that says that the offer is over: an answer too."""
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


class Answered(Struct, tag_field="type", tag="answered"):
    """What became of an answer."""

    offer: str


class Refused(Struct, tag_field="type", tag="refused"):
    """Why an answer was refused."""

    offer: str
    status: int


class Given(Struct):
    """An answer that waits for its own: what it was, when its giver had made up their mind, and where it is counted: in
    the run in which it was given, though its answer may come in the next."""

    operation: str
    due_s: float
    answers: Counter[str]
    answered_ms: list[float]

    def came(self, status: int, came_s: float) -> None:
        """The service has answered."""
        self.answers[f"{self.operation} {status}"] += 1
        if status in {OK, OVER}:
            self.answered_ms.append((came_s - self.due_s) * 1000)


FRAMES: Final = msgspec.msgpack.Decoder(Card | Hello | Message | Alive | Answered | Refused)
Heard = Callable[[str, str, int, float], None]
"""Called with posting, profile, wave and moment of each offer, the first time it is seen."""


class People:
    """All connected workers of one process."""

    def __init__(self, tokens: dict[str, str], heard: Heard, seed: int) -> None:
        self.tokens = tokens
        self.heard = heard
        self.answers: Counter[str] = Counter()
        """Answers by operation and status."""
        self.answered_ms: list[float] = []
        """From the moment at which somebody had made up their mind until the service had answered. Who is refused, but
        for an offer that is over, has not been answered."""
        self.given = 0
        """Answers that were given; those that are not among `answered_ms` still wait."""
        self.ended = 0
        """Sockets that ended by themselves; none is opened again."""
        self._draw = Random(seed)  # noqa: S311 - behaviour, the same in each run
        self._lines: dict[str, SocketLine] = {}
        self._given: dict[str, Given] = {}
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
            self._take(profile, payload, came_s)

        _, line = await self._loop.create_connection(lambda: SocketLine(token, took, self._end), host, port)
        self._lines[profile] = line
        await line.open

    def _take(self, profile: str, payload: bytes, came_s: float) -> None:
        frame = FRAMES.decode(payload)
        if isinstance(frame, Answered):
            self._given.pop(frame.offer).came(OK, came_s)
        elif isinstance(frame, Refused):
            self._given.pop(frame.offer).came(frame.status, came_s)
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
            self._thinking[offer] = self._loop.call_later(thinks_s, self._answer, profile, offer, due_s)

    def _answer(self, profile: str, offer: str, due_s: float) -> None:
        del self._thinking[offer]
        operation = "accept" if self._draw.random() < ACCEPTS else "decline"
        self.given += 1
        self._given[offer] = Given(operation, due_s, self.answers, self.answered_ms)
        self._lines[profile].say(msgspec.msgpack.encode({"type": operation, "offer": offer}))

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
        self.forget()
        for line in self._lines.values():
            line.close()
