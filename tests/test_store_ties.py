"""block and favour: what a worker and an employer have to do with each other."""

from __future__ import annotations

from matcher.model import HOUR_MS, Tie
from matcher.store import Store
from tests.builders import EMPLOYER, accept, in_play, offer, post, refused, register, replayed
from tests.conftest import move_clock


async def tie(store: Store, profile: str) -> Tie:
    return (await store.ties({EMPLOYER: [profile]}))[EMPLOYER].get(profile, Tie())


async def test_a_block_is_never_offered_either_way_until_it_is_lifted(store: Store) -> None:
    await register(store, "ann", "bob", "cid")
    await post(store, "p")
    await store.block(EMPLOYER, "ann", "worker", True, "虚构:拖欠过工钱")
    await store.block(EMPLOYER, "bob", "employer", True, "虚构:中途离开")
    await replayed(store, store.block(EMPLOYER, "bob", "employer", True, "虚构:中途离开"))
    assert sorted((await offer(store, "p", ["ann", "bob", "cid"])).left_out) == ["ann blocked", "bob blocked"]
    held = await tie(store, "ann")
    assert held.blocked
    assert held.worker_block is not None
    assert (held.worker_block.reason, held.employer_block, held.known) == ("虚构:拖欠过工钱", None, False)
    await store.block(EMPLOYER, "ann", "worker", False)
    assert await tie(store, "ann") == Tie()
    assert await store.employers_of("ann") == []
    assert (await offer(store, "p", ["ann", "bob"])).left_out == ["bob blocked"]


async def test_each_side_lifts_its_own_block_only(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await store.block(EMPLOYER, "ann", "worker", True)
    await store.block(EMPLOYER, "ann", "employer", True)
    await store.block(EMPLOYER, "ann", "worker", False)
    held = await tie(store, "ann")
    assert held.blocked
    await store.block(EMPLOYER, "ann", "employer", False)
    await replayed(store, store.block(EMPLOYER, "ann", "employer", False))


async def test_a_block_withdraws_open_offers_and_leaves_seats(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"])
    await accept(store, "p", "ann")
    for who in ("ann", "bob"):
        await store.block(EMPLOYER, who, "employer", True)
    entries = await store.entries("p")
    assert (entries["bob"].offer, entries["ann"].assignment) == ("withdrawn", "seated")
    assert (await store.posting("p")).open_offers == 0
    assert await store.postings_of_worker("bob") == []
    await refused(store, "offer_withdrawn", store.accept("p", "bob", 1))
    assert await store.messages("bob") == []


async def test_work_done_is_remembered_with_the_employer(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await move_clock(store, 9 * HOUR_MS)
    await store.check_in("p", "ann")
    await move_clock(store, 9 * HOUR_MS)
    await store.done("p", "ann")
    held = await tie(store, "ann")
    assert (held.known, held.done, held.last_work_ms) == (True, 1, doc.end_ms)
    assert await store.employers_of("ann") == [EMPLOYER]


async def test_favourites_are_marked_and_unmarked(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await store.favour(EMPLOYER, "ann", True)
    await replayed(store, store.favour(EMPLOYER, "ann", True))
    held = await tie(store, "ann")
    assert (held.known, held.favourite) == (True, True)
    await store.favour(EMPLOYER, "ann", False)
    assert await tie(store, "ann") == Tie()
    await store.favour(EMPLOYER, "ann", True, "worker")
    await replayed(store, store.favour(EMPLOYER, "ann", True, "worker"))
    held = await tie(store, "ann")
    assert (held.known, held.worker_favourite) == (False, True), "a worker's own mark gives them no better place"
    assert await store.employers_of("ann") == [EMPLOYER]
    await store.favour(EMPLOYER, "ann", False, "worker")
    assert await tie(store, "ann") == Tie()
    await refused(store, "no_profile", store.favour(EMPLOYER, "nobody", True))
    await refused(store, "no_employer", store.block("no-firm", "ann", "worker", True))
