"""Series over the API: posted, shown and withdrawn together, and the card that says which days a yes is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from matcher.model import HOUR_MS
from matcher.store import Store
from server.keys import now_ms
from tests import builders
from tests.api import Api, plain, prepared, running

DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def api(market: Store, tmp_path: Path) -> AsyncIterator[Api]:
    await prepared(market)
    async with running(market, tmp_path) as opened:
        yield opened


def body(whole: bool, days: int = 3, **over: Any) -> dict[str, Any]:
    docs = [builders.posting(now_ms(), starts_in_ms=(n + 1) * DAY_MS, **over) for n in range(days)]
    return {"id": "s1", "whole": whole, "postings": [plain(doc) for doc in docs]}


async def test_the_days_are_posted_shown_and_withdrawn(api: Api) -> None:
    own, worker, new = await api.token("employer", builders.EMPLOYER), await api.worker("ann"), body(True)
    first = await api.post("/v1/series", new, token=own)
    assert first.status == 201
    assert [(p["id"], p["state"]) for p in first.data["postings"]] == [(f"s1-{n}", "open") for n in (1, 2, 3)]
    assert (await api.post("/v1/series", new, token=own)).data == first.data
    assert (await api.post("/v1/series", body(True, days=2), token=own)).code == "key_reused"
    assert (await api.get("/v1/series/s1", token=worker)).data["whole"] is True
    assert (await api.get("/v1/series/nothing", token=worker)).code == "no_series"
    other = await api.token("employer", "firm-2")
    assert (await api.post("/v1/series/s1/withdraw", token=other)).code == "forbidden"
    done = await api.post("/v1/series/s1/withdraw", token=own)
    assert {p["state"] for p in done.data["postings"]} == {"withdrawn"}


@pytest.mark.parametrize("whole", [True, False])
async def test_one_wrong_day_stops_all_of_them(api: Api, whole: bool) -> None:
    own, new = await api.token("employer", builders.EMPLOYER), body(whole)
    new["postings"][1]["trade"] = "nothing"
    assert (await api.post("/v1/series", new, token=own)).code == "bad_trade"
    new = body(whole)
    new["postings"][1]["employer"] = "firm-2"
    assert (await api.post("/v1/series", new, token=own)).code == "bad_field"
    assert await api.store.ids("posting") == []


async def test_days_of_a_whole_do_not_overlap_and_come_together(api: Api) -> None:
    own = await api.token("employer", builders.EMPLOYER)
    assert (await api.post("/v1/series", body(True, lasts_ms=9 * HOUR_MS), token=own)).status == 201
    again = body(True)
    again["id"], again["postings"][1] = "s2", again["postings"][0]
    assert (await api.post("/v1/series", again, token=own)).code in ("series_overlap", "known_twin")
    alone = {"posting": body(True)["postings"][0] | {"series": "s9", "whole_series": True}}
    assert (await api.post("/v1/postings", alone, token=own)).code == "bad_field"
    moved = {"posting": plain((await api.store.posting("s1-1")).doc) | {"series": "s9"}}
    assert (await api.put("/v1/postings/s1-1", moved, token=own)).code == "bad_field"


async def test_each_day_of_a_choice_is_a_posting_like_any_other(api: Api) -> None:
    own = await api.token("employer", builders.EMPLOYER)
    assert (await api.post("/v1/series", body(False, award="instant"), token=own)).status == 201
    await builders.register(api.store, "ann")
    await builders.offer(api.store, "s1-2", ["ann"])
    await builders.accept(api.store, "s1-2", "ann")
    assert [(await api.store.posting(f"s1-{n}")).taken for n in (1, 2, 3)] == [0, 1, 0]


async def test_a_card_says_which_days_a_yes_is_for(api: Api) -> None:
    own = await api.token("employer", builders.EMPLOYER)
    await api.post("/v1/series", body(True, award="instant"), token=own)
    await builders.register(api.store, "ann")
    await builders.offer(api.store, "s1-1", ["ann"])
    ann = await api.worker("ann")
    (card,) = (await api.get("/v1/offers", token=ann)).data["cards"]
    assert [day["posting"] for day in card["posting"]["days"]] == ["s1-2", "s1-3"]
    assert (await api.post("/v1/offers/s1-1:ann:1/accept", token=ann)).data["assignment"] == "seated"
    cards = (await api.get("/v1/assignments", token=ann)).data["cards"]
    assert [c["posting"]["id"] for c in cards] == ["s1-1", "s1-2", "s1-3"]
