"""Readers: a site's file to rows, one reader a format, chosen by the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.readers.csv_reader import read_csv
from ingest.readers.jsonl_reader import read_jsonl
from ingest.readers.rows import BadRow, Row

__all__ = ["BadRow", "Row", "read"]


def read(path: Path) -> Iterator[Row | BadRow]:
    """The rows of a file: JSONL by its ending or its first character, CSV or TSV otherwise.

    Raises OSError when the file cannot be opened.
    """
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return read_jsonl(path)
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    return read_jsonl(path) if head.startswith(b"{") else read_csv(path)
