"""/v1/recognise, and what a server does whose model is not the market's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings.encoder import Encoder, Kind
from ingest.reencode import reencode
from matcher import trades
from matcher.model import Role
from matcher.store import Store
from server.keys import ENCODING, RECOGNISING
from server.route import ANYBODY
from tests import builders
from tests.api import MSGPACK, Api, HashEncoder, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture
async def api(valkey_url: str, encoder: Encoder, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    async with running(store, tmp_path, encoder=encoder) as started:
        yield started
    await store.close()


async def recognised(api: Api, text: str, role: Role = "worker") -> dict[str, object]:
    reply = await api.post("/v1/recognise", {"text": text}, token=await api.token(role))
    assert reply.status == 200
    data: dict[str, object] = reply.data
    return data


async def test_trades_come_with_names_codes_confidence_and_words(api: Api) -> None:
    found = await recognised(api, "招两个搬运工卸货,不要叉车证")
    best = found["trades"][0]  # type: ignore[index]
    assert (best["id"], best["name"], best["occupation_code"]) == ("porter", "搬运工", "4-02-05-01")
    assert best["confidence"] > 0.8
    assert "搬运工" in best["words"]
    assert found["occupation_codes"][0] == "4-02-05-01"  # type: ignore[index]


async def test_texts_without_words_speak_of_nothing(api: Api) -> None:
    for text in ("", "12345", "😀"):
        assert await recognised(api, text) == {"trades": [], "occupation_codes": []}


async def test_anybody_with_a_token_may_ask(api: Api) -> None:
    for role in sorted(ANYBODY):
        assert (await recognised(api, "切菜", role))["trades"]
    assert (await api.post("/v1/recognise", {"text": "切菜"})).code == "no_token"
    token = await api.token("kiosk")
    assert (await api.post("/v1/recognise", {"text": "切菜" * 2_001}, token=token)).code == "bad_field"
    packed = await api.post("/v1/recognise", {"text": "切菜"}, token=token, wire=MSGPACK)
    assert packed.data == await recognised(api, "切菜")


async def test_texts_that_come_together_share_a_call(api: Api) -> None:
    await recognised(api, "切菜")
    recognising = api.app[RECOGNISING]
    before = recognising.calls
    texts = [f"搬运工{n}" for n in range(200)]
    answers = await asyncio.gather(*(recognising.recognise(text) for text in texts))
    assert {answer.trades[0].id for answer in answers} == {"porter"}
    assert recognising.calls - before <= 5


async def test_a_person_is_not_bound_by_what_was_recognised(api: Api) -> None:
    """The trade that is sent counts, whatever the text says."""
    clerk, doc = await api.token("clerk"), builders.posting(await builders.market_now_ms(api.store), trade="cook")
    done = await api.post("/v1/postings", {"id": "j1", "posting": plain(doc)}, token=clerk)
    assert done.status == 201
    assert (await api.store.posting("j1")).doc.trade == "cook"


async def test_what_is_posted_again_is_not_encoded_again(
    api: Api, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk, doc = await api.token("clerk"), builders.posting(await builders.market_now_ms(api.store), text="虚构:垒墙")
    asked: list[str] = []
    real = encoder._encode_new

    def watched(texts: list[str], kind: Kind) -> NDArray[np.float32]:
        asked.extend(texts)
        return real(texts, kind)

    monkeypatch.setattr(encoder, "_encode_new", watched)
    for id_, replay in (("j1", False), ("j1", True), ("j2", False)):
        done = await api.post("/v1/postings", {"id": id_, "posting": plain(doc)}, token=clerk)
        assert (done.status, done.data["replay"]) == (201, replay)
    assert [text for text in asked if "垒墙" in text] == ["搬运工 虚构:垒墙"]


# -- a server of another model -----------------------------------------------------------------------------------------


async def test_a_server_of_another_model_does_not_switch_the_market(market: Store, tmp_path: Path) -> None:
    class Another(HashEncoder):
        model_id = "another-model"

    await prepared(market)
    async with running(market, tmp_path, encoder=Another()) as api:
        assert await market.model() == (builders.MODEL, builders.DIMENSION)
        ready = await api.get("/readyz")
        assert (ready.status, ready.data["model"]) == (200, False)
        profile = {"id": "w1", "profile": plain(builders.profile()), "person": plain(builders.person())}
        assert (await api.post("/v1/profiles", profile, token=await api.token("clerk"))).status == 201
        assert (await market.profile("w1")).model == "another-model"
        await reencode(market, Another())
        assert (await api.get("/readyz")).data["model"] is True


async def test_a_server_tells_when_the_market_has_left_its_model(market: Store, tmp_path: Path) -> None:
    async with running(market, tmp_path) as api:
        assert (await api.get("/readyz")).data["model"] is True
        await market.put_model("another-model", 8)
        assert (await api.get("/readyz")).data["model"] is False


async def test_the_model_is_named_again_when_the_store_was_emptied(market: Store, tmp_path: Path) -> None:
    async with running(market, tmp_path) as api:
        await market.commands.delete(market.key("model", "current"))
        assert (await api.get("/readyz")).data["model"] is True
        assert await market.model() == (builders.MODEL, builders.DIMENSION)
        assert await api.app[ENCODING].is_in_force()


async def test_every_id_has_a_name(api: Api) -> None:
    told = (await api.get("/v1/trades", token=await api.token("worker"))).data
    names = {kind: {each["id"]: each["name"] for each in told[kind]} for kind in told}
    assert names["trades"].keys() == trades.trades().keys()
    assert (names["certificates"]["forklift"], names["hazards"]["heavy_lifting"]) == ("叉车证", "重体力搬运")
    assert {t["pictogram"] for t in told["trades"]} == {t.pictogram for t in trades.trades().values()}
