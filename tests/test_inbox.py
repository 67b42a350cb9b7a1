"""The worker's socket: all that is current, then what changes; nothing is missed, nobody holds others up."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import WSMsgType

from matcher import codec
from matcher.store import Store
from server import push, sockets
from server.keys import CARDS, PUSH
from server.push import CardFrames
from server.sockets import AliveFrame
from server.wire import encode, typed
from server.worker_views import CardFrame, HelloFrame, MessageFrame
from tests import builders
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, move_clock, new_market

QUEUE = 8
Frame = CardFrame | HelloFrame | MessageFrame | AliveFrame


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    async with running(store, tmp_path, socket_queue=QUEUE) as api:
        yield api
    await store.close()


class Phone:
    """A worker's client: keeps of two cards the one whose version is not smaller, and every message once."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line = line
        self.cards: dict[str, Any] = {}
        self.messages: dict[int, MessageFrame | Any] = {}
        self.raw: list[bytes] = []

    async def receive(self, within_s: float = 5.0) -> Frame:
        """The next frame, taken over."""
        message = await self.line.receive(within_s)
        assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY), message
        plain = msgspec.json.decode(message.data) if message.type is WSMsgType.TEXT else codec.unpack(message.data)
        frame: Frame = typed(plain, Frame)  # type: ignore[arg-type]  # a union of tagged structs
        self.take(frame)
        return frame

    def take(self, frame: Frame) -> None:
        if isinstance(frame, HelloFrame):
            self.cards = {card.posting.id: card for card in frame.cards}
            self.messages |= {m.seq: m for m in frame.messages}
        elif isinstance(frame, CardFrame):
            known = self.cards.get(frame.posting.id)
            if known is None or frame.v >= known.v:
                self.cards[frame.posting.id] = frame
        elif isinstance(frame, MessageFrame):
            assert frame.seq not in self.messages
            self.messages[frame.seq] = frame

    async def until_told(self, kind: str) -> None:
        """Reads until a message of this kind has come."""
        while not any(m.kind == kind for m in self.messages.values()):
            await self.receive()


@asynccontextmanager
async def phone(api: Api, profile: str, query: str = "", **options: Any) -> AsyncIterator[Phone]:
    headers = {"Authorization": f"Bearer {await api.worker(profile)}"}
    async with api.session.ws_connect(f"/v1/inbox{query}", headers=headers, **options) as line:
        yield Phone(line)


async def test_hello_then_the_offer_then_the_seat(api: Api) -> None:
    await builders.register(api.store, "w1")
    async with phone(api, "w1") as w1:
        hello = await w1.receive()
        assert isinstance(hello, HelloFrame)
        assert (hello.cards, hello.messages) == ([], [])
        await builders.post(api.store, "j1")
        await builders.offer(api.store, "j1", ["w1"])
        card = await w1.receive()
        assert isinstance(card, CardFrame)
        assert (card.v, card.entry.offer, card.entry.offer_state) == (2, "j1:w1:1", "open")
        assert (card.entry.distance_m, card.entry.reasons) == (1_000, ("近",))
        assert card.entry.deadline_ms > await api.store.now_ms()
        assert (card.posting.trade_name, card.posting.employer_name) == ("搬运工", builders.employer().name)
        assert (await api.post(f"/v1/offers/{card.entry.offer}/accept", token=await api.worker("w1"))).status == 200
        await w1.until_told("seated")
        assert w1.cards["j1"].entry.assignment == "seated"
        assert w1.messages[1].words == "你被录用了,请确认会来"


async def test_a_suspension_is_told_at_once(api: Api) -> None:
    await builders.register(api.store, "w1")
    async with phone(api, "w1") as w1:
        await w1.receive()
        await api.store.suspend("w1", 4_000_000_000_000, "虚构")
        await w1.until_told("suspended")
        await api.store.suspend("w1", 0, "")
        await w1.until_told("unsuspended")
        assert "恢复" in w1.messages[2].words


async def test_only_those_concerned_are_told(api: Api) -> None:
    await builders.register(api.store, "w1", "w2")
    async with phone(api, "w1") as w1, phone(api, "w2") as w2:
        await w1.receive()
        await w2.receive()
        await builders.post(api.store, "j1")
        await builders.offer(api.store, "j1", ["w1"])
        await w1.receive()
        with pytest.raises(TimeoutError):
            await w2.line.receive(0.1)


@pytest.mark.parametrize("wire", ["json", "msgpack"])
async def test_both_formats_say_the_same(api: Api, wire: str) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1", protocols=[f"kuaizhao.{wire}"]) as w1:
        assert w1.line.protocol == f"kuaizhao.{wire}"
        hello = await w1.receive()
        assert isinstance(hello, HelloFrame)
        await builders.accept(api.store, "j1", "w1")
        await w1.until_told("seated")
        frame = w1.cards["j1"]
        (shown,), _ = await api.app[CARDS].read({"j1": ["w1"]})
        card = shown.card("w1")
        assert (frame.v, frame.posting, frame.entry) == (card.v, card.posting, card.entry)


@pytest.mark.parametrize("wire", ["json", "msgpack"])
async def test_a_frame_joined_from_parts_is_the_frame(api: Api, wire: Any) -> None:
    await builders.in_play(api.store, "j1", ["w1", "w2"])
    (shown,), _ = await api.app[CARDS].read({"j1": ["w1", "w2"]})
    frames = CardFrames(shown)
    for profile in ("w1", "w2"):
        card = shown.card(profile)
        assert frames.frame(profile, wire) == encode(CardFrame(v=card.v, posting=card.posting, entry=card.entry), wire)


@pytest.mark.parametrize("how", ["query", "subprotocol"])
async def test_a_browser_may_bring_the_token_otherwise(api: Api, how: str) -> None:
    token = await api.worker("w1")
    query = f"?token={token}" if how == "query" else ""
    protocols = ["kuaizhao.json", f"token.{token}"] if how == "subprotocol" else ["kuaizhao.json"]
    async with api.session.ws_connect(f"/v1/inbox{query}", protocols=protocols) as line:
        assert line.protocol == "kuaizhao.json"
        assert isinstance(await Phone(line).receive(), HelloFrame)


@pytest.mark.parametrize(("role", "status"), [("employer", 403), ("kiosk", 403), (None, 401)])
async def test_the_socket_is_for_workers(api: Api, role: Any, status: int) -> None:
    headers = {"Authorization": f"Bearer {await api.token(role)}"} if role else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.session.ws_connect("/v1/inbox", headers=headers)
    assert refused.value.status == status


async def test_a_plain_request_is_told_so(api: Api) -> None:
    reply = await api.get("/v1/inbox", token=await api.worker("w1"))
    assert (reply.status, reply.code) == (400, "bad_body")
    assert "w1" not in api.app[PUSH]._open


async def test_no_more_sockets_than_a_process_can_hold(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "SOCKETS_AT_ONCE", 1)
    async with phone(api, "w1"):
        reply = await api.get("/v1/inbox", token=await api.worker("w2"))
        assert (reply.status, reply.code) == (503, "overloaded")


async def test_a_line_dropped_in_the_middle_of_a_wave_misses_nothing(api: Api) -> None:
    await api.store.configure({"live_cap": 50, "daily_cap": 50})
    postings = [f"j{n:02d}" for n in range(30)]
    await builders.register(api.store, "w1")

    async def waves() -> None:
        for n, id_ in enumerate(postings):
            start = (10 + n) * builders.MINUTE_MS * 600
            await builders.post(api.store, id_, starts_in_ms=start, lasts_ms=8 * 3_600_000, headcount=1)
            await builders.offer(api.store, id_, ["w1"])
            if n % 3 == 0:
                await builders.accept(api.store, id_, "w1")

    seen: dict[str, Any] = {}
    messages: dict[int, Any] = {}
    running_waves = asyncio.create_task(waves())
    after, connections = 0, 0
    while not (running_waves.done() and len(seen) == len(postings) and len(messages) == 10):
        connections += 1
        async with asyncio.timeout(10), phone(api, "w1", f"?after={after}") as w1:
            w1.messages = messages
            try:
                for _ in range(5):
                    await w1.receive(0.5)
            except TimeoutError:
                pass
            seen = w1.cards if connections == 1 else {**seen, **w1.cards}
            after = max(messages, default=0)
            assert w1.line._response.connection is not None
            assert w1.line._response.connection.transport is not None
            w1.line._response.connection.transport.abort()  # the line is cut, nobody says goodbye
    await running_waves
    assert connections > 2
    assert sorted(seen) == postings
    assert sorted(messages) == list(range(1, 11))
    async with phone(api, "w1") as w1:
        await w1.receive()
        now = {p: (e.offer, e.assignment) for p in postings for e in [(await api.store.entries(p))["w1"]]}
        assert {p: (c.entry.offer_state, c.entry.assignment) for p, c in w1.cards.items()} == now


async def test_messages_after_a_number(api: Api) -> None:
    await api.store.configure({"live_cap": 9})
    await builders.register(api.store, "w1")
    for n in range(3):
        await builders.post(api.store, f"j{n}", starts_in_ms=(n + 1) * 24 * 3_600_000)
        await builders.offer(api.store, f"j{n}", ["w1"])
        await builders.accept(api.store, f"j{n}", "w1")
    async with phone(api, "w1", "?after=1") as w1:
        await w1.receive()
        assert sorted(w1.messages) == [2, 3]
    async with phone(api, "w1") as w1:
        await w1.receive()
        assert sorted(w1.messages) == [1, 2, 3]


async def test_a_change_of_the_posting_reaches_everybody_who_has_it(api: Api) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        better = msgspec.structs.replace(doc, meals=True)
        await api.store.amend("j1", builders.write(better), material=False, warns=False)
        card = await w1.receive()
        assert isinstance(card, CardFrame)
        assert card.posting.meals is True
        await api.store.withdraw("j1")
        card = await w1.receive()
        assert isinstance(card, CardFrame)
        assert (card.posting.state, card.entry.offer_state) == ("withdrawn", "withdrawn")


async def test_an_employer_is_shown_by_the_new_name(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        await api.store.put_employer(builders.EMPLOYER, builders.employer(name="虚构新名公司"))
        await api.store.decline("j1", "w1", 1)
        card = await w1.receive()
        assert isinstance(card, CardFrame)
        assert (card.posting.employer_name, card.entry.offer_state) == ("虚构新名公司", "declined")


async def test_what_is_over_is_not_in_hello(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    await builders.post(api.store, "j2")
    await builders.offer(api.store, "j2", ["w1"])
    await builders.accept(api.store, "j2", "w1")
    await api.store.decline("j1", "w1", 1)
    async with phone(api, "w1") as w1:
        await w1.receive()
        assert list(w1.cards) == ["j2"]
        await move_clock(api.store, 19 * 3_600_000)
        await api.store.check_in("j2", "w1")
        await api.store.done("j2", "w1")
        await api.store.paid("j2", "w1")
    async with phone(api, "w1") as w1:
        await w1.receive()
        assert w1.cards == {}


async def test_a_stream_that_was_trimmed_ahead_brings_a_new_hello(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await builders.register(api.store, "w1")
    async with phone(api, "w1") as w1:
        await w1.receive()
        held, changes = asyncio.Event(), api.store.changes

        async def late(*args: Any, **options: Any) -> Any:
            await held.wait()
            return await changes(*args, **options)

        monkeypatch.setattr(api.store, "changes", late)
        await builders.post(api.store, "j0")  # ends the read that is under way
        await asyncio.sleep(0)
        await builders.post(api.store, "j1")
        await builders.offer(api.store, "j1", ["w1"])
        await api.store.commands.xtrim(api.store.key("events"), maxlen=0, approximate=False)
        await api.store.put_site("another", builders.site())
        held.set()
        while "j1" not in w1.cards:
            await w1.receive()
        assert w1.cards["j1"].entry.offer_state == "open"


async def test_an_event_that_cannot_be_read_is_passed_over(api: Api) -> None:
    await builders.register(api.store, "w1")
    async with phone(api, "w1") as w1:
        await w1.receive()
        await api.store.commands.xadd(api.store.key("events"), {"not": "an event"})
        hello = await w1.receive()
        assert isinstance(hello, HelloFrame)
        await builders.post(api.store, "j1")
        await builders.offer(api.store, "j1", ["w1"])
        while "j1" not in w1.cards:
            await w1.receive()


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


async def test_answers_do_not_go_over_the_socket(api: Api) -> None:
    async with phone(api, "w1") as w1:
        await w1.receive()
        await w1.line.send_str('{"accept": "j1:w1:1"}')
        closing = await w1.line.receive(5)
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
        assert [type(await w1.receive(1.0)) for _ in range(3)] == [AliveFrame] * 3


async def test_a_client_that_is_gone_without_a_word_is_dropped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ALIVE_S", 0.03)
    await builders.register(api.store, "w1")
    async with phone(api, "w1", autoping=False) as w1:  # reads, but answers nothing
        await w1.receive()
        async with asyncio.timeout(5):
            while b"kuaizhao_sockets 0.0" not in (await api.get("/metrics")).data:  # noqa: ASYNC110 - it can only be asked
                await asyncio.sleep(0.02)
