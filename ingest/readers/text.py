"""Text files as they come: their encoding by trial, and lines that cannot fill the memory."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from charset_normalizer import from_bytes

LONGEST_LINE: Final = 1_000_000
"""Characters of one line that are read; the rest of the line is skipped and the row refused."""
_CHUNK: Final = 1 << 20
_GUESSED_FROM: Final = 1 << 16
_BROKEN_SHARE: Final = 0.01
"""A text of another encoding has more broken characters than this; one with a few bad bytes has fewer."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without BOM), UTF-16 by its BOM, or GB18030: what the whole file, or else more of it, decodes as.

    A file that is wholly neither is read as the one of the two with fewer broken characters in its first megabyte, or,
    where those are many, as what its bytes look like.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if head[1::2].count(0) > len(head) // 8:  # text without a BOM whose every other byte is zero
        return "utf-16-le"
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    broken = {name: head.decode(name, "replace").count("\ufffd") for name in ("utf-8", "gb18030")}
    best = min(broken, key=lambda name: broken[name])
    if broken[best] > len(head) * _BROKEN_SHARE and (guess := from_bytes(head[:_GUESSED_FROM]).best()) is not None:
        return guess.encoding
    return best


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class Lines:
    """The lines of an open text file, numbered from 1; `cut` holds the numbers of lines that were too long."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._ahead: deque[str] = deque()
        self._read = 0
        self.number = 0
        self.cut: set[int] = set()

    def head(self, count: int) -> list[str]:
        """The next lines, which the iteration gives again."""
        while len(self._ahead) < count and (line := self._next()):
            self._ahead.append(line)
        return list(self._ahead)

    def __iter__(self) -> Iterator[str]:
        while line := self._ahead.popleft() if self._ahead else self._next():
            self.number += 1
            yield line

    def _next(self) -> str:
        line = self._file.readline(LONGEST_LINE)
        if not line:
            return ""
        self._read += 1
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            self.cut.add(self._read)
            self._skip_rest()
            line = line[:1000].replace('"', "") + "\n"
        return line if "\x00" not in line else line.replace("\x00", "") or "\n"

    def _skip_rest(self) -> None:
        while rest := self._file.readline(LONGEST_LINE):
            if rest.endswith("\n"):
                return
