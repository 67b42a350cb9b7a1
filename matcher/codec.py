"""The one codec of stored records and of the binary wire: msgpack, typed by msgspec."""

from __future__ import annotations

from typing import Any, TypeVar

import msgpack
import msgspec

T = TypeVar("T")


def pack(value: Any) -> bytes:
    """Encodes plain values and msgspec structs; dates become ISO strings, as in JSON."""
    return bytes(msgpack.packb(msgspec.to_builtins(value, builtin_types=(bytes,)), use_bin_type=True))


def unpack(data: bytes) -> Any:
    """Decodes to plain values. Raises ValueError on broken, truncated or over-long input.

    Lengths inside the data are bounded by the data itself, so a forged header cannot reserve memory.
    """
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (msgpack.UnpackException, ValueError, UnicodeDecodeError, RecursionError) as exc:
        raise ValueError(f"broken msgpack: {exc}") from exc


def decode(data: bytes, kind: type[T]) -> T:
    """Decodes to the given type. Raises msgspec.ValidationError where the value does not fit it."""
    return msgspec.convert(unpack(data), kind)
