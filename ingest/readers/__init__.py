"""Readers: a site's file to rows, one reader a format, chosen by what the file holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from ingest.columns import header_key, is_known
from ingest.readers.csv_reader import read_csv
from ingest.readers.headers import Known
from ingest.readers.html_table import read_html_table
from ingest.readers.json_reader import read_json
from ingest.readers.jsonl_reader import read_jsonl
from ingest.readers.rows import BadRow, CannotRead, Row
from ingest.readers.workbook import read_workbook

__all__ = ["BadRow", "CannotRead", "Row", "read"]

_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_HEAD: Final = 1 << 16
_LIST_OF_OBJECTS: Final = re.compile(rb"\[\s*\{")


def read(path: Path, own: Collection[str] = ()) -> Iterator[Row | BadRow]:
    """The rows of a file: a workbook, JSON, JSON lines or an HTML table by its first bytes, CSV or TSV otherwise.

    `own` are a site's own names of columns. Raises OSError when the file cannot be opened, CannotRead where it cannot
    be read, or not to its end.
    """
    theirs = {header_key(name) for name in own}
    known: Known = (lambda name: is_known(name) or header_key(name) in theirs) if theirs else is_known
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_WORKBOOKS):
        return read_workbook(path, known)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return read_jsonl(path)
    if text.startswith(b"[") or (text.startswith(b"{") and _is_document(text)):
        return read_json(path, known)
    if text.startswith(b"{"):
        return read_jsonl(path)
    if text[:1] == b"<" and re.search(rb"<(?:table|html|!doctype)", text[:4_096], re.IGNORECASE):
        return read_html_table(path, known)
    return read_csv(path, known)


def _is_document(head: bytes) -> bool:
    """Whether it begins with an object that is all there is, holds a list of objects, or goes over several lines."""
    first, _, rest = head.partition(b"\n")
    return _LIST_OF_OBJECTS.search(first) is not None or not rest.strip() or not first.rstrip().endswith(b"}")
