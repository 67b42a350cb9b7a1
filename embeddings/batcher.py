"""Micro-batching: requests that arrive while a batch is being encoded share the next one.

One worker thread owns the model, so the event loop never waits for it. An idle batcher encodes at once: no time
is spent waiting for company. What takes less time than waking the thread does not go there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import MAX_CHARS, Kind

Vectors = NDArray[np.float32]


class EncodesTexts(Protocol):
    """What the batcher needs of an encoder."""

    dimension: int

    def encode(self, texts: Sequence[str], kind: Kind) -> Vectors: ...


class EncoderOverloadedError(RuntimeError):
    """More texts wait than ``max_waiting``: the caller should answer 503 and let the client try again."""


class BatcherClosedError(RuntimeError):
    """The batcher was not started, or was closed before the text was encoded."""


@dataclass
class _Request:
    texts: list[str]
    kind: Kind
    answer: asyncio.Future[Vectors] = field(repr=False)


class Batcher:
    """Encodes texts for many tasks of one event loop through one warmed thread.

    ``max_batch``: texts in a call to the encoder; a larger request goes in parts, and others come between them.
    ``max_waiting``: texts queued before new requests are refused.
    ``at_once_chars``: a single text up to so long is encoded where it stands; for models that take microseconds.
    """

    def __init__(
        self, encoder: EncodesTexts, *, max_batch: int = 256, max_waiting: int = 20_000, at_once_chars: int = 0
    ) -> None:
        self._encoder = encoder
        self._dimension = encoder.dimension
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._at_once_chars = at_once_chars
        self._queue: deque[_Request] = deque()
        self._waiting = 0
        self._arrived = asyncio.Event()
        self._thread: ThreadPoolExecutor | None = None
        self._loop_task: asyncio.Task[None] | None = None
        self.batches = 0
        """Calls made to the encoder since the start."""
        self.encoded = 0
        """Texts encoded since the start."""

    @property
    def waiting(self) -> int:
        """Texts queued now."""
        return self._waiting

    async def start(self) -> None:
        """Start the thread and warm the model: the first request pays for nothing."""
        if self._loop_task is not None:
            return
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")
        running = asyncio.get_running_loop()
        for kind in ("posting", "profile", "query"):
            await running.run_in_executor(self._thread, self._encoder.encode, ["搬运工"], kind)
        self._loop_task = asyncio.create_task(self._serve(self._thread), name="encode-batches")

    async def close(self) -> None:
        """Stop the thread; whoever still waits gets BatcherClosedError."""
        task, thread = self._loop_task, self._thread
        self._loop_task = self._thread = None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._refuse_queue()
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    async def encode(self, text: str, kind: Kind) -> Vectors:
        """The text's unit vector, (dimension,). Raises as ``encode_many`` does."""
        if len(text) <= self._at_once_chars and self._loop_task is not None:
            self.batches += 1
            self.encoded += 1
            vectors = self._encoder.encode([text], kind)
        else:
            vectors = await self._submit([text], kind)
        vector: Vectors = vectors[0]
        return vector

    async def encode_many(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Unit vectors, (n, dimension), in the order of ``texts``; texts are cut after ``MAX_CHARS``.

        Raises EncoderOverloadedError when the queue is full, BatcherClosedError when the batcher is not running,
        and whatever the encoder raised for the batch.
        """
        if not texts:
            return np.zeros((0, self._dimension), np.float32)
        parts = range(0, len(texts), self._max_batch)
        return np.concatenate([await self._submit(texts[at : at + self._max_batch], kind) for at in parts])

    async def _submit(self, texts: Sequence[str], kind: Kind) -> Vectors:
        if self._loop_task is None:
            raise BatcherClosedError("the batcher is not running")
        if self._waiting + len(texts) > self._max_waiting:
            raise EncoderOverloadedError(f"{self._waiting} texts are waiting to be encoded")
        answer: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        self._queue.append(_Request([text[:MAX_CHARS] for text in texts], kind, answer))
        self._waiting += len(texts)
        self._arrived.set()
        return await answer

    async def _serve(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            batch = self._take_batch()
            if not batch:
                self._arrived.clear()
                continue
            texts = [text for request in batch for text in request.texts]
            try:
                vectors = await loop.run_in_executor(thread, self._encoder.encode, texts, batch[0].kind)
            except asyncio.CancelledError:
                _fail(batch, BatcherClosedError("the batcher was closed"))
                raise
            except Exception as error:  # whatever the model raised belongs to those who wait, not to this loop
                _fail(batch, error)
                continue
            self.batches += 1
            self.encoded += len(texts)
            _answer(batch, vectors)

    def _take_batch(self) -> list[_Request]:
        """The oldest request and others of its kind, at most ``max_batch`` texts; the rest keep their order."""
        batch: list[_Request] = []
        left: deque[_Request] = deque()
        size = 0
        while self._queue:
            request = self._queue.popleft()
            if request.answer.done():  # its waiter was cancelled
                self._waiting -= len(request.texts)
            elif not batch or (request.kind == batch[0].kind and size + len(request.texts) <= self._max_batch):
                batch.append(request)
                size += len(request.texts)
            else:
                left.append(request)
        self._queue = left
        self._waiting -= size
        return batch

    def _refuse_queue(self) -> None:
        queued = list(self._queue)
        self._queue.clear()
        self._waiting = 0
        _fail(queued, BatcherClosedError("the batcher was closed"))


def _answer(batch: list[_Request], vectors: Vectors) -> None:
    start = 0
    for request in batch:
        end = start + len(request.texts)
        if not request.answer.done():
            request.answer.set_result(vectors[start:end])
        start = end


def _fail(batch: list[_Request], error: Exception) -> None:
    for request in batch:
        if not request.answer.done():
            request.answer.set_exception(error)
