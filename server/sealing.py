"""Seals what the doors keep in the store: TOTP secrets and messages that wait to be sent (AES-256-GCM)."""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingest.persons import SealError, Vault

_NONCE_BYTES: Final = 12


class Seal:
    """Seals bytes under a key of its own that follows from the master key."""

    def __init__(self, vault: Vault) -> None:
        self._key = AESGCM(bytes.fromhex(vault.keyed_hash("key of the doors 1")))

    def close(self, content: bytes, about: str) -> bytes:
        """Nonce and cipher text. It opens only for the same `about`: what is sealed for one is of no use to another."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._key.encrypt(nonce, content, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The content again. Raises SealError."""
        try:
            return self._key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as exc:
            raise SealError("sealed under another key, for another, or changed") from exc
