"""The matcher's memory equals memory rebuilt from the records, whatever happened on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher import plan, snapshot
from matcher.ask import TERMS
from matcher.dispatch import Dispatcher, MemoryStale
from matcher.model import HOUR_MS, Pay, Presence
from matcher.replica import Replica
from matcher.store import Store
from tests import builders
from tests.conftest import move_clock
from tests.memory import DAYLIGHT, empty, rebuilt

MINUTE_MS = 60_000


async def follow_to_the_end(memory: Replica, at_once: int = 1_000) -> None:
    while changes := await memory.store.changes(memory.stream_id, block_ms=1, count=at_once):
        assert not memory.missed(changes)
        await memory.apply(changes)


async def busy_morning(store: Store) -> None:
    """Registers, posts, offers, accepts, amends, releases, sweeps: a little of everything."""
    people = [f"p{n}" for n in range(12)]
    await builders.register(store, *people)
    await builders.post(store, "j1", award="instant", headcount=2)
    await builders.post(store, "j2", award="fair", headcount=3, starts_in_ms=12 * HOUR_MS)
    await builders.offer(store, "j1", people[:6], reply_ms=10 * MINUTE_MS)
    await builders.offer(store, "j2", people[3:9], reply_ms=10 * MINUTE_MS)
    await store.decline("j1", "p2", 1, "太远")
    await builders.accept(store, "j1", "p0", "p3", "p1")
    await builders.accept(store, "j2", "p3", "p4", "p5")
    await store.amend_profile("p7", builders.profile(pay=Pay(fen=3_000)), builders.vector(7), builders.MODEL)
    await store.presence("p8", Presence(state="in_hall", queue_no=17), await store.now_ms() + HOUR_MS)
    await move_clock(store, 31_000)
    await store.sweep()
    await store.release("j1", "p0", "worker")
    await store.confirm("j1", "p3")
    await move_clock(store, 11 * MINUTE_MS)
    await store.sweep()
    cheaper = builders.posting(await builders.market_now_ms(store), pay=Pay(fen=15_000, unit="day"), headcount=4)
    await store.amend("j2", builders.write(cheaper), material=True, warns=False)
    await store.reconsent("j2", "p4", 2, True)
    await builders.post(store, "j3", award="instant")
    await store.withdraw("j3")
    await store.favour(builders.EMPLOYER, "p1", True)
    await store.favour(builders.EMPLOYER, "p2", True)
    await store.block(builders.EMPLOYER, "p1", "employer", True, "虚构")
    await store.favour(builders.EMPLOYER, "p2", False)


@pytest.mark.parametrize("at_once", [1, 3, 1_000])
async def test_memory_kept_by_events_equals_memory_rebuilt(market: Store, at_once: int) -> None:
    kept = await rebuilt(market)
    await busy_morning(market)
    await follow_to_the_end(kept, at_once)
    assert kept.dump() == (await rebuilt(market)).dump()
    assert {j: shift[:2] for j, shift in kept.ledger.shifts["p3"].items()} == (await market.calendar("p3"))
    assert kept.ties.known(builders.EMPLOYER) == kept.ties.blocked(builders.EMPLOYER) == {"p1"}


async def test_memory_started_in_the_middle_equals_memory_rebuilt(market: Store) -> None:
    start = asyncio.create_task(rebuilt(market))
    morning = asyncio.create_task(busy_morning(market))
    kept, _ = await asyncio.gather(start, morning)
    await follow_to_the_end(kept)
    assert kept.dump() == (await rebuilt(market)).dump()


async def test_a_posting_is_compiled_once_until_its_document_changes(market: Store) -> None:
    await builders.register(market, "p1")
    await builders.post(market, "j")
    memory = await rebuilt(market)
    compiled = plan.compiled(memory, memory.postings["j"])
    await builders.offer(market, "j", ["p1"])
    await follow_to_the_end(memory)
    assert plan.compiled(memory, memory.postings["j"]) is compiled
    cheaper = builders.posting(await builders.market_now_ms(market), pay=Pay(fen=15_000, unit="day"))
    await market.amend("j", builders.write(cheaper), material=True, warns=False)
    await follow_to_the_end(memory)
    after = plan.compiled(memory, memory.postings["j"])
    assert np.frombuffer(after, TERMS)["pay_fen"] < np.frombuffer(compiled, TERMS)["pay_fen"]


async def test_an_erased_record_leaves_memory(market: Store) -> None:
    await builders.register(market, "p0", "p1")
    kept = await rebuilt(market)
    await market.commands.delete(market.key("profile", "p0"))
    await market.amend_profile("p1", builders.profile(pay=Pay(fen=1)), builders.vector(), builders.MODEL)
    await follow_to_the_end(kept)
    await kept.apply([])
    await kept._read_profiles(["p0"])
    assert list(kept.columns.row_of) == ["p1"]


async def test_who_comes_back_is_remembered_as_from_the_records(market: Store) -> None:
    await builders.register(market, "p0", "p1")
    kept = await rebuilt(market)
    await builders.post(market, "j1")
    await builders.offer(market, "j1", ["p0", "p1"])
    await market.decline("j1", "p0", 1, "太远")
    await follow_to_the_end(kept)
    await market.erase("p0")
    await follow_to_the_end(kept)
    assert "p0" not in kept.columns.row_of
    await builders.register(market, "p0")
    await follow_to_the_end(kept)
    anew = await rebuilt(market)
    assert anew.columns.described(anew.columns.row_of["p0"])["offers_today"] == 1
    assert kept.dump() == anew.dump()


async def test_a_posting_that_was_taken_back_leaves_memory_however_far_ahead_it_is(market: Store) -> None:
    await builders.register(market, "p1", "p2", "p3")
    memory = empty(market)
    await memory.load()
    await builders.post(market, "j1", award="instant", headcount=1, starts_in_ms=20 * 24 * HOUR_MS)
    await builders.offer(market, "j1", ["p1", "p2", "p3"])
    await builders.accept(market, "j1", "p1")
    await market.decline("j1", "p2", 1, "太远")
    await follow_to_the_end(memory)
    assert memory.postings.keys() == {"j1"}
    assert memory.rates.counts()
    await market.withdraw("j1")
    await follow_to_the_end(memory)
    assert not memory.postings
    assert not memory.ledger.entries
    assert not memory.ledger.shifts
    assert not memory.rates.counts()
    assert memory.dump() == (await rebuilt(market)).dump()


async def test_a_gap_in_the_events_is_seen(market: Store) -> None:
    kept = await rebuilt(market)
    await builders.register(market, "p0", "p1", "p2")
    await market.commands.xtrim(market.key("events"), maxlen=1, approximate=False)
    with pytest.raises(MemoryStale):
        await Dispatcher(market, kept).follow()


async def test_a_change_of_model_or_settings_ends_the_memory(market: Store) -> None:
    kept = await rebuilt(market)
    await market.configure({"live_cap": 3})
    with pytest.raises(MemoryStale):
        await Dispatcher(market, kept).follow()
    kept = await rebuilt(market)
    await market.put_model("another", 8)
    with pytest.raises(MemoryStale):
        await Dispatcher(market, kept).follow()


async def test_memory_older_than_the_settings_it_was_given_goes_on(market: Store) -> None:
    kept = await rebuilt(market)  # as from a snapshot
    await market.configure({"live_cap": 3})
    await builders.register(market, "p0")
    _, seq = await market.stream_end()
    dispatcher = Dispatcher(market, kept, configured_seq=seq)
    await dispatcher.step(await market.changes(kept.stream_id))
    assert list(kept.columns.row_of) == ["p0"]
    await market.configure({"live_cap": 4})
    with pytest.raises(MemoryStale):
        await dispatcher.follow()


async def test_a_snapshot_and_the_events_after_it_equal_memory_rebuilt(market: Store, tmp_path: Path) -> None:
    await builders.register(market, *(f"q{n}" for n in range(30)))
    await snapshot.save(await rebuilt(market), tmp_path / "s")
    await busy_morning(market)
    memory = empty(market)
    assert await snapshot.load(memory, tmp_path / "s")
    await follow_to_the_end(memory)
    assert memory.dump() == (await rebuilt(market)).dump()


async def test_a_snapshot_written_while_records_change_is_as_good(
    market: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "AT_ONCE", 1)
    await builders.register(market, *(f"q{n}" for n in range(30)))
    memory = await rebuilt(market)
    writing = asyncio.create_task(snapshot.save(memory, tmp_path / "s"))
    await busy_morning(market)
    await follow_to_the_end(memory)
    await writing
    loaded = empty(market)
    assert await snapshot.load(loaded, tmp_path / "s")
    await follow_to_the_end(loaded)
    assert loaded.dump() == memory.dump()


async def test_a_snapshot_of_rows_numbered_anew_meanwhile_is_thrown_away(
    market: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await builders.register(market, "p0", "p1")
    memory, write = await rebuilt(market), snapshot._write

    def compact_meanwhile(*parts: Any) -> None:
        write(*parts)
        memory.compact()

    monkeypatch.setattr(snapshot, "_write", compact_meanwhile)
    await snapshot.save(memory, tmp_path / "s")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_full_disk_costs_the_new_snapshot_and_nothing_else(market: Store, tmp_path: Path) -> None:
    await busy_morning(market)
    memory, path = await rebuilt(market), tmp_path / "s"
    await snapshot.save(memory, path)
    held = path.read_bytes()
    path.with_suffix(".new").symlink_to("/dev/full")
    await snapshot.save(memory, path)
    assert path.read_bytes() == held
    assert not path.with_suffix(".new").is_symlink()


async def test_a_snapshot_that_does_not_fit_is_not_used(market: Store, tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert not await snapshot.load(empty(market), path)
    await builders.register(market, "p0")
    await snapshot.save(await rebuilt(market), path)
    assert await snapshot.load(empty(market), path)

    other_model = Replica(market, DAYLIGHT, dimension=builders.DIMENSION, model="another")
    assert not await snapshot.load(other_model, path)

    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:100] + b"x" + whole[101:], b""):
        path.write_bytes(broken)
        assert not await snapshot.load(empty(market), path)
    path.write_bytes(whole)

    await builders.register(market, "p1", "p2")
    await market.commands.xtrim(market.key("events"), maxlen=1, approximate=False)
    assert not await snapshot.load(empty(market), path)


async def test_a_snapshot_of_an_emptied_store_is_not_used(market: Store, tmp_path: Path) -> None:
    await builders.register(market, "p0")
    await snapshot.save(await rebuilt(market), tmp_path / "s")
    await market.commands.delete(market.key("epoch"))
    assert not await snapshot.load(empty(market), tmp_path / "s")
