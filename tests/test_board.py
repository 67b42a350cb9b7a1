"""The board: employers, halls and the desk are told of postings as they change, and of nothing that is not theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import WSMsgType

from matcher import codec
from matcher.model import Role
from matcher.store import Store
from server import boards
from server.board_views import BoardHello, GoneFrame, PostingFrame, WaitingFrame
from server.keys import BOARDS
from server.posting_views import PostingView
from server.sockets import AliveFrame
from server.wire import typed
from tests import builders
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, new_market

Frame = BoardHello | PostingFrame | GoneFrame | WaitingFrame
Said = Frame | AliveFrame


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await store.put_site("elsewhere", builders.site(name="虚构别处"))
    await store.put_employer("firm-2", builders.employer(name="虚构另一家公司"))
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


class Board:
    """A client: keeps of two views of a posting the newer one."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line = line
        self.postings: dict[str, PostingView] = {}
        self.waiting: Any = None

    async def receive(self, within_s: float = 5.0) -> Frame:
        """The next frame that tells something."""
        frame = await self._said(within_s)
        while isinstance(frame, AliveFrame):
            frame = await self._said(within_s)
        if isinstance(frame, BoardHello):
            self.postings = {view.id: view for view in frame.postings}
            self.waiting = frame.waiting
        elif isinstance(frame, PostingFrame):
            self.postings[frame.posting.id] = frame.posting
        elif isinstance(frame, GoneFrame):
            self.postings.pop(frame.id, None)
        else:
            self.waiting = frame.waiting
        return frame

    async def _said(self, within_s: float) -> Said:
        message = await self.line.receive(within_s)
        assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY), message
        plain = msgspec.json.decode(message.data) if message.type is WSMsgType.TEXT else codec.unpack(message.data)
        said: Said = typed(plain, Said)  # type: ignore[arg-type]  # a union of tagged structs
        return said

    async def until(self, seen: Any) -> None:
        async with asyncio.timeout(5):
            while not seen():
                await self.receive()


@asynccontextmanager
async def watching(api: Api, role: Role, subject: str, site: str = "", **options: Any) -> AsyncIterator[Board]:
    headers = {"Authorization": f"Bearer {await api.token(role, subject, site)}"}
    async with api.session.ws_connect("/v1/board", headers=headers, **options) as line:
        board = Board(line)
        assert isinstance(await board.receive(), BoardHello)
        yield board


@pytest.mark.parametrize("wire", ["json", "msgpack"])
async def test_an_employer_sees_its_posting_fill(api: Api, wire: str) -> None:
    await builders.register(api.store, "w1", "w2")
    async with watching(api, "employer", builders.EMPLOYER, protocols=[f"kuaizhao.{wire}"]) as board:
        assert board.postings == {}
        await builders.post(api.store, "j1")
        await builders.offer(api.store, "j1", ["w1", "w2"])
        await board.until(lambda: "j1" in board.postings and board.postings["j1"].offered == 2)
        assert (board.postings["j1"].trade_name, board.postings["j1"].wave) == ("搬运工", 1)
        await builders.accept(api.store, "j1", "w1", "w2")
        await board.until(lambda: board.postings["j1"].state == "filled")
        assert board.postings["j1"].taken == 2


async def test_what_has_ended_is_told_and_no_longer_remembered(api: Api) -> None:
    async with watching(api, "employer", builders.EMPLOYER) as board:
        for id_ in ("j1", "j2"):
            await builders.post(api.store, id_)
            await board.until(lambda: id_ in board.postings)  # noqa: B023
        await api.store.withdraw("j1")
        await board.until(lambda: board.postings["j1"].state == "withdrawn")
        assert list(api.app[BOARDS]._whose) == ["j2"]


async def test_everybody_sees_what_is_theirs(api: Api) -> None:
    async with (
        watching(api, "employer", builders.EMPLOYER) as own,
        watching(api, "employer", "firm-2") as other,
        watching(api, "kiosk", "k1", builders.SITE) as hall,
        watching(api, "kiosk", "k2", "elsewhere") as elsewhere,
    ):
        await builders.post(api.store, "j1")
        await builders.post(api.store, "j2", employer="firm-2", site="elsewhere")
        for board, id_ in ((own, "j1"), (other, "j2"), (hall, "j1"), (elsewhere, "j2")):
            await board.until(lambda board=board: board.postings)
            assert list(board.postings) == [id_]
        for board in (own, other, hall, elsewhere):
            with pytest.raises(TimeoutError):
                await board.line.receive(0.2)


async def test_what_goes_to_another_site_or_into_review_is_gone_from_the_hall(api: Api) -> None:
    doc = await builders.post(api.store, "j1")
    async with watching(api, "kiosk", "k1", builders.SITE) as here, watching(api, "kiosk", "k2", "elsewhere") as there:
        assert list(here.postings) == ["j1"]
        moved = msgspec.structs.replace(doc, site="elsewhere")
        await api.store.amend("j1", builders.write(moved), material=True, warns=False)
        await there.until(lambda: there.postings)
        await here.until(lambda: not here.postings)
        await api.store.amend(
            "j1", builders.write(msgspec.structs.replace(moved, headcount=9)), material=False, warns=True
        )
        await there.until(lambda: not there.postings)


async def test_the_desk_is_told_what_waits(api: Api) -> None:
    await builders.post(api.store, "j0")
    async with watching(api, "clerk", "c1") as desk:
        assert (desk.postings, desk.waiting.reviews) == ({}, 0)
        await builders.post(api.store, "j1", verdict="awaiting_review")
        await desk.until(lambda: desk.waiting.reviews == 1)
        assert "j1" in desk.postings
        await api.store.review("j1", "open", "")
        await desk.until(lambda: desk.waiting.reviews == 0)
        assert desk.postings["j1"].state == "open"


async def test_the_desk_is_told_of_what_is_no_posting(api: Api) -> None:
    await builders.register(api.store, "w1")
    async with watching(api, "manager", "m1") as desk:
        assert desk.waiting.complaints == 0
        complaint = {"category": "pay", "text": "虚构:没拿到钱"}
        assert (await api.post("/v1/complaints", complaint, token=await api.worker("w1"))).status == 201
        await desk.until(lambda: desk.waiting.complaints == 1)


async def test_the_hall_does_not_read_what_only_the_employer_may(api: Api) -> None:
    await builders.post(api.store, "j1", verdict="awaiting_review")
    await api.store.review("j1", "open", "虚构的审核意见")
    async with watching(api, "kiosk", "k1", builders.SITE) as hall, watching(api, "employer", builders.EMPLOYER) as own:
        assert hall.postings["j1"].review_reason is None
        assert own.postings["j1"].review_reason is not None


async def test_after_a_gap_comes_a_new_hello(api: Api) -> None:
    async with watching(api, "employer", builders.EMPLOYER) as board:
        api.app[BOARDS].note_gap()
        assert isinstance(await board.receive(), BoardHello)


async def test_changes_in_quick_succession_are_told_as_one(api: Api) -> None:
    names = [f"w{n}" for n in range(40)]
    await builders.register(api.store, *names)
    async with watching(api, "employer", builders.EMPLOYER) as board:
        await builders.post(api.store, "j1", headcount=40)
        await builders.offer(api.store, "j1", names)
        await asyncio.gather(*(builders.accept(api.store, "j1", name) for name in names))
        frames = 0
        while not board.postings or board.postings["j1"].state != "filled":
            await board.receive()
            frames += 1
        assert frames < 20


async def test_a_session_that_ends_ends_the_line(api: Api) -> None:
    token = await api.token("employer", builders.EMPLOYER)
    async with api.session.ws_connect("/v1/board", headers={"Authorization": f"Bearer {token}"}) as line:
        await Board(line).receive()
        await api.post("/v1/session/end", {}, token=token)
        message = await line.receive(5)
        assert (message.type, line.close_code) == (WSMsgType.CLOSE, 4001)


async def test_no_more_watchers_than_a_process_or_a_subject_may_have(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "WATCHERS_A_SUBJECT", 1)
    async with watching(api, "clerk", "c1") as first, watching(api, "clerk", "c1"):
        assert (await first.line.receive(5)).type is WSMsgType.CLOSE
        assert first.line.close_code == 4009
        monkeypatch.setattr(boards, "WATCHERS_AT_ONCE", 1)
        reply = await api.get("/v1/board", token=await api.token("clerk", "c2"))
        assert (reply.status, reply.code) == (503, "overloaded")


async def test_a_store_that_is_away_is_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "BACK_OFF_S", 0.01)
    async with watching(api, "employer", builders.EMPLOYER) as board:
        read, failed = api.store.postings, asyncio.Event()

        async def away(ids: Any) -> Any:
            if not failed.is_set():
                failed.set()
                raise RuntimeError("invented")
            return await read(ids)

        monkeypatch.setattr(api.store, "postings", away)
        await builders.post(api.store, "j1")
        assert isinstance(await board.receive(), BoardHello)
        assert "j1" in board.postings
        assert failed.is_set()


@pytest.mark.parametrize(("role", "status"), [("worker", 403), ("integration", 403), (None, 401)])
async def test_the_board_is_for_who_watches_postings(api: Api, role: Any, status: int) -> None:
    headers = {"Authorization": f"Bearer {await api.token(role)}"} if role else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.session.ws_connect("/v1/board", headers=headers)
    assert refused.value.status == status
