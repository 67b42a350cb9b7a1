"""The store as a service: up fast, alone on its data, back whole after a crash, and plain about being away."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis as blocking_redis

from loadtest.audit import audit
from loadtest.audit_checks import ClientRecord
from matcher import library
from matcher.connection import Done
from matcher.errors import KuaizhaoError, StoreUnavailable
from matcher.model import HOUR_MS
from matcher.settings import MarketSettings
from matcher.store import Store, opened
from server.embedded import REWRITE_RESTS_EVERY, DataDirectoryBusy, EmbeddedStore
from tests.builders import MODEL, accept, dump, employer, in_play, profile, register, vector
from tests.conftest import TEST_CLOCK, new_market, running_redis7, running_valkey


@pytest.fixture(params=["valkey", "redis7"])
def own_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server of the test's own, which it may break."""
    if request.param == "valkey":
        with running_valkey() as server:
            yield server.url
    else:
        with running_redis7() as url:
            yield url


@asynccontextmanager
async def market(url: str, name: str | None = None) -> AsyncIterator[Store]:
    """A loaded store of a market."""
    store = Store(url, name or new_market(), clock=TEST_CLOCK)
    await store.load()
    try:
        yield store
    finally:
        await store.close()


# -- the function library ----------------------------------------------------------------------------------------------


async def test_functions_that_are_missing_are_loaded_again(own_url: str) -> None:
    async with market(own_url) as store:
        await store.commands.function_flush()
        await register(store, "ann")
        assert (await store.profile("ann")).v == 1


async def test_a_store_that_lost_everything_is_usable_again(own_url: str) -> None:
    """An operator empties the server under a running process: nothing half-done is written, and work goes on."""
    async with market(own_url) as store:
        await store.commands.flushall()
        await register(store, "ann")
        report = await audit(store)
        assert (report.ok, report.records["profile"], report.records["events"]) == (True, 1, 1)
        assert await store.market_settings() == MarketSettings()


async def test_a_function_without_its_market_writes_nothing(store: Store) -> None:
    await store.commands.delete(store.key("settings"))
    with pytest.raises(blocking_redis.ResponseError, match="NOSETTINGS"):
        await store.commands.fcall("kz_presence", 1, store.prefix, "ann", "away", 0, "")
    assert await dump(store) == {}


async def test_a_market_that_is_being_loaded_is_used_whole_or_not_at_all(store_url: str) -> None:
    for _ in range(20):
        loading, working = (Store(store_url, market_name, clock=TEST_CLOCK) for market_name in [new_market()] * 2)
        await asyncio.gather(loading.load(), working.put_employer("e1", employer()))
        await working.put_employer("e1", employer())
        assert [change.kind for change in await working.changes("0-0")] == ["employer.put"]
        await asyncio.gather(loading.close(), working.close())


async def test_every_operation_has_its_function(store: Store) -> None:
    (known,) = await store.commands.function_list(library.NAME)
    answer = dict(zip(known[::2], known[1::2], strict=True))
    functions = {dict(zip(f[::2], f[1::2], strict=True))[b"name"].decode() for f in answer[b"functions"]}
    folder = Path(library.__file__).parent / "functions"
    declared = re.findall(r"^(?:\w+_)?operation\('(\w+)'", "\n".join(p.read_text() for p in folder.glob("*.lua")), re.M)
    assert functions == {f"kz_{name}" for name in declared}


def test_the_shipped_library_holds_no_way_to_move_its_clock() -> None:
    assert "test_" not in library.source()
    assert "redis.call('TIME')" in library.source()
    folder = Path(library.__file__).parent / "functions"
    assert {f.stem for f in folder.glob("*.lua")} == {*library.ORDER, "clock"}


# -- not there, or not able --------------------------------------------------------------------------------------------


async def test_a_store_that_is_gone_is_said_so() -> None:
    with running_valkey() as server:
        async with market(server.url) as store:
            await register(store, "ann")
            server.stop()
            for call in (store.ping(), store.profile("ann"), store.ids("profile"), store.accept("p", "ann", 1)):
                with pytest.raises(StoreUnavailable) as gone:
                    await call
                assert gone.value.status == 503
                assert gone.value.retry_after_s
            server.start()
            await store.ping()
            assert (await store.profile("ann")).id == "ann"


async def test_a_full_store_refuses_and_stays_whole(own_url: str) -> None:
    async with market(own_url) as store:
        await register(store, "ann")
        await store.commands.config_set("maxmemory", "1mb")
        before = await dump(store)
        with pytest.raises(StoreUnavailable):
            await store.register("bob", profile(), b"", vector(), MODEL)
        assert await dump(store) == before
        assert (await store.profile("ann")).id == "ann"
        await store.commands.config_set("maxmemory", "0")
        await store.register("bob", profile(), b"", vector(), MODEL)


async def test_a_read_only_replica_is_no_store(own_url: str) -> None:
    async with market(own_url) as store:
        await store.commands.config_set("replica-serve-stale-data", "yes")
        await store.commands.execute_command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StoreUnavailable):
            await register(store, "ann")
        await store.commands.execute_command("REPLICAOF", "NO", "ONE")
        await register(store, "ann")


async def test_a_refusal_in_one_round_trip_does_not_touch_the_others(store: Store) -> None:
    calls = [store.register_call(who, profile(), b"", vector(), MODEL) for who in ("ann", "bob")]
    answers = await store.call_many([calls[0], ("presence", ["nobody", "away", 0, ""]), calls[1]])
    assert isinstance(answers[1], KuaizhaoError)
    assert answers[1].code == "no_profile"
    assert sorted(await store.ids("profile")) == ["ann", "bob"]


# -- the embedded one --------------------------------------------------------------------------------------------------


def test_an_empty_store_is_ready_in_under_a_second(tmp_path: Path) -> None:
    took = []
    for n in range(3):
        server = EmbeddedStore(tmp_path / str(n))
        began = time.monotonic()
        server.start()
        took.append(time.monotonic() - began)
        server.stop()
    assert min(took) < 1.0


def test_a_rewrite_takes_its_time(tmp_path: Path) -> None:
    server, keys = EmbeddedStore(tmp_path), 30_000
    server.start()
    try:
        with blocking_redis.Redis.from_url(server.url) as client:
            client.mset({f"k{n}": "" for n in range(keys)})
            began = time.monotonic()
            client.bgrewriteaof()
            while client.info("persistence")["aof_rewrite_in_progress"]:
                time.sleep(0.01)
            rests_s = keys / REWRITE_RESTS_EVERY * 20e-6  # a rest is 50 us or more
            assert time.monotonic() - began > rests_s
            assert client.info("persistence")["aof_last_bgrewrite_status"] == "ok"
    finally:
        server.stop()


def test_two_stores_never_share_a_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.embedded.LOCK_WITHIN_S", 0.1)
    first, second = EmbeddedStore(tmp_path), EmbeddedStore(tmp_path)
    first.start()
    try:
        with pytest.raises(DataDirectoryBusy):
            second.start()
        with blocking_redis.Redis(unix_socket_path=str(first.socket)) as client:
            assert client.ping()
    finally:
        first.stop()
    second.start()
    second.stop()


async def test_everything_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    server, name, told = EmbeddedStore(tmp_path), new_market(), []
    server.start()
    try:
        async with market(server.url, name) as store:
            await in_play(store, "p", [f"w{n}" for n in range(20)], headcount=5, starts_in_ms=9 * HOUR_MS)
            entries = await store.entries("p")
            for who in entries:
                (done,) = await store.call_many([("accept", ["p", who, 1])])
                if isinstance(done, Done):
                    answer = done.acceptance or ""
                    told.append(
                        ClientRecord(operation="accept", posting="p", profile=who, answer=answer, terms=1, v=done.v)
                    )
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(20)
        server.start()
        async with opened(server.url, name) as store:
            report = await audit(store, told)
            assert report.ok, report.examples
            assert report.records["seated"] == 5
            assert len(told) > 5
    finally:
        server.stop()


# -- settings and events -----------------------------------------------------------------------------------------------


async def test_market_settings_are_kept_over_a_restart_of_a_process(store: Store) -> None:
    assert await store.market_settings() == MarketSettings()
    await store.configure({"window_ms": 5_000})
    await store.load()
    assert (await store.market_settings()).window_ms == 5_000
    assert [c.kind for c in await store.changes("0-0", block_ms=1)] == ["market.configured"]
    with pytest.raises(KuaizhaoError, match="bad_field"):
        await store.configure({"windows": 1})


async def test_events_are_numbered_and_name_their_record(store: Store) -> None:
    assert await store.stream_end() == ("0-0", 0)
    await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    events = await store.changes("0-0", block_ms=1)
    assert [(e.kind, e.id, e.v, e.who) for e in events] == [
        ("profile.registered", "ann", 1, ()),
        ("employer.put", "firm-1", 1, ()),
        ("posting.opened", "p", 1, ()),
        ("posting.offered", "p", 2, ("ann",)),
        ("posting.accepted", "p", 3, ("ann",)),
    ]
    assert [e.seq for e in events] == [1, 2, 3, 4, 5]
    assert await store.stream_end() == (events[-1].stream_id, 5)
    assert await store.changes(events[-1].stream_id, block_ms=1) == []


async def test_a_trimmed_stream_reaches_only_as_far_as_it_does(store: Store) -> None:
    assert await store.stream_reaches(0)
    await register(store, *(f"w{n}" for n in range(10)))
    assert await store.stream_reaches(0)
    assert await store.stream_reaches(10)
    await store.commands.xtrim(store.key("events"), maxlen=3, approximate=False)
    assert not await store.stream_reaches(0)
    assert not await store.stream_reaches(6)
    assert await store.stream_reaches(7)
    assert await store.stream_reaches(10)
    assert not await store.stream_reaches(11)
    await store.commands.xtrim(store.key("events"), maxlen=0, approximate=False)
    assert not await store.stream_reaches(9)
    assert await store.stream_reaches(10)


async def test_scans_name_nobody_twice(store: Store) -> None:
    await register(store, *(f"w{n:03}" for n in range(300)))
    ids = await store.ids("profile")
    assert len(ids) == len(set(ids)) == await store.count("profile") == 300


async def test_an_employer_is_written_as_a_whole(store: Store) -> None:
    await store.put_employer("firm", employer(verified=False), -1)
    assert (await store.put_employer("firm", employer(verified=True), 1)).v == 2
    with pytest.raises(KuaizhaoError, match="stale_version"):
        await store.put_employer("firm", employer(name="虚"), 1)
    with pytest.raises(KuaizhaoError, match="key_reused"):
        await store.put_employer("firm", employer(name="虚"), -1)
    assert (await store.put_employer("firm", employer(verified=True))).replay
