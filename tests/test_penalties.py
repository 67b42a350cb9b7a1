"""Penalties: what leaves one, how it decays, what it does, and how it is appealed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.audit import audit
from matcher.model import DAY_MS, HOUR_MS
from matcher.penalties import Penalty, down_to_ms, points_at, worth
from matcher.settings import MarketSettings
from matcher.store import Store
from tests.api import Api, audit_lines, prepared, running
from tests.builders import EMPLOYER, accept, in_play, market_now_ms, offer, post, refused, replayed
from tests.conftest import move_clock, stop_clock

HALF_LIFE_MS = MarketSettings().penalty_half_life_ms
NOON_MS = 1_772_424_000_000


def penalty(at_ms: int, points: int = 1, state: str = "counts") -> Penalty:
    return Penalty(kind="no_show", posting="p", at_ms=at_ms, points=points, state=state)  # type: ignore[arg-type]


# -- arithmetic -----------------------------------------------------------------------------------------------------


def test_points_halve_with_every_half_life() -> None:
    one = [penalty(NOON_MS, 4)]
    assert [worth(one, NOON_MS + n * HALF_LIFE_MS, HALF_LIFE_MS) for n in range(4)] == [4, 2, 1, 0.5]
    assert worth([penalty(NOON_MS, 4, "lifted")], NOON_MS, HALF_LIFE_MS) == 0
    assert down_to_ms(4, 1, NOON_MS, HALF_LIFE_MS) == NOON_MS + 2 * HALF_LIFE_MS
    assert down_to_ms(0, 1, NOON_MS, HALF_LIFE_MS) == 0
    assert points_at(0, NOON_MS, HALF_LIFE_MS) == 0


@given(
    st.lists(st.tuples(st.integers(0, 60 * DAY_MS), st.integers(1, 5)), min_size=1, max_size=6),
    st.integers(0, 90 * DAY_MS),
)
def test_one_instant_tells_what_any_number_of_penalties_are_worth(ages: list[tuple[int, int]], later: int) -> None:
    some = [penalty(NOON_MS - age, points) for age, points in ages]
    one_ms = down_to_ms(worth(some, NOON_MS, HALF_LIFE_MS), 1, NOON_MS, HALF_LIFE_MS)
    now = NOON_MS + later
    assert points_at(one_ms, now, HALF_LIFE_MS) == pytest.approx(worth(some, now, HALF_LIFE_MS), rel=1e-6)


# -- what leaves one ------------------------------------------------------------------------------------------------


async def late_release(store: Store, posting: str = "p", who: str = "ann") -> None:
    await in_play(store, posting, [who], starts_in_ms=3 * HOUR_MS)
    await accept(store, posting, who)
    await store.release(posting, who, "worker")


async def missed(store: Store, posting: str, who: str = "ann") -> None:
    """A shift in an hour at which the person is not there."""
    await in_play(store, posting, [who], starts_in_ms=HOUR_MS)
    await accept(store, posting, who)
    await move_clock(store, HOUR_MS)
    await store.no_show(posting, who)


async def test_a_late_release_leaves_a_penalty_and_an_early_one_does_not(store: Store) -> None:
    await in_play(store, "early", ["ann"])
    await accept(store, "early", "ann")
    await store.release("early", "ann", "worker")
    assert await store.penalties("profile", "ann") == {}
    await late_release(store)
    found = await store.penalties("profile", "ann")
    assert {name: (p.kind, p.points, p.state) for name, p in found.items()} == {
        "late_release.p": ("late_release", 1, "counts")
    }
    assert (await store.messages("ann"))[-1].kind == "penalised"
    await replayed(store, store.release("p", "ann", "worker"))


@pytest.mark.parametrize("by", ["employer", "clerk"])
async def test_a_seat_taken_away_late_is_the_employer_s_penalty(store: Store, by: str) -> None:
    await in_play(store, "p", ["ann", "bob"], starts_in_ms=3 * HOUR_MS)
    await accept(store, "p", "ann", "bob")
    for who in ("ann", "bob"):
        await store.release("p", who, by)
    expected = ["late_withdraw.p"] if by == "employer" else []  # once a posting
    assert list(await store.penalties("employer", EMPLOYER)) == expected
    assert await store.penalties("profile", "ann") == {}


async def test_only_a_late_withdrawal_that_hurts_somebody_is_one(store: Store) -> None:
    await in_play(store, "nobody", ["ann"], starts_in_ms=3 * HOUR_MS)
    await store.withdraw("nobody", by="employer")
    await in_play(store, "early", ["ann"])
    await accept(store, "early", "ann")
    await store.withdraw("early", by="employer")
    assert await store.penalties("employer", EMPLOYER) == {}
    await in_play(store, "late", ["ann"], starts_in_ms=3 * HOUR_MS)
    await accept(store, "late", "ann")
    await store.withdraw("late", by="employer")
    assert list(await store.penalties("employer", EMPLOYER)) == ["late_withdraw.late"]
    assert (await audit(store)).ok


# -- what it does -----------------------------------------------------------------------------------------------


async def test_the_record_holds_what_the_pure_arithmetic_says(store: Store) -> None:
    await stop_clock(store, NOON_MS)
    await missed(store, "p")
    await move_clock(store, 3 * DAY_MS)
    await late_release(store, "q")
    now, found = await market_now_ms(store), (await store.penalties("profile", "ann")).values()
    record = await store.profile("ann")
    assert record.penalty_one_ms == pytest.approx(
        down_to_ms(worth(found, now, HALF_LIFE_MS), 1, now, HALF_LIFE_MS), abs=2
    )
    assert record.suspended_until_ms == pytest.approx(
        down_to_ms(worth(found, now, HALF_LIFE_MS), 2, now, HALF_LIFE_MS), abs=2
    )


async def test_too_many_suspend_until_they_have_decayed(store: Store) -> None:
    await missed(store, "p")
    assert (await store.profile("ann")).suspended_until_ms == 0  # at the limit is not above it
    await missed(store, "q")
    until = (await store.profile("ann")).suspended_until_ms
    assert until - await market_now_ms(store) == pytest.approx(HALF_LIFE_MS, rel=0.01)
    await post(store, "r", starts_in_ms=HALF_LIFE_MS * 2, valid_until_ms=await market_now_ms(store) + HALF_LIFE_MS * 2)
    assert (await offer(store, "r", ["ann"])).left_out == ["ann suspended"]
    await move_clock(store, HALF_LIFE_MS)
    assert (await offer(store, "r", ["ann"])).offered == 1
    assert (await audit(store)).ok


async def test_an_employer_who_withdraws_late_too_often_is_reviewed(store: Store) -> None:
    for n in range(3):
        await in_play(store, f"p{n}", ["ann"], starts_in_ms=3 * HOUR_MS)
        await accept(store, f"p{n}", "ann")
        await store.withdraw(f"p{n}", by="employer")
    await post(store, "q")
    p = await store.posting("q")
    assert p.state == "awaiting_review"
    assert "临时撤回" in p.review_reason
    await move_clock(store, HALF_LIFE_MS)
    await post(store, "r")
    assert (await store.posting("r")).state == "open"
    assert (await audit(store)).ok


# -- appeals ------------------------------------------------------------------------------------------------------


async def test_a_lifted_penalty_is_as_if_it_had_not_been_and_can_come_back(store: Store) -> None:
    await missed(store, "p")
    await missed(store, "q")
    await store.appeal("profile", "ann", "no_show.q", "去了,没找到人")
    await replayed(store, store.appeal("profile", "ann", "no_show.q", "去了,没找到人"))
    assert await store.appeals() == [("profile", "ann", "no_show.q")]
    assert (await store.profile("ann")).suspended_until_ms > 0  # it counts until it is decided
    await store.decide("profile", "ann", "no_show.q", lift=True, reason="现场确认到过")
    await replayed(store, store.decide("profile", "ann", "no_show.q", lift=True, reason="现场确认到过"))
    record = await store.profile("ann")
    assert (record.suspended_until_ms, record.no_shows) == (0, 1)
    assert await store.appeals() == []
    await store.decide("profile", "ann", "no_show.q", lift=False, reason="复查后维持")
    record = await store.profile("ann")
    assert record.suspended_until_ms > await market_now_ms(store)
    assert record.no_shows == 2
    await refused(store, "illegal_move", store.appeal("profile", "ann", "no_show.q", "再说一次"))
    await refused(store, "no_penalty", store.appeal("profile", "ann", "no_show.z", "?"))
    await refused(store, "no_penalty", store.decide("employer", EMPLOYER, "late_withdraw.z", lift=True, reason="?"))
    assert (await audit(store)).ok


async def test_what_a_clerk_suspended_is_not_lifted_with_a_penalty(store: Store) -> None:
    await missed(store, "p")
    until = await market_now_ms(store) + 90 * DAY_MS
    await store.suspend("ann", until, "打架")
    await missed_anyway(store)
    await store.decide("profile", "ann", "no_show.p", lift=True, reason="误会")
    record = await store.profile("ann")
    assert (record.suspended_until_ms, record.suspended_reason) == (until, "打架")


async def missed_anyway(store: Store) -> None:
    """A penalty weighs anew while a clerk's suspension lasts longer."""
    await store.decide("profile", "ann", "no_show.p", lift=False, reason="维持")


async def test_old_penalties_are_forgotten(store: Store) -> None:
    await missed(store, "p")
    await move_clock(store, 11 * HALF_LIFE_MS)
    await missed(store, "q")
    assert list(await store.penalties("profile", "ann")) == ["no_show.q"]


# -- over the API -------------------------------------------------------------------------------------------------


@pytest.fixture
async def api(market: Store, tmp_path: Path) -> AsyncIterator[Api]:
    await prepared(market)
    async with running(market, tmp_path) as opened:
        yield opened


async def test_a_worker_reads_why_and_until_when_and_objects(api: Api) -> None:
    await late_release(api.store)
    ann, bob, clerk = await api.worker("ann"), await api.worker("bob"), await api.token("clerk")
    path = "/v1/profiles/ann/penalties"
    shown = (await api.get(path, token=ann)).data
    (one,) = shown["penalties"]
    assert (one["id"], one["state"], one["words"]) == ("late_release.p", "counts", "临近开工退出已录用的岗位")
    assert shown["points"] == one["points"] == 1.0
    assert one["counts_until_ms"] > one["at_ms"] + HALF_LIFE_MS
    assert (await api.get(path, token=bob)).code == "forbidden"
    objection = {"penalty": "late_release.p", "reason": "用工方先改了时间"}
    assert (await api.post(path + "/appeal", objection, token=bob)).code == "forbidden"
    assert (await api.post(path + "/appeal", objection, token=ann)).status == 200
    (waiting,) = (await api.get("/v1/appeals", token=clerk)).data["appeals"]
    assert (await audit_lines(api.store))[-1][1:3] == ("list_appeals", "ann")
    assert (waiting["role"], waiting["id"], waiting["penalty"]["appeal"]) == ("profile", "ann", "用工方先改了时间")
    decision = {"penalty": "late_release.p", "lift": True, "reason": "属实"}
    assert (await api.post(path + "/decide", decision, token=ann)).code == "forbidden"
    assert (await api.post(path + "/decide", decision, token=clerk)).status == 200
    after = (await api.get(path, token=ann)).data
    assert (after["points"], after["penalties"][0]["state"], after["penalties"][0]["decision"]) == (0, "lifted", "属实")
    assert (await api.get("/v1/appeals", token=clerk)).data == {"appeals": []}


async def test_an_employer_is_penalised_through_its_own_withdrawal(api: Api) -> None:
    own, clerk = await api.token("employer", EMPLOYER), await api.token("clerk")
    await in_play(api.store, "p", ["ann"], starts_in_ms=3 * HOUR_MS)
    await accept(api.store, "p", "ann")
    assert (await api.post("/v1/postings/p/withdraw", token=own)).status == 200
    path = f"/v1/employers/{EMPLOYER}/penalties"
    assert [p["id"] for p in (await api.get(path, token=own)).data["penalties"]] == ["late_withdraw.p"]
    assert (await api.post(path + "/appeal", {"penalty": "late_withdraw.p", "reason": "停电"}, token=own)).status == 200
    decision = {"penalty": "late_withdraw.p", "lift": False, "reason": "应提前告知"}
    assert (await api.post(path + "/decide", decision, token=clerk)).status == 200
    assert (await api.get(path, token=own)).data["penalties"][0]["state"] == "upheld"
    assert (await api.get("/v1/employers/firm-9/penalties", token=own)).code == "forbidden"
