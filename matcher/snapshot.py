"""The snapshot: an optional cache of the profile columns and vectors, so that a restart does not read every record.

It is stamped with everything it depends on; a stamp that does not fit, or a damaged file, means that it is not used.
Postings are few and are always read from the records.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from matcher import codec, trades
from matcher.columns import LAYOUT
from matcher.model import SCHEMA
from matcher.replica import Replica

log = structlog.get_logger()


def lexicon_fingerprint() -> str:
    """Changes when the trades' or certificates' bit numbers do."""
    text = "\n".join([*trades.trades(), "-", *trades.certificates()])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


async def _stamp(memory: Replica) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "market": memory.store.market,
        "epoch": await memory.store.epoch(),
        "model": memory.index.model,
        "dimension": memory.index.dimension,
        "lexicon": lexicon_fingerprint(),
        "layout": LAYOUT,
    }


async def save(memory: Replica, path: Path) -> None:
    """Writes the snapshot beside the old one and puts it in its place."""
    stamp = await _stamp(memory)
    c = memory.columns
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {"vectors": memory.index.vectors().astype("<f2"), **c.arrays()}
    np.savez(buffer, **arrays)
    body = codec.pack(
        {
            "stamp": stamp,
            "stream_id": memory.stream_id,
            "seq": memory.seq,
            "ids": c.ids,
            "arrays": buffer.getvalue(),
        }
    )
    await asyncio.to_thread(_replace, path, zlib.crc32(body).to_bytes(4, "big") + body)


async def load(memory: Replica, path: Path) -> bool:
    """Takes over the snapshot where it fits, and reads the postings; False where memory must be built from the records
    (by another replica: this one may be half filled)."""
    raw = await asyncio.to_thread(_read, path)
    if raw is None:
        return False
    try:
        held = _checked(raw)
        if held["stamp"] != await _stamp(memory) or not await memory.store.stream_reaches(held["seq"]):
            log.info("snapshot_not_used", why="stale")
            return False
        with np.load(io.BytesIO(held["arrays"]), allow_pickle=False) as arrays:
            memory.columns.restore(held["ids"], arrays)
            memory.index.restore(arrays["vectors"].astype(np.float32))
    except (ValueError, KeyError, TypeError, OSError, EOFError) as exc:
        log.warning("snapshot_not_used", why="damaged", error=str(exc))
        return False
    memory.stream_id, memory.seq = held["stream_id"], held["seq"]
    await memory.load_postings()
    return True


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    os.replace(beside, path)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _checked(raw: bytes) -> dict[str, Any]:
    if zlib.crc32(raw[4:]) != int.from_bytes(raw[:4], "big"):
        raise ValueError("checksum differs")
    held: dict[str, Any] = codec.unpack(raw[4:])
    return held
