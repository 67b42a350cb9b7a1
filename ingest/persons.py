"""人员: name, telephone and ID number, sealed before they are stored.

Each person is encrypted under a data key of their own (AES-256-GCM, NIST SP 800-38D), and that key is wrapped by a
master key which never lies in the store: deleting the sealed bytes deletes the only copy of the person's key.
Pseudonyms are keyed hashes: whoever has the store alone can neither read a person nor guess one from a telephone.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingest import master_keys
from ingest.master_keys import KEY_BYTES, MasterKeyError, MasterKeys
from matcher import codec
from matcher.model import Person
from matcher.store import Store

NONCE_BYTES: Final = 12
LOOK_S: Final = 1.0
"""How often the key file is looked at: a version that was added counts from then on."""
_TAG_BYTES = 16
_FORMAT = b"\x02"
_WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + _TAG_BYTES
_HEAD_BYTES = 2 + _WRAPPED_BYTES


class SealError(ValueError):
    """Something sealed that cannot be opened: another master key, or changed bytes."""


class Vault:
    """Seals and unseals people, and gives their pseudonyms. A box seals what else must not lie open."""

    def __init__(self, master: bytes | MasterKeys, file: Path | None = None) -> None:
        self._file = file
        self._seen: tuple[float, int] = (0.0, 0)
        self._use(master_keys.single(master) if isinstance(master, bytes) else master)

    def _use(self, keys: MasterKeys) -> None:
        self.keys = keys
        self._wrappers = {v: AESGCM(master_keys.derived(k, b"kuaizhao wrap 1")) for v, k in keys.versions.items()}
        self._keyed = hmac.new(keys.names, digestmod="sha256")

    @classmethod
    def open(cls, data_dir: str | Path, environ: Mapping[str, str] = os.environ) -> Vault:
        """The vault of a data directory: `KUAIZHAO_MASTER_KEY`, or else `master.key` in the directory, made on first
        use. Raises MasterKeyError when a key does not fit, or others can read its file."""
        return cls(*master_keys.load(data_dir, environ))

    def refresh(self) -> None:
        """Reads the key file again where it has changed since the last look. Raises MasterKeyError."""
        if self._file is None or time.monotonic() < self._seen[0] + LOOK_S:
            return
        changed_ns = self._file.stat().st_mtime_ns
        if changed_ns != self._seen[1]:
            self._use(master_keys.read(self._file))
        self._seen = (time.monotonic(), changed_ns)

    def box(self, purpose: str) -> Box:
        """Seals bytes for a purpose, under keys of its own that follow from the master keys."""
        return Box(self, purpose)

    def seal(self, person: Person) -> bytes:
        """Format, version of the master key, wrapped data key, nonce and cipher text; other bytes on every call."""
        self.refresh()
        drawn = os.urandom(KEY_BYTES + NONCE_BYTES)
        data_key, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:]
        return self._wrapped(data_key) + nonce + AESGCM(data_key).encrypt(nonce, codec.pack(person), _FORMAT)

    def unseal(self, sealed: bytes) -> Person:
        """The person again. Raises SealError."""
        data_key, rest = self._data_key(sealed), sealed[_HEAD_BYTES:]
        try:
            text = AESGCM(data_key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _FORMAT)
        except (InvalidTag, ValueError) as exc:
            raise SealError("sealed person was changed") from exc
        return codec.decode(text, Person)

    def rewrap(self, sealed: bytes) -> bytes:
        """The same person, the data key wrapped by the newest master key. Raises SealError."""
        return self._wrapped(self._data_key(sealed)) + sealed[_HEAD_BYTES:]

    def _wrapped(self, data_key: bytes) -> bytes:
        head, nonce = _FORMAT + bytes([self.keys.newest]), os.urandom(NONCE_BYTES)
        return head + nonce + self._wrappers[self.keys.newest].encrypt(nonce, data_key, head)

    def _data_key(self, sealed: bytes) -> bytes:
        if sealed and sealed[:1] != _FORMAT:
            raise SealError(f"sealed person has format {sealed[0]}, this version reads {_FORMAT[0]} and no other")
        if len(sealed) < _HEAD_BYTES + NONCE_BYTES + _TAG_BYTES:
            raise SealError("sealed person has an unknown shape")
        if sealed[1] not in self._wrappers:
            self.refresh()
        wrapper, wrapped = self._wrappers.get(sealed[1]), sealed[2:_HEAD_BYTES]
        if wrapper is None:
            raise SealError(f"sealed under version {sealed[1]} of the master key, which is not here")
        try:
            return wrapper.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], sealed[:2])
        except InvalidTag as exc:
            raise SealError("sealed person was changed, or sealed under another master key") from exc

    def profile_id(self, ref: str) -> str:
        """Pseudonym of whoever a site calls `ref`: `p_` and 20 hexadecimal characters, the same each time."""
        return "p_" + self.keyed_hash(f"profile:{ref}")[:20]

    def mark(self, person: Person) -> str:
        """Equal for equal persons, though their sealed bytes differ each time."""
        return self.keyed_hash(codec.pack(person).hex())

    def keyed_hash(self, value: str) -> str:
        """HMAC-SHA256 (hexadecimal) by which equal values are found without being stored."""
        mac = self._keyed.copy()  # the key is worked in once: several times faster than a new HMAC
        mac.update(value.encode())
        return mac.hexdigest()


class Box:
    """Seals bytes (AES-256-GCM): messages, rows, secrets, which have no key of their own each."""

    def __init__(self, vault: Vault, purpose: str) -> None:
        self._vault = vault
        self._purpose = f"kuaizhao {purpose} 1".encode()
        self._known: dict[bytes, AESGCM] = {}

    def close(self, content: bytes, about: str) -> bytes:
        """Version of the master key, nonce and cipher text. It opens only for the same `about`: what is sealed for one
        is of no use to another."""
        self._vault.refresh()
        version, nonce = bytes([self._vault.keys.newest]), os.urandom(NONCE_BYTES)
        return version + nonce + self._key(version).encrypt(nonce, content, version + about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The content again. Raises SealError."""
        try:
            rest = sealed[1:]
            key = self._key(sealed[:1])
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], sealed[:1] + about.encode())
        except (InvalidTag, ValueError) as exc:
            raise SealError("sealed under another key, for another, or changed") from exc

    def _key(self, version: bytes) -> AESGCM:
        number = int.from_bytes(version, "big")
        if number not in self._vault.keys.versions:
            self._vault.refresh()
        master = self._vault.keys.versions.get(number)
        if master is None:
            raise SealError("sealed under a version of the master key that is not here")
        if version not in self._known:
            self._known[version] = AESGCM(master_keys.derived(master, self._purpose))
        return self._known[version]


async def check_key(store: Store, vault: Vault) -> None:
    """Holds the master key against the one that this market began with. Raises MasterKeyError for another: people
    would get other pseudonyms, register twice, and could not be opened."""
    mark = vault.keyed_hash("which key")
    if await store.settled("master_key_mark", mark) != mark:
        raise MasterKeyError("主密钥不是这个市场原来的那一把,请放回原来的 master.key 或 KUAIZHAO_MASTER_KEY")
