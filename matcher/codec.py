"""The one codec of stored records and of the binary wire: msgpack, typed by msgspec."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgpack
import msgspec

T = TypeVar("T")
_ENCODER: Final = msgspec.msgpack.Encoder()


def pack(value: Any) -> bytes:
    """Encodes plain values and msgspec structs; dates become ISO strings, as in JSON."""
    return _ENCODER.encode(value)


def unpack(data: bytes) -> Any:
    """Decodes to plain values. Raises ValueError on broken, truncated or over-long input.

    Lengths inside the data are bounded by the data itself, so a forged header cannot reserve memory.
    """
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (msgpack.UnpackException, ValueError, UnicodeDecodeError, RecursionError) as exc:
        raise ValueError(f"broken msgpack: {exc}") from exc


def decode(data: bytes, kind: type[T]) -> T:
    """Decodes what we have packed to the given type, in one pass and not for bytes from outside: a forged length could
    reserve memory. Raises msgspec.ValidationError where the value does not fit it, ValueError where it is broken."""
    try:
        return cast(T, _decoder(cast(Hashable, kind)).decode(data))
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as exc:
        raise ValueError(f"broken msgpack: {exc}") from exc


@cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)
