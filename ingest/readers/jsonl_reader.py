"""JSONL: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.readers.json_values import decoded
from ingest.readers.rows import BadRow, Row, bad_encoding, too_long
from ingest.readers.text import Lines, encoding_of


def read_jsonl(path: Path) -> Iterator[Row | BadRow]:
    """The file's objects in order, in bounded memory."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="\n") as file:
        lines = Lines(file)
        for line in lines:
            text = line.strip().lstrip("\ufeff")
            if not text:
                continue
            if lines.number in lines.cut:
                yield too_long(lines.number)
            elif "\ufffd" in text:
                yield bad_encoding(lines.number)
            else:
                yield decoded(lines.number, text)
