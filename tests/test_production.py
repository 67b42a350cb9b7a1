"""Production mode: each thing that is missing keeps the server from starting, with a sentence on how to mend it."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from matcher.settings import PREFIX, Settings
from matcher.store import Store
from server.production import NotFit, check, settings_refused, store_refused
from tests.conftest import new_market

KEY = {"KUAIZHAO_MASTER_KEY": base64.b64encode(b"k" * 32).decode()}


def fit(tmp_path: Path, **over: object) -> Settings:
    settings = Settings(
        production=True,
        data_dir=str(tmp_path),
        trusted_proxies="127.0.0.1",
        gateway_url="https://gateway.example/messages",
    )
    return structs.replace(settings, **over)


def test_outside_of_production_nothing_is_asked_for(tmp_path: Path) -> None:
    assert settings_refused(Settings(data_dir=str(tmp_path)), {}) == []
    check(Settings(data_dir=str(tmp_path)))


def test_settings_that_are_fit(tmp_path: Path) -> None:
    assert settings_refused(fit(tmp_path), KEY) == []
    (tmp_path / "master.key").write_text("a key of the operator's own")
    assert settings_refused(fit(tmp_path, trusted_proxies="", tls_cert="cert.pem"), {}) == []
    assert settings_refused(fit(tmp_path, redis_url="rediss://store.example"), KEY) == []
    assert settings_refused(fit(tmp_path, redis_url="redis://127.0.0.1"), KEY) == []


@pytest.mark.parametrize(
    ("over", "environ", "mend"),
    [
        ({}, {}, "KUAIZHAO_MASTER_KEY"),
        ({"trusted_proxies": ""}, KEY, "KUAIZHAO_TLS_CERT"),
        ({"gateway_url": ""}, KEY, "KUAIZHAO_GATEWAY_URL"),
        ({"redis_url": "redis://store.example"}, KEY, "rediss://"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, over: dict[str, str], environ: dict[str, str], mend: str) -> None:
    (refused,) = settings_refused(fit(tmp_path, **over), environ)
    assert mend in refused


async def test_a_store_that_syncs_every_write_and_holds_no_sample(store: Store) -> None:
    assert await store_refused(store) == []
    await store.settled("sample", "1")
    (refused,) = await store_refused(store)
    assert "示例" in refused


async def test_a_store_that_does_not_sync(redis7_url: str) -> None:
    store = Store(redis7_url, new_market())
    try:
        await store.load()
        await store.commands.config_set("appendfsync", "everysec")
        (refused,) = await store_refused(store)
        assert "appendfsync always" in refused
    finally:
        await store.commands.config_set("appendfsync", "always")
        await store.close()


def test_a_server_on_a_sample_market_does_not_start(
    tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mark() -> None:
        store = Store(valkey_url, settings.market)
        await store.settled("sample", "1")
        await store.close()

    monkeypatch.setenv("KUAIZHAO_MASTER_KEY", KEY["KUAIZHAO_MASTER_KEY"])
    settings = fit(tmp_path, redis_url=valkey_url, market=new_market())
    check(settings)
    asyncio.run(mark())
    with pytest.raises(NotFit, match="示例"):
        check(settings)


@pytest.mark.parametrize("command", [["up"], ["up", "--sample"], ["serve"]])
def test_the_command_says_why(tmp_path: Path, command: list[str]) -> None:
    environment = os.environ | {PREFIX + "PRODUCTION": "1", PREFIX + "DATA_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "server.cli", *command], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "KUAIZHAO_MASTER_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr
