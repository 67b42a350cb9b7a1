"""Who asks for a posting that was not offered to them gets an offer by the same rules, and disturbs no wave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from matcher import plan
from matcher.model import Place
from matcher.process import serve_market
from matcher.settings import Settings
from matcher.store import Store
from tests import builders
from tests.api import Api, Reply, prepared, running
from tests.conftest import TEST_CLOCK, new_market
from tests.memory import DAYLIGHT

FAR = Place(lat=36.3071, lon=120.60)
"""About 18 km from the postings."""


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """A market with its matcher, and `near`, whom first waves reach."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load(DAYLIGHT)
    await store.put_model(builders.MODEL, builders.DIMENSION)
    await prepared(store)
    await builders.register(store, "near")
    await asyncio.to_thread(plan.warm)
    async with running(store, tmp_path) as api:
        matching = asyncio.create_task(serve_market(store, Settings(data_dir=str(tmp_path), market=store.market)))
        try:
            await until(api, lambda: matcher_is_there(api))
            yield api
        finally:
            matching.cancel()
            await asyncio.wait([matching])
    await store.close()


async def matcher_is_there(api: Api) -> bool:
    return bool((await api.get("/readyz")).data["matcher"])


async def until(api: Api, holds: Any) -> None:
    async with asyncio.timeout(10):
        while not await holds():  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.01)


async def posted(api: Api, id_: str = "j1", **over: Any) -> None:
    """A posting whose first wave has been written; who is registered after it was not in it."""
    await builders.post(api.store, id_, **over)

    async def has_a_wave() -> bool:
        return (await api.store.posting(id_)).wave > 0

    await until(api, has_a_wave)


async def known(api: Api, *profiles: str, **over: Any) -> None:
    """Registers people, and waits until the matcher knows them."""
    await builders.register(api.store, *profiles, **over)

    async def are_known() -> bool:
        replies = [await api.get("/v1/today", token=await api.worker(p)) for p in profiles]
        return all(reply.status == 200 for reply in replies)

    await until(api, are_known)


async def wish(api: Api, profile: str, posting: str = "j1") -> Reply:
    return await api.post(f"/v1/postings/{posting}/wish", token=await api.worker(profile))


async def test_who_asks_is_offered_it_and_may_accept(api: Api) -> None:
    await posted(api)
    await known(api, "w1")
    due = await api.store.commands.zscore(api.store.key("due"), "wave:j1")
    reply = await wish(api, "w1")
    assert reply.status == 200, reply.data
    entry = reply.data["entry"]
    assert (reply.status, entry["offer_state"], entry["reasons"][0]) == (200, "open", "你自己要的")
    assert await api.store.commands.zscore(api.store.key("due"), "wave:j1") == due
    assert (await api.store.entries("j1"))["w1"].wished
    again = await wish(api, "w1")
    assert (again.data["entry"]["offer"], again.data["v"]) == (entry["offer"], reply.data["v"])
    accepted = await api.post(f"/v1/offers/{entry['offer']}/accept", token=await api.worker("w1"))
    assert accepted.data["assignment"] == "seated"
    assert (await wish(api, "w1")).data["entry"]["assignment"] == "seated"


async def test_the_same_rules_keep_out_and_say_why(api: Api) -> None:
    await posted(api)
    await known(api, "far", place=FAR)
    await known(api, "dear", pay=builders.Pay(fen=90_000, unit="hour"))
    for profile, words in (("far", "远"), ("dear", "工钱")):
        reply = await wish(api, profile)
        assert (reply.status, reply.code) == (409, "does_not_fit")
        assert words in reply.data["error"]["message"], reply.data
    assert (await api.store.entries("j1")).keys() == {"near"}


async def test_what_was_taken_back_is_over_and_what_never_was_is_unknown(api: Api) -> None:
    await posted(api)
    await known(api, "w1")
    await api.store.withdraw("j1")

    async def is_forgotten() -> bool:
        return (await wish(api, "w1")).data["error"]["detail"] == "withdrawn"

    await until(api, is_forgotten)
    assert (await wish(api, "w1")).code == "posting_not_open"
    assert (await wish(api, "w1", "never")).code == "no_posting"


async def test_who_said_no_or_let_it_pass_may_think_again(api: Api) -> None:
    await posted(api)
    await known(api, "w1")
    token = await api.worker("w1")
    offer = (await wish(api, "w1")).data["entry"]["offer"]
    await api.post(f"/v1/offers/{offer}/decline", {}, token=token)
    again = await wish(api, "w1")
    assert again.data["entry"]["offer_state"] == "open"
    assert (await api.post(f"/v1/offers/{offer}/accept", token=token)).status == 200


async def test_a_full_hand_is_told(api: Api) -> None:
    for id_ in ("j1", "j2", "j3"):
        await posted(api, id_)
    await known(api, "w1")
    replies = [await wish(api, "w1", id_) for id_ in ("j1", "j2", "j3")]
    assert [reply.status for reply in replies] == [200, 200, 409]
    assert "派单满了" in replies[2].data["error"]["message"]


async def test_nothing_is_offered_of_what_is_over_or_nowhere(api: Api) -> None:
    await posted(api)
    await known(api, "w1")
    assert (await wish(api, "w1", "nothing")).code == "no_posting"
    await api.store.close_posting("j1")
    reply = await wish(api, "w1")
    assert reply.code in ("posting_not_open", "no_posting")


async def test_a_crew_is_asked_together(api: Api) -> None:
    await posted(api, headcount=3, crews="whole")
    await known(api, "w1", "w2")
    await api.store.form_crew("c1", "w1", ["w2"])
    await api.store.join_crew("c1", "w2")

    async def are_asked() -> bool:
        return (await wish(api, "w1")).data["entry"]["mates"] == ["w2"]

    await until(api, are_asked)
    entries = await api.store.entries("j1")
    assert (entries["w1"].together, entries["w2"].together, entries["w2"].wave) == (True, True, entries["w1"].wave)
    for profile in ("w1", "w2"):
        last = await api.post(f"/v1/offers/j1:{profile}:1/accept", token=await api.worker(profile))
    assert last.data["assignment"] == "seated"
