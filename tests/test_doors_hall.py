"""In the hall: a queue number is called aloud, its PIN is not; a kiosk lets nobody in by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from matcher.store import Store
from server import kiosks, rates, sessions
from server.sessions import AT_A_KIOSK
from tests import builders
from tests.api import Api, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market

ID_NUMBER = "370202198005010018"


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await store.put_site("elsewhere", builders.site(name="虚构别处"))
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


async def ticket(api: Api, profile: str) -> dict[str, Any]:
    given: dict[str, Any] = (await api.post(f"/v1/profiles/{profile}/ticket", token=await api.token("clerk"))).data
    return given


def slip(given: dict[str, Any]) -> dict[str, Any]:
    return {"queue_no": given["queue_no"], "pin": given["pin"]}


async def test_number_and_pin_open_a_short_session(api: Api) -> None:
    await builders.register(api.store, "w1", "w2")
    first, second = await ticket(api, "w1"), await ticket(api, "w2")
    assert (first["queue_no"], second["queue_no"]) == (1, 2)
    record = await api.store.profile("w2")
    assert (record.presence, record.queue_no, record.presence_until_ms) == ("in_hall", 2, second["until_ms"])
    kiosk = await kiosks.add(api.store, "k1", builders.SITE, card_reader=False)
    entered = (await api.post("/v1/login/ticket", slip(second), token=kiosk)).data
    assert (entered["subject"], entered["site"], entered["idle_s"]) == ("w2", builders.SITE, AT_A_KIOSK.idle_s)
    assert (await api.get("/v1/offers", token=entered["token"])).status == 200
    again = await ticket(api, "w2")  # the slip is lost
    assert again["queue_no"] == 2
    assert (await api.post("/v1/login/ticket", slip(second), token=kiosk)).code == "bad_login"
    assert (await api.post("/v1/login/ticket", slip(again), token=kiosk)).status == 200


async def test_a_slip_stays_its_holders(api: Api) -> None:
    """A number typed twice, or brought along from another site, takes nobody's slip."""
    await builders.register(api.store, "w1", "w2")
    first = await ticket(api, "w1")
    said = {"state": "in_hall", "queue_no": first["queue_no"]}
    assert (await api.put("/v1/profiles/w2/presence", said, token=await api.token("clerk"))).status == 200
    second = await ticket(api, "w2")
    assert second["queue_no"] == first["queue_no"] + 1
    kiosk = await kiosks.add(api.store, "k1", builders.SITE, card_reader=False)
    elsewhere = await kiosks.add(api.store, "k2", "elsewhere", card_reader=False)
    gone_there = await sessions.log_in(api.store, "worker", "w2", "elsewhere", AT_A_KIOSK)
    third = (await api.post("/v1/profiles/w2/ticket", token=gone_there)).data
    assert (third["site"], third["queue_no"]) == ("elsewhere", 1)  # not the number brought along
    assert (await api.post("/v1/login/ticket", slip(third), token=elsewhere)).status == 200
    for whose, given in ("w1", first), ("w2", second):
        assert (await api.post("/v1/login/ticket", slip(given), token=kiosk)).data["subject"] == whose


async def test_a_slip_works_at_its_own_site(api: Api) -> None:
    await builders.register(api.store, "w1")
    given = await ticket(api, "w1")
    there = await kiosks.add(api.store, "k2", "elsewhere", card_reader=False)
    assert (await api.post("/v1/login/ticket", slip(given), token=there)).code == "bad_login"


async def test_pins_cannot_be_guessed(api: Api) -> None:
    await builders.register(api.store, "w1")
    given = await ticket(api, "w1")
    kiosk = await kiosks.add(api.store, "k1", builders.SITE, card_reader=False)
    wrong = [slip(given) | {"pin": f"{(int(given['pin']) + n) % 10**6:06d}"} for n in range(1, 6)]
    answers = await asyncio.gather(*(api.post("/v1/login/ticket", guess, token=kiosk) for guess in wrong))
    assert {a.code for a in answers} == {"bad_login"}
    assert (await api.post("/v1/login/ticket", slip(given), token=kiosk)).code == "too_many_requests"
    assert given["pin"] not in repr(await api.store.hashes("ticket", [f"{builders.SITE}:1"]))
    fresh = await ticket(api, "w1")
    assert (await api.post("/v1/login/ticket", slip(fresh), token=kiosk)).status == 200
    answers = [
        await api.post("/v1/login/ticket", {"queue_no": n, "pin": "123456"}, token=kiosk)
        for n in range(100, 101 + rates.KIOSK_TRIES.most)
    ]
    assert answers[-1].code == "too_many_requests"


async def test_an_id_card_opens_only_where_there_is_a_reader(api: Api) -> None:
    body = {
        "id": "w1",
        "profile": plain(builders.profile()) | {"born": "1980-05-01"},
        "person": plain(builders.person(1, id_number=ID_NUMBER)),
    }
    assert (await api.post("/v1/profiles", body, token=await api.token("clerk"))).status == 201
    without = await kiosks.add(api.store, "k1", builders.SITE, card_reader=False)
    with_reader = await kiosks.add(api.store, "k2", builders.SITE, card_reader=True)
    card = {"id_number": ID_NUMBER}
    assert (await api.post("/v1/login/card", card, token=without)).code == "forbidden"
    assert (await api.post("/v1/login/card", card, token=with_reader)).data["subject"] == "w1"
    stranger = {"id_number": "370202198005010026"}
    assert (await api.post("/v1/login/card", stranger, token=with_reader)).code == "bad_login"


async def test_a_worker_takes_a_number_only_at_a_kiosk(api: Api) -> None:
    await builders.register(api.store, "w1")
    at_home = await api.worker("w1")
    assert (await api.post("/v1/profiles/w1/ticket", token=at_home)).code == "forbidden"
    in_hall = await api.token("worker", "w1", builders.SITE)
    assert (await api.post("/v1/profiles/w1/ticket", token=in_hall)).status == 201


async def test_a_kiosk_is_bound_renewed_and_ended_by_a_manager(api: Api) -> None:
    manager, new = await api.token("manager"), {"id": "k9", "site": builders.SITE}
    assert (await api.post("/v1/kiosks", new, token=await api.token("clerk"))).code == "forbidden"
    assert (await api.post("/v1/kiosks", new | {"site": "nowhere"}, token=manager)).code == "no_site"
    first = (await api.post("/v1/kiosks", new, token=manager)).data["token"]
    assert (await api.get("/v1/session", token=first)).data["site"] == builders.SITE
    second = (await api.post("/v1/kiosks", new, token=manager)).data["token"]
    assert (await api.get("/v1/session", token=first)).code == "bad_token"
    assert (await api.post("/v1/kiosks/k9/end", token=manager)).data == {"sessions": 1}
    assert (await api.get("/v1/session", token=second)).code == "bad_token"
    assert (await api.post("/v1/kiosks/k9/end", token=manager)).code == "no_kiosk"


async def test_a_kiosks_token_moves_into_the_cookie_and_still_opens_short_sessions(api: Api) -> None:
    await builders.register(api.store, "w1")
    token = await kiosks.add(api.store, "k1", builders.SITE, card_reader=True)
    moved = await api.post("/v1/session/rotate?cookie=true", token=token)
    assert (moved.data["token"], moved.data["role"]) == ("", "kiosk")
    cookie = {"Cookie": moved.headers["Set-Cookie"].split(";")[0]}
    with_csrf = cookie | {"X-CSRF-Token": moved.data["csrf"]}
    seen = (await api.get("/v1/session", headers=cookie)).data
    assert (seen["site"], seen["csrf"], seen["card_reader"]) == (builders.SITE, moved.data["csrf"], True)
    given = slip(await ticket(api, "w1"))
    assert (await api.post("/v1/login/ticket", given, headers=cookie)).code == "bad_csrf"
    entered = (await api.post("/v1/login/ticket", given, headers=with_csrf)).data
    assert (entered["role"], entered["site"]) == ("worker", builders.SITE)
    ended = await api.post("/v1/session/end", {}, token=entered["token"])
    assert "Set-Cookie" not in ended.headers  # the cookie is the kiosk's, who stays
    assert (await api.get("/v1/sites", headers=cookie)).status == 200
    assert "Max-Age=0" in (await api.post("/v1/session/end", {}, headers=with_csrf)).headers["Set-Cookie"]
