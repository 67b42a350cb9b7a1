"""The worker's socket as a line: who is slow, gone, too many or talks is dropped with a reason, and holds up nobody."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import WSMsgType

from matcher.store import Store
from server import push, sockets
from server.keys import PUSH
from server.sockets import AliveFrame
from server.worker_views import CardFrame, HelloFrame
from tests import builders
from tests.api import Api, running
from tests.conftest import TEST_CLOCK, new_market
from tests.phone import Phone, phone, serving


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(valkey_url, tmp_path) as api:
        yield api


async def test_no_more_sockets_than_a_process_can_hold(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "SOCKETS_AT_ONCE", 1)
    async with phone(api, "w1"):
        reply = await api.get("/v1/inbox", token=await api.worker("w2"))
        assert (reply.status, reply.code) == (503, "overloaded")


async def test_frames_of_every_length_come_whole_and_in_order(api: Api) -> None:
    texts = ["x" * size for size in (0, 123, 124, 65_533, 65_534)]  # with their quotes: both sides of each limit
    async with phone(api, "w1") as w1:
        await w1.receive()
        (box,) = api.app[PUSH]._open["w1"]
        for text in texts:
            assert box.put(msgspec.json.encode(text))
        assert [msgspec.json.decode((await w1.line.receive(5)).data) for _ in texts] == texts


async def slow_line(api: Api, profile: str) -> socket.socket:
    """A client with a small buffer that shakes hands and then reads nothing."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    loop, at = asyncio.get_running_loop(), api.session._base_url
    assert at is not None
    await loop.sock_connect(line, (at.host, at.port))
    key = base64.b64encode(os.urandom(16)).decode()
    request = [
        "GET /v1/inbox HTTP/1.1", f"Host: {at.host}", f"Authorization: Bearer {await api.worker(profile)}",
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", "",
    ]  # fmt: skip
    await loop.sock_sendall(line, "\r\n".join(request).encode())
    assert (await loop.sock_recv(line, 12)) == b"HTTP/1.1 101"
    return line


async def test_a_slow_socket_is_dropped_with_a_reason_and_others_go_on(api: Api) -> None:
    await builders.register(api.store, "w1", "w2")
    line = await slow_line(api, "w1")
    async with phone(api, "w2") as w2:
        await w2.receive()
        pushing = api.app[PUSH]
        async with asyncio.timeout(10):
            (box,) = pushing._open["w1"]
            while box.why is None:
                pushing.send(box, b'"%b"' % (b"x" * 65_536), "card")
                await asyncio.sleep(0)
        assert box.why == sockets.SLOW
        await builders.post(api.store, "j1")
        await builders.offer(api.store, "j1", ["w2"])
        assert isinstance(await w2.receive(), CardFrame)
    await read_until(line, sockets.SLOW[0].to_bytes(2, "big") + b"slow")
    text = (await api.get("/metrics")).data.decode()
    assert 'kuaizhao_sockets_dropped_total{why="slow"} 1.0' in text


async def read_until(line: socket.socket, end: bytes) -> None:
    """Reads all that was sent up to these bytes, and hangs up."""
    last = b""
    async with asyncio.timeout(10):
        while not last.endswith(end):
            data = await asyncio.get_running_loop().sock_recv(line, 1 << 20)
            assert data, "the server hung up without a reason"
            last = (last + data)[-64:]
    line.close()


async def test_a_worker_with_many_sockets_loses_the_oldest(api: Api) -> None:
    headers = {"Authorization": f"Bearer {await api.worker('w1')}"}
    lines = [await api.session.ws_connect("/v1/inbox", headers=headers) for _ in range(push.SOCKETS_PER_WORKER + 1)]
    assert (await lines[0].receive(5)).type in (WSMsgType.TEXT, WSMsgType.CLOSE)
    while not lines[0].closed:
        await lines[0].receive(5)
    assert lines[0].close_code == sockets.REPLACED[0]
    assert not any(line.closed for line in lines[1:])
    for line in lines:
        await line.close()


async def test_who_only_watches_has_nothing_to_say(api: Api) -> None:
    headers = {"Authorization": f"Bearer {await api.token('employer', 'e1')}"}
    async with api.session.ws_connect("/v1/board", headers=headers) as board:
        await board.receive(5)
        await board.send_str('{"type": "accept", "offer": "j1:w1:1"}')
        closing = await board.receive(5)
        assert (closing.type, closing.data, closing.extra) == (WSMsgType.CLOSE, *sockets.ONLY_LISTENS)


async def test_the_socket_ends_with_its_token(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await api.token("worker", "w1", ttl_s=60)
    nearly_ms = await api.store.now_ms() + 59_800
    monkeypatch.setattr("server.api.inbox.now_ms", lambda: nearly_ms)
    async with api.session.ws_connect("/v1/inbox", headers={"Authorization": f"Bearer {token}"}) as line:
        assert isinstance(await Phone(line).receive(), HelloFrame)
        closing = await line.receive(5)
        assert (closing.data, closing.extra) == sockets.TOKEN_EXPIRED


async def test_the_server_says_that_it_stops(valkey_url: str, tmp_path: Path) -> None:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    async with running(store, tmp_path) as api, phone(api, "w1") as w1:
        await w1.receive()
        await api.app.shutdown()
        closing = await w1.line.receive(5)
        assert (closing.data, closing.extra) == sockets.SHUTTING_DOWN
    await store.close()


@pytest.mark.parametrize("wire", ["json", "msgpack"])
async def test_a_line_on_which_nothing_happens_says_that_it_is_there(
    api: Api, monkeypatch: pytest.MonkeyPatch, wire: str
) -> None:
    monkeypatch.setattr(sockets, "ALIVE_S", 0.05)
    await builders.register(api.store, "w1")
    async with phone(api, "w1", protocols=(f"kuaizhao.{wire}",)) as w1:
        hello = await w1.receive()
        assert isinstance(hello, HelloFrame)
        assert hello.alive_ms == 50
        assert [type(await w1.receive()) for _ in range(3)] == [AliveFrame] * 3


async def test_a_client_that_is_gone_without_a_word_is_dropped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ALIVE_S", 0.03)
    await builders.register(api.store, "w1")
    async with phone(api, "w1", autoping=False) as w1:  # reads, but answers nothing
        await w1.receive()
        async with asyncio.timeout(5):
            while b"kuaizhao_sockets 0.0" not in (await api.get("/metrics")).data:  # noqa: ASYNC110 - it can only be asked
                await asyncio.sleep(0.02)
