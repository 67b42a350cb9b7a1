"""register, amend_profile, presence, and the plain records beside them."""

from __future__ import annotations

import numpy as np

from matcher import records
from matcher.model import HOUR_MS, Presence
from matcher.store import Store
from tests import builders
from tests.builders import MODEL, accept, employer, in_play, profile, refused, register, replayed, site, vector
from tests.conftest import move_clock


async def test_a_registered_profile_is_there_as_it_was_written(store: Store) -> None:
    doc = profile(skills="虚构:会开叉车")
    done = await store.register("ann", doc, b"sealed", vector(3), MODEL)
    record = await store.profile("ann")
    assert (done.v, done.replay) == (1, False)
    assert (record.doc, record.v, record.schema, record.model) == (doc, 1, 1, MODEL)
    assert (record.presence, record.paused, record.done, record.no_shows) == ("away", False, 0, 0)
    assert await store.person("ann") == b"sealed"
    (raw,) = await store.hashes("profile", ["ann"])
    assert np.allclose(records.vector_of(raw), vector(3), atol=1e-3)


async def test_person_and_profile_are_kept_apart(store: Store) -> None:
    await store.register("ann", profile(), b"sealed", vector(), MODEL)
    (raw,) = await store.hashes("profile", ["ann"])
    assert b"sealed" not in b"".join(raw.values())
    assert await store.person("nobody") == b""


async def test_registering_twice_is_once(store: Store) -> None:
    await register(store, "ann")
    again = await replayed(store, store.register("ann", profile(), b"", vector(), MODEL))
    assert again.v == 1
    await refused(store, "key_reused", store.register("ann", profile(radius_m=3_000), b"", vector(), MODEL))


async def test_an_amended_profile_raises_its_version(store: Store) -> None:
    await register(store, "ann")
    farther = profile(radius_m=20_000)
    assert (await store.amend_profile("ann", farther, vector(), MODEL, 1)).v == 2
    assert (await store.profile("ann")).doc == farther
    again = await replayed(store, store.amend_profile("ann", farther, vector(), MODEL, 1))
    assert again.v == 2


async def test_an_amend_that_does_not_know_the_latest_version_is_refused(store: Store) -> None:
    await register(store, "ann")
    await store.amend_profile("ann", profile(radius_m=20_000), vector(), MODEL)
    await refused(store, "stale_version", store.amend_profile("ann", profile(radius_m=5_000), vector(), MODEL, 1))
    await refused(store, "no_profile", store.amend_profile("nobody", profile(), vector(), MODEL))


async def test_an_amend_keeps_presence_and_counters(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await store.release("p", "ann", "worker")
    await store.presence("ann", Presence(state="in_hall", queue_no=7), 2_000_000_000_000)
    await store.amend_profile("ann", profile(radius_m=20_000), vector(), MODEL)
    record = await store.profile("ann")
    assert (record.presence, record.queue_no, record.releases) == ("in_hall", 7, 1)


async def test_presence_is_told_once(store: Store) -> None:
    await register(store, "ann")
    here = Presence(state="in_hall", queue_no=12)
    assert (await store.presence("ann", here, 2_000_000_000_000)).v == 2
    await replayed(store, store.presence("ann", here, 2_000_000_000_000))
    record = await store.profile("ann")
    assert (record.presence, record.queue_no, record.presence_until_ms) == ("in_hall", 12, 2_000_000_000_000)
    await store.presence("ann", Presence(state="away"), 0)
    assert (await store.profile("ann")).queue_no is None
    await refused(store, "no_profile", store.presence("nobody", here, 0))


async def test_three_unanswered_offers_pause_and_being_here_ends_it(store: Store) -> None:
    for n in range(3):
        await in_play(store, f"p{n}", ["ann"], starts_in_ms=(10 + 10 * n) * HOUR_MS)
        await move_clock(store, HOUR_MS + 1)
        await store.sweep()
        assert (await store.profile("ann")).paused == (n == 2)
    assert (await store.messages("ann"))[-1].kind == "paused"
    await store.presence("ann", Presence(state="available"), 2_000_000_000_000)
    assert not (await store.profile("ann")).paused


async def test_a_suspension_ends_by_itself_and_is_told(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"])
    until_ms = await builders.market_now_ms(store) + HOUR_MS // 2
    assert (await store.suspend("ann", until_ms, "虚构:三次未到岗")).v == 2
    await replayed(store, store.suspend("ann", until_ms, "虚构:三次未到岗"))
    record = await store.profile("ann")
    assert (record.suspended_until_ms, record.suspended_reason) == (until_ms, "虚构:三次未到岗")
    assert [m.kind for m in await store.messages("ann")] == ["suspended"]
    await refused(store, "suspended", store.accept("p", "ann", 1))
    await builders.post(store, "other", starts_in_ms=20 * HOUR_MS)
    assert (await builders.offer(store, "other", ["ann", "bob"])).left_out == ["ann suspended"]
    await move_clock(store, HOUR_MS // 2)
    await replayed(store, store.suspend("ann", 0, ""))  # it has ended: nothing to lift
    assert (await accept(store, "p", "ann"))[0].assignment == "seated"
    await refused(store, "no_profile", store.suspend("nobody", until_ms, "虚构"))


async def test_a_suspension_is_lifted_and_takes_no_seat(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await store.suspend("ann", await builders.market_now_ms(store) + HOUR_MS, "虚构:投诉核实中")
    assert (await store.confirm("p", "ann")).assignment == "confirmed"
    await store.suspend("ann", 0, "")
    assert [m.kind for m in await store.messages("ann")][-1] == "unsuspended"
    await builders.post(store, "other", starts_in_ms=20 * HOUR_MS)
    assert (await builders.offer(store, "other", ["ann"])).left_out == []


async def test_an_answer_ends_the_row_of_unanswered_offers(store: Store) -> None:
    for n in range(4):
        await in_play(store, f"p{n}", ["ann"], starts_in_ms=(10 + 10 * n) * HOUR_MS)
        if n == 1:
            await store.decline(f"p{n}", "ann", 1)
        await move_clock(store, HOUR_MS + 1)
        await store.sweep()
    assert not (await store.profile("ann")).paused


async def test_going_away_does_not_end_a_pause(store: Store) -> None:
    await register(store, "ann")
    await store.commands.hset(store.key("profile", "ann"), "paused", 1)
    await store.presence("ann", Presence(state="away"), 1)
    assert (await store.profile("ann")).paused


async def test_sites_and_employers_are_written_as_a_whole(store: Store) -> None:
    assert (await store.put_site("s", site())).v == 1
    await replayed(store, store.put_site("s", site()))
    assert (await store.put_site("s", site(opens="04:00"))).v == 2
    assert (await store.site("s")).doc.opens == "04:00"
    await store.put_employer("firm", employer(verified=False), -1)
    assert (await store.put_employer("firm", employer(), 1)).v == 2
    await replayed(store, store.put_employer("firm", employer(), 1))
    await refused(store, "stale_version", store.put_employer("firm", employer(name="虚"), 1))
    await refused(store, "key_reused", store.put_employer("firm", employer(name="虚"), -1))
    assert (await store.employer("firm")).doc == employer()


async def test_the_last_twenty_messages_are_kept_in_order(store: Store) -> None:
    await register(store, "ann")
    for n in range(13):
        await in_play(store, f"p{n}", ["ann"], starts_in_ms=(10 + n) * HOUR_MS, lasts_ms=HOUR_MS)
        await accept(store, f"p{n}", "ann")
        await store.release(f"p{n}", "ann", "clerk")
        await store.commands.delete(store.key("offers_today"))
    messages = await store.messages("ann")
    assert [m.seq for m in messages] == list(range(7, 27))
    assert [m.kind for m in messages[-2:]] == ["seated", "released"]
