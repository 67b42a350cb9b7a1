"""What the crowd saw, one line each, written by every generator and read after the run.

Times are epoch milliseconds of the machine's clock, which is also the store's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from loadtest.audit_checks import ClientRecord

SUFFIX: Final = ".diary"


class Line(Struct, tag="line", frozen=True):
    """Somebody's socket was open from..to: from the first frame until they closed it, or it was dropped."""

    profile: str
    from_ms: float
    to_ms: float
    dropped: bool = False


class Received(Struct, tag="offer", frozen=True):
    """An offer reached its worker, with the hello of a new socket or by itself."""

    posting: str
    profile: str
    offer: str
    wave: int
    offered_ms: int
    at_ms: float
    with_hello: bool


class Posted(Struct, tag="posted", frozen=True):
    """A posting was meant to be sent at `due_ms`, was sent, and was answered with its state."""

    posting: str
    due_ms: float
    sent_ms: float
    answered_ms: float
    state: str


class Withdrawn(Struct, tag="withdrawn", frozen=True):
    """Its firm began to take a posting back: it was not taken back before."""

    posting: str
    at_ms: float


class Refused(Struct, tag="refused", frozen=True):
    """An answer that came too late, as the service says: an operation, the wave of the offer that it was about, until
    when the card said that there was time, and when the refusal was there: the service made it no later."""

    operation: str
    posting: str
    profile: str
    wave: int
    deadline_ms: int
    at_ms: float
    code: str


class Told(Struct, tag="told", frozen=True):
    """An acknowledged answer, for the audit."""

    record: ClientRecord


Entry = Line | Received | Posted | Withdrawn | Refused | Told


def now_ms() -> float:
    """Epoch milliseconds, with their fractions."""
    return time.time_ns() / 1e6


class Diary:
    """Writes; None as the folder: nothing is kept."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._file: IO[bytes] | None = None
        self._encoder = msgspec.json.Encoder()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / f"{name}{SUFFIX}").open("wb", buffering=1 << 20)

    def note(self, entry: Entry) -> None:
        """One line."""
        if self._file is not None:
            self._file.write(self._encoder.encode(entry) + b"\n")

    def close(self) -> None:
        """All of it is in the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read(folder: Path) -> Iterator[Entry]:
    """Everything that the generators noted. Raises OSError, msgspec.DecodeError."""
    decoder = msgspec.json.Decoder(Entry)
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with path.open("rb") as file:
            yield from (decoder.decode(line) for line in file)
