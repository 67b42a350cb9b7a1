"""The least value that a schema of /openapi.json allows: where mutations start from (pure)."""

from __future__ import annotations

import re
from typing import Any, Final

Schemas = dict[str, Any]

TEXTS: Final = ("x", "10000000001", "000000", "1" * 17 + "X", "2000-01-01", "08:00", "0" * 64)


def least(schema: dict[str, Any], components: Schemas) -> Any:
    """Required fields only, texts and numbers as short and small as allowed. Raises ValueError for a new pattern."""
    if "$ref" in schema:
        return least(components[schema["$ref"].rpartition("/")[2]], components)
    for name in ("default", "const"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return least(schema["anyOf"][0], components)
    kind = schema.get("type")
    if kind == "object":
        return {name: least(schema["properties"][name], components) for name in schema.get("required", ())}
    if kind == "array":
        return [least(schema["items"], components) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return _text(schema) if kind == "string" else False if kind == "boolean" else None


def _text(schema: dict[str, Any]) -> str:
    for text in TEXTS:
        if "pattern" not in schema or re.search(schema["pattern"], text):
            repeated: str = text * max(1, schema.get("minLength", 1) // len(text))
            return repeated
    raise ValueError(f"no text for {schema}: add one to TEXTS")
