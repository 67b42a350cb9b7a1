"""Rotation of the master key: what is sealed moves to the new version while others work; then the old one can go."""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import master_keys
from ingest.batches import Line, Sealer
from ingest.master_keys import KEY_VARIABLE, MasterKeyError, parsed, single
from ingest.persons import SealError, Vault
from matcher.settings import Settings
from matcher.store import Store
from server import master_key_command, rotation, staff
from server.keys import DOORS
from tests import builders
from tests.conftest import new_market

PASSWORD = "正确的马电池订书钉 staple"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.persons.LOOK_S", 0.0)
    monkeypatch.setattr("server.master_key_command.LOOK_S", 0.0)


async def registered(store: Store, vault: Vault, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        person = builders.person(n)
        sealed, mark = vault.seal(person), vault.mark(person)
        await store.register(f"w{n}", builders.profile(), sealed, builders.vector(), builders.MODEL, mark)


async def test_everything_moves_to_the_new_version_and_the_old_one_can_go(
    store: Store, tmp_path: Path, store_url: str
) -> None:
    served = Vault.open(tmp_path, {})  # a web server's, running all the while
    await registered(store, served, 5)
    secret = await staff.add(store, served.box(DOORS), "boss", "manager", PASSWORD)
    kept = Sealer(served).seal(Line(3, {"name": "虚构人"}))
    await store.commands.hset(store.key("kept", "r1"), mapping={"sealed": kept})
    names = [served.profile_id("licang:1"), served.mark(builders.person(1))]
    assert await rotation.in_use(store) == {1: 7}

    settings = Settings(market=store.market, data_dir=str(tmp_path), redis_url=store_url)
    out = io.StringIO()
    assert await asyncio.to_thread(command, settings, "rotate", out) == 0
    assert await rotation.in_use(store) == {2: 7}
    for n in range(5):
        assert served.unseal(await store.sealed_person(f"w{n}")) == builders.person(n)
    await registered(store, served, 1, first=5)
    assert await rotation.in_use(store) == {2: 8}

    assert await asyncio.to_thread(command, settings, "remove", out, version=1) == 0
    later = Vault.open(tmp_path, {})
    assert list(later.keys.versions) == [2]
    assert [later.profile_id("licang:1"), later.mark(builders.person(1))] == names
    account = await staff.find(store, "boss")
    assert account is not None
    assert later.box(DOORS).open(account.pending, "totp boss") == secret
    assert Sealer(later).line((await store.hashes("kept", ["r1"]))[0][b"sealed"]).cells == {"name": "虚构人"}
    assert later.unseal(await store.sealed_person("w3")) == builders.person(3)
    assert base64.b64encode(served.keys.versions[2]).decode() not in out.getvalue()


def command(settings: Settings, what: str, out: io.StringIO, **more: int) -> int:
    return master_key_command.run(settings, argparse.Namespace(what=what, **more), out)


async def test_a_version_in_use_the_newest_and_one_that_is_not_there_stay(
    store: Store, tmp_path: Path, store_url: str
) -> None:
    await registered(store, Vault.open(tmp_path, {}), 1)
    file = tmp_path / master_keys.KEY_FILE
    master_keys.write(file, master_keys.read(file).with_new())
    settings, out = Settings(market=store.market, data_dir=str(tmp_path), redis_url=store_url), io.StringIO()
    assert [await asyncio.to_thread(command, settings, "remove", out, version=n) for n in (1, 2, 3)] == [1, 2, 2]
    assert sorted(master_keys.read(file).versions) == [1, 2]
    assert await asyncio.to_thread(command, settings, "status", out) == 0
    assert "第 1 版  只用来打开  封着 1 份" in out.getvalue()


async def test_who_is_erased_or_changed_in_the_meantime_stays_so(store: Store, tmp_path: Path) -> None:
    vault = Vault(single(bytes(32)))
    await registered(store, vault, 2)
    old = await store.sealed_person("w0")
    await store.erase("w0")
    newer = Vault(vault.keys.with_new())
    assert (await store.call("rewrap", "person", "w0", "", old, newer.rewrap(old))).replay
    assert await store.person("w0") == b""
    assert await rotation.rewrap(store, newer) == 1
    assert await rotation.rewrap(store, newer) == 0
    with pytest.raises(SealError, match="version 2"):
        vault.unseal(await store.sealed_person("w1"))


async def test_the_service_registers_while_it_is_rewrapped(store: Store) -> None:
    vault = Vault(single(bytes(32)))
    await registered(store, vault, 60)
    newer = Vault(vault.keys.with_new())
    await asyncio.gather(rotation.rewrap(store, newer), registered(store, newer, 20, first=60))
    assert await rotation.in_use(store) == {2: 80}
    for n in range(80):
        assert newer.unseal(await store.sealed_person(f"w{n}")) == builders.person(n)


def test_keys_in_the_environment_are_told_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, valkey_url: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, base64.b64encode(bytes(32)).decode())
    market = new_market()

    async def load() -> None:
        store = Store(valkey_url, market)
        await store.load()
        await store.close()

    asyncio.run(load())
    settings, out = Settings(market=market, data_dir=str(tmp_path), redis_url=valkey_url), io.StringIO()
    assert command(settings, "rotate", out) == 0
    told = out.getvalue().splitlines()[-1]
    both = parsed(f"1:{base64.b64encode(bytes(32)).decode()},{told}", KEY_VARIABLE)
    assert (both.newest, both.names) == (2, single(bytes(32)).names)
    assert not list(tmp_path.iterdir())


@given(
    st.dictionaries(st.integers(1, 255), st.binary(min_size=32, max_size=32), min_size=1),
    st.binary(min_size=32, max_size=32),
)
def test_keys_come_back_as_they_were_written(versions: dict[int, bytes], names: bytes) -> None:
    keys = master_keys.MasterKeys(versions, names)
    assert parsed(keys.text(), "here") == keys


@given(st.text(max_size=80))
def test_any_text_is_keys_or_refused(text: str) -> None:
    with suppress(MasterKeyError):
        assert parsed(text, "here").versions


def test_there_is_an_end_of_versions_and_a_first_one_or_its_names() -> None:
    key = base64.b64encode(bytes(32)).decode()
    with pytest.raises(MasterKeyError, match="255"):
        parsed(f"255:{key} 1:{key}", "here").with_new()
    for wrong in (
        f"2:{key}",
        f"0:{key}",
        f"256:{key} 1:{key}",
        f"1:{key} 1:{key}",
        f"other:{key} 1:{key}",
        key + " " + key,
    ):
        with pytest.raises(MasterKeyError):
            parsed(wrong, "here")
