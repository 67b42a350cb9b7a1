"""Yes and no on a worker's socket: the same rules, codes and outcome as over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType
from msgspec import structs
from structlog.testing import capture_logs

from loadtest import clients
from matcher.errors import TABLE, StoreUnavailable
from server import sockets
from server.gate import WORKER_REQUESTS_AT_ONCE
from server.keys import CARDS, GATE, PUSH, STORE
from server.worker_views import AcceptFrame, AnsweredFrame, CardFrame, DeclineFrame, RefusedFrame
from tests import builders
from tests.api import Api, plain
from tests.phone import QUEUE, Phone, phone, serving
from tests.test_crews import together


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(valkey_url, tmp_path) as api:
        yield api


async def told(phone: Phone, offer: str) -> AnsweredFrame | RefusedFrame:
    """What is said of an answer; whatever else comes first is taken over."""
    while True:
        frame = await phone.receive()
        if isinstance(frame, (AnsweredFrame, RefusedFrame)):
            assert frame.offer == offer
            return frame


def declining(api: Api) -> list[str]:
    """Postings whose no is known on a socket and whose event has not come."""
    return [id_ for inboxes in api.app[PUSH]._open.values() for inbox in inboxes for id_ in inbox.declining]


async def refused(phone: Phone, offer: str) -> RefusedFrame:
    """The refusal, as the table has it."""
    frame = await told(phone, offer)
    assert isinstance(frame, RefusedFrame)
    assert frame.status == TABLE[frame.error.code][0]
    assert frame.error.message
    return frame


def fail(api: Api, monkeypatch: pytest.MonkeyPatch, operation: str, error: Exception) -> None:
    """The store's operation raises, until `monkeypatch.undo`."""

    async def failing(*_: Any) -> None:
        raise error

    monkeypatch.setattr(api.app[STORE], operation, failing)


def hold_decline(api: Api, monkeypatch: pytest.MonkeyPatch, held: str) -> tuple[Any, asyncio.Event, asyncio.Event]:
    """A no to one posting waits: the store's own operation, when the no has come, and what lets it go on."""
    decline, asked, go = api.app[STORE].decline, asyncio.Event(), asyncio.Event()

    async def late(posting: str, *rest: Any) -> Any:
        if posting == held:
            asked.set()
            await go.wait()
        return await decline(posting, *rest)

    monkeypatch.setattr(api.app[STORE], "decline", late)
    return decline, asked, go


@pytest.mark.parametrize("wire", ["json", "msgpack"])
async def test_a_yes_is_answered_as_over_http(api: Api, wire: Any) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1", protocols=[f"kuaizhao.{wire}"]) as w1:
        await w1.receive()
        await w1.say(AcceptFrame("j1:w1:1"), wire)
        frame = await told(w1, "j1:w1:1")
        assert isinstance(frame, AnsweredFrame)
        assert (frame.answered.assignment, frame.answered.replay) == ("seated", False)
        await w1.until_told("seated")
        assert w1.cards["j1"].entry.assignment == "seated"
        over_http = await api.post("/v1/offers/j1:w1:1/accept", token=await api.worker("w1"))
        await w1.say(AcceptFrame("j1:w1:1"), wire)
        again = await told(w1, "j1:w1:1")
        assert isinstance(again, AnsweredFrame)
        assert over_http.data == plain(again.answered)
        assert again.answered.replay


async def test_a_no_is_told_once_where_it_was_said_and_by_a_card_elsewhere(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1", "w2"])
    async with phone(api, "w1") as w1, phone(api, "w1") as also, phone(api, "w2") as w2:
        for each in (w1, also, w2):
            await each.receive()
        await w2.say(DeclineFrame("j1:w2:1", "太远"))
        frame = await told(w2, "j1:w2:1")
        assert isinstance(frame, AnsweredFrame)
        assert (frame.answered.acceptance, frame.answered.words) == (None, "")
        await w1.say(DeclineFrame("j1:w1:1"))
        card = await also.receive()
        assert isinstance(card, CardFrame)
        assert card.entry.offer_state == "declined"
        await builders.post(api.store, "j2")
        await builders.offer(api.store, "j2", ["w2"])
        following = await w2.receive()
        assert isinstance(following, CardFrame)
        assert following.posting.id == "j2"
        assert declining(api) == []
    assert (await api.store.entries("j1"))["w2"].decline_reason == "太远"


async def test_numbers_in_a_reason_are_hidden_before_they_are_kept(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        await w1.say(DeclineFrame("j1:w1:1", "打我电话19900000001"))
        assert isinstance(await told(w1, "j1:w1:1"), AnsweredFrame)
    reason = (await api.store.entries("j1"))["w1"].decline_reason
    assert reason == "打我电话199****0001"


async def test_refusals_have_the_codes_of_http_and_change_nothing(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1", "w2"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        before = await api.store.entries("j1")
        for offer, code in (
            ("j1:w2:1", "forbidden"),
            ("j1:w1", "bad_id"),
            ("j1:w1:0", "bad_id"),
            ("nothing:w1:1", "no_posting"),
        ):
            for frame in (AcceptFrame(offer), DeclineFrame(offer)):
                await w1.say(frame)
                assert (await refused(w1, offer)).error.code == code
        assert await api.store.entries("j1") == before
        await w1.say(DeclineFrame("j1:w1:1"))
        await told(w1, "j1:w1:1")
        await w1.say(AcceptFrame("j1:w1:1"))
        said = await refused(w1, "j1:w1:1")
        over_http = await api.post("/v1/offers/j1:w1:1/accept", token=await api.worker("w1"))
        assert (said.status, said.error.code, said.error.message) == (
            over_http.status,
            over_http.code,
            over_http.data["error"]["message"],
        )
    text = (await api.get("/metrics")).data.decode()
    assert 'kuaizhao_request_seconds_count{method="socket",route="accept",status="403"} 1.0' in text
    assert 'kuaizhao_request_seconds_count{method="socket",route="decline",status="200"} 1.0' in text
    assert 'kuaizhao_errors_total{code="bad_id"} 4.0' in text


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('{"type": "accept"', "bad_body"),
        ("null", "bad_field"),
        ('{"type": "dance", "offer": "j1:w1:1"}', "bad_field"),
        ('{"type": "accept"}', "bad_field"),
        ('{"type": "accept", "offer": 1}', "bad_field"),
        ('{"type": "accept", "offer": "j1:w1:1", "reason": "x"}', "bad_field"),
        ('{"type": "decline", "offer": "j1:w1:1", "reason": "%s"}' % ("x" * 201), "bad_field"),
        (b"\x82\xa4type\xa6accept\xa5offer\xa7j1:w1:1", "bad_body"),  # MessagePack on a socket of JSON
    ],
)
async def test_what_cannot_be_read_is_refused_and_the_socket_goes_on(api: Api, said: str | bytes, code: str) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        await (w1.line.send_bytes(said) if isinstance(said, bytes) else w1.line.send_str(said))
        frame = await refused(w1, "")
        assert frame.error.code == code
        assert frame.error.detail
        await w1.say(AcceptFrame("j1:w1:1"))
        assert isinstance(await told(w1, "j1:w1:1"), AnsweredFrame)


async def test_answers_of_one_socket_are_answered_one_after_the_other(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await builders.in_play(api.store, "j0", ["w1"])
    await builders.post(api.store, "j1")
    await builders.offer(api.store, "j1", ["w1"])
    _, asked, go = hold_decline(api, monkeypatch, "j0")
    async with phone(api, "w1") as w1:
        await w1.receive()
        await w1.say(DeclineFrame("j0:w1:1"))
        await w1.say(DeclineFrame("j1:w1:1"))
        await asked.wait()
        with pytest.raises(TimeoutError):
            await w1.line.receive(0.1)
        assert declining(api) == ["j0"]
        go.set()
        for offer in ("j0:w1:1", "j1:w1:1"):
            assert isinstance(await told(w1, offer), AnsweredFrame)


async def test_a_card_that_was_read_before_the_no_is_followed_by_one_that_tells_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1"])
    read, is_read, go = api.app[CARDS].read, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> Any:
        found = await read(*args)
        is_read.set()
        await go.wait()
        return found

    async with phone(api, "w1") as w1:
        await w1.receive()
        monkeypatch.setattr(api.app[CARDS], "read", slow)
        changed = builders.write(structs.replace(doc, text="虚构:搬两车纸箱"))
        await api.store.amend("j1", changed, material=False, warns=False)
        await is_read.wait()
        await w1.say(DeclineFrame("j1:w1:1"))
        assert isinstance(await told(w1, "j1:w1:1"), AnsweredFrame)
        go.set()
        while w1.cards["j1"].entry.offer_state != "declined":
            await w1.receive()


async def test_a_no_that_was_not_done_or_had_been_done_is_no_reason_to_keep_a_card_back(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        fail(api, monkeypatch, "decline", StoreUnavailable("虚构"))
        await w1.say(DeclineFrame("j1:w1:1"))
        await refused(w1, "j1:w1:1")
        monkeypatch.undo()
        assert declining(api) == []
        assert (await api.post("/v1/offers/j1:w1:1/decline", {}, token=await api.worker("w1"))).status == 200
        card = await w1.receive()
        assert isinstance(card, CardFrame)
        assert card.entry.offer_state == "declined"
        await w1.say(DeclineFrame("j1:w1:1"))
        again = await told(w1, "j1:w1:1")
        assert isinstance(again, AnsweredFrame)
        assert again.answered.replay
        assert declining(api) == []


async def test_mates_are_told_of_a_no_at_once(api: Api) -> None:
    await together(api.store, "j1")
    async with phone(api, "ann") as ann, phone(api, "bob") as bob:
        await ann.receive()
        await bob.receive()
        await ann.say(DeclineFrame("j1:ann:1"))
        assert isinstance(await told(ann, "j1:ann:1"), AnsweredFrame)
        await bob.until_told("mate_left")


async def test_a_mates_no_is_told_while_ones_own_is_on_its_way(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await together(api.store, "j1")
    decline, asked, go = hold_decline(api, monkeypatch, "j1")
    async with phone(api, "ann") as ann:
        await ann.receive()
        await ann.say(DeclineFrame("j1:ann:1"))
        await asked.wait()
        await decline("j1", "bob", 1, "")
        await ann.until_told("mate_left")
        go.set()
        assert (await refused(ann, "j1:ann:1")).error.code == "offer_withdrawn"


async def test_who_says_more_than_is_heard_is_dropped(api: Api) -> None:
    async with phone(api, "w1") as w1:
        await w1.receive()
        nothing_much = b"\x81\x80\x00\x00\x00\x00"
        connection = w1.line._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.write(nothing_much * 5_000)
        said = await w1.line.receive(5)
        while said.type is WSMsgType.TEXT:
            said = await w1.line.receive(5)
        assert (said.type, said.data, said.extra) == (WSMsgType.CLOSE, *sockets.SLOW)
    text = (await api.get("/metrics")).data.decode()
    (heard,) = [line for line in text.splitlines() if line.startswith('kuaizhao_errors_total{code="bad_body"}')]
    assert QUEUE <= float(heard.split()[1]) < 100


async def test_a_session_that_has_ended_answers_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where the event that ends its sockets does not come."""
    await builders.in_play(api.store, "j1", ["w1"])
    token = await api.worker("w1")
    monkeypatch.setattr(api.app[PUSH], "_end_sessions", lambda change: None)
    async with api.session.ws_connect("/v1/inbox", headers={"Authorization": f"Bearer {token}"}) as line:
        w1 = Phone(line)
        await w1.receive()
        assert (await api.post("/v1/session/end", {}, token=token)).status == 200
        api.app[PUSH]._sessions.forget_all()
        await w1.say(AcceptFrame("j1:w1:1"))
        closing = await line.receive(5)
        assert (closing.type, closing.data, closing.extra) == (WSMsgType.CLOSE, *sockets.TOKEN_EXPIRED)
    assert (await api.store.entries("j1"))["w1"].offer == "open"


async def test_too_much_at_once_and_no_store_are_told_with_a_time_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        gate = api.app[GATE]
        monkeypatch.setattr(gate, "_most", 0)
        await w1.say(AcceptFrame("j1:w1:1"))
        frame = await refused(w1, "j1:w1:1")
        assert (frame.status, frame.error.code, frame.retry_after_s) == (503, "overloaded", 1)
        monkeypatch.undo()
        gate._by_worker["w1"] = WORKER_REQUESTS_AT_ONCE
        await w1.say(AcceptFrame("j1:w1:1"))
        frame = await refused(w1, "j1:w1:1")
        assert (frame.status, frame.error.code, frame.retry_after_s) == (429, "too_many_requests", 1)
        del gate._by_worker["w1"]
        fail(api, monkeypatch, "accept", StoreUnavailable("虚构"))
        await w1.say(AcceptFrame("j1:w1:1"))
        frame = await refused(w1, "j1:w1:1")
        assert (frame.status, frame.error.code, frame.retry_after_s) == (503, "store_unavailable", 2)
        monkeypatch.undo()
        await w1.say(AcceptFrame("j1:w1:1"))
        assert isinstance(await told(w1, "j1:w1:1"), AnsweredFrame)


async def test_what_nobody_expected_is_logged_and_told_and_the_socket_goes_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    async with phone(api, "w1") as w1:
        await w1.receive()
        fail(api, monkeypatch, "decline", RuntimeError("虚构"))
        with capture_logs() as logged:
            await w1.say(DeclineFrame("j1:w1:1"))
            assert (await refused(w1, "j1:w1:1")).error.code == "internal"
        assert [(line["event"], line["route"]) for line in logged] == [("request_failed", "decline")]
        monkeypatch.undo()
        await w1.say(DeclineFrame("j1:w1:1"))
        assert isinstance(await told(w1, "j1:w1:1"), AnsweredFrame)


async def test_two_hundred_sockets_on_five_seats(api: Api) -> None:
    people = [f"w{n}" for n in range(200)]
    await builders.in_play(api.store, "j1", people, headcount=5)

    async def answered(profile: str) -> str:
        async with phone(api, profile) as line:
            await line.receive()
            await line.say(AcceptFrame(f"j1:{profile}:1"))
            frame = await told(line, f"j1:{profile}:1")
            return frame.error.code if isinstance(frame, RefusedFrame) else str(frame.answered.acceptance)

    outcomes = await asyncio.gather(*map(answered, people))
    record = await api.store.posting("j1")
    assert outcomes.count("seated") == record.taken == 5
    assert outcomes.count("standby") == record.standby
    assert set(outcomes) <= {"seated", "standby", "offer_withdrawn"}


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_the_load_tests_workers_are_told_on_the_socket_or_ask_over_http(
    api: Api, monkeypatch: pytest.MonkeyPatch, is_deaf: bool
) -> None:
    async def deaf(*_: Any) -> None:
        """Hears everything and answers nothing."""

    if is_deaf:
        monkeypatch.setattr("server.api.inbox.hear", deaf)
        monkeypatch.setattr(clients, "SAID_WITHIN_S", 0.05)
    await builders.in_play(api.store, "j1", ["w1"])
    habits = clients.Habits(accepts=1.0, thinks_s=(0.0, 0.0), on_socket=1.0)
    over_http = clients.Api(api.session, str(api.session._base_url).rstrip("/"))
    w1 = clients.Worker(over_http, "w1", await api.worker("w1"), habits, lambda *_: None)
    running = asyncio.create_task(w1.run())
    async with asyncio.timeout(10):
        while not w1.told:  # noqa: ASYNC110 - its record is all that it tells
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert [(record.operation, record.answer) for record in w1.told] == [("accept", "seated")]
    text = (await api.get("/metrics")).data.decode()
    assert ('route="accept",status="200"' in text) is not is_deaf
    assert ('route="/v1/offers/{offer}/accept",status="200"' in text) is is_deaf
