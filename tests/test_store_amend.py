"""amend and reconsent: what changes for those who are offered, wait or are seated."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from matcher.connection import Done
from matcher.model import HOUR_MS, Pay, Posting
from matcher.store import Store
from tests.builders import MINUTE_MS, accept, in_play, offer, post, refused, register, replayed, write
from tests.conftest import move_clock

LESS = Pay(fen=15_000, unit="day")


async def amend(store: Store, doc: Posting, *, material: bool = False, **over: Any) -> tuple[Posting, Done]:
    """Amends posting p; `warns`, `release` and `expected_v` go to the store, everything else into the document."""
    told: dict[str, Any] = {
        name: over.pop(name) for name in ("warns", "release", "expected_v", "reason") if name in over
    }
    changed = structs.replace(doc, **over)
    return changed, await store.amend("p", write(changed), material=material, **{"warns": False, **told})


async def test_a_small_amend_keeps_everybody_where_they_are(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob"])
    await accept(store, "p", "ann")
    before = await store.entries("p")
    _, done = await amend(store, doc, text="虚构:带手套")
    assert (done.state, done.replay) == ("open", False)
    assert (await store.posting("p")).doc.text == "虚构:带手套"
    assert (await store.posting("p")).terms == 1
    assert await store.entries("p") == before


async def test_the_same_amend_again_changes_nothing(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"])
    changed, done = await amend(store, doc, pay=LESS, material=True)
    again = await replayed(store, store.amend("p", write(changed), material=True, warns=False))
    assert again.v == done.v


async def test_worse_terms_ask_everybody_anew(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob", "cat", "dan"], headcount=2)
    await accept(store, "p", "ann", "bob")
    await store.confirm("p", "bob")
    await amend(store, doc, pay=LESS, material=True)
    entries, p = await store.entries("p"), await store.posting("p")
    assert [entries[who].assignment for who in ("ann", "bob")] == ["consent_due", "consent_due"]
    assert [entries[who].offer for who in ("cat", "dan")] == ["withdrawn", "withdrawn"]
    assert (p.terms, p.state, p.taken, p.open_offers) == (2, "filled", 2, 0)
    assert [m.kind for m in await store.messages("ann")][-1] == "consent_due"


async def test_consent_leads_back_to_where_one_was(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob"])
    await accept(store, "p", "ann", "bob")
    await store.confirm("p", "bob")
    await amend(store, doc, pay=LESS, material=True)
    assert (await store.reconsent("p", "ann", 2, True)).assignment == "seated"
    assert (await store.reconsent("p", "bob", 2, True)).assignment == "confirmed"
    await replayed(store, store.reconsent("p", "bob", 2, True))


async def test_the_acceptance_of_a_seat_can_be_replayed_after_consent(store: Store) -> None:
    """A client that retries its old accept is told what became of it, not that the offer was withdrawn."""
    doc = await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await amend(store, doc, pay=LESS, material=True)
    await store.reconsent("p", "ann", 2, True)
    assert (await replayed(store, store.accept("p", "ann", 1))).assignment == "seated"


async def test_who_consented_and_left_is_not_asked_again_under_the_same_terms(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await amend(store, doc, pay=LESS, material=True)
    await store.reconsent("p", "ann", 2, True)
    await store.release("p", "ann", "worker")
    assert (await offer(store, "p", ["ann"])).left_out == ["ann offered_before"]


async def test_saying_no_to_new_terms_is_free_and_seats_the_next(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"], headcount=1)
    await accept(store, "p", "ann")
    await amend(store, doc, pay=LESS, material=True)
    await register(store, "bob")
    done = await store.reconsent("p", "ann", 2, False)
    assert done.assignment == "released"
    await replayed(store, store.reconsent("p", "ann", 2, False))
    assert (await store.profile("ann")).releases == 0
    p = await store.posting("p")
    assert (p.state, p.taken) == ("open", 0)
    asked = await offer(store, "p", ["ann", "bob"])
    assert (asked.offered, asked.left_out) == (1, ["ann offered_before"])  # a no is a no, to these terms
    await amend(store, doc, pay=Pay(fen=14_000, unit="day"), material=True)
    assert (await offer(store, "p", ["ann"])).left_out == []


async def test_consent_has_a_deadline_with_and_without_the_sweep(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await amend(store, doc, pay=LESS, material=True)
    await move_clock(store, 31 * MINUTE_MS)
    await refused(store, "offer_expired", store.reconsent("p", "ann", 2, True))
    await store.sweep()
    assert (await store.entries("p"))["ann"].assignment == "released"
    assert await store.calendar("ann") == {}


@pytest.mark.parametrize("material", [True, False], ids=["told", "not told"])
async def test_a_moved_shift_is_always_material(store: Store, material: bool) -> None:
    """Whatever the caller says: calendars follow the new time, and nobody is moved without being asked."""
    doc = await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    later, _ = await amend(store, doc, start_ms=doc.start_ms + HOUR_MS, end_ms=doc.end_ms + HOUR_MS, material=material)
    assert (await store.entries("p"))["ann"].assignment == "consent_due"
    assert await store.calendar("ann") == {"p": (later.start_ms, later.end_ms)}
    assert (await store.posting("p")).terms == 2


async def test_who_cannot_come_at_the_new_time_is_released_at_once(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"], lasts_ms=2 * HOUR_MS)
    await accept(store, "p", "ann")
    await in_play(store, "q", ["ann"], starts_in_ms=13 * HOUR_MS, lasts_ms=2 * HOUR_MS)
    await accept(store, "q", "ann")
    await amend(store, doc, start_ms=doc.start_ms + 4 * HOUR_MS, end_ms=doc.end_ms + 4 * HOUR_MS, material=True)
    assert (await store.entries("p"))["ann"].assignment == "released"
    assert list(await store.calendar("ann")) == ["q"]
    assert (await store.profile("ann")).releases == 0


async def test_more_seats_go_to_standby_at_once(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob"], headcount=1)
    await accept(store, "p", "ann", "bob")
    await amend(store, doc, headcount=2)
    p = await store.posting("p")
    assert (await store.entries("p"))["bob"].assignment == "seated"
    assert (p.state, p.taken, p.standby) == ("filled", 2, 0)


async def test_fewer_seats_than_people_need_names(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob"], headcount=2)
    await accept(store, "p", "ann", "bob")
    fewer = structs.replace(doc, headcount=1)
    await refused(store, "headcount_below_seats", store.amend("p", write(fewer), material=False, warns=False))
    await refused(
        store, "no_assignment", store.amend("p", write(fewer), material=False, warns=False, release=["nobody"])
    )
    await store.amend("p", write(fewer), material=False, warns=False, release=["bob", "bob"])
    p = await store.posting("p")
    assert (p.headcount, p.taken, p.state) == (1, 1, "filled")
    assert (await store.entries("p"))["bob"].assignment == "released"
    assert (await store.profile("bob")).releases == 0


async def test_an_amend_that_warns_waits_for_a_clerk(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob"])
    await accept(store, "p", "ann")
    _, done = await amend(store, doc, text="虚构:另一种说法", warns=True, reason="年龄限制")
    assert done.state == "awaiting_review"
    assert (await store.entries("p"))["bob"].offer == "withdrawn"
    assert (await store.entries("p"))["ann"].assignment == "seated"
    await store.review("p", "open")
    assert (await store.posting("p")).state == "open"


async def test_a_filled_posting_is_not_amended_into_review(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"], headcount=1)
    await accept(store, "p", "ann")
    await refused(
        store, "illegal_move", store.amend("p", write(structs.replace(doc, text="虚构:新")), material=False, warns=True)
    )


async def test_a_blocked_posting_becomes_a_draft_when_mended(store: Store) -> None:
    doc = await post(store, "p", verdict="blocked")
    _, done = await amend(store, doc, text="虚构:改好了")
    assert done.state == "draft"


async def test_what_an_amend_may_not_do(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"], starts_in_ms=2 * HOUR_MS)
    now, text = await store.now_ms(), structs.replace(doc, text="虚构:新")
    v = (await store.posting("p")).v
    await refused(store, "no_posting", store.amend("nowhere", write(text), material=False, warns=False))
    await refused(store, "stale_version", store.amend("p", write(text), material=False, warns=False, expected_v=v - 1))
    past = structs.replace(doc, start_ms=now - 1)
    await refused(store, "posting_past", store.amend("p", write(past), material=True, warns=False))
    over = structs.replace(doc, valid_until_ms=now - 1)
    await refused(store, "posting_past", store.amend("p", write(over), material=False, warns=False))
    await accept(store, "p", "ann")
    await store.check_in("p", "ann")
    worse = structs.replace(doc, pay=LESS)
    await refused(store, "illegal_move", store.amend("p", write(worse), material=True, warns=False))
    await store.close_posting("p")
    await refused(store, "illegal_move", store.amend("p", write(text), material=False, warns=False))


async def test_reconsent_is_only_for_whom_it_concerns(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob"])
    await accept(store, "p", "ann")
    await refused(store, "no_posting", store.reconsent("nowhere", "ann", 1, True))
    await refused(store, "no_assignment", store.reconsent("p", "bob", 1, True))
    await refused(store, "illegal_move", store.reconsent("p", "ann", 1, True))
    await amend(store, doc, pay=LESS, material=True)
    await refused(store, "stale_version", store.reconsent("p", "ann", 1, True))
