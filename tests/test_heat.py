"""Heat by district and day: the rule, what it does to postings that are out, and the manager's door."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ingest.fields.days import local_day
from ingest.heat import enter, hold_hot
from ingest.heat_rule import days_of, heat_findings
from matcher.model import HOUR_MS, Heat, Posting
from matcher.store import Store
from tests import builders
from tests.api import Api, plain
from tests.builders import accept, market_now_ms, offer, post, refused, register, write
from tests.conftest import stop_clock

DAWN_MS = 1_785_186_000_000
"""Tuesday 2026-07-28 05:00 in the market."""
DAY = date(2026, 7, 28)


def shift(starts_h: float, lasts_h: float, **over: Any) -> Posting:
    """Outdoors, so many hours after midnight."""
    begins = int((starts_h - 5) * HOUR_MS)
    outdoor = over.pop("outdoor", True)
    return builders.posting(DAWN_MS, starts_in_ms=begins, lasts_ms=int(lasts_h * HOUR_MS), outdoor=outdoor, **over)


@pytest.mark.parametrize(
    ("degrees", "starts_h", "lasts_h", "broken"),
    [
        (34, 8, 10, False),
        (35, 8, 8, False),
        (35, 8, 8.5, True),
        (37, 6, 5, False),
        (37, 5, 5.5, True),
        (37, 6, 5.25, True),
        (37, 16, 4, False),
        (39, 15.5, 2, True),
        (40, 6, 1, True),
        (40, 22, 3, True),
    ],
)
def test_rule_9(degrees: int, starts_h: float, lasts_h: float, broken: bool) -> None:
    doc = shift(starts_h, lasts_h)
    assert bool(list(heat_findings(doc, {DAY: degrees}))) == broken
    assert not list(heat_findings(doc, {}))
    assert not list(heat_findings(shift(starts_h, lasts_h, outdoor=False), {DAY: degrees}))


def test_a_shift_over_midnight_is_judged_by_each_of_its_days() -> None:
    doc, after = shift(20, 8), date(2026, 7, 29)
    assert days_of(doc) == [DAY, after]
    assert not list(heat_findings(doc, {DAY: 39, after: 39}))
    (found,) = heat_findings(doc, {after: 41})
    assert (found.rule, found.severity, found.words) == ("heat", "block", "7月29日41℃")


async def test_what_is_out_is_held_and_freed(store: Store) -> None:
    await stop_clock(store, DAWN_MS)
    await register(store, "ann", "bob", "cid")
    hours = {"starts_in_ms": 5 * HOUR_MS, "lasts_ms": 4 * HOUR_MS}
    await post(store, "hot", outdoor=True, headcount=3, **hours)
    await post(store, "inside", outdoor=False, **hours)
    await offer(store, "hot", ["ann", "bob"])
    await accept(store, "hot", "ann")
    assert (await enter(store, Heat(district="黄岛区", day=DAY, celsius=39), DAWN_MS)).held == []
    done = await enter(store, Heat(district="城阳区", day=DAY, celsius=38), DAWN_MS)
    assert (done.held, done.freed) == (["hot"], [])
    record, entries = await store.posting("hot"), await store.entries("hot")
    assert record.held
    assert (record.state, record.open_offers) == ("open", 0)
    assert "11点到16点" in record.review_reason
    assert (entries["ann"].assignment, entries["bob"].offer) == ("seated", "withdrawn")
    assert (await store.messages("ann"))[-1].kind == "heat"
    await refused(store, "posting_held", offer(store, "hot", ["cid"]))
    assert (await hold_hot(store, DAWN_MS)).held == []
    cooler = await enter(store, Heat(district="城阳区", day=DAY, celsius=34), DAWN_MS)
    assert (cooler.held, cooler.freed) == ([], ["hot"])
    assert (await store.messages("ann"))[-1].kind == "heat_over"
    assert (await offer(store, "hot", ["cid"])).offered == 1


async def test_another_time_ends_the_hold_and_asks_the_seated(store: Store) -> None:
    await stop_clock(store, DAWN_MS)
    await register(store, "ann")
    await post(store, "hot", outdoor=True, starts_in_ms=5 * HOUR_MS, lasts_ms=4 * HOUR_MS)
    await offer(store, "hot", ["ann"])
    await accept(store, "hot", "ann")
    await enter(store, Heat(district="城阳区", day=DAY, celsius=38), DAWN_MS)
    evening = builders.posting(
        await market_now_ms(store), starts_in_ms=12 * HOUR_MS, lasts_ms=4 * HOUR_MS, outdoor=True
    )
    await store.amend("hot", write(evening), material=True, warns=False)
    assert not (await store.posting("hot")).held
    assert (await store.entries("hot"))["ann"].assignment == "consent_due"
    assert (await hold_hot(store, DAWN_MS)).held == []


async def test_a_manager_enters_it_and_new_postings_are_reviewed_by_it(api: Api) -> None:
    manager, clerk = await api.token("manager"), await api.token("clerk")
    firm = await api.token("employer", builders.EMPLOYER)
    doc = builders.posting(await api.store.now_ms(), outdoor=True)
    day = local_day(doc.start_ms).isoformat()
    body = {"district": "城阳区", "day": day, "celsius": 41}
    assert (await api.put("/v1/heat", body, token=clerk)).code == "forbidden"
    assert (await api.put("/v1/heat", body | {"district": "月亮区"}, token=manager)).code == "bad_field"
    assert (await api.put("/v1/heat", body, token=manager)).data == {"held": [], "freed": []}
    assert (await api.get("/v1/heat", token=clerk)).data["heat"] == [body]
    refusal = await api.post("/v1/postings", {"id": "j1", "posting": plain(doc)}, token=firm)
    assert refusal.code == "posting_blocked"
    assert "停止室外作业" in refusal.data["error"]["message"]
    inside = plain(doc) | {"outdoor": False}
    assert (await api.post("/v1/postings", {"id": "j1", "posting": inside}, token=firm)).status == 201
