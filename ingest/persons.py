"""人员: name, telephone and ID number, sealed before they are stored.

Each person is encrypted under a data key of their own (AES-256-GCM, NIST SP 800-38D), and that key is wrapped by a
master key which never lies in the store: deleting the sealed bytes deletes the only copy of the person's key.
Pseudonyms are keyed hashes: whoever has the store alone can neither read a person nor guess one from a telephone.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from matcher import codec
from matcher.model import Person
from matcher.store import Store

KEY_VARIABLE: Final = "KUAIZHAO_MASTER_KEY"
KEY_FILE: Final = "master.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = b"\x01"
_WRAPPED_BYTES = _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class SealError(ValueError):
    """A sealed person that cannot be opened: another master key, or changed bytes."""


class MasterKeyError(ValueError):
    """A master key that is unreadable, of the wrong length or open to others."""


class Vault:
    """Seals and unseals people, and gives their pseudonyms."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _KEY_BYTES:
            raise MasterKeyError(f"主密钥应为 {_KEY_BYTES} 字节,实为 {len(master)} 字节")
        self._wrapper = AESGCM(_derived(master, b"kuaizhao wrap 1"))
        self._keyed = hmac.new(_derived(master, b"kuaizhao pseudonym 1"), digestmod="sha256")

    @classmethod
    def open(cls, data_dir: str | Path, environ: Mapping[str, str] = os.environ) -> Vault:
        """The vault of a data directory.

        The master key is `KUAIZHAO_MASTER_KEY` (base64 of 32 bytes) or else `master.key` in the directory, made with
        mode 0600 on first use. Raises MasterKeyError when the key does not fit, or others can read its file.
        """
        given = environ.get(KEY_VARIABLE)
        if given is not None:
            return cls(_decoded(given, KEY_VARIABLE))
        path = Path(data_dir) / KEY_FILE
        if not path.exists():
            _create(path)
        if path.stat().st_mode & 0o077:
            raise MasterKeyError(f"主密钥文件可被他人读取,请执行 chmod 600 {path}")
        return cls(_decoded(path.read_text(encoding="ascii"), str(path)))

    def seal(self, person: Person) -> bytes:
        """Version byte, wrapped data key, nonce and cipher text; other bytes on every call."""
        random = os.urandom(_KEY_BYTES + 2 * _NONCE_BYTES)
        data_key, nonces = random[:_KEY_BYTES], random[_KEY_BYTES:]
        wrap_nonce, nonce = nonces[:_NONCE_BYTES], nonces[_NONCE_BYTES:]
        wrapped = self._wrapper.encrypt(wrap_nonce, data_key, _VERSION)
        text = AESGCM(data_key).encrypt(nonce, codec.pack(person), _VERSION)
        return _VERSION + wrap_nonce + wrapped + nonce + text

    def unseal(self, sealed: bytes) -> Person:
        """The person again. Raises SealError."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _WRAPPED_BYTES + _NONCE_BYTES + _TAG_BYTES:
            raise SealError("sealed person has an unknown shape")
        wrap, rest = sealed[1 : 1 + _WRAPPED_BYTES], sealed[1 + _WRAPPED_BYTES :]
        try:
            data_key = self._wrapper.decrypt(wrap[:_NONCE_BYTES], wrap[_NONCE_BYTES:], _VERSION)
            text = AESGCM(data_key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _VERSION)
        except InvalidTag as exc:
            raise SealError("sealed person was changed, or sealed under another master key") from exc
        return codec.decode(text, Person)

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


async def check_key(store: Store, vault: Vault) -> None:
    """Holds the master key against the one that this market began with. Raises MasterKeyError for another: people
    would get other pseudonyms, register twice, and could not be opened."""
    mark = vault.keyed_hash("which key")
    if await store.settled("master_key_mark", mark) != mark:
        raise MasterKeyError("主密钥不是这个市场原来的那一把,请放回原来的 master.key 或 KUAIZHAO_MASTER_KEY")


def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(master)


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MasterKeyError(f"{where} 不是有效的 base64 主密钥") from exc


def _create(path: Path) -> None:
    """Writes a new key beside its place and links it there: no process ever reads half a key, or replaces one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, path)
    finally:
        draft.unlink()
