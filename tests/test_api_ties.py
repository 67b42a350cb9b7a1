"""Blocks, favourites and who is called back, over HTTP: neither side learns of the other's block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from matcher.model import HOUR_MS
from matcher.store import Store
from tests import builders
from tests.api import Api, plain, prepared, running
from tests.builders import EMPLOYER
from tests.conftest import TEST_CLOCK, move_clock, new_market

PEOPLE = f"/v1/employers/{EMPLOYER}/people"


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await builders.register(store, "w1", "w2")
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


async def test_each_side_sees_its_own_block_and_staff_see_both(api: Api) -> None:
    firm, w1, clerk = await api.token("employer", EMPLOYER), await api.worker("w1"), await api.token("clerk")
    block = {"reason": "虚构:说好的钱少给了"}
    path = f"/v1/profiles/w1/blocks/{EMPLOYER}"
    assert (await api.put(path, block, token=firm)).code == "forbidden"
    assert (await api.put(path, block, token=w1)).data["replay"] is False
    assert (await api.put(path, block, token=w1)).data["replay"] is True
    mine = (await api.get("/v1/profiles/w1/employers", token=w1)).data["employers"]
    assert [(e["name"], e["block"]["reason"], e["employer_block"]) for e in mine] == [
        (builders.employer().name, block["reason"], None)
    ]
    assert (await api.get(PEOPLE, token=firm)).data == {"people": []}
    told = (await api.get(PEOPLE, token=clerk)).data["people"]
    assert [(p["profile"], p["worker_block"]["reason"]) for p in told] == [("w1", block["reason"])]

    assert (await api.put(f"/v1/employers/{EMPLOYER}/blocks/w2", {}, token=w1)).code == "forbidden"
    assert (await api.put(f"/v1/employers/{EMPLOYER}/blocks/w2", {}, token=firm)).status == 200
    assert [p["profile"] for p in (await api.get(PEOPLE, token=firm)).data["people"]] == ["w2"]
    assert (await api.get("/v1/profiles/w2/employers", token=await api.worker("w2"))).data == {"employers": []}
    assert len((await api.get("/v1/profiles/w2/employers", token=clerk)).data["employers"]) == 1

    assert (await api.put(path, {"blocked": False}, token=w1)).status == 200
    assert (await api.get("/v1/profiles/w1/employers", token=w1)).data == {"employers": []}


async def test_only_people_an_employer_knows_are_called_back(api: Api) -> None:
    firm = await api.token("employer", EMPLOYER)
    doc = plain(builders.posting(await api.store.now_ms(), first=["w1"]))
    refused = await api.post("/v1/postings", {"id": "j1", "posting": doc}, token=firm)
    assert (refused.code, "w1" in refused.data["error"]["message"]) == ("bad_field", True)
    assert (await api.put(f"/v1/employers/{EMPLOYER}/favourites/w1", {}, token=firm)).status == 200
    assert (await api.post("/v1/postings", {"id": "j1", "posting": doc}, token=firm)).status == 201
    shown = await api.get("/v1/postings/j1", token=firm)
    assert shown.data["posting"]["first"] == ["w1"]
    others = await api.get("/v1/postings/j1", token=await api.worker("w2"))
    assert others.data["posting"]["first"] == []


async def test_who_worked_here_is_listed_with_the_last_first(api: Api) -> None:
    firm = await api.token("employer", EMPLOYER)
    await builders.post(api.store, "j1")
    await builders.offer(api.store, "j1", ["w2"])
    await builders.accept(api.store, "j1", "w2")
    await move_clock(api.store, 9 * HOUR_MS)
    await api.store.check_in("j1", "w2")
    await move_clock(api.store, 9 * HOUR_MS)
    await api.store.done("j1", "w2")
    await api.store.favour(EMPLOYER, "w1", True)
    people = (await api.get(PEOPLE, token=firm)).data["people"]
    assert [(p["profile"], p["done"], p["favourite"]) for p in people] == [("w2", 1, False), ("w1", 0, True)]
