"""GET /v1/pinyin on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from matcher.store import Store
from server import rates
from server.route import ANYBODY
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, new_market


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    async with running(store, tmp_path) as started:
        yield started
    await store.close()


async def test_whoever_has_a_token_is_offered_words(api: Api) -> None:
    for role in sorted(ANYBODY):
        reply = await api.get("/v1/pinyin?q=BanYun&about=trade&limit=3", token=await api.token(role))
        assert reply.status == 200
        assert reply.data["candidates"][0] == {"text": "搬运", "used": 6, "kind": "trade"}
        assert len(reply.data["candidates"]) == 3
        assert reply.data["more"] > 0
    assert (await api.get("/v1/pinyin?q=banyun")).code == "no_token"


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=搬", "?q=ab1", f"?q={'a' * 61}", "?q=a&limit=0", "?q=a&about=x", "?q=a&x=1"]
)
async def test_what_are_no_letters_is_refused(api: Api, query: str) -> None:
    assert (await api.get(f"/v1/pinyin{query}", token=await api.token("kiosk"))).code == "bad_field"


async def test_nobody_types_faster_than_fingers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEYS_TYPED", rates.Rate("keys_typed", 2, 60))
    token = await api.token("kiosk")
    for _ in range(2):
        assert (await api.get("/v1/pinyin?q=b", token=token)).status == 200
    refused = await api.get("/v1/pinyin?q=b", token=token)
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await api.get("/v1/pinyin?q=b", token=await api.token("kiosk", "another"))).status == 200
