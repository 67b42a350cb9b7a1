"""`make fuzz` in short: mutated frames and schemathesis against a server in this process; and the mutations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from random import Random

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.attack.target import FIRM, Target
from loadtest.fuzz import mutate
from loadtest.fuzz.frames import Fuzzer, Tally
from loadtest.fuzz.run import summed
from matcher.codec import unpack
from matcher.store import Store
from server.openapi import document
from server.simulated_gateway import SimulatedGateway
from tests.api import Api, running
from tests.conftest import TEST_CLOCK, new_market


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


async def target_of(api: Api) -> Target:
    base = api.session._base_url
    assert base is not None
    assert base.host is not None
    assert base.port is not None
    target = Target(base.host, base.port, api.store, SimulatedGateway(), 0)
    await target.populate(registered=304)
    return target


async def test_mutated_frames_break_nothing(api: Api) -> None:
    fuzzer = Fuzzer(await target_of(api), document(), seed=1)
    await fuzzer.http(1_500)
    await fuzzer.sockets(1_600)
    assert fuzzer.tally.frames >= 2_000
    assert fuzzer.tally.answers >= 50
    assert fuzzer.tally.status_500 == []
    assert fuzzer.tally.hangs == 0
    assert {200, 201, 400, 422} <= fuzzer.tally.statuses.keys()  # some got all the way through


async def test_what_the_description_allows_and_what_not_breaks_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadtest.fuzz import described  # schemathesis takes a second to import

    target = await target_of(api)
    token = await api.token("manager")
    monkeypatch.setattr(described.Asking, "token", lambda *_: token)
    asking = described.Asking(target.url, "", "")
    operations = await asyncio.to_thread(described.operations_of, target.url)
    for operation in operations[:: len(operations) // 8]:
        await asyncio.to_thread(asking.operation, operation, 5)
    assert asking.asked >= 60
    assert (asking.status_500, asking.hangs, dict(asking.undocumented)) == ([], 0, {})


@given(st.integers(0, 2**32), st.sampled_from(sorted(mutate.PACKERS)))
def test_mutations_are_bytes_that_another_reader_takes(seed: int, media: str) -> None:
    draw = Random(seed)
    mutated = mutate.value({"employer": FIRM, "posting": {"pay": {"fen": 1}, "trades": ["porter"]}}, draw)
    try:
        body = mutate.PACKERS[media](mutated)
    except (OverflowError, UnicodeEncodeError):
        return
    read = json.loads(body.decode("utf-8", "surrogatepass")) if media.endswith("json") else _unpacked(body)
    assert repr(read) == repr(mutated)
    assert isinstance(mutate.torn(body, draw), bytes)
    assert len(mutate.socket_frame(draw)) >= 2
    assert len(mutate.answer_frame(draw)) >= 6


def _unpacked(body: bytes) -> object:
    return msgpack.unpackb(body, unicode_errors="surrogatepass", strict_map_key=False)


@given(st.binary(max_size=200))
def test_our_reader_of_msgpack_refuses_or_reads_and_nothing_else(body: bytes) -> None:
    with suppress(ValueError):
        unpack(body)


def test_figures_of_all_parts_are_added() -> None:
    part = {"requests": 5, "hangs": 1, "status_500": ["a"], "statuses": {"200": 4, "500": 1}, "undocumented": {"b": 2}}
    both = summed([part, part], Tally(frames=7, answers=2, hangs=1, status_500=["c"]))
    assert (both["requests"], both["frames"], both["status_500"], both["hangs"]) == (10, 7, 3, 3)
    assert both["answers_on_sockets"] == 2
    assert (both["statuses"], both["broken"]) == ({"200": 8, "500": 2}, ["a", "a", "c"])
