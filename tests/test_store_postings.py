"""post, review, close, withdraw, expire: the life of a posting."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from matcher import draw
from matcher.connection import Done
from matcher.model import HOUR_MS, Posting
from matcher.store import Store
from tests.builders import (
    EMPLOYER,
    MINUTE_MS,
    SEED,
    accept,
    employer,
    in_play,
    post,
    posting,
    refused,
    replayed,
    write,
)
from tests.conftest import move_clock


def posted(store: Store, id_: str, doc: Posting, verdict: Any = "open") -> Any:
    """The call that posts a document as it is."""
    return store.post(id_, write(doc), verdict=verdict, reason="理由", award="fair", seed=SEED)


async def test_a_posting_is_there_as_it_was_written(store: Store) -> None:
    await store.put_employer(EMPLOYER, employer())
    doc = posting(await store.now_ms(), headcount=5)
    done: Done = await posted(store, "p", doc)
    p = await store.posting("p")
    assert (done.state, done.v, done.replay) == ("open", 1, False)
    assert (p.doc, p.state, p.award, p.headcount, p.standby_target) == (doc, "open", "fair", 5, 2)
    assert (p.start_ms, p.end_ms, p.terms, p.wave, p.taken) == (doc.start_ms, doc.end_ms, 1, 0, 0)
    assert p.opened_ms > 0
    assert await store.postings_in("open") == ["p"]
    assert await store.postings_of_employer(EMPLOYER) == ["p"]


async def test_the_draw_is_committed_before_the_first_offer(store: Store) -> None:
    await post(store, "p", award="fair")
    p = await store.posting("p")
    assert p.commitment == draw.commitment(draw.chain(SEED))
    assert not p.awarded


async def test_posting_twice_is_once(store: Store) -> None:
    doc = await post(store, "p")
    again = await replayed(store, posted(store, "p", doc))
    assert (again.state, again.v) == ("open", 1)
    await refused(store, "key_reused", posted(store, "p", structs.replace(doc, headcount=9)))
    await store.close_posting("p")
    assert (await replayed(store, posted(store, "p", doc))).state == "closed"


async def test_a_posting_replays_after_it_was_amended(store: Store) -> None:
    doc = await post(store, "p")
    await store.amend("p", write(structs.replace(doc, text="虚构:新")), material=False, warns=False)
    await replayed(store, posted(store, "p", doc))


async def test_only_a_verified_employer_s_posting_opens_at_once(store: Store) -> None:
    await store.put_employer("new", employer(verified=False))
    doc = posting(await store.now_ms(), employer="new")
    assert (await posted(store, "p", doc)).state == "awaiting_review"
    assert (await store.posting("p")).opened_ms == 0
    await refused(store, "no_employer", posted(store, "q", posting(await store.now_ms(), employer="nobody")))


async def test_a_past_shift_is_not_posted(store: Store) -> None:
    await store.put_employer(EMPLOYER, employer())
    now = await store.now_ms()
    await refused(store, "posting_past", posted(store, "p", posting(now, starts_in_ms=-1)))
    await refused(store, "posting_past", posted(store, "p", posting(now, valid_until_ms=now - 1)))


REVIEWS = [
    ("draft", "open"),
    ("draft", "blocked"),
    ("draft", "awaiting_review"),
    ("awaiting_review", "open"),
    ("awaiting_review", "draft"),
    ("blocked", "draft"),
    ("blocked", "open"),
]


@pytest.mark.parametrize(("state", "to"), REVIEWS)
async def test_a_review_moves_as_the_design_says(store: Store, state: Any, to: Any) -> None:
    await post(store, "p", verdict=state)
    assert (await store.review("p", to, "看过")).state == to
    p = await store.posting("p")
    assert (p.state, p.review_reason) == (to, "看过")
    assert await store.postings_in(to) == ["p"]
    assert await store.postings_in(state) == []
    await replayed(store, store.review("p", to))


@pytest.mark.parametrize(
    ("state", "to"),
    [("awaiting_review", "blocked"), ("blocked", "awaiting_review"), ("open", "draft"), ("open", "filled")],
)
async def test_a_review_moves_nothing_else(store: Store, state: Any, to: Any) -> None:
    await post(store, "p", verdict=state)
    await refused(store, "illegal_move", store.review("p", to))


async def test_a_review_that_comes_too_late(store: Store) -> None:
    await post(store, "p", verdict="awaiting_review", starts_in_ms=HOUR_MS)
    await move_clock(store, 2 * HOUR_MS)
    await refused(store, "posting_past", store.review("p", "open"))
    await refused(store, "no_posting", store.review("nowhere", "open"))


async def test_closing_keeps_seats_and_sends_the_others_home(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob", "cat", "dan"], headcount=1)
    await accept(store, "p", "ann", "bob")
    await store.close_posting("p")
    entries, p = await store.entries("p"), await store.posting("p")
    assert (p.state, p.taken, p.standby, p.open_offers, p.awarded) == ("closed", 1, 0, 0, True)
    assert (entries["ann"].assignment, entries["bob"].acceptance) == ("seated", "withdrawn")
    assert entries["cat"].offer == entries["dan"].offer == "withdrawn"
    assert (await store.messages("bob"))[-1].kind == "posting_closed"
    await replayed(store, store.close_posting("p"))
    await refused(store, "illegal_move", store.withdraw("p"))


async def test_withdrawing_releases_everybody_without_penalty(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob", "cat"])
    await accept(store, "p", "ann", "bob")
    await store.confirm("p", "bob")
    await store.withdraw("p")
    entries = await store.entries("p")
    assert [entries[who].assignment for who in ("ann", "bob")] == ["released", "released"]
    assert (await store.posting("p")).taken == 0
    assert await store.calendar("ann") == {}
    assert (await store.profile("ann")).releases == 0
    await replayed(store, store.withdraw("p"))
    await refused(store, "illegal_move", store.close_posting("p"))
    await refused(store, "offer_withdrawn", store.accept("p", "cat", 1))


async def test_a_posting_expires_when_its_validity_ends(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"], valid_until_ms=await store.now_ms() + 10 * MINUTE_MS)
    await accept(store, "p", "ann")
    await refused(store, "not_yet_due", store.expire("p"))
    await move_clock(store, 11 * MINUTE_MS)
    await store.sweep()
    assert (await store.posting("p")).state == "expired"
    entries = await store.entries("p")
    assert entries["ann"].assignment == "seated"
    assert entries["bob"].offer in ("expired", "withdrawn")
    await replayed(store, store.expire("p"))


@pytest.mark.parametrize("name", ["close_posting", "withdraw", "expire"])
async def test_an_unknown_posting_does_not_end(store: Store, name: str) -> None:
    await refused(store, "no_posting", getattr(store, name)("nowhere"))


async def test_work_goes_on_after_a_posting_was_closed(store: Store) -> None:
    await in_play(store, "p", ["ann"], starts_in_ms=HOUR_MS)
    await accept(store, "p", "ann")
    await store.close_posting("p")
    await store.check_in("p", "ann")
    await move_clock(store, 2 * HOUR_MS)
    await store.done("p", "ann")
    assert (await store.paid("p", "ann")).assignment == "paid"
