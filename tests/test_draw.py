"""The committed draw: every round has a seed of its own that was fixed before the posting had an offer."""

from __future__ import annotations

from matcher import draw
from matcher.store import Store
from tests.builders import SEED, accept, in_play, offer, post, register, set_counts
from tests.conftest import move_clock


async def award(store: Store) -> None:
    """The window ends and is swept."""
    await move_clock(store, 31_000)
    await store.sweep()


def test_each_seed_is_the_hash_of_the_next() -> None:
    seeds = draw.chain("secret")
    assert len(set(seeds)) == draw.ROUNDS
    assert [draw.sha256(later) for later in seeds[1:]] == seeds[:-1]
    assert draw.commitment(seeds) == draw.sha256(seeds[0])
    assert draw.seeds_from(seeds[6], 7) == seeds[:7]
    assert draw.seeds_from("", 0) == []
    assert draw.packed(seeds)[32:64].hex() == seeds[1]


async def two_rounds(store: Store) -> None:
    """Four people for one seat that opens a second time, with nobody on standby."""
    await in_play(store, "p", ["ann", "bob"], award="fair", headcount=1)
    await accept(store, "p", "ann", "bob")
    await award(store)
    entries = await store.entries("p")
    first = next(who for who, e in entries.items() if e.assignment == "seated")
    await store.withdraw_acceptance("p", "bob" if first == "ann" else "ann")
    await store.release("p", first, "clerk")
    await register(store, "cat", "dan")
    await offer(store, "p", ["cat", "dan"])
    await accept(store, "p", "cat", "dan")


async def test_a_seat_that_opens_again_is_drawn_with_another_seed(store: Store) -> None:
    await two_rounds(store)
    known = await store.posting("p")
    assert (known.rounds, known.seed) == (1, draw.chain(SEED)[0])  # what everybody knows while they wait
    await award(store)
    p, entries = await store.posting("p"), await store.entries("p")
    assert (p.rounds, p.seed) == (2, draw.chain(SEED)[1])
    assert {who: e.round for who, e in entries.items()} == {"ann": 1, "bob": 1, "cat": 2, "dan": 2}
    winner = min(["cat", "dan"], key=lambda who: draw.ticket(draw.chain(SEED)[1], who))
    assert entries[winner].assignment == "seated"
    assert list(draw.faults(p.commitment, p.seed, p.rounds, entries)) == []


async def test_a_forged_award_is_noticed(store: Store) -> None:
    await two_rounds(store)
    await award(store)
    p, entries = await store.posting("p"), await store.entries("p")
    assert list(draw.faults(p.commitment, draw.sha256("another"), p.rounds, entries))
    cat, dan = entries["cat"], entries["dan"]
    cat.order, dan.order = dan.order, cat.order
    assert list(draw.faults(p.commitment, p.seed, p.rounds, entries)) != []


async def test_who_is_alone_needs_no_draw(store: Store) -> None:
    await in_play(store, "p", ["ann"], award="fair")
    await accept(store, "p", "ann")
    await award(store)
    p, entries = await store.posting("p"), await store.entries("p")
    assert (p.rounds, p.seed, entries["ann"].round, entries["ann"].ticket) == (0, "", None, "")


async def test_an_instant_award_keeps_no_seeds(store: Store) -> None:
    await post(store, "p", award="instant")
    assert (await store.posting("p")).commitment == ""
    assert not await store.commands.exists(store.key("seeds", "p"))


async def test_seeds_that_nobody_will_draw_with_are_destroyed(store: Store) -> None:
    await post(store, "p", award="fair")
    assert await store.commands.strlen(store.key("seeds", "p")) == 32 * draw.ROUNDS
    await store.close_posting("p")
    assert not await store.commands.exists(store.key("seeds", "p"))


async def test_after_the_last_seed_arrival_decides(store: Store) -> None:
    await in_play(store, "p", ["dan", "cat", "bob", "ann"], award="fair", headcount=4)
    await set_counts(store, "p", rounds=draw.ROUNDS)
    await store.commands.hset(store.key("posting", "p"), "seed", draw.chain(SEED)[-1])
    await accept(store, "p", "dan", "cat", "bob", "ann")
    await award(store)
    p, entries = await store.posting("p"), await store.entries("p")
    assert sorted(entries, key=lambda who: entries[who].order or 0) == ["dan", "cat", "bob", "ann"]
    assert list(draw.faults(p.commitment, p.seed, p.rounds, entries)) == []
