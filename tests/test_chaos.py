"""`make chaos` in short: each kind of fault that test_crash does not know, once; and the tools that make them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from loadtest.chaos import disk, faults, run
from loadtest.chaos.disk import SizeLimit
from loadtest.chaos.proxy import Proxy, Side
from loadtest.chaos.shim import Shim
from loadtest.chaos.traffic import PatientApi
from loadtest.clients import Habits, Worker
from loadtest.stage import free_port

pytestmark = pytest.mark.timeout(240)
SHORT = ("freeze", "disk_full", "slow_sync", "dropped", "half_open", "wrong_clock", "bad_snapshot")


def test_nothing_acknowledged_is_lost_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "LASTS_S", (0.2, 0.5))
    monkeypatch.setattr(run, "BETWEEN_S", (0.0, 0.1))
    monkeypatch.setattr(run, "store_disk", SizeLimit)  # mounts nothing, asks for no rights
    plan = run.Plan(each=1, kinds=SHORT, enough=200, workers=60, in_flight=1)
    told = run.measure(plan, tmp_path)
    assert told["faults"] + len(told["left_out"]) == len(SHORT)
    assert told["acknowledged"] >= 200
    assert told["in_flight_least"] >= 1
    assert [problem for problem in run.problems_of(told, plan) if "refusal" in problem] == []
    wrong = ("lost", "double_booked", "overfilled", "illegal_states", "version_gaps")
    assert {name: told[name] for name in wrong} == dict.fromkeys(wrong, 0), told["examples"]


def test_what_is_not_as_promised_is_said() -> None:
    good = {
        "kinds": {kind: {"times": 6} for kind in faults.FAULTS}, "acknowledged": 20_000, "lost": 0, "double_booked": 0,
        "overfilled": 0, "illegal_states": 0, "version_gaps": 0, "recovery_s_median_of_the_slowest_kind": 5.0,
        "in_flight_least": 3, "refused": {"503 no_matcher": 9, "409 offer_withdrawn": 9, "429 too_many_requests": 1},
    }  # fmt: skip
    assert run.problems_of(good, run.Plan()) == []
    few = {"kinds": good["kinds"] | {"freeze": {"times": 4}}}
    left_out = {"kinds": {kind: {"times": 6} for kind in faults.FAULTS if kind != "wrong_clock"}}
    late = {"recovery_s_median_of_the_slowest_kind": 5.1}
    broken, odd = {"refused": {"500 internal": 1}}, {"refused": {"409 suspended": 1, "503 store_unavailable": 1}}
    for bad in (few, left_out, {"acknowledged": 19_999}, {"lost": 1}, late, {"in_flight_least": 2}, broken, odd):
        assert len(run.problems_of(good | bad, run.Plan())) == 1, bad


async def test_a_client_that_fails_ends_the_run_and_a_refusal_is_counted() -> None:
    async def refused(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": "offer_expired", "message": ""}}, status=409)

    async def no_json(_: web.Request) -> web.Response:
        return web.Response(text="Internal Server Error", status=500)

    async def inbox(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse(protocols=("kuaizhao.json",))
        await line.prepare(request)
        for offer in ("refused", "broken"):
            entry = {"offer": offer, "offer_state": "open", "acceptance": None}
            await line.send_json({"type": "card", "posting": {"id": offer}, "v": 1, "entry": entry})
            while not api.refused:  # noqa: ASYNC110 - the other one's answer
                await asyncio.sleep(0.01)
        await line.receive()
        return line

    app = web.Application()
    app.router.add_post("/v1/offers/refused/accept", refused)
    app.router.add_post("/v1/offers/broken/accept", no_json)
    app.router.add_get("/v1/inbox", inbox)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        api = PatientApi(session, str(server.make_url("")).rstrip("/"))
        worker = Worker(api, "w1", "", Habits(accepts=1.0, thinks_s=(0.0, 0.0), on_socket=0.0), lambda *_: None)
        with pytest.raises(ExceptionGroup) as failed:
            await asyncio.wait_for(worker.run(), 20)
    assert failed.group_contains(aiohttp.ContentTypeError)
    assert api.refused == {"409 offer_expired": 1}


def test_a_slow_sync_and_a_wrong_clock_are_felt_by_one_part_alone(tmp_path: Path) -> None:
    try:
        shim = Shim(tmp_path)
    except FileNotFoundError as exc:
        pytest.skip(str(exc))
    code = (
        "import os, sys, time\n"
        "file = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY)\n"
        "begun = time.monotonic(); os.fsync(file); took = time.monotonic() - begun\n"
        "print(took, time.time(), time.clock_gettime(time.CLOCK_REALTIME))\n"
    )
    shim.set("match", sync_ms=300, ahead_ms=-3_600_000)
    for part, took_s, ahead_s in (("match", 0.3, -3_600), ("serve", 0.0, 0)):
        words = [sys.executable, "-c", code, part, str(tmp_path / "file")]
        said = subprocess.run(words, env=os.environ | shim.environment, stdout=subprocess.PIPE, check=True, text=True)
        took, *clocks = map(float, said.stdout.split())
        assert took_s <= took < took_s + 5
        assert all(abs(clock - time.time() - ahead_s) < 30 for clock in clocks)
    assert shim.asked("match") >= 2
    assert shim.asked("serve") == 0
    shim.set("match")
    assert shim.asked("match") == 0


async def test_the_proxy_passes_on_cuts_and_leaves_ends_alone() -> None:
    echoing = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        echoing.append(asyncio.current_task())
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)

    server = await asyncio.start_server(echo, "127.0.0.1", port := free_port())
    proxy = Proxy(port)
    _, _, address = (await proxy.start()).rpartition("/")
    to = int(address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", to)
    sent = os.urandom(1 << 20)
    writer.write(sent)
    assert await reader.readexactly(len(sent)) == sent
    assert proxy.drop() == 1
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()

    left: Side
    for left in ("client", "server"):
        reader, writer = await asyncio.open_connection("127.0.0.1", to)
        writer.write(b"1")
        assert await reader.readexactly(1) == b"1"
        assert proxy.half_open(left) == 1
        if left == "client":
            writer.write(b"2")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await reader.readexactly(1)
        else:
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()
    await proxy.close()
    server.close()
    await asyncio.gather(*filter(None, echoing))
    assert len(echoing) == 3


async def test_in_flight_is_what_was_sent_a_moment_ago_on_a_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    accept, other = (f"POST /v1/offers/j1:w1:1/{what} HTTP/1.1\r\n".encode() for what in ("accept", "decline"))
    served: list[asyncio.StreamWriter] = []

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 16):
                pass

    async def seen(number: int) -> None:
        async with asyncio.timeout(10):
            while proxy.in_flight != number:  # noqa: ASYNC110 - lines ring no bell
                await asyncio.sleep(0.01)

    monkeypatch.setattr("loadtest.chaos.proxy.FRESH_S", 60.0)
    server = await asyncio.start_server(held, "127.0.0.1", port := free_port())
    proxy = Proxy(port)
    to = int((await proxy.start()).rpartition(":")[2])
    lines = [await asyncio.open_connection("127.0.0.1", to) for _ in range(3)]
    for (_, writer), request in zip(lines, (accept, accept, other), strict=True):
        writer.write(request)
    await seen(2)
    served[0].write(b"HTTP/1.1 503 Service Unavailable\r\n")  # an answer, whatever it says
    await seen(1)
    lines[0][1].write(accept)  # asked again
    await seen(2)
    monkeypatch.setattr("loadtest.chaos.proxy.FRESH_S", 0.0)
    assert proxy.in_flight == 0
    monkeypatch.setattr("loadtest.chaos.proxy.FRESH_S", 60.0)
    proxy.half_open("client")
    assert proxy.in_flight == 0
    lines[0][1].write(accept)  # on a line that is dead
    await asyncio.sleep(0.05)
    assert proxy.in_flight == 0
    for writer in (*served, *(writer for _, writer in lines)):
        writer.close()
    await proxy.close()
    server.close()


async def test_a_fault_that_met_nothing_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "LASTS_S", (0.0, 0.0))

    class Clockless:
        """A stage's store whose own clock is as wrong as it should be, and parts that never ask theirs."""

        def set(self, part: str, *, ahead_ms: int = 0) -> None:
            self.ahead_ms = ahead_ms

        def asked(self, part: str) -> int:
            return 0

        async def now_ms(self) -> int:
            return int(time.time() * 1000) + self.ahead_ms

    clockless: Any = Clockless()
    stage: Any = SimpleNamespace(settings=SimpleNamespace(data_dir=str(tmp_path), market="none"))
    house = faults.House(stage, clockless, Proxy(free_port()), SizeLimit(tmp_path), clockless, Random(1))
    for kind, why in (("dropped", "no connection"), ("half_open", "no connection"), ("wrong_clock", "not asked")):
        with pytest.raises(RuntimeError, match=why):
            await faults.FAULTS[kind](house)


def test_without_rights_the_limit_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(32, "mount", stderr=b"must be superuser")

    monkeypatch.setattr(disk.subprocess, "run", refused)
    assert isinstance(disk.store_disk(tmp_path / "data"), SizeLimit)
