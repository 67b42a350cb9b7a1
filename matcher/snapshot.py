"""The snapshot: an optional cache of the profile columns and vectors, so that a restart does not read every record.

It is stamped with everything it depends on; a stamp that does not fit, or a damaged file, means that it is not used.
Postings are few and are always read from the records. A file is the length of its header (8 bytes), the header
(msgpack), the parts that it names, and a CRC-32 of all that.

Saving holds up the loop only while the table is copied (25 ms for a million profiles): ids and vectors are written from
memory in use, for whatever changes meanwhile has an event after the stamp, and is read again when the snapshot is used.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedReader
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from matcher import codec, trades
from matcher.columns import Columns
from matcher.model import SCHEMA
from matcher.replica import Replica
from matcher.row import LAYOUT

log = structlog.get_logger()
AT_ONCE: Final = 16_384
"""Rows written or read in one go."""


def fingerprint(*parts: str) -> str:
    """Changes when one of the parts does."""
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


async def _stamp(memory: Replica) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "market": memory.store.market,
        "epoch": await memory.store.epoch(),
        "model": memory.index.model,
        "dimension": memory.index.dimension,
        "lexicon": fingerprint(*trades.trades(), "-", *trades.certificates(), "-", *trades.hazards()),  # their numbers
        "layout": fingerprint(str(LAYOUT), *(str(array.dtype) for array in Columns().arrays().values())),
    }


async def save(memory: Replica, path: Path) -> None:
    """Writes the snapshot beside the old one and puts it in its place, unless the rows were numbered anew meanwhile."""
    stamp, c = await _stamp(memory), memory.columns
    numbering, ids, vectors = c.numbering, list(c.ids), memory.index.vectors()[: c.size]
    arrays = {name: np.array(array) for name, array in c.arrays().items()}
    header = {"stamp": stamp, "stream_id": memory.stream_id, "seq": memory.seq, "rows": len(ids)}
    header["rates"] = memory.rates.dump()
    header["shapes"] = {name: array.shape for name, array in arrays.items()}
    beside = path.with_suffix(".new")
    try:
        await asyncio.to_thread(_write, beside, header, _parts(ids, arrays, vectors))
    except OSError as exc:  # a full disk: the next start reads the records
        log.warning("snapshot_not_written", error=str(exc))
        beside.unlink(missing_ok=True)
        return
    if c.numbering == numbering:
        os.replace(beside, path)
    else:
        beside.unlink()


async def load(memory: Replica, path: Path) -> bool:
    """Takes over the snapshot where it fits, and reads the postings; False where memory must be built from the records
    (by another replica: this one may be half filled)."""
    try:
        with path.open("rb") as file:
            read = _Reader(file)
            header = await asyncio.to_thread(read.header)
            if header["stamp"] != await _stamp(memory) or not await memory.store.stream_reaches(header["seq"]):
                log.info("snapshot_not_used", why="stale")
                return False
            dtypes = {name: array.dtype for name, array in memory.columns.arrays().items()}
            ids, arrays, vectors = await asyncio.to_thread(read.body, header, dtypes, memory.index.dimension)
        memory.columns.restore(ids, arrays)
        memory.index.restore(vectors)
        memory.rates.restore(header["rates"])
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError, OSError) as exc:
        log.warning("snapshot_not_used", why="damaged", error=str(exc))
        return False
    memory.stream_id, memory.seq = header["stream_id"], header["seq"]
    await memory.load_postings()
    return True


def _parts(ids: Sequence[str], arrays: Mapping[str, NDArray[Any]], vectors: NDArray[np.float32]) -> Iterator[bytes]:
    for array in arrays.values():
        yield array.tobytes()
    for first in range(0, len(ids), AT_ONCE):
        yield vectors[first : first + AT_ONCE].astype("<f2").tobytes()
    for first in range(0, len(ids), AT_ONCE):
        yield "".join(f"{id_}\n" for id_ in ids[first : first + AT_ONCE]).encode()


def _write(path: Path, header: Mapping[str, Any], parts: Iterator[bytes]) -> None:
    packed, checksum = codec.pack(header), 0
    with path.open("wb") as file:
        for part in chain((len(packed).to_bytes(8, "little"), packed), parts):
            checksum = zlib.crc32(part, checksum)
            file.write(part)
        file.write(checksum.to_bytes(4, "little"))


class _Reader:
    """Reads one file from its start to its end. Raises ValueError where it is not what it should be."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._left = os.fstat(file.fileno()).st_size - 4
        self._checksum = 0

    def _new(self, length: int, dtype: Any) -> NDArray[Any]:
        size = length * np.dtype(dtype).itemsize
        if not 0 <= size <= self._left:
            raise ValueError("longer than the file")
        array, self._left = np.empty(length, dtype=dtype), self._left - size
        content = array.view(np.uint8).data
        if self._file.readinto(content) != size:
            raise ValueError("cut off")
        self._checksum = zlib.crc32(content, self._checksum)
        return array

    def header(self) -> dict[str, Any]:
        """What the snapshot depends on and holds."""
        length = int(self._new(1, "<u8")[0])
        held: dict[str, Any] = codec.unpack(self._new(length, np.uint8).tobytes())
        return held

    def body(
        self, header: Mapping[str, Any], dtypes: Mapping[str, Any], dimension: int
    ) -> tuple[list[str], dict[str, NDArray[Any]], NDArray[np.float32]]:
        """Ids, arrays and vectors."""
        arrays = {
            name: self._new(prod(header["shapes"][name]), dtype).reshape(header["shapes"][name])
            for name, dtype in dtypes.items()
        }
        rows: int = header["rows"]
        if not 0 <= rows * dimension * 2 <= self._left:
            raise ValueError("longer than the file")
        vectors = np.empty((rows, dimension), dtype=np.float32)
        for first in range(0, rows, AT_ONCE):
            some = vectors[first : first + AT_ONCE]
            some[:] = self._new(some.size, "<f2").reshape(some.shape)
        ids = self._new(self._left, np.uint8).tobytes().decode().split("\n")[:-1]
        if int.from_bytes(self._file.read(), "little") != self._checksum or len(ids) != rows:
            raise ValueError("checksum differs")
        return ids, arrays, vectors
