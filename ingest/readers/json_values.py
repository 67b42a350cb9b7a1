"""A JSON object as a row (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ingest.readers.rows import BadRow, Row

_DEEPEST: Final = 3
_texts = msgspec.json.Decoder(dict[str, str])
_decoder = msgspec.json.Decoder(dict[str, Any])


def decoded(line: int, text: str | bytes) -> Row | BadRow:
    """The object's values as text, lists joined by `、`; an object within it gives columns `outer.inner`."""
    try:
        return Row(line, _texts.decode(text))
    except msgspec.DecodeError:
        pass  # not only texts, or not JSON
    try:
        return row_of(line, _decoder.decode(text))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return BadRow(line, "bad_json", "这一行不是完整的 JSON 对象")


def is_json(text: str | bytes) -> bool:
    """Whether the text is a whole JSON document."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def row_of(line: int, values: Mapping[str, Any]) -> Row:
    """The values as a row."""
    return Row(line, dict(_columns(values, "", 1)))


def _columns(values: Mapping[str, Any], outer: str, depth: int) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = outer + key.strip()
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _columns(value, f"{name}.", depth + 1)
        else:
            yield name, text_of(value)


def text_of(value: Any) -> str:
    """A value as people write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(text_of(each) for each in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
