"""Crews over the API: who may do what, and what a worker's card says of the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from matcher.model import HOUR_MS
from matcher.seating import Offered
from matcher.store import Store
from tests import builders
from tests.api import Api, prepared, running


@pytest.fixture
async def api(market: Store, tmp_path: Path) -> AsyncIterator[Api]:
    await prepared(market)
    await builders.register(market, "ann", "bob", "cat")
    async with running(market, tmp_path) as opened:
        yield opened


async def test_a_crew_is_formed_invited_joined_and_dissolved(api: Api) -> None:
    ann, bob, cat = [await api.worker(who) for who in ("ann", "bob", "cat")]
    new = {"leader": "ann", "invited": ["bob"], "id": "c1"}
    assert (await api.post("/v1/crews", new, token=bob)).code == "forbidden"
    assert (await api.post("/v1/crews", new, token=ann)).status == 201
    assert (await api.post("/v1/crews", new, token=ann)).data["replay"] is True
    assert (await api.get("/v1/crews", token=bob)).data["crews"][0]["members"]["bob"] == "invited"
    assert (await api.get("/v1/crews/c1", token=cat)).code == "forbidden"
    assert (await api.post("/v1/crews/c1/join", {}, token=cat)).code == "not_invited"
    assert (await api.post("/v1/crews/c1/invite", {"profile": "cat"}, token=bob)).code == "forbidden"
    assert (await api.post("/v1/crews/c1/invite", {"profile": "cat"}, token=ann)).status == 200
    assert (await api.post("/v1/crews/c1/invite", {}, token=ann)).code == "bad_field"
    for token in (bob, cat):
        assert (await api.post("/v1/crews/c1/join", {}, token=token)).status == 200
    assert (await api.post("/v1/crews", {"leader": "cat"}, token=cat)).code == "in_a_crew"
    assert (await api.post("/v1/crews/c1/leave", {"profile": "bob"}, token=cat)).code == "forbidden"
    assert (await api.post("/v1/crews/c1/leave", {"profile": "cat"}, token=ann)).status == 200
    assert (await api.get("/v1/crews/c1", token=bob)).data["members"] == {"ann": "consented", "bob": "consented"}
    assert (await api.post("/v1/crews/c1/dissolve", token=bob)).code == "forbidden"
    assert (await api.post("/v1/crews/c1/dissolve", token=ann)).status == 200
    assert (await api.get("/v1/crews/c1", token=ann)).code == "no_crew"
    assert (await api.get("/v1/crews", token=bob)).data == {"crews": []}


async def test_a_clerk_acts_for_people_and_a_kiosk_for_nobody(api: Api) -> None:
    clerk, kiosk = await api.token("clerk"), await api.token("kiosk", site="elsewhere")
    new = {"leader": "ann", "invited": ["bob"], "id": "c1"}
    assert (await api.post("/v1/crews", new, token=kiosk)).code == "forbidden"
    assert (await api.post("/v1/crews", new, token=clerk)).status == 201
    assert (await api.post("/v1/crews/c1/join", {}, token=clerk)).code == "bad_field"
    assert (await api.post("/v1/crews/c1/join", {"profile": "bob"}, token=clerk)).status == 200
    assert (await api.get("/v1/crews?profile=bob", token=clerk)).data["crews"][0]["id"] == "c1"


async def test_a_card_shows_the_crew_and_what_is_still_missing(api: Api) -> None:
    await api.store.form_crew("c1", "ann", ["bob"])
    await api.store.join_crew("c1", "bob")
    await builders.post(api.store, "j1", crews="whole")
    lines = [Offered(who, 500, ["近"], "c1") for who in ("ann", "bob")]
    await api.store.offer("j1", terms=1, wave=1, reply_ms=HOUR_MS, gap_ms=HOUR_MS, offered=lines)
    ann, bob = await api.worker("ann"), await api.worker("bob")
    (card,) = (await api.get("/v1/offers", token=ann)).data["cards"]
    assert (card["posting"]["crews"], card["entry"]["crew"]) == ("whole", "c1")
    assert (card["entry"]["mates"], card["entry"]["together"]) == (["bob"], True)
    answer = (await api.post("/v1/offers/j1:ann:1/accept", token=ann)).data
    assert answer["acceptance"] == "gathering"
    assert "同伴" in answer["words"]
    assert (await api.get("/v1/assignments", token=ann)).data["cards"][0]["entry"]["acceptance"] == "gathering"
    assert (await api.post("/v1/offers/j1:bob:1/accept", token=bob)).data["assignment"] == "seated"
