"""The master keys: one or several versions, from the environment or a file, and the key of pseudonyms beside them.

Written `1:BASE64 2:BASE64`, with blanks, commas or new lines between; the highest version seals, the others still open.
A single BASE64 is version 1. Pseudonyms follow from the first master key; the file also keeps the key that follows from
it as `names:BASE64`, for when version 1 is gone: new pseudonyms would make strangers of everybody.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct, structs

KEY_VARIABLE: Final = "KUAIZHAO_MASTER_KEY"
KEY_FILE: Final = "master.key"
KEY_BYTES: Final = 32
MOST_VERSIONS: Final = 255
_NAMES: Final = "names"


class MasterKeyError(ValueError):
    """Master keys that are unreadable, of the wrong length or open to others."""


class MasterKeys(Struct, frozen=True):
    """The versions there are, and the key of pseudonyms."""

    versions: dict[int, bytes]
    names: bytes

    @property
    def newest(self) -> int:
        """The version that seals."""
        return max(self.versions)

    def with_new(self) -> MasterKeys:
        """One version more. Raises MasterKeyError where there can be no more."""
        if self.newest == MOST_VERSIONS:
            raise MasterKeyError(f"主密钥最多 {MOST_VERSIONS} 个版本")
        return structs.replace(self, versions=self.versions | {self.newest + 1: os.urandom(KEY_BYTES)})

    def without(self, version: int) -> MasterKeys:
        """One version less. Raises MasterKeyError for the newest, or one that is not there."""
        if version not in self.versions or version == self.newest:
            raise MasterKeyError(f"不能去掉版本 {version}:它是最新的,或者没有这个版本")
        return structs.replace(self, versions={v: key for v, key in self.versions.items() if v != version})

    def text(self) -> str:
        """As the file has it, a line each."""
        lines = [f"{version}:{base64.b64encode(key).decode()}" for version, key in sorted(self.versions.items())]
        return "\n".join([f"{_NAMES}:{base64.b64encode(self.names).decode()}", *lines]) + "\n"


def single(master: bytes) -> MasterKeys:
    """One key, as version 1. Raises MasterKeyError for a wrong length."""
    if len(master) != KEY_BYTES:
        raise MasterKeyError(f"主密钥应为 {KEY_BYTES} 字节,实为 {len(master)} 字节")
    return MasterKeys({1: master}, derived(master, b"kuaizhao pseudonym 1"))


def parsed(text: str, where: str) -> MasterKeys:
    """The keys in a text. Raises MasterKeyError, which names `where` and never the text."""
    named = [part.rpartition(":")[::2] for part in re.split(r"[\s,]+", text.strip()) if part]
    if len(named) == 1 and not named[0][0]:
        return single(_decoded(named[0][1], where))
    keys = {name: _decoded(key, where) for name, key in named}
    versions = {int(name): key for name, key in keys.items() if re.fullmatch(r"[1-9]\d{0,2}", name)}
    wrong = len(keys) != len(named) or any(len(key) != KEY_BYTES for key in keys.values())
    if wrong or not versions or max(versions) > MOST_VERSIONS or set(keys) - {_NAMES, *map(str, versions)}:
        raise MasterKeyError(f"{where} 应写成 1:BASE64 2:BASE64,每把 {KEY_BYTES} 字节")
    if _NAMES not in keys and 1 not in versions:
        raise MasterKeyError(f"{where} 里没有第 1 版,又没有 {_NAMES}:,算不出登记编号")
    return MasterKeys(versions, keys.get(_NAMES) or single(versions[1]).names)


def load(data_dir: str | Path, environ: Mapping[str, str] = os.environ) -> tuple[MasterKeys, Path | None]:
    """The keys, and the file that they are in (None: the environment). A file is made, with mode 0600, on first use.

    Raises MasterKeyError when a key does not fit, or others can read the file.
    """
    given = environ.get(KEY_VARIABLE)
    if given is not None:
        return parsed(given, KEY_VARIABLE), None
    path = Path(data_dir) / KEY_FILE
    if not path.exists():
        _create(path)
    return read(path), path


def read(path: Path) -> MasterKeys:
    """The keys of a file. Raises MasterKeyError."""
    if path.stat().st_mode & 0o077:
        raise MasterKeyError(f"主密钥文件可被他人读取,请执行 chmod 600 {path}")
    return parsed(path.read_text(encoding="utf-8"), str(path))


def write(path: Path, keys: MasterKeys) -> None:
    """Replaces the file in one step: every process reads the old keys or the new ones."""
    draft = _draft(path, keys.text())
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def derived(master: bytes, purpose: bytes) -> bytes:
    """A key for one purpose, from which nobody gets back to the master key (HKDF-SHA256)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(master)


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MasterKeyError(f"{where} 不是有效的 base64 主密钥") from exc


def _create(path: Path) -> None:
    """Writes a new key beside its place and links it there: no process ever reads half a key, or replaces one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
    try:
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, path)
    finally:
        draft.unlink()


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
