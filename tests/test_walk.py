"""The walk: every route with every role, with none, and with expired, revoked, tampered and foreign sessions, in the
header and in the cookie, is answered as docs/routes.md says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from matcher.model import Role
from matcher.store import Store
from server import sessions
from server.doors.arguments import SCOPES
from server.keys import SESSIONS
from server.passwords import Passwords
from server.route import Route
from server.route_table import ROLES, cell, markdown
from server.routes import ROUTES
from tests import builders
from tests.conftest import TEST_CLOCK, new_market
from tests.memory import answering
from tests.walking import Walker, Way, needs_csrf, one_of_everything

pytestmark = pytest.mark.alone  # a matcher that is late is told as `no_matcher`, which no cell of the table allows

WITH_TOKEN = [route for route in ROUTES if route.roles is not None]
LIMITED = [(route, role) for route in WITH_TOKEN for role in sorted(route.limited)]
LAST: Final = ("register_self", "rotate_session", "end_session", "withdraw_consent", "move_away", "erase_profile")
"""They end sessions, and after the last of them there is nobody left to ask about."""
BESIDES: Final = {
    "illegal_move": {
        "review_posting", "withdraw_posting", "decline_offer", "reconsent", "withdraw", "check_in", "no_show", "done",
        "paid",
    },
    "no_penalty": {
        "appeal_profile_penalty", "decide_profile_penalty", "appeal_employer_penalty", "decide_employer_penalty",
    },
    "not_found": {"get_run", "replay_row", "discard_row", "undo_merge"},
    "no_site": {"push_rows"},
    "in_a_crew": {"post_crew"},
    "no_crew": {"leave_crew", "dissolve_crew"},
    "no_assignment": {"get_own_pass"},
    "no_profile": {"erase_profile", "move_away"},
    "no_number": {"call_number"},
    "wrong_code": {"check_in_by_code"},
    "bad_login": {"log_in_by_ticket"},
    "bad_body": {"inbox", "board"},  # they ask for a socket
}  # fmt: skip
"""What a role that may is told where the walk has come to an end of it: by what is asked about, not by the doors."""


@pytest.fixture
async def walker(valkey_url: str, tmp_path: Path) -> AsyncIterator[Walker]:
    async with one_of_everything(valkey_url, tmp_path) as walker:
        yield walker


def test_the_page_shows_the_table() -> None:
    page = Path(__file__).resolve().parent.parent / "docs" / "routes.md"
    assert page.read_text("utf-8") == markdown(), "python -m server.route_table > docs/routes.md"


async def test_without_a_session_only_what_is_open_answers(walker: Walker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Passwords, "_ask", lambda *_: False)  # no process for one password
    for route in ROUTES:
        reply = await walker.ask(route, None)
        if route.roles is None:
            assert reply.code in ("", "bad_login", "no_gateway"), route.path
        else:
            assert (reply.status, reply.code) == (401, "no_token"), route.path
            assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("way", ["header", "cookie"])
async def test_every_role_gets_what_the_table_says(walker: Walker, way: Way) -> None:
    async with answering(walker.api.store):
        for route in sorted(WITH_TOKEN, key=lambda r: LAST.index(r.name) if r.name in LAST else -1):
            for role in ROLES:
                if route.name in LAST:
                    walker.sessions.clear()
                reply = await walker.ask(route, await walker.own(role), way)
                if cell(route, role) == "-":
                    assert (reply.status, reply.code) == (403, "forbidden"), (route.path, role)
                else:
                    assert not reply.code or route.name in BESIDES.get(reply.code, ()), (route.path, role, reply.data)


async def test_a_key_without_a_routes_scope_opens_nothing_and_needs_no_other(walker: Walker) -> None:
    keys = {}
    for scope in SCOPES:
        others = [other for other in SCOPES if other != scope]
        keys[scope] = [
            await sessions.issue(walker.api.store, "integration", "key", scopes=s) for s in (others, [scope])
        ]
    for route in WITH_TOKEN:
        if cell(route, "integration") != "-" and route.scope:
            without, alone = [await walker.ask(route, key) for key in keys[route.scope]]
            assert (without.code, without.data["error"]["detail"]) == ("forbidden", route.scope), route.path
            assert alone.code != "forbidden", route.path


async def worth_nothing(walker: Walker, valkey_url: str) -> dict[str, str]:
    """Tokens as of a manager, who may the most."""
    whole, expired, revoked = [await walker.api.token("manager") for _ in range(3)]
    store, known = walker.api.store, walker.api.app[SESSIONS]
    for token in expired, revoked:
        assert (await walker.api.get("/v1/sites", token=token)).status == 200
    await store.commands.pexpire(store.key("session", sessions.hashed(expired)), 0)
    known.forget_all()
    assert (await walker.api.post("/v1/session/end", {}, token=revoked)).data == {"sessions": 1}
    other = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    foreign = await sessions.issue(other, "manager", "some-manager")
    await other.close()
    tampered = whole[:-1] + ("A" if whole[-1] != "A" else "B")
    return {"tampered": tampered, "expired": expired, "revoked": revoked, "of another market": foreign}


@pytest.mark.parametrize("way", ["header", "cookie"])
async def test_a_session_that_is_none_of_ours_opens_nothing(walker: Walker, valkey_url: str, way: Way) -> None:
    for what, token in (await worth_nothing(walker, valkey_url)).items():
        for route in WITH_TOKEN:
            reply = await walker.ask(route, token, way)
            assert (reply.status, reply.code) == (401, "bad_token"), (route.path, what)


async def test_a_cookie_without_its_csrf_token_changes_nothing_and_opens_no_socket(walker: Walker) -> None:
    before = await builders.dump(walker.api.store)
    for route in WITH_TOKEN:
        for role in route.roles or () if needs_csrf(route) else ():
            reply = await walker.ask(route, await walker.own(role), "cookie without csrf")
            assert (reply.status, reply.code) == (403, "bad_csrf"), (route.path, role)
    assert not changed(before, await builders.dump(walker.api.store))


@pytest.mark.parametrize(("route", "role"), LIMITED, ids=lambda x: x.name if isinstance(x, Route) else x)
def test_what_is_limited_is_said_of_a_role_that_may(route: Route, role: Role) -> None:
    assert route.roles is not None
    assert role in route.roles


async def test_what_is_anothers_is_refused(walker: Walker) -> None:
    before = await builders.dump(walker.api.store)
    for route, role in LIMITED:
        reply = await walker.ask(route, await walker.foreign(role))
        assert reply.code == route.hides, (route.path, role, reply.status, reply.data)
    audit_log = walker.api.store.key("audit_log").encode()  # that somebody tried is told
    assert changed(before, await builders.dump(walker.api.store)) <= {audit_log}


def changed(before: dict[bytes, object], after: dict[bytes, object]) -> set[bytes]:
    """Keys that are not as before; sessions apart."""
    return {k for k in before.keys() | after.keys() if before.get(k) != after.get(k) and b":session" not in k}


@pytest.mark.parametrize("role", ["employer", "kiosk", "worker", "clerk"])
async def test_the_list_of_postings_leaves_out_what_is_anothers(walker: Walker, role: Role) -> None:
    api = walker.api
    await builders.post(api.store, "j2", employer="firm-2", site="elsewhere", verdict="awaiting_review")
    await builders.post(api.store, "j3", employer="firm-2", site="elsewhere")
    token, shown = await walker.own(role), set()
    for state in ("open", "awaiting_review"):
        shown |= {p["id"] for p in (await api.get(f"/v1/postings?state={state}", token=token)).data["postings"]}
    assert ("j1" in shown, "j3" in shown, "j2" in shown) == (True, role in ("worker", "clerk"), role == "clerk")
