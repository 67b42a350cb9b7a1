"""The one codec: what goes in comes out, and what is broken says so and costs nothing."""

from __future__ import annotations

import struct
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import codec, records
from matcher.model import Certificate, Entry, Pay

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back(value: object) -> None:
    assert codec.unpack(codec.pack(value)) == value


@given(st.binary(max_size=64))
def test_any_bytes_are_a_value_or_a_clear_error(data: bytes) -> None:
    try:
        codec.unpack(data)
    except ValueError as exc:
        assert str(exc).startswith("broken msgpack")  # noqa: PT017 - a value is right too


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x92\x01",
        b"\x01\x02",
        b"\xa5abc",
        b"\xa2\xff\xfe",
        b"\x81\x01\x02",
        b"\xdd" + struct.pack(">I", 2**32 - 1),
        b"\xdf" + struct.pack(">I", 2**32 - 1),
        b"\xc6" + struct.pack(">I", 2**32 - 1) + b"x",
        b"\x91" * 100_000,
    ],
    ids=[
        "empty", "never used", "truncated", "more than one", "short text", "not UTF-8", "key is a number",
        "4 G items", "4 G pairs", "4 G bytes", "nested too deep",
    ],
)  # fmt: skip
def test_broken_input_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="broken msgpack"):
        codec.unpack(data)


def test_dates_are_iso_strings_on_the_wire() -> None:
    packed = codec.pack(Certificate(kind="forklift", expires=date(2027, 1, 31)))
    assert codec.unpack(packed) == {"kind": "forklift", "expires": "2027-01-31"}


def test_a_value_of_another_shape_is_told() -> None:
    with pytest.raises(msgspec.ValidationError):
        codec.decode(codec.pack({"fen": "two hundred"}), Pay)


def test_an_entry_with_a_state_that_there_is_not_is_told() -> None:
    entry = Entry(offer="open", wave=1, terms=1, offered_ms=1, deadline_ms=2)
    assert records.entry(codec.pack(entry)) == entry
    with pytest.raises(msgspec.ValidationError):
        records.entry(codec.pack(msgspec.to_builtins(entry) | {"offer": "maybe"}))


def test_a_digest_knows_where_one_part_ends() -> None:
    assert records.digest("ab", "c") != records.digest("a", "bc")
    assert records.digest("ab") == records.digest(b"ab")
    assert len(records.digest("")) == 32
