"""Settings: read from the environment, every one documented, wrong ones named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import structs

from matcher.settings import PREFIX, MarketSettings, Settings, from_environment

README = Path(__file__).resolve().parent.parent / "README.md"
VALUES = {bool: ("1", True), int: ("7", 7), float: ("2.5", 2.5), str: ("/somewhere", "/somewhere")}


def test_the_defaults_are_one_machine_and_the_embedded_store() -> None:
    settings = from_environment({})
    assert settings == Settings()
    assert settings.store_url.startswith("unix:///")
    assert settings.store_url.endswith("/var/store.sock")
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize("field", structs.fields(Settings), ids=lambda f: f.name)
def test_every_field_is_read_from_the_environment(field: structs.FieldInfo) -> None:
    raw, value = VALUES[type(field.default)]
    assert getattr(from_environment({PREFIX + field.name.upper(): raw}), field.name) == value


def test_an_address_replaces_the_embedded_store() -> None:
    assert from_environment({"KUAIZHAO_REDIS_URL": "rediss://r:1"}).store_url == "rediss://r:1"


@pytest.mark.parametrize(
    ("name", "raw"),
    [("PORT", "eighty"), ("REQUEST_TIMEOUT_S", "soon"), ("PORT", ""), ("PRODUCTION", "yes"), ("PORT", "-1")],
)
def test_a_value_that_does_not_fit_is_named(name: str, raw: str) -> None:
    with pytest.raises(ValueError, match=f"KUAIZHAO_{name}={raw!r}"):
        from_environment({PREFIX + name: raw})


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("field", Settings.__struct_fields__)
def test_every_setting_is_documented(field: str) -> None:
    assert f"`{PREFIX}{field.upper()}`" in README.read_text("utf-8")


@pytest.mark.parametrize("field", MarketSettings.__struct_fields__)
def test_every_market_setting_is_documented(field: str) -> None:
    assert f"`{field}`" in README.read_text("utf-8")


def test_the_documentation_names_no_variable_that_nothing_reads() -> None:
    named = set(re.findall(rf"`{PREFIX}([A-Z_]+)`", README.read_text("utf-8")))
    sources = "\n".join(f.read_text("utf-8") for f in README.parent.glob("[eilms]*/**/*.py"))
    read_elsewhere = set(re.findall(rf"\"{PREFIX}([A-Z_]+)\"", sources))
    assert named <= {field.upper() for field in Settings.__struct_fields__} | read_elsewhere


def test_market_settings_are_whole_numbers_with_sensible_defaults() -> None:
    market = MarketSettings()
    assert all(isinstance(value, int) and value >= 0 for value in structs.astuple(market))
    assert (market.window_ms, market.live_cap, market.daily_cap) == (30_000, 2, 8)
    assert (market.quiet_from_minute, market.quiet_until_minute) == (21 * 60 + 30, 5 * 60)
