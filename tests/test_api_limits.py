"""Too much, too slow, or no store: refused with a time to come again, and fine afterwards by itself."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from embeddings.encoder import Kind
from matcher.counts import Counts
from matcher.errors import KuaizhaoError
from matcher.store import Store
from server.gate import WORKER_REQUESTS_AT_ONCE
from tests import builders
from tests.api import Api, HashEncoder, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market, running_valkey


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    yield store
    await store.close()


class HeldEncoder(HashEncoder):
    """Encodes nothing but the warming words until it is let go."""

    def __init__(self) -> None:
        self.go = Event()

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        if list(texts) != ["搬运工"]:
            self.go.wait(5)
        return super().encode(texts, kind)


async def until(true: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Asks again and again until the answer is yes."""
    async with asyncio.timeout(within_s):
        while not await true():  # noqa: ASYNC110 - the answer comes over the wire: there is no event to wait for
            await asyncio.sleep(0.02)


async def at_work(api: Api, requests: int) -> None:
    """Waits until so many requests are worked on."""

    async def counted() -> bool:
        text = (await api.get("/metrics")).data.decode()
        (line,) = [row for row in text.splitlines() if row.startswith("kuaizhao_requests_working ")]
        return float(line.split()[1]) == requests

    await until(counted)


async def test_too_many_requests_at_once_are_told_to_come_again(store: Store, tmp_path: Path) -> None:
    encoder = HeldEncoder()
    async with running(store, tmp_path, encoder=encoder, requests_at_once=2) as api:
        clerk = await api.token("clerk")
        body = {"profile": plain(builders.profile())}
        held = [
            asyncio.create_task(api.post("/v1/profiles", body | {"person": plain(builders.person(n))}, token=clerk))
            for n in range(2)
        ]
        await at_work(api, 2)
        refused = await api.get("/v1/sites", token=clerk)
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "overloaded", "1")
        assert (await api.get("/healthz")).status == 200
        encoder.go.set()
        assert [reply.status for reply in await asyncio.gather(*held)] == [201, 201]
        assert (await api.get("/v1/sites", token=clerk)).status == 200


async def test_one_worker_cannot_take_the_server(store: Store, tmp_path: Path) -> None:
    encoder = HeldEncoder()
    await builders.register(store, "w1", "w2")
    async with running(store, tmp_path, encoder=encoder) as api:
        w1, w2 = await api.worker("w1"), await api.worker("w2")
        assert (await api.get("/v1/offers", token=w1)).status == 200
        body = {"profile": plain(builders.profile(skills="改了"))}
        held = [asyncio.create_task(api.put("/v1/profiles/w1", body, token=w1)) for _ in range(WORKER_REQUESTS_AT_ONCE)]
        await at_work(api, WORKER_REQUESTS_AT_ONCE)
        refused = await api.get("/v1/offers", token=w1)
        assert (refused.status, refused.code) == (429, "too_many_requests")
        assert (await api.get("/v1/offers", token=w2)).status == 200
        encoder.go.set()
        assert {reply.status for reply in await asyncio.gather(*held)} == {200}
        assert (await api.get("/v1/offers", token=w1)).status == 200


async def test_a_crowd_at_a_door_keeps_nobody_out_who_is_in(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_again = asyncio.Event()

    async def held(*_: object) -> bool:
        await open_again.wait()
        return False

    monkeypatch.setattr("server.passwords.Passwords.verify", held)
    monkeypatch.setattr("server.gate.DOOR_AT_ONCE", 1)
    monkeypatch.setattr("server.gate.DOOR_LINE", 2)
    guess = {"name": "boss", "password": "wrong", "code": "000000"}
    async with running(store, tmp_path) as api:
        guesses = [asyncio.create_task(api.post("/v1/login/staff", guess)) for _ in range(3)]
        await at_work(api, 3)
        turned_away = await api.post("/v1/login/staff", guess)
        assert (turned_away.status, turned_away.code, turned_away.headers["Retry-After"]) == (503, "overloaded", "1")
        assert (await api.get("/v1/sites", token=await api.token("clerk"))).status == 200
        assert (await api.get("/v1/consent")).status == 200  # another door
        open_again.set()
        assert {(await each).code for each in guesses} == {"bad_login"}


async def test_who_sends_slowly_holds_up_nobody_at_the_door(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.gate.DOOR_AT_ONCE", 1)
    async with running(store, tmp_path) as api:
        url = api.session._base_url
        assert url is not None
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"POST /v1/login/staff HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 1000\r\n\r\n{")
        await at_work(api, 1)
        guess = {"name": "boss", "password": "wrong", "code": "000000"}
        assert (await api.post("/v1/login/staff", guess)).code == "bad_login"
        writer.close()


async def test_what_takes_too_long_is_given_up(store: Store, tmp_path: Path) -> None:
    encoder = HeldEncoder()
    async with running(store, tmp_path, encoder=encoder, request_timeout_s=1.0) as api:
        clerk = await api.token("clerk")
        body = {"profile": plain(builders.profile()), "person": plain(builders.person())}
        late = await api.post("/v1/profiles", body, token=clerk)
        assert (late.status, late.code) == (503, "timeout")
        encoder.go.set()
        assert (await api.post("/v1/profiles", body, token=clerk)).status == 201


async def test_ready_only_when_the_encoder_is_warm(store: Store, tmp_path: Path) -> None:
    class ColdEncoder(HashEncoder):
        def __init__(self) -> None:
            self.go = Event()

        def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
            self.go.wait(5)
            return super().encode(texts, kind)

    encoder = ColdEncoder()
    async with running(store, tmp_path, encoder=encoder, ready=False) as api:
        assert (await api.get("/healthz")).data == {"status": "ok"}
        assert (await api.get("/readyz")).status == 503
        encoder.go.set()
        await api.until("/readyz", 200)
        told = {"store": True, "encoder": True, "push": True, "model": True, "matcher": False}
        assert (await api.get("/readyz")).data == told


async def test_a_store_that_goes_and_comes_back(tmp_path: Path) -> None:
    with running_valkey() as valkey:
        store = Store(valkey.url, new_market())
        await store.load()
        await prepared(store)
        async with running(store, tmp_path, own_store=True, redis_url=valkey.url) as api:
            await builders.in_play(store, "j1", ["w1"])
            w1, clerk = await api.worker("w1"), await api.token("clerk")
            assert (await api.get("/v1/offers", token=w1)).status == 200
            assert valkey.process is not None
            valkey.process.send_signal(signal.SIGKILL)
            valkey.process.wait()
            for path, token in (("/v1/offers/j1:w1:1/accept", w1), ("/v1/postings/j1/close", clerk)):
                gone = await api.post(path, token=token)
                assert (gone.status, gone.code) == (503, "store_unavailable")
            assert (await api.get("/readyz")).status == 503
            assert (await api.get("/healthz")).status == 200
            valkey.start()
            await api.until("/readyz", 200)
            assert (await api.post("/v1/offers/j1:w1:1/accept", token=w1)).data["acceptance"] == "seated"
        await store.close()


async def test_a_server_that_starts_before_its_store(tmp_path: Path) -> None:
    with running_valkey() as valkey:
        url, market = valkey.url, new_market()
        valkey.stop()
        store = Store(url, market)
        async with running(store, tmp_path, own_store=True, ready=False, redis_url=url) as api:
            assert (await api.get("/readyz")).code == "store_unavailable"
            valkey.start()
            await api.until("/readyz", 200)
            manager = await api.token("manager")
            done = await api.put(f"/v1/sites/{builders.SITE}", {"site": plain(builders.site())}, token=manager)
            assert done.status == 200
        await store.close()


async def test_metrics_count_requests_by_route(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as api:
        clerk = await api.token("clerk")
        await api.get("/v1/sites", token=clerk)
        await api.get("/v1/postings/nothing", token=clerk)
        text = (await api.get("/metrics")).data.decode()
    assert 'kuaizhao_request_seconds_count{method="GET",route="/v1/sites",status="200"} 1.0' in text
    assert 'kuaizhao_request_seconds_count{method="GET",route="/v1/postings/{posting}",status="404"} 1.0' in text
    assert 'kuaizhao_errors_total{code="no_posting"} 1.0' in text
    assert "kuaizhao_matcher" not in text


async def test_metrics_show_what_the_matcher_told_last(store: Store, tmp_path: Path) -> None:
    counts = Counts(**{name: n for n, name in enumerate(Counts.__struct_fields__, 1)})
    await store.beat("matcher", 60, counts)
    async with running(store, tmp_path) as api:
        lines = (await api.get("/metrics")).data.decode().splitlines()
        assert (await api.get("/readyz")).data["matcher"] is True
    told = [line for line in lines if line.startswith("kuaizhao_matcher")]
    assert 'kuaizhao_matcher_decisions_total{plan="wide"} 3.0' in told
    assert 'kuaizhao_matcher_waves_total{result="refused"} 7.0' in told
    assert "kuaizhao_matcher_tombstones 13.0" in told
    assert len(told) == len(Counts.__struct_fields__)


async def test_a_refused_request_is_gone_at_once_without_the_collector(store: Store, tmp_path: Path) -> None:
    """The collector comes seldom here: a cycle would keep every refused request, with its buffers, for minutes."""
    async with running(store, tmp_path) as api:
        token = await api.worker("w1")
        gc.collect()
        gc.disable()
        try:
            for path in ("/v1/offers/nothing:w1:1/accept", "/v1/offers/bad/accept", "/v1/nowhere"):
                assert (await api.post(path, token=token)).status >= 400
            assert (await api.post("/v1/postings", {}, token="unknown")).status == 401
            await api.get("/healthz")  # a connection keeps its last request
            kept = [o for o in gc.get_objects() if isinstance(o, KuaizhaoError | web.Request)]
        finally:
            gc.enable()
    assert [one for one in kept if isinstance(one, KuaizhaoError)] == []
    assert len(kept) <= 1
