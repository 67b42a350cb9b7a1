"""The warmed encoder: loaded beside the running server, which answers /healthz at once and /readyz when it is warm."""

from __future__ import annotations

import asyncio
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from embeddings.batcher import Batcher, BatcherClosedError, EncoderOverloadedError, EncodesTexts
from embeddings.commands import encoder_settings
from embeddings.encoder import Encoder, Kind
from matcher.errors import KuaizhaoError, Overloaded, StoreUnavailable
from matcher.settings import Settings
from matcher.store import Store

NAME_AGAIN_S = 1.0

log = structlog.get_logger()


class NamedEncoder(EncodesTexts, Protocol):
    """An encoder whose vectors can be told from another's."""

    model_id: str


class Encoding:
    """Text to vectors for the handlers. `start` returns at once; `ready` says when everything is warm."""

    def __init__(self, settings: Settings, store: Store, encoder: NamedEncoder | None = None) -> None:
        self._wanted = encoder_settings(settings)
        self._store = store
        self._encoder = encoder
        self._batcher: Batcher | None = None
        self._loading: asyncio.Task[Batcher] | None = None
        self._naming: asyncio.Task[None] | None = None
        self._in_force = ""
        self.ready = False
        """Whether texts can be encoded, and a model is named for the market: this one or another."""

    @property
    def model_id(self) -> str:
        """Id of the model whose vectors `encode` gives; empty while it loads."""
        return self._encoder.model_id if self._encoder is not None else ""

    def start(self) -> None:
        """Begins to load and warm the model."""
        self._loading = asyncio.create_task(self._load(), name="load-encoder")
        self._naming = asyncio.create_task(self._name(self._loading), name="name-model")

    async def _load(self) -> Batcher:
        try:
            if self._encoder is None:
                self._encoder = await asyncio.to_thread(Encoder.load, self._wanted)
            at_once_chars = self._encoder.at_once_chars if isinstance(self._encoder, Encoder) else 0
            batcher = Batcher(self._encoder, at_once_chars=at_once_chars)
            await batcher.start()
        except Exception:
            log.exception("encoder_failed", model=self._wanted.model)
            raise
        self._batcher = batcher
        log.info("encoder_ready", model=self.model_id)
        return batcher

    async def _name(self, loading: asyncio.Task[Batcher]) -> None:
        """Names the model in the store where none is named; waits for a store that is away.

        A server never switches a market from one model to another: every record would lose its score at once. That is
        what `kuaizhao reencode` does, after it has rewritten them.
        """
        await asyncio.wait([loading])
        while self._batcher is not None and not self.ready:
            try:
                await self.is_in_force()
                self.ready = True
            except StoreUnavailable:
                await asyncio.sleep(NAME_AGAIN_S)

    async def is_in_force(self) -> bool:
        """Whether the market matches by this server's model; proposes it where none is named.

        While it does not, what this server writes is matched by trade, place, time and pay, and not by its words.
        Raises StoreUnavailable.
        """
        if self._encoder is None:
            return False
        in_force, _ = await self._store.model()
        if not in_force:
            in_force = await self._store.propose_model(self.model_id, self._encoder.dimension)
        if in_force != self._in_force:
            self._in_force = in_force
            if in_force != self.model_id:
                log.warning(
                    "model_not_in_force", model=self.model_id, in_force=in_force, mend="kuaizhao reencode, or restart"
                )
        return in_force == self.model_id

    async def encoder(self) -> NamedEncoder:
        """The loaded encoder itself, for what encodes in a thread of its own. Raises as `encode` does."""
        if self._batcher is None:
            await self._loaded()
        if self._encoder is None:
            raise Overloaded("encoder")
        return self._encoder

    async def encode(self, text: str, kind: Kind) -> NDArray[np.float32]:
        """The text's unit vector; waits for a model that still loads.

        Raises `overloaded`, or `internal` when the model cannot be loaded.
        """
        batcher = self._batcher or await self._loaded()
        try:
            return await batcher.encode(text, kind)
        except (EncoderOverloadedError, BatcherClosedError) as exc:
            raise Overloaded(str(exc)) from exc

    async def _loaded(self) -> Batcher:
        if self._loading is None:
            raise Overloaded("encoder")
        await asyncio.wait([self._loading])
        if self._loading.cancelled() or self._loading.exception() is not None:
            raise KuaizhaoError("internal", "encoder")
        return self._loading.result()

    async def close(self) -> None:
        """Stops loading or encoding."""
        tasks = [task for task in (self._naming, self._loading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # what failed was logged where it happened
        if self._batcher is not None:
            await self._batcher.close()
            self._batcher = None
        self.ready = False
