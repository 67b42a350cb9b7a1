"""A JSON document: its first list of objects, wherever it lies, one object after the other in bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ingest.columns import is_known
from ingest.readers.headers import Known
from ingest.readers.json_values import decoded, is_json
from ingest.readers.rows import BadRow, CannotRead, Row, too_long
from ingest.readers.text import LONGEST_LINE, encoding_of

_CHUNK: Final = 1 << 16
_EMPTY_LIST: Final = re.compile(r"\[\s*\]")
_MARKS: Final = re.compile(rb'["\\{}\[\]]')
_QUOTE, _BACKSLASH, _OPEN, _CLOSE, _LIST, _LIST_END = b'"\\{}[]'


def read_json(path: Path, known: Known = is_known) -> Iterator[Row | BadRow]:
    """The objects of the document's first list of objects; without one, the document itself, if it is an object.

    A broken object is refused by itself. Raises CannotRead where the document ends before its list does.
    """
    encoding = encoding_of(path)
    with path.open("rb") as file:
        objects = _Objects()
        number = 0
        for chunk in _utf8(file, encoding):
            for found in objects.feed(chunk):
                number += 1
                yield too_long(number) if found is None else decoded(number, found)
        if not objects.seen and not number:
            yield from _alone(path, encoding, known)
        elif not objects.ended:
            raise CannotRead("JSON 没有结束:只收到一半,或文件坏了")


def _utf8(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    if encoding in ("utf-8", "utf-8-sig"):
        while chunk := file.read(_CHUNK):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while chunk := file.read(_CHUNK):
        yield decoder.decode(chunk).encode()


def _alone(path: Path, encoding: str, known: Known) -> Iterator[Row]:
    """A document without a list of objects: one record, or none where its list is empty."""
    with path.open(encoding=encoding, errors="replace") as file:
        text = file.read(LONGEST_LINE).strip()
    row = decoded(1, text) if text.startswith("{") and len(text) < LONGEST_LINE else None
    if isinstance(row, Row) and sum(map(known, row.cells)) >= 2:
        yield row
    elif not (_EMPTY_LIST.search(text) and is_json(text)):
        raise CannotRead("这个 JSON 里没有记录的列表")


class _Objects:
    """Cuts a stream of bytes into the objects of the first list of objects, by its braces and quotes."""

    def __init__(self) -> None:
        self.seen = self.ended = False
        self._depth = self._list_depth = 0
        self._in_string = self._after_list = self._dropped = False
        self._skip = 0  # bytes of the next chunk that are escaped
        self._object: bytearray | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The objects that end in this chunk; None for one that is too long."""
        begun = 0  # where what belongs to the object under way begins in this chunk
        jump, self._skip = self._skip, 0
        for mark in _MARKS.finditer(chunk):
            at, sign = mark.start(), chunk[mark.start()]
            if self.ended:
                return
            if at < jump:
                continue
            if self._in_string:
                if sign == _BACKSLASH:
                    jump = at + 2
                elif sign == _QUOTE:
                    self._in_string = False
                continue
            if self._opens(sign):
                begun = at
            elif self._closes(sign):
                yield self._whole(chunk[begun : at + 1])
        self._skip = max(0, jump - len(chunk))
        if self._object is not None:
            self._add(chunk[begun:])

    def _opens(self, sign: int) -> bool:
        """Notes an opening mark; answers whether an object of the list begins with it."""
        if sign == _QUOTE:
            self._in_string, self._after_list = True, False
        elif sign == _LIST:
            self._depth += 1
            self._after_list = True
        elif sign == _OPEN:
            if self._after_list and not self.seen:
                self.seen, self._list_depth = True, self._depth
            self._after_list = False
            self._depth += 1
            if self.seen and self._depth == self._list_depth + 1:
                self._object, self._dropped = bytearray(), False
                return True
        return False

    def _closes(self, sign: int) -> bool:
        """Notes a closing mark; answers whether an object of the list ends with it."""
        if sign not in (_CLOSE, _LIST_END):
            return False
        self._depth -= 1
        self._after_list = False
        if sign == _LIST_END:
            self.ended = self.seen and self._depth < self._list_depth
            return False
        return self._object is not None and self._depth == self._list_depth

    def _add(self, part: bytes) -> None:
        assert self._object is not None
        if len(self._object) + len(part) > LONGEST_LINE:
            self._dropped = True
            self._object.clear()
        elif not self._dropped:
            self._object += part

    def _whole(self, part: bytes) -> bytes | None:
        self._add(part)
        found = None if self._dropped or self._object is None else bytes(self._object)
        self._object = None
        return found
