"""Who is not known yet: a proved telephone, then a registration with consent; and nothing told before the proof."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest import consent
from server import rates
from server.sessions import AT_A_KIOSK
from server.simulated_gateway import SimulatedGateway
from tests import builders
from tests.api import Api, Reply, plain
from tests.test_doors_telephone import NOBODY, another_minute, asked, door, received, telephone, try_code

__all__ = ["door"]  # the fixture

ID_NUMBER = "999900198005010017"  # invented: of no place, with a right check digit and the birthday of builders.profile


def registration(**over: Any) -> dict[str, Any]:
    return {
        "telephone": NOBODY,
        "name": "虚构新来的",
        "id_number": ID_NUMBER,
        "consent": consent.read().version,
        "profile": plain(builders.profile()),
    } | over


async def newcomer(api: Api, gateway: SimulatedGateway, number: str = NOBODY, count: int = 1, **more: Any) -> Reply:
    await asked(api, number, token=more.get("token"))
    return await try_code(api, number, await received(gateway, number, count), **more)


async def test_a_proved_telephone_registers_and_is_in(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    come = (await newcomer(api, gateway)).data
    assert (come["role"], come["site"]) == ("newcomer", "")
    assert NOBODY not in come["subject"]
    text = (await api.get("/v1/consent")).data
    assert text == {"version": consent.read().version, "text": consent.read().text, "earlier": []}
    assert (await api.get("/v1/postings", token=come["token"])).code == "forbidden"
    reply = await api.post("/v1/login/register", registration(), token=come["token"])
    assert (reply.status, reply.data["role"]) == (200, "worker")
    token, id_ = reply.data["token"], reply.data["subject"]
    assert (await api.get(f"/v1/profiles/{id_}/person", token=token)).data["name"] == "虚构新来的"
    assert (await api.get("/v1/session", token=come["token"])).code == "bad_token"
    await another_minute(api)
    again = (await newcomer(api, gateway, count=2)).data
    assert (again["role"], again["subject"]) == ("worker", id_)


async def test_after_a_lost_answer_the_same_again_is_the_same_person(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    first = (await newcomer(api, gateway)).data["token"]
    registered = await api.post("/v1/login/register", registration(), token=first)
    await another_minute(api)
    second = (await newcomer(api, gateway, count=2, body={"newcomer": True})).data["token"]
    again = await api.post("/v1/login/register", registration(), token=second)
    assert again.data["subject"] == registered.data["subject"]
    assert len(await api.store.ids("profile")) == 3


@pytest.mark.parametrize(("over", "code"), [
    ({"telephone": telephone()}, "forbidden"),
    ({"consent": "a text that is not in force"}, "new_consent"),
    ({"profile": plain(builders.profile(certificates=[builders.certificate()]))}, "forbidden"),
    ({"profile": plain(builders.profile(born=date(1981, 5, 1)))}, "bad_field"),
    ({"id_number": ID_NUMBER[:-1] + "1"}, "bad_field"),
    ({"id_number": ""}, "bad_field"),
    ({"profile": plain(builders.profile(site="nowhere"))}, "no_site"),
], ids=["another's telephone", "another text", "certificates", "born", "checksum", "no number", "site"])  # fmt: skip
async def test_what_a_newcomer_may_not_say(door: tuple[Api, SimulatedGateway], over: dict[str, Any], code: str) -> None:
    api, gateway = door
    token = (await newcomer(api, gateway)).data["token"]
    assert (await api.post("/v1/login/register", registration(**over), token=token)).code == code
    assert sorted(await api.store.ids("profile")) == ["w1", "w2"]


async def test_an_id_number_that_another_telephone_has(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    person = plain(builders.person(3, id_number=ID_NUMBER))
    clerk = await api.token("clerk")
    assert (await api.post("/v1/profiles", {"profile": plain(builders.profile()), "person": person}, token=clerk)).data
    token = (await newcomer(api, gateway)).data["token"]
    for _ in range(rates.REGISTRATIONS_A_DAY.most):
        assert (await api.post("/v1/login/register", registration(), token=token)).code == "registered"
    assert (await api.post("/v1/login/register", registration(), token=token)).code == "too_many_requests"


async def test_somebody_else_of_a_family_registers_on_its_telephone(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    token = (await newcomer(api, gateway, telephone(), body={"newcomer": True})).data["token"]
    reply = await api.post("/v1/login/register", registration(telephone=telephone()), token=token)
    assert reply.data["subject"] not in ("w1", "w2")


async def test_at_a_kiosk_the_site_is_the_kiosks_and_the_session_short(door: tuple[Api, SimulatedGateway]) -> None:
    api, gateway = door
    kiosk = await api.token("kiosk", "k1", builders.SITE)
    come = (await newcomer(api, gateway, token=kiosk)).data
    assert (come["role"], come["site"], come["idle_s"]) == ("newcomer", builders.SITE, AT_A_KIOSK.idle_s)
    body = registration(profile=plain(builders.profile(site="nowhere")))
    reply = await api.post("/v1/login/register", body, token=come["token"])
    assert (reply.data["site"], reply.data["idle_s"]) == (builders.SITE, AT_A_KIOSK.idle_s)


def test_a_text_of_ones_own_is_read_and_a_broken_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "consent.toml"
    file.write_text('version = "2"\ntext = "虚构的同意书"', "utf-8")
    assert consent.read(str(file)).version == "2"
    file.write_text('version = "2"', "utf-8")
    with pytest.raises(ValueError, match="KUAIZHAO_CONSENT_FILE"):
        consent.read(str(file))
