"""CSV and TSV as spreadsheets and older systems write them: any of the usual delimiters, quoted line breaks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from ingest.columns import is_known
from ingest.readers.headers import LOOKED_AT, Known, find_header
from ingest.readers.rows import BadRow, Row, bad_encoding, too_long
from ingest.readers.text import Lines, encoding_of

_DELIMITERS: Final = (",", "\t", ";", "|", "\uff0c")
_MOST_LINES_A_RECORD: Final = 50
"""A record over more lines than this has a quote that was never closed."""


def delimiter_of(head: Sequence[str], known: Known = is_known) -> str:
    """The delimiter that gives the first lines most known columns, or else most pieces; a comma when none does."""
    return max(_DELIMITERS, key=lambda delimiter: _worth(head, delimiter, known))


def _worth(head: Sequence[str], delimiter: str, known: Known) -> tuple[int, int]:
    _, names = find_header([line.split(delimiter) for line in head], known)
    return sum(map(known, names)), max((line.count(delimiter) for line in head), default=0)


def read_csv(path: Path, known: Known = is_known) -> Iterator[Row | BadRow]:
    """The file's records in order, in bounded memory; the header is among the first that are not blank."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        lines = Lines(file)
        head = [line.lstrip("\ufeff") for line in lines.head(LOOKED_AT)]
        delimiter = delimiter_of(head, known)
        top = list(_top(csv.reader(head, delimiter=delimiter)))
        at, names = find_header(top, known)
        if at >= 0:
            reader = csv.reader(iter(lines), delimiter=delimiter)
            list(islice(_top(reader), at + 1))
            yield from _records(lines, reader, [name.lstrip("\ufeff") for name in names])


def _top(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Records at the top; one that cannot be read has no cells."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield []


def _records(lines: Lines, reader: Iterator[list[str]], names: list[str]) -> Iterator[Row | BadRow]:
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
        return too_long(first)
    if lines.number - first >= _MOST_LINES_A_RECORD:
        return BadRow(first, "open_quote", f"从这一行起引号没有配对,到第 {lines.number} 行都没有读入")
    if any("\ufffd" in value for value in values):
        return bad_encoding(first)
    if any(value.strip() for value in values[len(names) :]):
        return BadRow(first, "cell_count", f"这一行有 {len(values)} 格,表头只有 {len(names)} 格")
    return None
