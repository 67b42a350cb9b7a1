"""`kuaizhao reencode`: the market goes on matching by one model until it matches by the other."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings.encoder import Encoder, Kind, guard_vector
from ingest.commands import reencode_records
from ingest.reencode import Reencoded, reencode
from ingest.texts import posting_text, profile_text
from loadtest.audit import audit
from matcher import records
from matcher.dispatch import Dispatcher, MemoryStale
from matcher.errors import StoreUnavailable
from matcher.plan import Wave
from matcher.replica import Replica
from matcher.settings import Settings
from matcher.store import Store
from tests import builders
from tests.builders import DIMENSION, MODEL
from tests.conftest import move_clock
from tests.memory import DAYLIGHT, rebuilt

PEOPLE = 1_200
"""More than two round trips."""


class NewEncoder:
    """Another model: vectors drawn from the text's hash. `during` runs before each batch."""

    model_id = "another-model"
    dimension = DIMENSION

    def __init__(self, during: Callable[[], None] = lambda: None) -> None:
        self.during = during
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], kind: Kind, /) -> NDArray[np.float32]:
        self.during()
        self.texts += texts
        return np.stack([guard_vector(kind + text, DIMENSION) for text in texts])


async def populate(store: Store, people: int = 20) -> None:
    calls = [
        store.register_call(f"w{n}", builders.profile(skills=f"虚构{n}"), b"", builders.vector(n), MODEL)
        for n in range(people)
    ]
    await store.call_many(calls)
    await builders.post(store, "j1")
    await builders.post(store, "j2", text="虚构:卸水泥")
    await builders.post(store, "j3")
    await store.withdraw("j3")


def held(memory: Replica) -> dict[str, bytes]:
    """Every vector by which this memory matches."""
    vectors = {id_: memory.index.vectors()[row].tobytes() for id_, row in memory.columns.row_of.items()}
    live = {id_: p for id_, p in memory.postings.items() if p.record.state != "withdrawn"}
    return vectors | {id_: p.vector.tobytes() for id_, p in live.items()}


async def of_model(store: Store, model: str) -> Replica:
    memory = Replica(store, DAYLIGHT, dimension=DIMENSION, model=model)
    await memory.load()
    return memory


async def test_every_profile_and_live_posting_gets_the_new_vector(market: Store) -> None:
    await populate(market)
    encoder, steps = NewEncoder(), []
    report = await reencode(market, encoder, lambda *step: steps.append(step))
    assert (report.profiles, report.postings, report.switched, report.before) == (20, 2, True, MODEL)
    assert await market.model() == (encoder.model_id, DIMENSION)
    assert steps[-1] == ("启用新模型", 22, 22)
    memory = await of_model(market, encoder.model_id)
    profile = (await market.profile("w3")).doc
    expected = encoder.encode([profile_text(profile)], "profile")[0]
    np.testing.assert_allclose(memory.index.vectors()[memory.columns.row_of["w3"]], expected, atol=1e-3)
    expected = encoder.encode([posting_text((await market.posting("j2")).doc)], "posting")[0]
    np.testing.assert_allclose(memory.postings["j2"].vector, expected, atol=1e-3)
    assert (await market.posting("j3")).model == MODEL
    raws = [*await market.hashes("profile", ["w3"]), *await market.hashes("posting", ["j1", "j2"])]
    assert not any(b"previous_vec" in raw for raw in raws)
    assert (await audit(market)).ok


async def test_a_memory_of_the_old_model_does_not_notice_until_the_switch(market: Store) -> None:
    """A matcher that follows the events, and one that starts in the middle, match by the old vectors alone."""
    await populate(market, PEOPLE)
    kept = await rebuilt(market)
    before = held(kept)
    loop, seen = asyncio.get_running_loop(), []

    async def look() -> None:
        while changes := await market.changes(kept.stream_id, block_ms=1):
            await kept.apply(changes)
        seen.append(held(kept) == before == held(await rebuilt(market)))

    def during() -> None:
        asyncio.run_coroutine_threadsafe(look(), loop).result(20)

    await reencode(market, NewEncoder(during))
    assert len(seen) >= 4
    assert all(seen)
    with pytest.raises(MemoryStale):
        await Dispatcher(market, kept).follow()
    after = held(await of_model(market, NewEncoder.model_id))
    assert all(any(np.frombuffer(vector, np.float32)) for vector in after.values())
    assert not set(after.values()) & set(before.values())


async def test_what_others_write_meanwhile_is_found_by_the_next_pass(market: Store) -> None:
    await populate(market)
    loop, busy = asyncio.get_running_loop(), iter([True])

    async def work() -> None:
        await market.amend_profile("w1", builders.profile(skills="虚构:改过"), builders.vector(), MODEL)
        await builders.register(market, "late")
        await market.commands.delete(market.key("profile", "w2"))

    def during() -> None:
        if next(busy, False):
            asyncio.run_coroutine_threadsafe(work(), loop).result(20)

    encoder = NewEncoder(during)
    report = await reencode(market, encoder)
    assert report.profiles == 20
    for who in ("w1", "late"):
        assert (await market.profile(who)).model == encoder.model_id
    assert "搬运工 虚构:改过" in encoder.texts


async def test_offers_are_made_and_accepted_meanwhile(market: Store) -> None:
    await populate(market)
    memory = await rebuilt(market)
    dispatcher = Dispatcher(market, memory)
    loop = asyncio.get_running_loop()
    waves: list[Wave] = []

    async def work() -> None:
        if waves:
            return
        await dispatcher.step(await market.changes(memory.stream_id, block_ms=1))
        waves.extend(await dispatcher.dispatch(["j1"]))
        await dispatcher.step(await market.changes(memory.stream_id, block_ms=1))
        await builders.accept(market, "j1", *(each.profile for each in waves[0].offered[:2]))

    await reencode(market, NewEncoder(lambda: asyncio.run_coroutine_threadsafe(work(), loop).result(20)))
    assert len(waves[0].offered) > 2
    await move_clock(market, 60_000)
    await market.sweep()
    assert (await market.posting("j1")).taken == 2
    assert (await audit(market)).ok


async def test_twice_is_once_and_a_run_cut_off_is_finished_by_the_next(market: Store) -> None:
    await populate(market, PEOPLE)

    class Breaks(NewEncoder):
        def encode(self, texts: Sequence[str], kind: Kind, /) -> NDArray[np.float32]:
            if self.texts:
                raise StoreUnavailable("cut off")
            return super().encode(texts, kind)

    with pytest.raises(StoreUnavailable):
        await reencode(market, Breaks())
    assert (await market.model())[0] == MODEL
    assert (await reencode(market, NewEncoder())).profiles == PEOPLE - 500
    end = await market.stream_end()
    again = NewEncoder()
    report = await reencode(market, again)
    assert report == Reencoded(model=again.model_id, before=again.model_id)
    assert (again.texts, await market.stream_end()) == ([], end)


def test_the_command_says_what_it_did(valkey_url: str) -> None:
    settings = Settings(market="reencoded", redis_url=valkey_url)

    async def before() -> None:
        store = Store(valkey_url, settings.market)
        await store.load()
        await store.put_model(MODEL, DIMENSION)
        await populate(store, 3)
        await store.close()

    async def after() -> tuple[str, NDArray[np.float32]]:
        store = Store(valkey_url, settings.market)
        (raw,) = await store.hashes("profile", ["w2"])
        model, _ = await store.model()
        await store.close()
        return model, records.vector_by(raw, model)

    asyncio.run(before())
    out, encoder = io.StringIO(), Encoder.load()
    assert reencode_records(settings, out) == 0
    assert "改写登记 3 份、岗位 2 个" in out.getvalue()
    assert f"已由 {MODEL} 换到这个模型" in out.getvalue()
    model, vector = asyncio.run(after())
    assert model == encoder.model_id
    text = profile_text(builders.profile(skills="虚构2"))
    np.testing.assert_allclose(vector, encoder.encode([text], "profile")[0], atol=1e-3)
    out = io.StringIO()
    assert reencode_records(settings, out) == 0
    assert "改写登记 0 份、岗位 0 个" in out.getvalue()
    assert "换到" not in out.getvalue()
