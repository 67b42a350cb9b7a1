"""Refusals as too late: held against what the store and the firms know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from loadtest.crowd import findings, late
from loadtest.crowd.diary import Refused
from matcher.store import Store
from tests.builders import accept, in_play, offer
from tests.test_crowd import offered


@pytest.mark.parametrize(
    ("operation", "code", "now"),
    [
        ("accept", "offer_withdrawn", {"offer": "withdrawn"}),
        ("decline", "offer_expired", {"offer": "expired"}),
        ("confirm", "illegal_move", {"offer": "accepted", "acceptance": "seated", "assignment": "released"}),
        ("reconfirm", "illegal_move", {"offer": "accepted", "acceptance": "withdrawn"}),
    ],
)
def test_a_refusal_as_too_late_is_borne_out_by_the_store(operation: str, code: str, now: dict[str, Any]) -> None:
    refused = Refused(operation, "j1", "w1", 1, 1_000, 2_000.0, code)
    assert code in late.LATE[operation]
    assert late.borne_out(refused, structs.replace(offered(0), **now))
    assert late.borne_out(refused, offered(0, wave=2))  # asked anew
    held = structs.replace(offered(0), acceptance="called", assignment="seated")
    assert not late.borne_out(refused, held)
    assert not late.borne_out(refused, None)


MOMENTS = st.integers(1, 10**13)


@given(MOMENTS, MOMENTS, st.sampled_from(["accept", "decline", "reconfirm"]), st.sampled_from([1, 2]))
def test_an_offer_is_not_over_before_its_deadline_whatever_became_of_it(
    deadline_ms: int, at_ms: int, operation: str, wave: int
) -> None:
    refused = Refused(operation, "j1", "w1", 1, deadline_ms, at_ms, "offer_expired")
    entry = structs.replace(offered(0, wave), offer="expired", acceptance="lapsed")
    assert late.borne_out(refused, entry) == (at_ms >= deadline_ms)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_nothing_is_taken_back_before_the_posting_is_filled_or_its_firm_takes_it_back(
    filled_ms: int, withdrawn_ms: int, at_ms: int
) -> None:
    entry = structs.replace(offered(0), offer="withdrawn", assignment="released", acceptance="withdrawn")
    offer, seat, call = (
        Refused(operation, "j1", "w1", 1, 0, at_ms, code)
        for operation, code in (
            ("accept", "offer_withdrawn"), ("confirm", "illegal_move"), ("reconfirm", "illegal_move")
        )
    )  # fmt: skip
    assert late.borne_out(offer, entry, filled_ms) == (at_ms >= filled_ms)
    assert late.borne_out(offer, entry, withdrawn_ms=withdrawn_ms) == (at_ms >= withdrawn_ms)
    assert late.borne_out(offer, entry, filled_ms, withdrawn_ms) == (at_ms >= min(filled_ms, withdrawn_ms))
    for refused in (seat, call):  # a seat goes when the posting does, not when it is filled
        assert late.borne_out(refused, entry, filled_ms, withdrawn_ms) == (at_ms >= withdrawn_ms)


@given(MOMENTS, MOMENTS)
def test_a_wish_is_refused_only_once_the_posting_is_gone(gone_ms: int, at_ms: int) -> None:
    assert late.LATE["wish"] == {"posting_not_open", "does_not_fit"}
    wish = Refused("wish", "j1", "w1", 0, 0, at_ms, "posting_not_open")
    for entry in (None, offered(0)):
        assert late.borne_out(wish, entry, gone_ms) == late.borne_out(wish, entry, 0, gone_ms) == (at_ms >= gone_ms)
        assert not late.borne_out(wish, entry)


def test_seats_are_spoken_for_once_so_many_have_said_yes() -> None:
    yes = [
        structs.replace(offered(0), offer="accepted", acceptance="waiting", answered_ms=ms) for ms in (300, 100, 200)
    ]
    no = structs.replace(offered(0), offer="declined", answered_ms=50)
    assert [late.spoken_for_ms([*yes, no, offered(0)], seats) for seats in (1, 2, 3, 4)] == [100, 200, 300, 0]


async def test_refusals_are_told_by_code_and_held_against_the_store(market: Store) -> None:
    refusals = [Refused("accept", "nobodys", f"w{n}", 1, 0, 0.0, "offer_expired") for n in range(2)]
    told = await late.judged(market, findings.Seen(refused=refusals))
    assert told["refused_late"] == {"accept offer_expired": 2}
    assert (told["refused_wrongly"], len(told["refused_wrongly_examples"])) == (2, 2)


async def test_a_wish_does_not_fit_only_while_the_hand_is_full(market: Store) -> None:
    await in_play(market, "j1", ["ann", "bob"])
    await in_play(market, "j2", ["cat"])
    await offer(market, "j2", ["ann"])
    told_ms = float(await market.now_ms())

    async def wrong(profile: str, at_ms: float) -> int:
        refused = Refused("wish", "j3", profile, 0, 0, at_ms, "does_not_fit")
        return int((await late.judged(market, findings.Seen(refused=[refused])))["refused_wrongly"])

    assert (await market.market_settings()).live_cap == 2
    assert [await wrong(profile, told_ms) for profile in ("ann", "bob", "nobody")] == [0, 1, 1]
    first_ms = (await market.entries("j1"))["ann"].offered_ms
    assert await wrong("ann", first_ms - 1) == 1
    await market.decline("j1", "ann", 1, "")
    assert [await wrong("ann", told_ms + ms) for ms in (0, late.HEARD_WITHIN_MS * 2)] == [0, 1]


async def test_a_refusal_before_its_reason_is_found_with_the_store_and_the_firms(market: Store) -> None:
    await in_play(market, "j1", ["ann", "bob", "cat"], headcount=1)
    await accept(market, "j1", "ann", "cat")  # one is seated, one stands by
    filled_ms = (await market.posting("j1")).filled_ms
    entry = (await market.entries("j1"))["bob"]
    assert entry.offer == "withdrawn"

    async def wrong(at_ms: float, withdrawn_ms: dict[str, float]) -> int:
        refused = Refused("accept", "j1", "bob", entry.wave, entry.deadline_ms, at_ms, "offer_withdrawn")
        told = await late.judged(market, findings.Seen(refused=[refused], withdrawn_ms=withdrawn_ms))
        return int(told["refused_wrongly"])

    assert [await wrong(filled_ms + late_ms, {}) for late_ms in (-1, 0)] == [1, 0]
    assert [await wrong(filled_ms - 50, {"j1": filled_ms - at}) for at in (49, 50)] == [1, 0]
