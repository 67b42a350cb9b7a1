"""People are sealed: nothing of them lies in clear, and changed bytes are noticed."""

from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.master_keys import KEY_FILE, KEY_VARIABLE, MasterKeyError
from ingest.persons import SealError, Vault
from matcher.model import Person

SOMEONE = Person(name="张样本", telephone="19900000001", id_number="000000198001010018", consent="2026-01")
KEY = bytes(range(32))


def test_what_is_sealed_comes_back_and_is_not_readable() -> None:
    sealed = Vault(KEY).seal(SOMEONE)
    assert Vault(KEY).unseal(sealed) == SOMEONE
    for secret in (SOMEONE.name.encode(), SOMEONE.telephone.encode(), SOMEONE.id_number.encode(), KEY):
        assert secret not in sealed


def test_the_same_person_is_sealed_under_another_key_each_time() -> None:
    vault = Vault(KEY)
    assert vault.seal(SOMEONE) != vault.seal(SOMEONE)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, change: int) -> None:
    sealed = bytearray(Vault(KEY).seal(SOMEONE))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(SealError):
        Vault(KEY).unseal(bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" * 200, b"\x01" * 200, b"\x02\x01" * 100])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealError):
        Vault(KEY).unseal(sealed)


def test_a_format_of_before_key_versions_is_named() -> None:
    old = b"\x01" + Vault(KEY).seal(SOMEONE)[2:]
    with pytest.raises(SealError, match="format 1, this version reads 2"):
        Vault(KEY).unseal(old)
    with pytest.raises(SealError, match="format 1"):
        Vault(KEY).rewrap(old)


def test_another_master_key_opens_nothing() -> None:
    with pytest.raises(SealError):
        Vault(os.urandom(32)).unseal(Vault(KEY).seal(SOMEONE))


def test_pseudonyms_are_stable_and_belong_to_the_key() -> None:
    here, there = Vault(KEY), Vault(os.urandom(32))
    assert re.fullmatch(r"p_[0-9a-f]{20}", here.profile_id("licang:1"))
    assert here.profile_id("licang:1") == Vault(KEY).profile_id("licang:1")
    assert here.profile_id("licang:1") != here.profile_id("licang:2")
    assert here.profile_id("licang:1") != there.profile_id("licang:1")
    assert here.keyed_hash("19900000001") != here.keyed_hash("19900000002")


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path / "new", {}).seal(SOMEONE)
    path = tmp_path / "new" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == [KEY_FILE]
    assert Vault.open(tmp_path / "new", {}).unseal(sealed) == SOMEONE


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Vault.open(tmp_path, {})
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        Vault.open(tmp_path, {})


def test_the_environment_gives_the_key_and_no_file_is_written(tmp_path: Path) -> None:
    environ = {KEY_VARIABLE: base64.b64encode(KEY).decode()}
    sealed = Vault.open(tmp_path, environ).seal(SOMEONE)
    assert Vault(KEY).unseal(sealed) == SOMEONE
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given_key", ["", "abc", base64.b64encode(b"short").decode(), "密钥", "A" * 44 + "!"])
def test_a_wrong_key_is_named(tmp_path: Path, given_key: str) -> None:
    with pytest.raises(MasterKeyError):
        Vault.open(tmp_path, {KEY_VARIABLE: given_key})
