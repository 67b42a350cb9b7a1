"""The walk: every route with every role, with none, and with expired, tampered and foreign sessions, is answered as
docs/routes.md says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from matcher.model import DAY_MS, Role
from matcher.store import Store
from server import complaint_views, posting_views, sessions, views, worker_views
from server.doors import views as doors
from server.keys import SESSIONS
from server.route import PARAMETER, Route
from server.route_table import ROLES, cell, markdown
from server.routes import ROUTES
from tests import builders
from tests.api import Api, Reply, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market
from tests.samples import least

OWN_IDS = {
    "profile": "w1",
    "offer": "j1:w1:1",
    "assignment": "j1:w1",
    "posting": "j1",
    "employer": builders.EMPLOYER,
    "site": builders.SITE,
    "crew": "c1",
    "series": "s1",
}
WITH_TOKEN = [route for route in ROUTES if route.roles is not None]
LIMITED = [(route, role) for route in WITH_TOKEN for role in sorted(route.limited)]


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """A market in which there is one of everything: w1 seated and in a crew, w2 beside them."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await store.put_site("elsewhere", builders.site(name="虚构别处"))
    await store.put_employer("firm-2", builders.employer(name="虚构另一家公司"))
    await builders.in_play(store, "j1", ["w1", "w2"])
    await builders.accept(store, "j1", "w1")
    await store.form_crew("c1", "w1", [])
    async with running(store, tmp_path) as api:
        days = await two_days(api)
        await api.post("/v1/series", {"id": "s1", "postings": days}, token=await api.token("clerk"))
        yield api
    await store.close()


async def two_days(api: Api) -> list[Any]:
    """A shift of the own employer, the day after tomorrow and the day after that."""
    shift = plain((await api.store.posting("j1")).doc)
    names = ("start_ms", "end_ms", "valid_until_ms")
    return [shift | {name: shift[name] + days * DAY_MS for name in names} for days in (2, 3)]


async def own_session(api: Api, role: Role) -> str:
    subject = {"worker": "w1", "employer": builders.EMPLOYER}.get(role, f"own-{role}")
    return await api.token(role, subject, builders.SITE if role == "kiosk" else "")


async def foreign_session(api: Api, role: Role) -> str:
    subject = {"worker": "w2", "employer": "firm-2"}.get(role, f"foreign-{role}")
    return await api.token(role, subject, "elsewhere" if role == "kiosk" else "")


async def bodies(api: Api) -> dict[type, Any]:
    """Bodies about what is the own role's; every other type gets the least that it asks for."""
    posting = plain((await api.store.posting("j1")).doc)
    return {
        views.SiteChange: {"site": plain(builders.site())},
        views.NewProfile: {"profile": plain(builders.profile()), "id": "w9"},
        views.ProfileChange: {"profile": plain(builders.profile())},
        views.NewEmployer: {"employer": plain(builders.employer(verified=False))},
        views.EmployerChange: {"employer": plain(builders.employer())},
        posting_views.NewPosting: {"posting": posting},
        posting_views.NewSeries: {"id": "s2", "postings": await two_days(api)},
        posting_views.PostingChange: {"posting": posting},
        complaint_views.NewComplaint: {"category": "other", "text": "虚构的话", "profile": "w1"},
        worker_views.NewCrew: {"leader": "w1"},
        worker_views.Member: {"profile": "w1"},
        doors.Ending: {},
    }


async def ask(api: Api, route: Route, token: str | None) -> Reply:
    path = route.path.format(**{name: OWN_IDS.get(name, "nothing") for name in PARAMETER.findall(route.path)})
    if route.query is not None and "profile" in route.query.__struct_fields__:
        path += "?profile=w1"
    body = (await bodies(api)).get(route.body) or least(route.body) if route.body is not None else None
    return await api.send(route.method, path, body, token=token)


def is_refused(reply: Reply) -> bool:
    return reply.status in (401, 403)


def test_the_page_shows_the_table() -> None:
    page = Path(__file__).resolve().parent.parent / "docs" / "routes.md"
    assert page.read_text("utf-8") == markdown(), "python -m server.route_table > docs/routes.md"


async def test_without_a_session_only_what_is_open_answers(api: Api) -> None:
    for route in ROUTES:
        reply = await ask(api, route, None)
        if route.roles is None:
            assert reply.code not in ("no_token", "bad_token", "forbidden"), route.path
        else:
            assert (reply.status, reply.code) == (401, "no_token"), route.path
            assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_a_session_that_has_ended_or_was_tampered_with_opens_nothing(api: Api) -> None:
    ended = await own_session(api, "manager")
    assert (await api.get("/v1/sites", token=ended)).status == 200
    await api.store.commands.pexpire(api.store.key("session", sessions.hashed(ended)), 0)
    api.app[SESSIONS].forget_all()
    whole = await own_session(api, "manager")
    tampered = whole[:-1] + ("A" if whole[-1] != "A" else "B")
    for route in WITH_TOKEN:
        for token in (ended, tampered):
            reply = await ask(api, route, token)
            assert (reply.status, reply.code) == (401, "bad_token"), route.path


async def test_every_role_gets_what_the_table_says(api: Api) -> None:
    for route in WITH_TOKEN:
        for role in ROLES:
            reply = await ask(api, route, await own_session(api, role))
            if cell(route, role) == "-":
                assert (reply.status, reply.code) == (403, "forbidden"), (route.path, role)
            else:
                words = reply.data["error"] if reply.code else ""
                assert not is_refused(reply) or _by_another_rule(route, role), (route.path, role, words)


def _by_another_rule(route: Route, role: Role) -> bool:
    """The few refusals that are no matter of role or ownership, and have tests of their own."""
    return (route.name, role) in {
        ("log_in_by_ticket", "kiosk"),  # a wrong PIN is 401
        ("log_in_by_card", "kiosk"),  # this one has no reader
        ("give_ticket", "worker"),  # not at a kiosk
        ("inbox", "worker"),  # no socket
    }


@pytest.mark.parametrize(("route", "role"), LIMITED, ids=lambda x: x.name if isinstance(x, Route) else x)
def test_what_is_limited_is_said_of_a_role_that_may(route: Route, role: Role) -> None:
    assert route.roles is not None
    assert role in route.roles


async def test_what_is_anothers_is_refused(api: Api) -> None:
    before = await builders.dump(api.store)
    for route, role in LIMITED:
        reply = await ask(api, route, await foreign_session(api, role))
        assert reply.code == route.hides, (route.path, role, reply.status, reply.data)
    after = await builders.dump(api.store)
    changed = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k) and b":session" not in k}
    changed.discard(api.store.key("audit_log").encode())  # that somebody tried is told
    assert not changed


@pytest.mark.parametrize("role", ["employer", "kiosk", "worker", "clerk"])
async def test_the_list_of_postings_leaves_out_what_is_anothers(api: Api, role: Role) -> None:
    await builders.post(api.store, "j2", employer="firm-2", site="elsewhere", verdict="awaiting_review")
    await builders.post(api.store, "j3", employer="firm-2", site="elsewhere")
    token, shown = await own_session(api, role), set()
    for state in ("open", "awaiting_review"):
        shown |= {p["id"] for p in (await api.get(f"/v1/postings?state={state}", token=token)).data["postings"]}
    assert ("j1" in shown, "j3" in shown, "j2" in shown) == (True, role in ("worker", "clerk"), role == "clerk")
