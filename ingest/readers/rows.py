"""What a reader gives: rows, and rows that cannot be read."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

SHEET_LINES: Final = 10_000_000
"""Lines of a workbook's second sheet are counted from here, of its third from twice this."""


class Row(Struct, frozen=True):
    """One record as written: header -> cell. `line` is where it begins in the file, counted from 1."""

    line: int
    cells: dict[str, str]


class BadRow(Struct, frozen=True):
    """A record that cannot be read, with a stable code and a sentence for the person who mends it."""

    line: int
    code: str
    message: str


class CannotRead(Exception):
    """A source that cannot be read, or not to its end; the sentence is for the operator. Rows before it count."""


def too_long(line: int) -> BadRow:
    """A record that is too long to be one."""
    return BadRow(line, "too_long", "这一行太长,没有读入")


def bad_encoding(line: int) -> BadRow:
    """A record with bytes of another encoding."""
    return BadRow(line, "bad_encoding", "这一行有乱码,请用 UTF-8 或 GB18030 重新保存")


def line_in_words(line: int) -> str:
    """Where a record lies, for people."""
    sheet, row = divmod(line, SHEET_LINES)
    return f"第{sheet + 1}张表第{row}行" if sheet else f"第{row}行"
