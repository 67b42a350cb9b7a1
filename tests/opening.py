"""What the keys open of any bytes: every form, wherever it lies and whatever it was sealed about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from ingest import master_keys, persons
from ingest.batches import ROWS
from ingest.persons import NONCE_BYTES, SealError, Vault
from server import rotation

HEAD_BYTES = persons._HEAD_BYTES
PURPOSES = {ROWS} | {purpose for fields in rotation._BOXES.values() for purpose, _ in fields.values()}
LONGEST = 1 << 15
"""More than any batch of rows, or other sealed thing, of the tests."""


def boxes_open(vault: Vault, raw: bytes) -> Iterator[bytes]:
    """What the keys of the boxes make of every place at which something sealed may begin.

    Nearly all of it is noise; what really was sealed is among it. AES-GCM is a stream cipher, and a tag that says
    whether the text was changed: who only wants to read needs neither the tag, so that the end need not be known, nor
    what it was sealed about.
    """
    for version, master in vault.keys.versions.items():
        for purpose in PURPOSES:
            key = AES256(master_keys.derived(master, f"kuaizhao {purpose} 1".encode()))
            at = -1
            while (at := raw.find(bytes([version]), at + 1)) >= 0:
                yield _read(key, raw[at + 1 : at + 1 + LONGEST])


def wrapped_keys(vault: Vault, raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every key of a person that the master key unwraps, wherever it lies, and what the key makes of what follows."""
    at = -1
    while (at := raw.find(b"\x02\x01", at + 1)) >= 0:
        head, rest = raw[at : at + HEAD_BYTES], raw[at + HEAD_BYTES : at + LONGEST]
        with suppress(SealError):
            yield head, _read(AES256(vault._data_key(head + bytes(64))), rest)


def _read(key: AES256, sealed: bytes) -> bytes:
    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return Cipher(key, CTR(nonce + b"\0\0\0\2")).decryptor().update(text) if text else b""
