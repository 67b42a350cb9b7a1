"""From what the store holds to typed records (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import codec
from matcher.model import Crew, Employer, Entry, Posting, PostingRecord, Profile, ProfileRecord, Site

Hash = Mapping[bytes, bytes]


class Message(Struct, kw_only=True):
    """One of a worker's last messages; `kind` says what happened with `posting`."""

    seq: int
    at_ms: int
    kind: str
    posting: str


class EmployerRecord(Struct, kw_only=True):
    """A stored employer with its sealed contact. Until `suspended_until_ms` a clerk looks at each posting, for late
    withdrawals."""

    id: str
    v: int
    doc: Employer
    contact: bytes = b""
    suspended_until_ms: int = 0


class SiteRecord(Struct, kw_only=True):
    """A stored site."""

    id: str
    v: int
    doc: Site


def digest(*parts: bytes | str) -> str:
    """Fingerprint of a request body: 32 hexadecimal characters."""
    h = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little") + data)
    return h.hexdigest()


def vector_bytes(vector: NDArray[np.float32]) -> bytes:
    """A unit vector as stored: little-endian float16, 2 bytes a dimension."""
    return vector.astype("<f2").tobytes()


def vector_of(raw: Hash) -> NDArray[np.float32]:
    """The record's vector as float32, shape (dimension,); empty when it has none."""
    return np.frombuffer(raw.get(b"vec", b""), dtype="<f2").astype(np.float32)


def vector_by(raw: Hash, model: str) -> NDArray[np.float32]:
    """The record's vector by this model, as `vector_of`; empty when it has none by it.

    While records are rewritten for another model they hold both: the new vector, and the one of the model in force.
    """
    if raw.get(b"model", b"").decode() == model:
        return vector_of(raw)
    previous = raw.get(b"previous_model", b"").decode() == model
    if previous and raw.get(b"previous_digest") == raw.get(b"digest"):
        return np.frombuffer(raw.get(b"previous_vec", b""), dtype="<f2").astype(np.float32)
    return np.zeros(0, dtype=np.float32)


def _int(raw: Hash, field: bytes) -> int:
    return int(raw.get(field) or 0)


def profile_record(id_: str, raw: Hash) -> ProfileRecord:
    """Raises ValueError or msgspec.ValidationError when the stored record is not readable."""
    return ProfileRecord(
        id=id_,
        v=_int(raw, b"v"),
        schema=_int(raw, b"schema"),
        doc=codec.decode(raw[b"doc"], Profile),
        presence=raw[b"presence"].decode(),  # type: ignore[arg-type]  # written by one function from one Literal
        presence_until_ms=_int(raw, b"presence_until_ms"),
        queue_no=_int(raw, b"queue_no") or None,
        paused=_int(raw, b"paused") == 1,
        suspended_until_ms=_int(raw, b"suspended_until_ms"),
        penalty_one_ms=_int(raw, b"penalty_one_ms"),
        suspended_reason=raw.get(b"suspended_reason", b"").decode(),
        withdrawn_ms=_int(raw, b"withdrawn_ms"),
        last_work_ms=_int(raw, b"last_work_ms"),
        done=_int(raw, b"done"),
        done_in={name[8:].decode(): int(n) for name, n in raw.items() if name.startswith(b"done_in:")},
        no_shows=_int(raw, b"no_shows"),
        releases=_int(raw, b"releases"),
        model=raw.get(b"model", b"").decode(),
    )


COUNTS: Final = (
    "v", "terms", "wave", "offered", "open_offers", "taken", "called", "waiting", "standby", "headcount", "start_ms",
    "end_ms", "valid_until_ms", "standby_target", "window_until_ms", "opened_ms", "filled_ms", "orders", "awarded",
    "rounds", "begins_ms", "held", "open_calls",
)  # fmt: skip
"""A posting's numbers, in the order in which its record keeps them; new ones are appended, and are 0 where lacking."""


def counts(raw: Hash) -> dict[str, int]:
    """A posting's numbers by name."""
    if b"counts" not in raw:  # last written when each was a field of the hash
        return {name: _int(raw, name.encode()) for name in COUNTS}
    found = codec.decode(raw[b"counts"], list[int])
    return dict(zip(COUNTS, found + [0] * (len(COUNTS) - len(found)), strict=True))


def posting_record(id_: str, raw: Hash, doc: Posting | None = None) -> PostingRecord:
    """Raises ValueError or msgspec.ValidationError when the stored record is not readable. `doc` is its document where
    that is known already."""
    numbers: dict[str, Any] = counts(raw)
    awarded, held = numbers.pop("awarded") == 1, numbers.pop("held") == 1
    return PostingRecord(
        id=id_,
        doc=doc or codec.decode(raw[b"doc"], Posting),
        state=raw[b"state"].decode(),  # type: ignore[arg-type]  # written by one function from one Literal
        award=raw[b"award"].decode(),  # type: ignore[arg-type]
        commitment=raw.get(b"commitment", b"").decode(),
        seed=raw.get(b"seed", b"").decode(),
        awarded=awarded,
        whole=raw.get(b"whole", b"").decode(),
        held=held,
        review_reason=raw.get(b"review_reason", b"").decode(),
        model=raw.get(b"model", b"").decode(),
        schema=_int(raw, b"schema"),
        **numbers,
    )


def entry(raw: bytes) -> Entry:
    """One person's entry with a posting."""
    return codec.decode(raw, Entry)


def crew(id_: str, raw: Hash) -> Crew:
    """A stored crew."""
    return Crew(
        id=id_,
        v=_int(raw, b"v"),
        leader=raw[b"leader"].decode(),
        members=codec.decode(raw[b"members"], dict[str, Literal["invited", "consented"]]),
    )


def employer_record(id_: str, raw: Hash) -> EmployerRecord:
    """A stored employer; `verified` counts from the record, not from the document a caller sent."""
    return EmployerRecord(
        id=id_,
        v=_int(raw, b"v"),
        doc=codec.decode(raw[b"doc"], Employer),
        contact=raw.get(b"contact", b""),
        suspended_until_ms=_int(raw, b"suspended_until_ms"),
    )


def site_record(id_: str, raw: Hash) -> SiteRecord:
    """A stored site."""
    return SiteRecord(id=id_, v=_int(raw, b"v"), doc=codec.decode(raw[b"doc"], Site))
