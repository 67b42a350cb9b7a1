"""An import in a process of its own that a test may kill: the model is loaded once, by the process that forks it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from embeddings.encoder import Encoder
from ingest.pipeline import ingest, machinery
from matcher.store import Store
from tests.intake import VAULT

ENCODER = Encoder.load()


def run(url: str, market: str, lists: Sequence[tuple[str, str]], complete: bool) -> None:
    """Takes lists in, one site after the other, and ends."""
    asyncio.run(_taken(url, market, lists, complete))
    sys.stdout.flush()


async def _taken(url: str, market: str, lists: Sequence[tuple[str, str]], complete: bool) -> None:
    store = Store(url, market)
    try:
        parts = machinery(store, VAULT, lambda: ENCODER)
        for site, path in lists:
            await ingest(parts, [Path(path)], site, complete=complete)
    finally:
        await store.close()
