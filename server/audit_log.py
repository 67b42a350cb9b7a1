"""The audit log: who saw, decided or deleted what, when and why, as lines that are chained by their hashes (pure).

A line's hash covers its text and the hash before it, so that nobody can change, drop or insert a line without breaking
every line after it; the store keeps the number and hash of the last one, so that nobody can cut the end off either.
Lines name pseudonyms only: `ROLE:SUBJECT` for who, ids of records for what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

FIRST_HASH: Final = ""
"""What the first line's hash is chained to."""


class Deed(Struct, frozen=True):
    """Something that belongs in the log: `by` whom, `what` (the operation), `on` which records, and `why`."""

    at_ms: int
    by: str
    what: str
    on: str
    why: str = ""


class Line(Struct, frozen=True):
    """A deed in its place: the `n`-th line, made of the stream's entry `id`; `hash` covers all of it and `before`."""

    n: int
    id: str
    deed: Deed
    before: str
    hash: str


class Head(Struct, frozen=True):
    """The last line: its number, hash and entry. Nothing yet: number 0."""

    n: int = 0
    hash: str = FIRST_HASH
    id: str = "0-0"


class Verdict(Struct, frozen=True):
    """What checking a log found: the last good line, and where and why it is broken (nothing when it is whole)."""

    head: Head
    broken_at: str = ""
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether every line is as it was written."""
        return not self.why


_encoder: Final = msgspec.json.Encoder(order="deterministic")


def digest(n: int, id_: str, deed: Deed, before: str) -> str:
    """SHA-256 (hexadecimal) of a line's text without its own hash."""
    return hashlib.sha256(_encoder.encode([n, id_, deed, before])).hexdigest()


def chained(head: Head, id_: str, deed: Deed) -> Line:
    """The line that follows the head."""
    n = head.n + 1
    return Line(n, id_, deed, head.hash, digest(n, id_, deed, head.hash))


def encoded(lines: Iterable[Line]) -> bytes:
    """The lines as they stand in the file."""
    return b"".join(_encoder.encode(line) + b"\n" for line in lines)


def after(line: Line) -> Head:
    """The head once this line is the last."""
    return Head(line.n, line.hash, line.id)


def verify(rows: Iterable[tuple[str, bytes]], head: Head | None = None) -> Verdict:
    """Checks every row, each with where it stands, and that the last one is the store's `head` where that is known."""
    at = Head()
    for where, row in rows:
        try:
            line = msgspec.json.decode(row, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            return Verdict(at, where, f"这一行读不懂:{exc}")
        if line.n != at.n + 1 or line.before != at.hash:
            return Verdict(at, where, f"前面少了或多了行:应为第 {at.n + 1} 行,这里是第 {line.n} 行")
        if row != encoded([line]) or line.hash != digest(line.n, line.id, line.deed, line.before):
            return Verdict(at, where, "这一行被改过")
        at = after(line)
    if head is not None and head.n > at.n:
        return Verdict(at, "末尾", f"少了末尾的行:库里记着 {head.n} 行,文件里只有 {at.n} 行")
    if head is not None and head.n == at.n and head.hash != at.hash:
        return Verdict(at, "末尾", "最后一行和库里记着的不是同一行")
    return Verdict(at)


def decoded(rows: Iterable[bytes]) -> Iterator[Line]:
    """The lines of rows that were verified."""
    for row in rows:
        yield msgspec.json.decode(row, type=Line)
