"""What a reader gives: rows, and rows that cannot be read."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, frozen=True):
    """One record as written: header -> cell. `line` is where it begins in the file, counted from 1."""

    line: int
    cells: dict[str, str]


class BadRow(Struct, frozen=True):
    """A record that cannot be read, with a stable code and a sentence for the person who mends it."""

    line: int
    code: str
    message: str
