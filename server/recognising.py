"""The recogniser: built beside the running server, in the one thread that then serves it.

Texts that arrive while others are being recognised share the next call, as texts to encode do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from embeddings.encoder import Kind
from embeddings.recogniser import Recogniser, Recognition
from matcher.errors import KuaizhaoError, Overloaded
from server.encoding import Encoding, NamedEncoder
from server.promptness import LATER, give_way

AT_ONCE: Final = 64
PART: Final = 256
"""Texts of the lexicon encoded at a time: a request that needs the encoder waits for one part, not for 24,000 texts."""

log = structlog.get_logger()

_Waiting = tuple[str, asyncio.Future[Recognition]]


class _InParts:
    """The encoder, asked for little at a time; stops when the server does."""

    def __init__(self, encoder: NamedEncoder, ended: Event) -> None:
        self._encoder, self._ended = encoder, ended

    def encode(self, texts: Sequence[str], kind: Kind, /) -> NDArray[np.float32]:
        """The texts' vectors in their order. Raises Overloaded when the server ends."""
        vectors = np.empty((len(texts), self._encoder.dimension), np.float32)
        for first in range(0, len(texts), PART):
            if self._ended.is_set():
                raise Overloaded("recogniser")
            vectors[first : first + PART] = self._encoder.encode(texts[first : first + PART], kind)
        return vectors


class Recognising:
    """Text to trades for the handlers. `start` returns at once; who comes before the recogniser is built waits."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._ended = Event()
        self._thread = ThreadPoolExecutor(1, "recognise", initializer=give_way, initargs=(LATER,))
        self._building: asyncio.Task[Recogniser] | None = None
        self._waiting: deque[_Waiting] = deque()
        self._serving: asyncio.Task[None] | None = None
        self.calls = 0
        """Calls made to the recogniser since the start."""

    def start(self) -> None:
        """Begins to build the recogniser once the encoder is warm."""
        self._building = asyncio.create_task(self._build(), name="build-recogniser")

    async def _build(self) -> Recogniser:
        encoder = _InParts(await self._encoding.encoder(), self._ended)
        try:
            built = await asyncio.get_running_loop().run_in_executor(self._thread, Recogniser, encoder)
        except Exception:
            if not self._ended.is_set():
                log.exception("recogniser_failed")
            raise
        log.info("recogniser_ready")
        return built

    async def recognise(self, text: str) -> Recognition:
        """Trades and occupations of a text. Raises `overloaded`, or `internal` when there is no recogniser."""
        recogniser = await self._built()
        answer: asyncio.Future[Recognition] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, answer))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(recogniser), name="recognise")
        return await answer

    async def _built(self) -> Recogniser:
        if self._building is None or self._ended.is_set():
            raise Overloaded("recogniser")
        await asyncio.wait([self._building])
        if self._building.cancelled() or self._building.exception() is not None:
            raise KuaizhaoError("internal", "recogniser")
        return self._building.result()

    async def _serve(self, recogniser: Recogniser) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            texts = [text for text, _ in batch]
            self.calls += 1
            try:
                found = await loop.run_in_executor(self._thread, recogniser.recognise_many, texts)
            except asyncio.CancelledError:
                _refuse(batch, Overloaded("recogniser"))
                raise
            except Exception as error:  # it belongs to those who wait, not to this loop
                _refuse(batch, error)
                continue
            for (_, answer), recognition in zip(batch, found, strict=True):
                if not answer.done():  # some gave up waiting
                    answer.set_result(recognition)

    async def close(self) -> None:
        """Stops building or recognising; who still waits is refused."""
        self._ended.set()
        tasks = [task for task in (self._building, self._serving) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # what failed was logged where it happened
        _refuse(self._waiting, Overloaded("recogniser"))
        self._waiting.clear()
        await asyncio.to_thread(self._thread.shutdown)


def _refuse(waiting: Iterable[_Waiting], error: Exception) -> None:
    for _, answer in waiting:
        if not answer.done():
            answer.set_exception(error)
