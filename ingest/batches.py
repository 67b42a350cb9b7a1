"""Batches of rows on their way from a reader to the intake. They hold personal data, so the queue sees them sealed."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.persons import Vault

ROWS: Final = "rows"
"""What they are sealed for."""


class Line(Struct, array_like=True):
    """One row: `line` is where it begins in its file or list. One that could not be read has no cells but a code.

    `taken_for` stands in for the row's own digest: a row mended by hand counts as the row that its source still lists.
    """

    line: int
    cells: dict[str, str] | None = None
    code: str = ""
    message: str = ""
    taken_for: str = ""


class Batch(Struct):
    """Some rows of one run. `day` is the day (ISO) from which 明天 counts; `origin` the file or address.

    `kept` names the kept row that this batch replays.
    """

    run: str
    source: str
    site: str
    origin: str
    day: str
    lines: list[Line]
    kept: str = ""


class Ending(Struct):
    """The last entry of a run. `complete`: the source gave everything it has, so that what it did not list is gone.

    `unread` rows could not be read, so nobody knows which they were. `same`: the source has not changed since it was
    last taken in; `known_by` is what it said it is known by.
    """

    run: str
    source: str
    site: str
    origin: str
    batches: int
    complete: bool = False
    error: str = ""
    unread: int = 0
    same: bool = False
    known_by: str = ""


_batches = msgspec.msgpack.Decoder(Batch)
_lines = msgspec.msgpack.Decoder(Line)


class Sealer:
    """Seals and opens what is under way."""

    def __init__(self, vault: Vault) -> None:
        self._box = vault.box(ROWS)

    def seal(self, value: Batch | Line) -> bytes:
        """Sealed bytes."""
        return self._box.close(msgspec.msgpack.encode(value), "")

    def batch(self, sealed: bytes) -> Batch:
        """The batch again. Raises SealError."""
        return _batches.decode(self._box.open(sealed, ""))

    def line(self, sealed: bytes) -> Line:
        """The row again. Raises SealError."""
        return _lines.decode(self._box.open(sealed, ""))
