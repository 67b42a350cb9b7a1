"""A body that a route takes, for every route: the least that its type asks for, or one that makes sense."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_REF = "#/components/schemas/{name}"


def least(kind: type) -> Any:
    """The smallest value of a type, as plain values: required fields only, texts and numbers as short as allowed."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template=_REF)
    return _least(schema, components)


def _least(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _least(components[schema["$ref"].rpartition("/")[2]], components)
    for name in ("default", "const"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _least(schema["anyOf"][0], components)
    kind = schema.get("type")
    if kind == "object":
        return {name: _least(schema["properties"][name], components) for name in schema.get("required", ())}
    if kind == "array":
        return [_least(schema["items"], components)] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return None if kind == "null" else False if kind == "boolean" else _text(schema)


def _text(schema: dict[str, Any]) -> str:
    for text in ("x", "10000000001", "000000", "1" * 17 + "X", "2000-01-01", "08:00", "0" * 64):
        if "pattern" not in schema or _matches(schema["pattern"], text):
            return text * max(1, schema.get("minLength", 1) // len(text))
    raise AssertionError(f"no text for {schema}: add one to tests/samples.py")


def _matches(pattern: str, text: str) -> bool:
    """As msgspec reads a pattern: anywhere in the text unless it says otherwise."""
    return re.search(pattern, text) is not None
