"""JSONL: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.readers.rows import BadRow, Row
from ingest.readers.text import Lines, encoding_of


def read_jsonl(path: Path) -> Iterator[Row | BadRow]:
    """The file's objects in order, in bounded memory; values become text, lists are joined by `、`."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    with path.open(encoding=encoding_of(path), errors="replace", newline="\n") as file:
        lines = Lines(file)
        for line in lines:
            if not line.strip():
                continue
            if lines.number in lines.cut:
                yield BadRow(lines.number, "too_long", "这一行太长,没有读入")
            elif "\ufffd" in line:
                yield BadRow(lines.number, "bad_encoding", "这一行有乱码,请用 UTF-8 或 GB18030 重新保存")
            else:
                yield _row(decoder, lines.number, line)


def _row(decoder: msgspec.json.Decoder[dict[str, Any]], number: int, line: str) -> Row | BadRow:
    try:
        values = decoder.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return BadRow(number, "bad_json", "这一行不是完整的 JSON 对象")
    return Row(number, {key.strip(): _text(value) for key, value in values.items()})


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_text(each) for each in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
