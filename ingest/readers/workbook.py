"""Workbooks (xlsx, xls, ods): every sheet with a header that names fields, titles and merged headers included.

A workbook is opened in a process of its own whose memory and time are bounded: one that unpacks into gigabytes harms
nobody (`ingest/readers/workbook_process.py`).
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.columns import KINDS, field_of, header_key, is_known
from ingest.readers.headers import LOOKED_AT, Known, find_header
from ingest.readers.json_values import text_of
from ingest.readers.rows import SHEET_LINES, BadRow, CannotRead, Row, too_long
from ingest.readers.text import LONGEST_LINE

MOST_UNPACKED: Final = 400 << 20
"""Bytes that a workbook may say it unpacks into: a sheet of a million rows and twenty columns has about 300 MB."""
_WITHIN_S: Final = 300
_DATES: Final = re.compile(r"日期|时间|date|time")
_DATED: Final = frozenset({"born", "day", "start", "end", "posted", "valid_until", "shift"})
_FIRST_SERIAL: Final = datetime(1899, 12, 30)
_SERIAL_DAYS: Final = (10_000, 80_000)
"""Numbers in a column of dates that are days since 1899-12-30: from 1927 to 2119."""


class Line(Struct, array_like=True):
    """What the process says: a row of a sheet, or the beginning of a sheet with its merged ranges."""

    sheet: int
    row: int
    cells: list[Any]
    merged: list[tuple[int, int, int, int]] = []
    """(first row, first column, last row, last column), from 0."""


def read_workbook(path: Path, known: Known = is_known) -> Iterator[Row | BadRow]:
    """The rows of every sheet with a header. Raises CannotRead for a workbook that is broken, locked or a bomb."""
    _check_size(path)
    command = [sys.executable, "-m", "ingest.readers.workbook_process", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            found = False
            for row in _rows(process.stdout, known):
                found = True
                yield row
            said = process.stderr.read(10_000).decode(errors="replace").strip()
            code = process.wait(_WITHIN_S)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    if code != 0:
        raise CannotRead(said if code == 1 and said else "工作簿打不开:太大,或已经损坏")
    if not found:
        raise CannotRead("工作簿里没有登记表或岗位表")


def _check_size(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as exc:
        raise CannotRead("工作簿已经损坏,打不开") from exc
    if unpacked > MOST_UNPACKED:
        raise CannotRead(f"工作簿展开后太大({unpacked >> 20} MB),没有打开")


def _rows(stream: Any, known: Known) -> Iterator[Row | BadRow]:
    decoder = msgspec.json.Decoder(Line)
    sheet: _Sheet | None = None
    while raw := stream.readline(LONGEST_LINE):
        if not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LONGEST_LINE)
            if sheet is not None:
                yield too_long(sheet.last + 1)
            continue
        line = decoder.decode(raw)
        if line.row < 0:
            if sheet is not None:
                yield from sheet.rest()
            sheet = _Sheet(line, known)
        elif sheet is not None:
            yield from sheet.add(line)
    if sheet is not None:
        yield from sheet.rest()


class _Sheet:
    """One sheet on its way: its first rows are held until the header is found."""

    def __init__(self, begins: Line, known: Known) -> None:
        self._number, self._known = begins.sheet, known
        self._down = {(r, c): (top, left) for top, left, bottom, right in begins.merged
                      for r in range(top, min(bottom, top + 10_000) + 1)
                      for c in range(left, min(right, left + 200) + 1) if (r, c) != (top, left)}  # fmt: skip
        self._values: dict[tuple[int, int], Any] = {}
        self._starts = set(self._down.values())
        self._top: list[Line] | None = []
        self._names: list[str] = []
        self._dates: list[bool] = []
        self.last = 0

    def add(self, line: Line) -> Iterator[Row]:
        """The rows that are ready with this one."""
        self._fill(line)
        if self._top is None:
            yield from self._row(line)
            return
        self._top.append(line)
        if len(self._top) == LOOKED_AT:
            yield from self.rest()

    def rest(self) -> Iterator[Row]:
        """The rows held so far, once the header is looked for."""
        top, self._top = self._top or [], None
        at, names = find_header([[text_of(cell) for cell in line.cells] for line in top], self._known)
        if at >= 0 and sum(map(self._known, names)) >= 2:
            self._names = names
            self._dates = [_is_dated(name) for name in names]
            for line in top[at + 1 :]:
                yield from self._row(line)

    def _fill(self, line: Line) -> None:
        """A merged range has its value in every one of its cells."""
        if not self._down:
            return
        for column in range(max(len(line.cells), 1 + max((c for r, c in self._down if r == line.row), default=-1))):
            place = (line.row, column)
            if place in self._down:
                line.cells.extend([""] * (column + 1 - len(line.cells)))
                line.cells[column] = self._values.get(self._down[place], "")
            elif place in self._starts and column < len(line.cells):
                self._values[place] = line.cells[column]

    def _row(self, line: Line) -> Iterator[Row]:
        self.last = self._number * SHEET_LINES + line.row + 1
        cells = [_text(cell, dated) for cell, dated in zip(line.cells, self._dates, strict=False)]
        if any(cell.strip() for cell in cells):
            yield Row(self.last, {n: c for n, c in zip(self._names, cells, strict=False) if n})


def _is_dated(header: str) -> bool:
    fields = (field_of(header, kind) for kind in KINDS)
    return any(field in _DATED for field in fields) or bool(_DATES.search(header_key(header)))


def _text(cell: Any, dated: bool) -> str:
    """A cell as text; a number in a column of dates is a day, or a share of one."""
    if dated and isinstance(cell, int | float) and not isinstance(cell, bool):
        if 0 < cell < 1:
            return f"{_FIRST_SERIAL + timedelta(minutes=round(cell * 1_440)):%H:%M}"
        if _SERIAL_DAYS[0] <= cell <= _SERIAL_DAYS[1]:
            moment = _FIRST_SERIAL + timedelta(minutes=round(cell * 1_440))
            return f"{moment:%Y-%m-%d}" if cell == int(cell) else f"{moment:%Y-%m-%d %H:%M}"
    return text_of(cell)
