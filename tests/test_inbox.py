"""The worker's socket: all that is current, then what changes; nothing is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from server.keys import CARDS, PUSH
from server.push import NEWEST, CardFrames
from server.wire import encode
from server.worker_views import CardFrame, HelloFrame
from tests import builders
from tests.api import Api
from tests.conftest import move_clock
from tests.phone import Phone, phone, serving


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(valkey_url, tmp_path) as api:
        yield api


def hold_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """No event is read before the answer is set."""
    held, changes = asyncio.Event(), api.store.changes

    async def late(*args: Any, **options: Any) -> Any:
        await held.wait()
        return await changes(*args, **options)

    monkeypatch.setattr(api.store, "changes", late)
    return held


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


async def test_many_messages_at_once_all_come(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await builders.register(api.store, "w1")
    async with phone(api, "w1") as w1:
        await w1.receive()
        held = hold_back(api, monkeypatch)
        for n in range(2 * NEWEST):
            await api.store.suspend("w1", 4_000_000_000_000 * (n % 2 == 0), "虚构")
        held.set()
        while len(w1.messages) < 2 * NEWEST:
            await w1.receive()
        assert [m.kind for m in w1.messages.values()] == ["suspended", "unsuspended"] * NEWEST


async def test_a_card_is_made_of_all_that_it_shows(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"], award="fair", meals=True)
    await builders.accept(api.store, "j1", "w1")
    (shown,), _ = await api.app[CARDS].read({"j1": ["w1"]})
    record = await api.store.posting("j1")
    assert record.window_until_ms > 0
    assert [shown.posting] == await api.app[CARDS].briefs([record])
    assert shown.v == record.v
    await builders.as_of_old(api.store, "j1")
    assert (await api.app[CARDS].read({"j1": ["w1"]}))[0] == [shown]


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
        held = hold_back(api, monkeypatch)
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
