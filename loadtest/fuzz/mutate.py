"""Values and bytes that nobody in their right mind sends (pure: randomness is passed in)."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgpack

ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 0.0, -0.0, 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), "", " ", "\x00", "\ufeff", "\u202e", "\ud800", "a" * 5_000, "搬" * 1_000,
    "😀" * 300, "\r\n\r\n", "../../x", "<script>", "=1+1", "1; DROP", "{{7*7}}", "%s%n", "NaN", "1e999", "2000-02-30",
    "9999-12-31", "0001-01-01", "25:61", [], {}, [[]], [None] * 100, {"": ""}, {"__proto__": {}}, [{}] * 40,
    {"a": {"b": {"c": [1, {"d": None}]}}},
)  # fmt: skip
BYTES: Final = (
    b"\xc1", b"\xd9\xff", b"\xdc\xff\xff", b"\xc7\xff\x01", b"\xd4\x01\x00", b"\xd6\xff\x00\x00\x00\x01", b"\x80\xff",
)  # fmt: skip
"""Pieces of MessagePack: the code that is never used, lengths that are not there, extensions and a timestamp."""


def value(seed: Any, draw: Random) -> Any:
    """The value with some parts replaced, left out, doubled or moved."""
    mutated = seed
    for _ in range(draw.choice((0, 1, 1, 1, 2, 3, 6))):
        mutated = _once(mutated, draw)
    return mutated


def _once(seed: Any, draw: Random) -> Any:
    if isinstance(seed, dict) and seed and draw.random() < 0.9:
        return _in_dict(seed, draw)
    if isinstance(seed, list) and seed and draw.random() < 0.8:
        at = draw.randrange(len(seed))
        return draw.choice((seed[:at], seed + seed, [*seed[:at], _once(seed[at], draw), *seed[at + 1 :]]))
    return draw.choice(ODD)


def _in_dict(seed: dict[str, Any], draw: Random) -> dict[str, Any]:
    name = draw.choice(list(seed))
    what = draw.random()
    if what < 0.15:
        return {key: kept for key, kept in seed.items() if key != name}
    if what < 0.3:
        return seed | {draw.choice(("extra", "id", "v", "", "state", "\x00", "a" * 300)): draw.choice(ODD)}
    return seed | {name: _once(seed[name], draw)}


def as_json(mutated: Any) -> bytes:
    """JSON, as loose as Python writes it: NaN, lone surrogates and all."""
    return json.dumps(mutated, ensure_ascii=False).encode("utf-8", "surrogatepass")


def as_msgpack(mutated: Any) -> bytes:
    """MessagePack."""
    packed: bytes = msgpack.packb(mutated, unicode_errors="surrogatepass")
    return packed


def torn(body: bytes, draw: Random) -> bytes:
    """The bytes, most of the time as they are; else cut, turned, filled or doubled."""
    what = draw.random()
    if what < 0.6 or not body:
        return body
    at = draw.randrange(len(body))
    if what < 0.7:
        return body[:at]
    if what < 0.8:
        return body[:at] + bytes([body[at] ^ (1 << draw.randrange(8))]) + body[at + 1 :]
    if what < 0.9:
        return body[:at] + draw.choice(BYTES) + body[at:]
    return draw.choice((body + body, body[:at] + draw.randbytes(8) + body[at:], draw.randbytes(len(body) % 300)))


PACKERS: Final[dict[str, Callable[[Any], bytes]]] = {"application/json": as_json, "application/msgpack": as_msgpack}


SAID: Final = (
    {"type": "accept", "offer": "attack-job:victim-300:1"},
    {"type": "decline", "offer": "attack-job:victim-300:1", "reason": "虚构"},
)
"""What a worker says on the socket."""


def answer_frame(draw: Random) -> bytes:
    """A whole message with an answer to an offer, mutated; in the socket's format or the other."""
    while True:
        try:
            said = torn(draw.choice(list(PACKERS.values()))(value(draw.choice(SAID), draw)), draw)
        except (OverflowError, UnicodeEncodeError):
            continue  # MessagePack cannot say it
        if len(said) < 1 << 16:
            return _masked(draw.choice((0x81, 0x82, 0x82, 0x82)), said)  # bytes that are no text end it, as text


def socket_frame(draw: Random) -> bytes:
    """A frame of a WebSocket (RFC 6455, section 5.2) with any opcode and flags, and a length that may be a lie."""
    payload = draw.choice((b"", b"{}", b"\x81\xa1a\x01", draw.randbytes(draw.randrange(120)), b"\xff" * 20))
    first = draw.choice((0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0xF1, draw.randrange(256)))
    masked = 0x80 if draw.random() < 0.8 else 0
    size = len(payload) if draw.random() < 0.85 else draw.choice((0, 125, 126, 127))
    head = bytes([first, masked | min(size, 127)])
    if size == 126:
        head += draw.randbytes(2)
    elif size == 127:
        head += draw.choice((draw.randbytes(8), b"\x00\x00\x00\x00\x7f\xff\xff\xff"))
    mask = draw.randbytes(4) if masked else b""
    if masked:
        payload = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    return head + mask + payload


def _masked(first: int, payload: bytes) -> bytes:
    """A whole message of a client; a mask of zeros is one."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([first]) + length + b"\x00\x00\x00\x00" + payload
