"""Profiles, employers and sites over HTTP."""

from __future__ import annotations

import time
from datetime import date

import pytest

from matcher.model import Presence, Site
from matcher.settings import MarketSettings
from server import sessions
from server.api.profiles import presence_until
from server.keys import VAULT
from tests import builders
from tests.api import Api, audit_lines, plain

ZONE_MS = 8 * 3_600_000
NOON_MS = 1_790_000_000_000 // 86_400_000 * 86_400_000 + 4 * 3_600_000  # 12:00 in the market's zone
HOUR_MS = 3_600_000


async def test_registering_keeps_the_person_sealed_and_apart(api: Api) -> None:
    clerk, person = await api.token("clerk"), builders.person(7)
    body = {"profile": plain(builders.profile()), "person": plain(person)}
    first = await api.post("/v1/profiles", body, token=clerk)
    assert first.status == 201
    again = await api.post("/v1/profiles", body, token=clerk)
    assert (again.data["id"], again.data["replay"]) == (first.data["id"], True)
    id_ = first.data["id"]
    assert api.app[VAULT].unseal(await api.store.person(id_)) == person
    stored = repr(await builders.dump(api.store))
    for secret in (person.telephone, person.name):
        assert repr(secret.encode())[2:-1] not in stored
    shown = await api.get(f"/v1/profiles/{id_}", token=clerk)
    assert person.name not in str(shown.data)
    assert shown.data["profile"] == plain(builders.profile())


async def test_a_worker_changes_their_profile_but_not_their_birthday(api: Api) -> None:
    await builders.register(api.store, "w1")
    w1, doc = await api.worker("w1"), plain(builders.profile(skills="也会开叉车"))
    assert (await api.put("/v1/profiles/w1", {"profile": doc}, token=w1)).data == {
        "id": "w1", "v": 2, "replay": False, "state": "",
    }  # fmt: skip
    assert (await api.put("/v1/profiles/w1", {"profile": doc}, token=w1)).data["replay"] is True
    stale = {"profile": doc | {"skills": "又改了"}, "expected_v": 1}
    assert (await api.put("/v1/profiles/w1", stale, token=w1)).code == "stale_version"
    younger = {"profile": doc | {"born": "1990-05-01"}}
    assert (await api.put("/v1/profiles/w1", younger, token=w1)).code == "forbidden"


async def test_what_papers_say_staff_change_with_the_paper_they_have_seen(api: Api) -> None:
    clerk, doc = await api.token("clerk", "c1"), plain(builders.profile())
    numbered = builders.person(2, id_number="000000198005010010")
    for id_, person in (("w1", builders.person(1)), ("w2", numbered)):
        new = {"id": id_, "profile": doc, "person": plain(person)}
        assert (await api.post("/v1/profiles", new, token=clerk)).status == 201
    younger = {"profile": doc | {"born": "1990-05-01"}}
    driver = {"profile": doc | {"born": "1990-05-01", "certificates": [plain(builders.certificate())]}}
    assert (await api.put("/v1/profiles/w1", younger, token=clerk)).code == "bad_field"  # without a reason
    why = {"reason": "户口簿,打13800001234核对"}
    assert (await api.put("/v1/profiles/w1", younger | why, token=clerk)).status == 200
    assert (await api.put("/v1/profiles/w1", driver, token=clerk)).code == "bad_field"
    assert (await api.put("/v1/profiles/w1", driver | {"reason": "叉车证原件"}, token=clerk)).status == 200
    assert (await api.put("/v1/profiles/w2", younger | why, token=clerk)).code == "bad_field"  # the ID number says it
    assert (await api.store.profile("w1")).doc.born == date(1990, 5, 1)
    assert (await api.store.profile("w2")).doc == builders.profile()
    assert [line[1:] for line in await audit_lines(api.store) if line[1].startswith("review_")] == [
        ("review_born", "w1", "户口簿,打138****1234核对"),
        ("review_certificates", "w1", "叉车证原件"),
    ]
    key = await api.token("integration")
    assert (await api.put("/v1/profiles/w1", {"profile": doc}, token=key)).code == "forbidden"


async def test_only_the_hall_says_who_is_in_the_hall(api: Api) -> None:
    await builders.register(api.store, "w1")
    w1, clerk = await api.worker("w1"), await api.token("clerk")
    path = "/v1/profiles/w1/presence"
    available = await api.put(path, {"state": "available"}, token=w1)
    until_ms = available.data["until_ms"]
    assert (until_ms + ZONE_MS) % 86_400_000 == 0  # local midnight
    assert (await api.put(path, {"state": "in_hall", "queue_no": 1}, token=w1)).code == "forbidden"
    assert (await api.put(path, {"state": "available", "queue_no": 1}, token=w1)).code == "forbidden"
    at_kiosk = await sessions.log_in(api.store, "worker", "w1", builders.SITE, sessions.AT_A_KIOSK)
    assert (await api.put(path, {"state": "in_hall"}, token=at_kiosk)).status == 200
    assert (await api.put(path, {"state": "in_hall", "queue_no": 1}, token=at_kiosk)).code == "forbidden"
    assert (await api.put(path, {"state": "in_hall", "queue_no": 12}, token=clerk)).status == 200
    record = await api.store.profile("w1")
    assert (record.presence, record.queue_no) == ("in_hall", 12)
    past = time.time_ns() // 1_000_000 - 1
    assert (await api.put(path, {"state": "available", "until_ms": past}, token=w1)).code == "bad_field"
    far = past + 2 * 86_400_000
    assert (await api.put(path, {"state": "available", "until_ms": far}, token=w1)).code == "bad_field"


@pytest.mark.parametrize(
    ("closes", "now", "until"),
    [("18:00", NOON_MS, NOON_MS + 6 * HOUR_MS), ("11:30", NOON_MS, NOON_MS + 12 * HOUR_MS)],
)
def test_presence_in_the_hall_ends_when_it_closes_else_at_midnight(closes: str, now: int, until: int) -> None:
    site: Site = builders.site(closes=closes)
    assert presence_until(Presence(state="in_hall"), site, MarketSettings(), now) == until
    assert presence_until(Presence(state="available"), None, MarketSettings(), now) == NOON_MS + 12 * HOUR_MS
    asked = Presence(state="in_hall", until_ms=now + HOUR_MS)
    assert presence_until(asked, site, MarketSettings(), now) == now + HOUR_MS


async def test_a_clerk_suspends_with_a_reason_that_the_worker_reads(api: Api) -> None:
    await builders.register(api.store, "w1")
    w1, clerk, path = await api.worker("w1"), await api.token("clerk"), "/v1/profiles/w1/suspension"
    until_ms = time.time_ns() // 1_000_000 + HOUR_MS
    assert (await api.put(path, {"until_ms": until_ms, "reason": "虚构"}, token=w1)).code == "forbidden"
    assert (await api.put(path, {"until_ms": until_ms, "reason": " "}, token=clerk)).code == "bad_field"
    assert (await api.put(path, {"until_ms": until_ms, "reason": "虚构:投诉核实中"}, token=clerk)).data["v"] == 2
    shown = (await api.get("/v1/profiles/w1", token=w1)).data
    assert (shown["suspended_until_ms"], shown["suspended_reason"]) == (until_ms, "虚构:投诉核实中")
    assert (await api.put(path, {}, token=clerk)).data["v"] == 3
    assert (await api.get("/v1/profiles/w1", token=w1)).data["suspended_until_ms"] == 0


async def test_employers_cannot_verify_themselves(api: Api) -> None:
    integration, clerk = await api.token("integration"), await api.token("clerk")
    new = {"id": "firm-2", "employer": plain(builders.employer(verified=True))}
    assert (await api.post("/v1/employers", new, token=integration)).code == "forbidden"
    new["employer"] |= {"verified": False}
    assert (await api.post("/v1/employers", new, token=integration)).status == 201
    assert (await api.post("/v1/employers", new, token=integration)).data["replay"] is True
    assert (await api.post("/v1/employers", new | {"employer": plain(builders.employer())}, token=clerk)).code == (
        "key_reused"
    )
    own, path = await api.token("employer", "firm-2"), "/v1/employers/firm-2"
    grown = new["employer"] | {"contact": "虚女士"}
    assert (await api.put(path, {"employer": grown | {"verified": True}}, token=own)).code == "forbidden"
    assert (await api.post(f"{path}/verify", {"verified": True}, token=own)).code == "forbidden"
    assert (await api.post(f"{path}/verify", {"verified": True}, token=clerk)).status == 200
    assert (await api.put(path, {"employer": grown}, token=own)).status == 200
    shown = (await api.get(path, token=own)).data["employer"]
    assert (shown["verified"], shown["contact"]) == (True, "虚女士")
    renamed = {"employer": grown | {"name": "虚构改名公司", "verified": True}}
    assert (await api.put(path, renamed, token=own)).status == 200
    assert (await api.get(path, token=own)).data["employer"]["verified"] is False


async def test_sites_are_configuration(api: Api) -> None:
    manager, worker = await api.token("manager"), await api.worker("w1")
    body = {"site": plain(builders.site(name="虚构新站"))}
    assert (await api.put("/v1/sites/new", body, token=worker)).code == "forbidden"
    assert (await api.put("/v1/sites/new", body, token=manager)).data["v"] == 1
    assert (await api.put("/v1/sites/new", body | {"expected_v": 9}, token=manager)).data["replay"] is True
    other = {"site": plain(builders.site(name="虚构又一站")), "expected_v": 9}
    assert (await api.put("/v1/sites/new", other, token=manager)).code == "stale_version"
    assert [s["id"] for s in (await api.get("/v1/sites", token=worker)).data["sites"]] == ["new", builders.SITE]
    assert (await api.get("/v1/sites/new", token=worker)).data["site"]["name"] == "虚构新站"
