"""CSV and TSV as spreadsheets and older systems write them: any of the usual delimiters, quoted line breaks."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingest.readers.rows import BadRow, Row
from ingest.readers.text import Lines, encoding_of

_DELIMITERS: Final = (",", "\t", ";", "|", "\uff0c")
_MOST_LINES_A_RECORD: Final = 50
"""A record over more lines than this has a quote that was never closed."""


def delimiter_of(header: str) -> str:
    """The delimiter that cuts the header line into most pieces; a comma when none does."""
    return max(_DELIMITERS, key=header.count) if any(d in header for d in _DELIMITERS) else ","


def read_csv(path: Path) -> Iterator[Row | BadRow]:
    """The file's records in order, in bounded memory. The first line that is not blank names the columns."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        lines = Lines(file)
        source = iter(lines)
        header = next((line for line in source if line.strip(" \t\r\n\ufeff,;|")), "")
        if not header:
            return
        delimiter = delimiter_of(header)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        yield from _records(lines, source, delimiter, names)


def _records(lines: Lines, source: Iterator[str], delimiter: str, names: list[str]) -> Iterator[Row | BadRow]:
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        first = lines.number + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield BadRow(first, "bad_csv", f"这一行读不懂({exc}),请检查引号和分隔符")
            continue
        if not any(value.strip() for value in values):
            continue
        problem = _problem(lines, first, values, names)
        if problem is not None:
            yield problem
        else:
            yield Row(first, dict(zip(names, values, strict=False)))


def _problem(lines: Lines, first: int, values: list[str], names: list[str]) -> BadRow | None:
    if any(number in lines.cut for number in range(first, lines.number + 1)):
        return BadRow(first, "too_long", "这一行太长,没有读入")
    if lines.number - first >= _MOST_LINES_A_RECORD:
        return BadRow(first, "open_quote", f"从这一行起引号没有配对,到第 {lines.number} 行都没有读入")
    if any("\ufffd" in value for value in values):
        return BadRow(first, "bad_encoding", "这一行有乱码,请用 UTF-8 或 GB18030 重新保存")
    if any(value.strip() for value in values[len(names) :]):
        return BadRow(first, "cell_count", f"这一行有 {len(values)} 格,表头只有 {len(names)} 格")
    return None
