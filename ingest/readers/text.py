"""Text files as they come: their encoding by trial, and lines that cannot fill the memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

LONGEST_LINE: Final = 1_000_000
"""Characters of one line that are read; the rest of the line is skipped and the row refused."""
_CHUNK = 1 << 20
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without BOM), UTF-16 by its BOM, or GB18030: what the whole file, or else more of it, decodes as.

    A file that is wholly neither is read as the one of the two with fewer broken characters in its first megabyte.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    return min(("utf-8", "gb18030"), key=lambda name: head.decode(name, "replace").count("\ufffd"))


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
        self.number = 0
        self.cut: set[int] = set()

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_LINE):
            self.number += 1
            if not line.endswith("\n") and len(line) == LONGEST_LINE:
                self.cut.add(self.number)
                self._skip_rest()
                line = line[:1000].replace('"', "") + "\n"
            yield line.replace("\x00", "")

    def _skip_rest(self) -> None:
        while rest := self._file.readline(LONGEST_LINE):
            if rest.endswith("\n"):
                return
