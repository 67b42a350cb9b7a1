"""投诉: sealed, answered once by a clerk, told to the worker at once, and gone with the person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from matcher.store import Store
from server import retention
from server.complaint_views import ComplaintView
from tests import builders
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, new_market

SAID = "说好200元,只给了150元(虚构)"
DAY_MS = 86_400_000


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await builders.in_play(store, "j1", ["w1", "w2"])
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


async def complain(api: Api, token: str, **over: Any) -> str:
    reply = await api.post("/v1/complaints", {"category": "pay", "text": SAID, "posting": "j1"} | over, token=token)
    assert reply.status == 201
    return str(reply.data["id"])


async def listed(api: Api, token: str, query: str = "") -> list[ComplaintView]:
    found = (await api.get(f"/v1/complaints{query}", token=token)).data["complaints"]
    return [msgspec.convert(each, ComplaintView) for each in found]


async def test_a_complaint_waits_in_the_queue_until_a_clerk_answers(api: Api) -> None:
    ann, clerk = await api.worker("w1"), await api.token("clerk", "c1")
    first, second = await complain(api, ann, id="c-1"), await complain(api, ann, id="c-2", category="unsafe")
    assert [c.id for c in await listed(api, clerk)] == [first, second]
    assert [c.id for c in await listed(api, ann)] == [second, first]
    async with api.session.ws_connect("/v1/inbox", headers={"Authorization": f"Bearer {ann}"}) as socket:
        await socket.receive_json()
        reply = await api.post(f"/v1/complaints/{first}/answer", {"answer": "已联系用工方,明天补发"}, token=clerk)
        assert reply.data == {"id": first, "v": 2, "replay": False, "state": ""}
        told = await socket.receive_json(timeout=5)
    assert (told["type"], told["kind"], told["posting"]) == ("message", "complaint_answered", "j1")
    assert [c.id for c in await listed(api, clerk)] == [second]
    (_, answered) = await listed(api, clerk, "?profile=w1")
    assert (answered.state, answered.text, answered.answer) == ("answered", SAID, "已联系用工方,明天补发")


async def test_the_same_again_replays_and_another_under_its_id_is_refused(api: Api) -> None:
    ann, clerk = await api.worker("w1"), await api.token("clerk")
    await complain(api, ann, id="c-1")
    again = await api.post("/v1/complaints", {"category": "pay", "text": SAID, "posting": "j1", "id": "c-1"}, token=ann)
    assert again.data["replay"]
    other = {"category": "pay", "text": "另一件事", "id": "c-1"}
    assert (await api.post("/v1/complaints", other, token=ann)).code == "key_reused"
    assert (await api.post("/v1/complaints", other, token=await api.worker("w2"))).code == "key_reused"
    for replay in (False, True):
        reply = await api.post("/v1/complaints/c-1/answer", {"answer": "在查"}, token=clerk)
        assert reply.data["replay"] is replay
    assert [m.kind for m in await api.store.messages("w1")] == ["complaint_answered"]


async def test_who_may_see_and_what_is_refused(api: Api) -> None:
    ann, bob, clerk = await api.worker("w1"), await api.worker("w2"), await api.token("clerk")
    await complain(api, ann, id="c-1")
    assert await listed(api, bob) == []
    assert (await api.get("/v1/complaints?profile=w1", token=bob)).code == "forbidden"
    for_ann = {"category": "other", "text": "代写", "profile": "w1"}
    assert (await api.post("/v1/complaints", for_ann, token=bob)).code == "forbidden"
    assert (await api.post("/v1/complaints", for_ann, token=clerk)).status == 201
    assert (await api.post("/v1/complaints", for_ann | {"profile": "nobody"}, token=clerk)).code == "no_profile"
    assert (await api.post("/v1/complaints", {"category": "pay", "text": ""}, token=ann)).code == "bad_field"
    nowhere = {"category": "pay", "text": SAID, "posting": "nowhere"}
    assert (await api.post("/v1/complaints", nowhere, token=ann)).code == "no_posting"
    assert (await api.post("/v1/complaints/none/answer", {"answer": "?"}, token=clerk)).code == "no_complaint"
    for _ in range(20):
        reply = await api.post("/v1/complaints", {"category": "other", "text": "一遍又一遍", "id": "c-9"}, token=bob)
    assert reply.status == 201
    assert (await api.post("/v1/complaints", {"category": "other", "text": "再一遍"}, token=bob)).status == 429


async def test_the_store_holds_no_words_and_erasing_takes_everything(api: Api) -> None:
    store, ann, clerk = api.store, await api.worker("w1"), await api.token("clerk")
    await complain(api, ann, id="c-1")
    await complain(api, ann, id="c-2", category="other")
    everything = repr(await builders.dump(store))
    assert SAID not in everything
    assert repr(SAID.encode())[2:-1] not in everything
    assert (await store.erase("w1")).state == "waiting"  # a wage case is open
    await api.post("/v1/complaints/c-1/answer", {"answer": "已补发"}, token=clerk)
    assert await retention.erase_what_waited(store) == 1
    assert not [k for k in await builders.dump(store) if b"complaint:" in k or b"complaints_of:" in k]
    assert await store.complaints() == []


async def test_an_answered_complaint_is_forgotten_with_the_history(api: Api) -> None:
    store, ann = api.store, await api.worker("w1")
    await complain(api, ann, id="c-1")
    await api.post("/v1/complaints/c-1/answer", {"answer": "已补发"}, token=await api.token("clerk"))
    left_ms = await store.commands.pttl(store.key("complaint", "c-1"))
    kept_ms = (await store.market_settings()).history_kept_ms
    assert kept_ms - DAY_MS < left_ms <= kept_ms
    await store.commands.delete(store.key("complaint", "c-1"))  # as when that time is over
    assert await listed(api, ann) == []
