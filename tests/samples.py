"""A body that a type takes: the least that it asks for."""

from __future__ import annotations

from typing import Any

import msgspec

from loadtest.fuzz import samples


def least(kind: type) -> Any:
    """The smallest value of a type, as plain values."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return samples.least(schema, components)
