"""In by telephone and one-time code: through a gateway that fails, and without telling who is registered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from matcher.store import Store
from server import rates
from server.keys import OUTBOX
from server.sessions import AT_A_KIOSK
from server.simulated_gateway import SimulatedGateway, Weather
from tests import builders
from tests.api import Api, Reply, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market

CALM = Weather(longest_delay_s=0.0)
NOBODY = "19900009999"
WRONG = "000000"


@asynccontextmanager
async def doors(
    valkey_url: str, data_dir: Path, weather: Weather = CALM
) -> AsyncIterator[tuple[Api, SimulatedGateway]]:
    """A server whose messages go through a simulated gateway, with w1 and w2 registered."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    gateway = SimulatedGateway(weather, seed=7)
    server = TestServer(gateway.app(), host="127.0.0.1")
    await server.start_server()
    try:
        async with running(store, data_dir, gateway_url=str(server.make_url("/messages"))) as api:
            clerk = await api.token("clerk")
            for n in (1, 2):
                body = {"id": f"w{n}", "profile": plain(builders.profile()), "person": plain(builders.person(n))}
                assert (await api.post("/v1/profiles", body, token=clerk)).status == 201
            yield api, gateway
    finally:
        await server.close()
        await store.close()


@pytest.fixture
async def door(valkey_url: str, tmp_path: Path) -> AsyncIterator[tuple[Api, SimulatedGateway]]:
    async with doors(valkey_url, tmp_path) as opened:
        yield opened


def telephone(n: int = 1) -> str:
    return builders.person(n).telephone


async def received(gateway: SimulatedGateway, number: str, count: int = 1) -> str:
    """The code of the count-th message to a telephone, once it is there."""
    async with asyncio.timeout(20):
        while len(gateway.of(number)) < count:  # noqa: ASYNC110 - a telephone can only be looked at
            await asyncio.sleep(0.01)
    (code,) = re.findall(r"\d{6}", gateway.of(number)[count - 1])
    return str(code)


async def asked(api: Api, number: str, **more: Any) -> Reply:
    return await api.post("/v1/login/code", {"telephone": number, **more.pop("body", {})}, **more)


async def try_code(api: Api, number: str, code: str, **more: Any) -> Reply:
    body = {"telephone": number, "code": code, **more.pop("body", {})}
    return await api.post("/v1/login/telephone", body, **more)


async def another_minute(api: Api) -> None:
    """The limit of one code a minute has passed."""
    for key in [k async for k in api.store.commands.scan_iter(api.store.key("rate", "code_minute:*"))]:
        await api.store.commands.delete(key)


async def test_a_worker_comes_in_with_a_code_that_works_once(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    reply = await asked(api, telephone())
    assert (reply.status, reply.data) == (202, {"lasts_s": 300, "again_s": 60})
    code = await received(gateway, telephone())
    entered = await try_code(api, telephone(), code)
    assert (entered.data["role"], entered.data["subject"], entered.data["site"]) == ("worker", "w1", "")
    assert (await api.get("/v1/profiles/w1", token=entered.data["token"])).status == 200
    assert (await api.get("/v1/profiles/w2", token=entered.data["token"])).code == "forbidden"
    assert (await try_code(api, telephone(), code)).code == "bad_login"


async def test_who_is_removed_while_they_come_in_stays_out(
    door: tuple[Api, SimulatedGateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, gateway = door
    clerk, employers = await api.token("clerk"), f"/v1/employers/{builders.EMPLOYER}/logins"
    firm = "19900000077"
    assert (await api.post(employers, {"telephone": firm}, token=clerk)).status == 200
    forget, door_of = rates.forget, ""

    async def forgotten(store: Store, *tries: tuple[rates.Rate, str]) -> None:
        await forget(store, *tries)
        if tries[0][0] is rates.WRONG_CODES_A_DAY:  # the code was right, and is used up
            if door_of == "worker":
                await store.erase("w1")
            else:
                await api.post(employers, {"telephone": firm, "allowed": False}, token=clerk)

    monkeypatch.setattr(rates, "forget", forgotten)
    for door_of, number in (("worker", telephone()), ("employer", firm)):
        body = {"door": door_of}
        await asked(api, number, body=body)
        assert (await try_code(api, number, await received(gateway, number), body=body)).code == "bad_login"
    kept = await builders.dump(api.store)
    assert not [key for key in kept if b"sessions_of:worker" in key or b"sessions_of:employer" in key]


async def test_nobody_learns_who_is_registered(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    known, unknown = await asked(api, telephone()), await asked(api, NOBODY)
    assert (known.status, known.data) == (unknown.status, unknown.data)
    code = await received(gateway, telephone())
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    known, unknown = await try_code(api, telephone(), wrong), await try_code(api, NOBODY, wrong)
    assert (known.status, known.data) == (unknown.status, unknown.data)
    assert known.code == "bad_login"
    assert (await asked(api, telephone())).code == (await asked(api, NOBODY)).code == "too_many_requests"
    assert await received(gateway, NOBODY)  # it may register


async def test_no_code_goes_to_a_telephone_that_no_employer_has(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    known = await asked(api, telephone())
    unknown = await asked(api, NOBODY, body={"door": "employer"})
    assert (known.status, known.data) == (unknown.status, unknown.data)
    async with asyncio.timeout(10):
        while await api.store.commands.zcard(api.store.key("outbox")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert gateway.of(NOBODY) == []


async def test_codes_cannot_be_guessed(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    await asked(api, telephone())
    code = await received(gateway, telephone())
    guesses = [f"{(int(code) + n) % 10**6:06d}" for n in range(1, rates.TRIES_FOR_A_CODE.most + 1)]
    answers = await asyncio.gather(*(try_code(api, telephone(), guess) for guess in guesses))
    assert {a.code for a in answers} == {"bad_login"}
    locked = await try_code(api, telephone(), code)
    assert (locked.status, locked.code) == (429, "too_many_requests")
    assert 0 < int(locked.headers["Retry-After"]) <= 3600
    for n in range(2, rates.CODES_A_DAY.most + 1):
        await another_minute(api)
        assert (await asked(api, telephone())).status == 202
        await received(gateway, telephone(), n)
    await another_minute(api)
    assert (await asked(api, telephone())).status == 429
    assert (await asked(api, telephone(2))).status == 202  # others are not locked out


async def test_wrong_codes_are_counted_across_codes_and_lock_nobody_out_of_the_hall(
    door: tuple[Api, SimulatedGateway],
) -> None:
    api, gateway = door
    answers = []
    for n in range(1, 5):
        await another_minute(api)
        await asked(api, telephone())
        code = await received(gateway, telephone(), n)
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        answers += [(await try_code(api, telephone(), wrong)).code for _ in range(4)]
    assert answers == ["bad_login"] * rates.WRONG_CODES_A_DAY.most + ["too_many_requests"]
    assert (await try_code(api, telephone(), code)).code == "too_many_requests"
    kiosk = await api.token("kiosk", "k1", builders.SITE)
    await asked(api, telephone(), token=kiosk)
    code = await received(gateway, telephone(), 5)
    assert (await try_code(api, telephone(), code)).code == "too_many_requests"
    assert (await try_code(api, telephone(), code, token=kiosk)).data["role"] == "worker"


async def test_a_code_ends_by_itself(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    await asked(api, telephone())
    code = await received(gateway, telephone())
    (key,) = [k async for k in api.store.commands.scan_iter(api.store.key("code", "*"))]
    assert 0 < await api.store.commands.ttl(key) <= 300
    await api.store.commands.pexpire(key, 0)
    assert (await try_code(api, telephone(), code)).code == "bad_login"


async def test_a_family_with_one_telephone_says_who_it_is(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    person = plain(builders.person(3, telephone=telephone()))
    body = {"id": "w3", "profile": plain(builders.profile()), "person": person}
    assert (await api.post("/v1/profiles", body, token=await api.token("clerk"))).status == 201
    await asked(api, telephone())
    code = await received(gateway, telephone())
    ((last, _),) = await api.store.commands.xrevrange(api.store.key("audit_log"), count=1)
    before = last.decode()
    which = await try_code(api, telephone(), code)
    assert (which.code, which.data["error"]["detail"]) == ("several_people", "w1 **1;w3 **3")
    ((_, seen),) = await api.store.commands.xrange(api.store.key("audit_log"), min=f"({before}")
    by, what, on = (seen[name.encode()].decode() for name in ("by", "what", "on"))
    assert (what, on) == ("log_in_by_telephone", "w1 w3")
    assert by.startswith("newcomer:")
    assert telephone() not in by
    assert (await try_code(api, telephone(), code, body={"subject": "w2"})).code == "bad_login"
    assert (await try_code(api, telephone(), code, body={"subject": "w3"})).data["subject"] == "w3"


async def test_an_employer_comes_in_where_a_clerk_has_named_the_telephone(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    clerk, path = await api.token("clerk"), f"/v1/employers/{builders.EMPLOYER}/logins"
    assert (await api.post(path, {"telephone": "10000000009"}, token=clerk)).data["allowed"] is True
    await asked(api, "10000000009", body={"door": "employer"})
    code = await received(gateway, "10000000009")
    assert (await try_code(api, "10000000009", code)).code == "bad_login"  # it is no worker's code
    entered = (await try_code(api, "10000000009", code, body={"door": "employer"})).data
    assert (entered["role"], entered["subject"]) == ("employer", builders.EMPLOYER)
    assert (await api.get(f"/v1/employers/{builders.EMPLOYER}", token=entered["token"])).status == 200
    await api.post(path, {"telephone": "10000000009", "allowed": False}, token=clerk)
    assert (await api.get(f"/v1/employers/{builders.EMPLOYER}", token=entered["token"])).code == "bad_token"


async def test_at_a_kiosk_the_session_is_short_and_of_its_site(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    kiosk = await api.token("kiosk", "k1", builders.SITE)
    await asked(api, telephone(), token=kiosk)
    entered = await try_code(api, telephone(), await received(gateway, telephone()), token=kiosk)
    assert (entered.data["site"], entered.data["idle_s"]) == (builders.SITE, AT_A_KIOSK.idle_s)
    assert (await api.post("/v1/profiles/w1/ticket", token=entered.data["token"])).status == 201


@pytest.mark.parametrize("weather", [
    Weather(longest_delay_s=0.05, refused=0.6),
    Weather(longest_delay_s=0.05, lost_answers=0.6),
    Weather(longest_delay_s=0.05, doubled=1.0),
], ids=["refuses", "loses answers", "doubles"])  # fmt: skip
async def test_a_gateway_in_bad_weather(
    valkey_url: str, tmp_path: Path, weather: Weather, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, soon in (("AGAIN_FIRST_MS", 10), ("AGAIN_MOST_MS", 50), ("LOOK_S", 0.02)):
        monkeypatch.setattr(f"server.outbox.{name}", soon)
    async with doors(valkey_url, tmp_path, weather) as (api, gateway):
        await asked(api, telephone())
        entered = await try_code(api, telephone(), await received(gateway, telephone()))
        assert entered.data["subject"] == "w1"
        async with asyncio.timeout(20):
            while await api.store.commands.zcard(api.store.key("outbox")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert len(set(gateway.handed_over)) == 1
        assert len(gateway.of(telephone())) == (2 if weather.doubled else 1)


async def test_what_waits_to_be_sent_is_sealed_and_ends(door: tuple[Api, SimulatedGateway]) -> None:
    api, _ = door
    outbox = api.app[OUTBOX]
    gateway, outbox._gateway = outbox._gateway, None
    assert (await asked(api, telephone())).code == "no_gateway"
    outbox._gateway = gateway
    await outbox.put(telephone(), "一条文字", mark="", for_s=60)
    stored = repr(await builders.dump(api.store))
    assert telephone() not in stored
    assert "一条文字".encode().hex() not in stored.replace("\\x", "")


async def test_without_a_gateway_nobody_is_left_waiting(valkey_url: str, tmp_path: Path) -> None:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    async with running(store, tmp_path) as api:
        assert (await asked(api, NOBODY)).code == "no_gateway"
    await store.close()
