"""Who asks, and that nobody sees or moves what is not theirs."""

from __future__ import annotations

from typing import Any, get_args

from matcher.model import Role
from matcher.store import Store
from server import sessions
from server.doors.arguments import SCOPES
from server.routes import ROUTES
from tests import builders
from tests.api import Api, plain
from tests.conftest import TEST_CLOCK, new_market

ROLES: tuple[Role, ...] = get_args(Role)


async def test_a_foreign_or_expired_token_is_refused(api: Api) -> None:
    assert (await api.get("/v1/sites", token="not-one-of-ours")).code == "bad_token"
    assert (await api.get("/v1/sites", headers={"Authorization": "Basic abc"})).code == "no_token"
    assert (await api.get("/v1/sites", headers={"Authorization": "Bearer "})).code == "no_token"


async def test_a_token_of_another_market_is_foreign(api: Api, valkey_url: str) -> None:
    other = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    token = await sessions.issue(other, "manager", "boss")
    await other.close()
    assert (await api.get("/v1/sites", token=token)).code == "bad_token"


async def test_a_worker_moves_only_what_is_theirs(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1", "w2"])
    mine = await api.worker("w1")
    body: Any = {"profile": plain(builders.profile())}
    for method, path, sent in [
        ("GET", "/v1/profiles/w2", None),
        ("PUT", "/v1/profiles/w2", body),
        ("PUT", "/v1/profiles/w2/presence", {"state": "available"}),
        ("GET", "/v1/offers?profile=w2", None),
        ("GET", "/v1/assignments?profile=w2", None),
        ("POST", "/v1/offers/j1:w2:1/accept", None),
        ("POST", "/v1/offers/j1:w2:1/decline", {}),
        ("POST", "/v1/assignments/j1:w2/confirm", None),
        ("POST", "/v1/assignments/j1:w2/withdraw", None),
        ("POST", "/v1/assignments/j1:w2/release", {}),
        ("POST", "/v1/assignments/j1:w2/paid", None),
    ]:
        reply = await api.send(method, path, sent, token=mine)
        assert (reply.status, reply.code) == (403, "forbidden"), path
    assert (await api.get("/v1/profiles/w1", token=mine)).data["id"] == "w1"
    assert (await api.store.entries("j1"))["w2"].offer == "open"


async def test_an_employer_moves_only_what_is_theirs(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    await builders.accept(api.store, "j1", "w1")
    await api.store.put_employer("firm-2", builders.employer(name="虚构另一家公司"))
    other = await api.token("employer", "firm-2")
    doc = plain((await api.store.posting("j1")).doc)
    for method, path, sent in [
        ("PUT", "/v1/postings/j1", {"posting": doc}),
        ("POST", "/v1/postings/j1/close", None),
        ("POST", "/v1/postings/j1/withdraw", None),
        ("POST", "/v1/postings/j1/submit", None),
        ("GET", "/v1/postings/j1/entries", None),
        ("POST", "/v1/postings", {"posting": doc}),
        ("GET", f"/v1/employers/{builders.EMPLOYER}", None),
        ("PUT", f"/v1/employers/{builders.EMPLOYER}", {"employer": plain(builders.employer())}),
        ("POST", "/v1/assignments/j1:w1/release", {}),
        ("POST", "/v1/assignments/j1:w1/no-show", None),
        ("POST", "/v1/assignments/j1:w1/check-in", None),
    ]:
        reply = await api.send(method, path, sent, token=other)
        assert (reply.status, reply.code) == (403, "forbidden"), path
    assert (await api.get("/v1/postings/j1", token=other)).code == "no_posting"
    listed = await api.get(f"/v1/postings?employer={builders.EMPLOYER}", token=other)
    assert listed.data["postings"] == []


async def test_an_employer_sees_pseudonyms_and_no_reasons(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    own, clerk = await api.token("employer", builders.EMPLOYER), await api.token("clerk")
    (seen,) = (await api.get("/v1/postings/j1/entries", token=own)).data["entries"]
    assert (seen["profile"], seen["distance_m"], seen["reasons"], seen["decline_reason"]) == ("w1", None, None, None)
    (full,) = (await api.get("/v1/postings/j1/entries", token=clerk)).data["entries"]
    assert (full["distance_m"], full["reasons"]) == (1_000, ["近"])


async def test_a_kiosk_serves_its_own_site_and_acts_for_nobody(api: Api) -> None:
    await api.store.put_site("elsewhere", builders.site(name="虚构别处"))
    await builders.in_play(api.store, "j1", ["w1"])
    await builders.accept(api.store, "j1", "w1")
    here, there = await api.token("kiosk", site=builders.SITE), await api.token("kiosk", site="elsewhere")
    for method, path, sent in [
        ("GET", "/v1/profiles/w1", None),
        ("GET", "/v1/offers?profile=w1", None),
        ("POST", "/v1/offers/j1:w1:1/accept", None),
        ("PUT", "/v1/profiles/w1/presence", {"state": "in_hall", "queue_no": 1}),
        ("POST", "/v1/profiles/w1/ticket", None),
    ]:
        assert (await api.send(method, path, sent, token=here)).code == "forbidden", path
    assert (await api.get("/v1/postings/j1", token=there)).code == "no_posting"
    new = {"profile": plain(builders.profile()), "person": plain(builders.person())}
    assert (await api.post("/v1/profiles", new, token=here)).code == "forbidden"  # nor does it learn who is registered
    assert (await api.post("/v1/assignments/j1:w1/check-in", token=there)).code == "forbidden"
    assert (await api.post("/v1/assignments/j1:w1/check-in", token=here)).code == "too_early"
    assert (await api.get("/v1/postings/j1/entries", token=here)).status == 200
    assert (await api.get("/v1/postings/j1/entries", token=there)).code == "forbidden"


async def test_a_key_does_only_what_its_scopes_say(api: Api) -> None:
    key = await sessions.issue(api.store, "integration", "sync", scopes=["sites", "postings"])
    assert (await api.get("/v1/sites", token=key)).status == 200
    assert (await api.get("/v1/postings", token=key)).status == 200
    assert (await api.get("/v1/session", token=key)).data["scopes"] == ["postings", "sites"]
    refused = await api.post("/v1/employers", {"employer": plain(builders.employer())}, token=key)
    assert (refused.code, refused.data["error"]["detail"]) == ("forbidden", "employers")


def test_a_key_may_be_given_every_scope_that_a_route_asks_an_integration_for() -> None:
    asked = {route.scope for route in ROUTES if route.roles is not None and "integration" in route.roles}
    assert set(SCOPES) == asked - {""}
