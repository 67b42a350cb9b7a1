"""The clerk's call list, end to end: a real matcher writes it, a clerk works it off over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matcher.model import HOUR_MS, Posting
from matcher.store import Store
from tests import builders
from tests.api import Api, audit_lines, plain, prepared, running
from tests.conftest import move_clock
from tests.test_dispatch import matcher, until_event

MINUTE_MS = 60_000
REACHABLE_BY_PHONE = ["p0", "p1", "p2"]


async def on_the_list(api: Api, clerk: str, query: str = "") -> list[dict[str, Any]]:
    """Every call of the list, with its posting."""
    reply = await api.get(f"/v1/calls{query}", token=clerk)
    assert reply.status == 200
    return [call | {"posting": p["posting"]["id"]} for p in reply.data["postings"] for call in p["calls"]]


async def posted(api: Api, **over: Any) -> Posting:
    doc = builders.posting(await builders.market_now_ms(api.store), **over)
    end, _ = await api.store.stream_end()
    reply = await api.post("/v1/postings", {"posting": plain(doc), "id": "j"}, token=await api.token("manager"))
    assert reply.data["state"] == "open"
    await until_event(api.store, "posting.offered", end)
    return doc


async def test_a_clerk_rings_people_up_and_their_yes_is_seated(market: Store, tmp_path: Path) -> None:
    await prepared(market)
    await builders.register(market, *REACHABLE_BY_PHONE, channels=["call"])
    await builders.register(market, "app")
    async with running(market, tmp_path) as api, matcher(market):
        clerk = await api.token("clerk")
        assert (await api.get("/v1/calls", token=clerk)).data["words"] == "现在没有要打的电话"
        await posted(api, headcount=2, award="instant")
        calls = await on_the_list(api, clerk)
        assert (await audit_lines(market))[-1][1:3] == ("list_calls", " ".join(call["profile"] for call in calls))
        assert [call["profile"] for call in calls] == sorted(REACHABLE_BY_PHONE, key=lambda p: calls_rank(calls, p))
        assert all(call["reasons"] and call["rings"] == 0 for call in calls)
        first, second, third = (f"/v1/calls/{call['offer']}" for call in calls)

        assert (await api.post(first, {"outcome": "no_answer"}, token=clerk)).status == 200
        again = await api.post(first, {"outcome": "no_answer"}, token=clerk)
        assert again.data["replay"], "an attempt told twice is one"
        assert (await api.post(first, {"outcome": "no_answer", "nth": 5}, token=clerk)).code == "stale_version"
        last = (await on_the_list(api, clerk))[-1]
        assert (last["offer"], last["rings"]) == (calls[0]["offer"], 1), "whom nobody tried yet comes first"

        assert (await api.post(second, {"outcome": "declined", "reason": "太远"}, token=clerk)).status == 200
        said = await api.post(third, {"outcome": "accepted"}, token=clerk)
        assert said.data["assignment"] == "seated"
        seated = (await market.entries("j"))[calls[2]["profile"]]
        assert (seated.answered_by, seated.assignment) == ("call", "seated")
        assert [call["offer"] for call in await on_the_list(api, clerk)] == [calls[0]["offer"]]

        await api.post(f"/v1/offers/j:{calls[0]['profile']}:1/accept", token=await api.worker(calls[0]["profile"]))
        assert await on_the_list(api, clerk) == [], "all seats are taken: nobody is rung up for nothing"


def calls_rank(calls: list[dict[str, Any]], profile: str) -> int:
    return next(int(call["rank"]) for call in calls if call["profile"] == profile)


async def test_entries_end_by_themselves(market: Store, tmp_path: Path) -> None:
    await prepared(market)
    await builders.register(market, "p0", channels=["call"])
    async with running(market, tmp_path) as api:
        clerk = await api.token("clerk")
        async with matcher(market):
            await posted(api, headcount=1)
        assert [c["profile"] for c in await on_the_list(api, clerk)] == ["p0"]
        assert await on_the_list(api, clerk, "?site=elsewhere") == []
        assert len(await on_the_list(api, clerk, f"?site={builders.SITE}&posting=j")) == 1
        await market.close_posting("j")
        assert await on_the_list(api, clerk) == []
        assert (await api.post("/v1/calls/j:p0:1", {"outcome": "accepted"}, token=clerk)).code == "offer_withdrawn"


async def test_nobody_is_rung_up_in_quiet_hours(market: Store, tmp_path: Path) -> None:
    await prepared(market)
    await builders.register(market, "p0", channels=["call"])
    async with running(market, tmp_path) as api:
        clerk = await api.token("clerk")
        async with matcher(market):
            await posted(api, headcount=1)
        minute = (await market.now_ms() + 8 * HOUR_MS) // MINUTE_MS % 1440
        await market.configure({"quiet_from_minute": minute, "quiet_until_minute": (minute + 30) % 1440})
    async with running(market, tmp_path) as api:  # a server knows the settings of a moment ago for some seconds
        shown = (await api.get("/v1/calls", token=clerk)).data
        assert (shown["quiet"], shown["postings"]) == (True, [])
        told = await api.post("/v1/calls/j:p0:1", {"outcome": "reached"}, token=clerk)
        assert (told.status, told.code) == (409, "quiet_hours")


async def test_an_offer_that_goes_by_app_is_not_on_the_list(market: Store, tmp_path: Path) -> None:
    await prepared(market)
    await builders.register(market, "p0")
    async with running(market, tmp_path) as api:
        clerk = await api.token("clerk")
        async with matcher(market):
            await posted(api, headcount=1)
            assert await on_the_list(api, clerk) == []
            assert (await api.post("/v1/calls/j:p0:1", {"outcome": "reached"}, token=clerk)).code == "no_offer"
        await move_clock(market, 60 * MINUTE_MS)
        end, _ = await market.stream_end()
        await market.sweep()
        async with matcher(market):
            await until_event(market, "posting.offered", end)
        assert [e.channel for e in (await market.entries("j")).values()] == ["call"], "the last circle"


@pytest.mark.parametrize("role", ["worker", "employer", "kiosk"])
async def test_only_staff_see_the_list(market: Store, tmp_path: Path, role: str) -> None:
    async with running(market, tmp_path) as api:
        assert (await api.get("/v1/calls", token=await api.token(role))).status == 403  # type: ignore[arg-type]
