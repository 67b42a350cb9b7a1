"""Crews: formed by consent, offered work together, seated all or none, and what follows when one of them is out."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from loadtest.audit import audit
from matcher import draw
from matcher.connection import Done
from matcher.model import HOUR_MS, Posting
from matcher.seating import Offered
from matcher.store import Store
from tests.builders import MINUTE_MS, accept, offer, post, refused, register, replayed, set_counts, write
from tests.conftest import move_clock

PAIR = ("ann", "bob")


async def crew(store: Store, id_: str = "c", members: tuple[str, ...] = PAIR) -> None:
    """A crew whose members have all consented; registers them."""
    await register(store, *members)
    await store.form_crew(id_, members[0], members[1:])
    for who in members[1:]:
        await store.join_crew(id_, who)


async def offer_crew(store: Store, posting: str, members: tuple[str, ...] = PAIR, id_: str = "c") -> Done:
    """The next wave: one crew."""
    record = await store.posting(posting)
    lines = [Offered(who, 500, ["近"], id_) for who in members]
    return await store.offer(
        posting, terms=record.terms, wave=record.wave + 1, reply_ms=HOUR_MS, gap_ms=HOUR_MS, offered=lines
    )


async def together(store: Store, posting: str = "p", members: tuple[str, ...] = PAIR, **over: object) -> Posting:
    """A posting that keeps crews together, offered to one."""
    await crew(store, "c", members)
    doc = await post(store, posting, **{"crews": "whole", "headcount": 2, **over})
    assert (await offer_crew(store, posting, members)).offered == len(members)
    return doc


async def acceptances(store: Store, posting: str = "p") -> dict[str, str | None]:
    return {who: e.acceptance for who, e in (await store.entries(posting)).items()}


# -- forming -----------------------------------------------------------------------------------------------------------


async def test_a_crew_is_formed_by_each_one_s_consent(store: Store) -> None:
    await register(store, "ann", "bob", "cat")
    await store.form_crew("c", "ann", ["bob"])
    await replayed(store, store.form_crew("c", "ann", ["bob"]))
    await refused(store, "key_reused", store.form_crew("c", "ann", ["cat"]))
    assert (await store.crew("c")).consented == ["ann"]
    await refused(store, "not_invited", store.join_crew("c", "cat"))
    await store.invite("c", "cat")
    await replayed(store, store.invite("c", "cat"))
    for who in ("bob", "cat"):
        await store.join_crew("c", who)
        await replayed(store, store.join_crew("c", who))
    assert (await store.crew("c")).consented == ["ann", "bob", "cat"]
    assert [c.id for c in await store.crews_of("cat")] == ["c"]


async def test_nobody_is_in_two_crews(store: Store) -> None:
    await crew(store)
    await register(store, "cat")
    await refused(store, "in_a_crew", store.form_crew("d", "ann"))
    await store.form_crew("d", "cat", ["bob"])
    await refused(store, "in_a_crew", store.join_crew("d", "bob"))
    await store.leave_crew("c", "bob")
    await store.join_crew("d", "bob")
    assert (await store.crew("d")).consented == ["bob", "cat"]


async def test_what_a_crew_cannot_be(store: Store) -> None:
    await register(store, *(f"w{n}" for n in range(12)))
    await refused(store, "no_profile", store.form_crew("c", "nobody"))
    await refused(store, "no_profile", store.form_crew("c", "w0", ["nobody"]))
    await refused(store, "crew_full", store.form_crew("c", "w0", [f"w{n}" for n in range(1, 12)]))
    await store.form_crew("c", "w0", [f"w{n}" for n in range(1, 10)])
    await refused(store, "crew_full", store.invite("c", "w10"))
    for call in (store.invite("d", "w1"), store.join_crew("d", "w1"), store.leave_crew("d", "w1")):
        await refused(store, "no_crew", call)


async def test_a_leader_who_leaves_dissolves_the_crew(store: Store) -> None:
    await crew(store)
    await replayed(store, store.leave_crew("c", "stranger"))
    await store.leave_crew("c", "ann")
    await refused(store, "no_crew", store.join_crew("c", "bob"))
    assert await store.crews_of("bob") == []
    assert (await audit(store)).ok


# -- offers and answers ------------------------------------------------------------------------------------------------


async def test_a_crew_is_seated_when_the_last_of_them_says_yes(store: Store) -> None:
    await together(store)
    (first,) = await accept(store, "p", "ann")
    assert (first.acceptance, (await store.posting("p")).taken) == ("gathering", 0)
    await replayed(store, store.accept("p", "ann", 1))
    (last,) = await accept(store, "p", "bob")
    assert last.assignment == "seated"
    p = await store.posting("p")
    assert (p.state, p.taken) == ("filled", 2)
    assert list(await store.calendar("ann")) == list(await store.calendar("bob")) == ["p"]
    assert (await audit(store)).ok


@pytest.mark.parametrize("how", ["declines", "steps back", "leaves the crew", "does not answer"])
async def test_without_one_of_them_the_crew_is_out(store: Store, how: str) -> None:
    await together(store)
    await accept(store, "p", "ann")
    if how == "declines":
        await store.decline("p", "bob", 1)
    elif how == "steps back":
        await store.withdraw_acceptance("p", "ann")
    elif how == "leaves the crew":
        await store.leave_crew("c", "bob")
    else:
        await move_clock(store, HOUR_MS)
        await store.sweep()
    entries = await store.entries("p")
    assert (entries["ann"].offer, entries["ann"].acceptance) == ("accepted", "withdrawn")
    assert entries["bob"].offer in ("declined", "withdrawn", "expired")
    assert entries["bob"].acceptance is None
    assert (await store.posting("p")).open_offers == 0
    assert (await audit(store)).ok


async def test_one_member_at_the_cap_leaves_the_whole_crew_out(store: Store) -> None:
    await store.configure({"live_cap": 1})
    await crew(store)
    await post(store, "other", headcount=1)
    await offer(store, "other", ["bob"])
    await post(store, "p", crews="whole")
    done = await offer_crew(store, "p")
    assert (done.offered, done.left_out) == (0, ["ann mate", "bob live_cap"])


@pytest.mark.parametrize(
    ("mode", "members", "id_"),
    [("none", PAIR, "c"), ("whole", ("ann",), "c"), ("whole", ("ann", "bob", "cat"), "c"), ("whole", PAIR, "d")],
    ids=["no crews", "one is missing", "one too many", "no such crew"],
)
async def test_only_a_crew_as_it_is_is_offered_as_one(
    store: Store, mode: str, members: tuple[str, ...], id_: str
) -> None:
    await crew(store)
    await register(store, "cat")
    await post(store, "p", crews=mode, headcount=3)
    done = await offer_crew(store, "p", members, id_)
    assert (done.offered, set(done.left_out)) == (0, {f"{who} no_crew" for who in members})


async def test_a_crew_larger_than_the_open_seats_is_not_offered(store: Store) -> None:
    await crew(store)
    await post(store, "p", crews="whole", headcount=1)
    assert (await offer_crew(store, "p")).offered == 0
    await post(store, "q", crews="split", headcount=1)
    assert (await offer_crew(store, "q")).offered == 2


async def test_where_a_crew_may_be_split_each_yes_counts_by_itself(store: Store) -> None:
    await crew(store)
    await post(store, "p", crews="split", headcount=2)
    await offer_crew(store, "p")
    (done,) = await accept(store, "p", "bob")
    assert done.assignment == "seated"
    await store.decline("p", "ann", 1)
    entries = await store.entries("p")
    assert (entries["bob"].mates, entries["bob"].together, entries["bob"].assignment) == (("ann",), False, "seated")


# -- the line ----------------------------------------------------------------------------------------------------------


async def test_a_crew_that_does_not_fit_stands_by_and_others_go_on(store: Store) -> None:
    await together(store, members=("ann", "bob", "cat"), headcount=3)
    await register(store, "dan", "eve")
    await offer(store, "p", ["dan", "eve"])
    await accept(store, "p", "dan")
    await accept(store, "p", "ann", "bob", "cat")
    await accept(store, "p", "eve")
    found = await acceptances(store)
    assert found == {"dan": "seated", "eve": "seated", "ann": "standby", "bob": "standby", "cat": "standby"}
    await store.release("p", "dan", "clerk")
    assert (await acceptances(store))["ann"] == "standby"  # one seat is not three
    await store.release("p", "eve", "clerk")
    assert {(await acceptances(store))[who] for who in ("ann", "bob", "cat")} == {"seated"}
    assert (await audit(store)).ok


async def test_a_crew_is_passed_over_when_one_of_them_is_booked(store: Store) -> None:
    await together(store)
    await post(store, "q", headcount=1, starts_in_ms=11 * HOUR_MS)
    await offer(store, "q", ["bob"])
    await accept(store, "q", "bob")
    await accept(store, "p", "ann", "bob")
    assert set((await acceptances(store)).values()) == {"passed_over"}


async def test_a_crew_stands_where_its_member_stands_who_worked_last(store: Store) -> None:
    """Taking somebody along who has waited long gets nobody ahead; of a crew, all draw one ticket."""
    await together(store, award="fair", headcount=2)
    await register(store, "dan", "eve")
    for who, at_ms in {"bob": 2_000, "dan": 1_000, "eve": 2_000}.items():
        await store.commands.hset(store.key("profile", who), "last_work_ms", at_ms)
    await offer(store, "p", ["dan", "eve"])
    await accept(store, "p", "ann", "bob", "dan", "eve")
    await move_clock(store, 31_000)
    await store.sweep()
    entries, p = await store.entries("p"), await store.posting("p")
    assert entries["ann"].ticket == entries["bob"].ticket == draw.ticket(p.seed, "c")
    assert list(draw.faults(p.commitment, p.seed, p.rounds, entries)) == []
    assert entries["dan"].acceptance == "seated"
    assert {entries[who].acceptance for who in PAIR} == {"standby"}  # two seats less dan's
    assert entries["eve"].acceptance == "seated"


async def called_crew(store: Store) -> None:
    """A crew on standby whose two seats open an hour before the start."""
    await together(store, starts_in_ms=3 * HOUR_MS)
    await register(store, "dan", "eve")
    await set_counts(store, "p", standby_target=3)
    await offer(store, "p", ["dan", "eve"])
    await accept(store, "p", "dan", "eve", "ann", "bob")
    await move_clock(store, 2 * HOUR_MS)
    await store.release("p", "dan", "clerk")
    await store.release("p", "eve", "clerk")


async def test_a_called_crew_is_seated_when_all_have_reconfirmed(store: Store) -> None:
    await called_crew(store)
    assert (await store.posting("p")).called == 2
    done = await store.reconfirm("p", "bob")
    assert (done.acceptance, done.assignment) == ("called", None)
    await replayed(store, store.reconfirm("p", "bob"))
    assert (await store.reconfirm("p", "ann")).assignment == "seated"
    p = await store.posting("p")
    assert (p.taken, p.called, p.state) == (2, 0, "filled")
    assert (await audit(store)).ok


async def test_a_call_that_one_did_not_answer_lapses_for_all(store: Store) -> None:
    await called_crew(store)
    await store.reconfirm("p", "bob")
    await move_clock(store, 6 * MINUTE_MS)
    await store.sweep()
    found = await acceptances(store)
    assert (found["ann"], found["bob"]) == ("lapsed", "lapsed")
    assert (await store.posting("p")).called == 0
    assert (await audit(store)).ok


async def test_after_one_has_left_the_others_keep_their_seats_and_may_leave_freely(store: Store) -> None:
    await together(store)
    await accept(store, "p", "ann", "bob")
    await store.release("p", "bob", "worker")
    assert (await store.entries("p"))["ann"].assignment == "seated"
    assert (await store.messages("ann"))[-1].kind == "mate_left"
    await store.release("p", "ann", "worker")
    assert [(await store.profile(who)).releases for who in PAIR] == [0, 1]
    assert (await audit(store)).ok


async def test_leaving_a_crew_gives_up_what_it_waits_for_and_keeps_its_seats(store: Store) -> None:
    await together(store)
    await accept(store, "p", "ann", "bob")
    await post(store, "q", crews="whole", headcount=2, starts_in_ms=30 * HOUR_MS)
    await offer_crew(store, "q")
    await accept(store, "q", "ann")
    await store.leave_crew("c", "bob")
    assert set((await acceptances(store)).values()) == {"seated"}
    assert (await acceptances(store, "q")) == {"ann": "withdrawn", "bob": None}
    assert (await audit(store)).ok


async def test_many_crews_at_once_are_never_split_nor_too_many(store: Store) -> None:
    pairs = [(f"a{n}", f"b{n}") for n in range(10)]
    await post(store, "p", crews="whole", headcount=5, award="instant")
    for n, pair in enumerate(pairs):
        await crew(store, f"c{n}", pair)
        await offer_crew(store, "p", pair, f"c{n}")
    await asyncio.gather(*(store.accept("p", who, 1) for pair in pairs for who in pair), return_exceptions=True)
    found = await acceptances(store)
    assert sum(state == "seated" for state in found.values()) == 4
    assert all(found[a] == found[b] for a, b in pairs)
    assert (await audit(store)).ok


async def test_new_terms_ask_a_crew_anew(store: Store) -> None:
    doc = await together(store)
    await accept(store, "p", "ann")
    worse = write(structs.replace(doc, place=structs.replace(doc.place, text="虚构路9号")))
    await store.amend("p", worse, material=True, warns=False)
    assert (await acceptances(store)) == {"ann": "withdrawn", "bob": None}
    assert (await offer_crew(store, "p")).offered == 2
    await accept(store, "p", "ann", "bob")
    assert set((await acceptances(store)).values()) == {"seated"}
    assert (await audit(store)).ok
