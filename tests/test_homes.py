"""A person has one home market: another refuses until they move, and lists cannot get round it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from embeddings.encoder import Encoder
from matcher import homes
from matcher.store import Store
from tests import builders
from tests.api import Api, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market
from tests.intake import PROFILES, counts, kept, profile_line, take


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


BODY = {"profile": plain(builders.profile()), "person": plain(builders.person(7_001))}


async def opened(valkey_url: str) -> Store:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    return store


async def register(api: Api) -> str:
    reply = await api.post("/v1/profiles", BODY, token=await api.token("clerk"))
    return reply.code or str(reply.data["id"])


async def test_another_market_refuses_until_they_move(valkey_url: str, tmp_path: Path) -> None:
    here, there = await opened(valkey_url), await opened(valkey_url)
    async with running(here, tmp_path) as home, running(there, tmp_path) as other:
        id_ = await register(home)
        assert await register(other) == "lives_elsewhere"
        worker, path = await home.worker(id_), f"/v1/profiles/{id_}/move"
        assert (await home.post(path, {"market": here.market}, token=worker)).code == "bad_field"
        assert (await home.post(path, {"market": there.market}, token=worker)).data["erased"]
        assert await register(other) == id_
        assert await register(home) == "lives_elsewhere"
    await here.close()
    await there.close()


async def test_who_has_a_seat_does_not_move(valkey_url: str, tmp_path: Path) -> None:
    here = await opened(valkey_url)
    async with running(here, tmp_path) as home:
        await builders.in_play(here, "j", ["ann"])
        await builders.accept(here, "j", "ann")
        moving = await home.post("/v1/profiles/ann/move", {"market": "elsewhere"}, token=await home.worker("ann"))
        assert moving.code == "illegal_move"
    await here.close()


async def test_a_claim_left_behind_is_taken_over(valkey_url: str) -> None:
    here, there = await opened(valkey_url), await opened(valkey_url)
    marks = [["i:left-behind-" + here.market, "t:family"]]
    assert await homes.claim(here, marks) == [""]
    assert await homes.claim(there, marks) == [""]  # nobody here has the mark
    assert await homes.claim(here, [[], ["t:family"]]) == ["", ""]
    await here.close()
    await there.close()


async def test_claims_of_who_is_not_here_are_given_up(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = await opened(valkey_url), await opened(valkey_url)
    ann, bob, cat, dan = ([f"i:{who}-{here.market}"] for who in ("ann", "bob", "cat", "dan"))

    async def register(id_: str, marks: list[str]) -> None:
        await here.register(id_, builders.profile(), b"", builders.vector(), builders.MODEL, marks=marks)

    async def meanwhile(_: float) -> None:
        await register("cat", cat)

    await homes.claim(here, [ann, bob, cat])
    await homes.claim(there, [dan])
    await register("ann", ann)
    await register("bob", bob)
    await here.erase("bob")
    monkeypatch.setattr(homes, "asyncio", SimpleNamespace(sleep=meanwhile))
    assert await homes.tidy(here) == 1
    left = await here.commands.hmget(homes.KEY, ann + bob + cat + dan)
    assert left == [here.market.encode(), None, here.market.encode(), there.market.encode()]
    assert await homes.tidy(here) == 0
    await here.close()
    await there.close()


async def test_a_list_does_not_get_round_it(market: Store, valkey_url: str, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    await take(market, encoder, path)
    other = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await other.load()
    assert counts(await take(other, encoder, path)) == (0, 0, 0, 0, 1)
    assert [row.problems[0].code for row in await kept(other)] == ["lives_elsewhere"]
    await other.close()
