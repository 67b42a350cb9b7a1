"""By the table: what staff change, and whatever they look at that is about somebody, is in the audit log before it is
done or shown; so is what tells who somebody is, whoever asks."""

from __future__ import annotations

import asyncio
import io
import os
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import inspect

from ingest import desk
from matcher.errors import StoreUnavailable
from matcher.settings import Settings
from matcher.store import opened
from server.auth import STAFF
from server.doors import commands
from server.posting_views import OrderLine
from server.route import PARAMETER, Route
from server.routes import ROUTES
from server.wire import typed
from tests import builders
from tests.api import Reply, audit_lines
from tests.conftest import running_valkey
from tests.walking import OWN_IDS, REASON, Walker, one_of_everything

OF_SOMEBODY: Final = {"profile", "person", "telephone", "id_number", "contact", "born", "crew", "appeal", "row"}
"""Fields that only what is about somebody has."""
PUBLISHED: Final = {OrderLine}
"""What everybody may see of a posting that was awarded, by pseudonym."""
FOR_STAFF = sorted((r for r in ROUTES if STAFF & (r.roles or frozenset())), key=lambda route: route.method != "GET")


@pytest.fixture
async def walker(valkey_url: str, tmp_path: Path) -> AsyncIterator[Walker]:
    async with one_of_everything(valkey_url, tmp_path) as walker:
        yield walker


async def ask(walker: Walker, route: Route) -> Reply:
    """By a new session of a manager: one of the routes ends it."""
    return await walker.ask(route, await walker.api.token("manager", "boss"))


def shows_nobody(route: Route, reply: Reply) -> bool:
    """A list that is empty."""
    return hasattr(route.answer, "about") and reply.status == 200 and not typed(reply.data, route.answer).about


async def test_every_route_for_staff_leaves_its_line(walker: Walker) -> None:
    for route in FOR_STAFF:
        before = len(await audit_lines(walker.api.store))
        reply = await ask(walker, route)
        lines = [line for line in (await audit_lines(walker.api.store))[before:] if line[0] == "manager:boss"]
        if route.impersonal or shows_nobody(route, reply):
            assert not lines, route.path
            continue
        _, what, on, why = lines[0]
        assert what in (route.name, f"{route.name} refused:{reply.code}"), route.path
        ids = [OWN_IDS.get(name, "nothing") for name in PARAMETER.findall(route.path)]
        assert on.split()[: len(ids)] == ids, route.path
        asked = [kind.__struct_fields__ for kind in (route.query, route.body) if kind is not None]
        assert why == (REASON if any("reason" in fields for fields in asked) else ""), route.path


async def test_the_lines_of_a_list_say_whom_it_showed(walker: Walker) -> None:
    api = walker.api
    clerk = await api.token("clerk", "c1")
    for path in ("/v1/complaints", "/v1/complaints?profile=w1"):
        assert len((await api.get(path, token=clerk)).data["complaints"]) == 1
        assert (await audit_lines(api.store))[-1] == ("clerk:c1", "list_complaints", "w1", "")
    before = await audit_lines(api.store)
    assert len((await api.get("/v1/complaints", token=await api.worker("w1"))).data["complaints"]) == 1
    assert await audit_lines(api.store) == before  # one's own


async def test_nothing_is_done_or_shown_while_no_line_can_be_written(
    walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, call = walker.api.store, walker.api.store.call

    async def unlogged(name: str, *args: Any, **options: Any) -> Any:
        if name == "audit_log":
            raise StoreUnavailable("audit_log")
        return await call(name, *args, **options)

    before = await builders.dump(store)
    monkeypatch.setattr(store, "call", unlogged)
    for route in FOR_STAFF:
        reply = await ask(walker, route)
        if not route.impersonal and not shows_nobody(route, reply):
            assert (reply.status, reply.code) == (503, "store_unavailable"), route.path
    after = await builders.dump(store)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert not {key for key in changed if b":session" not in key and b":rate:" not in key}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.impersonal], ids=lambda route: route.name)
def test_what_is_not_logged_is_about_nobody(route: Route) -> None:
    assert not route.audited
    assert route.answer is None or not OF_SOMEBODY & set(fields(inspect.type_info(route.answer), set(PUBLISHED)))


def fields(kind: Any, seen: set[type]) -> Iterator[str]:
    """The names of all fields that an answer of this type may have."""
    if isinstance(kind, inspect.StructType) and kind.cls not in seen:
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.name
            yield from fields(field.type, seen)
    for name in ("item_type", "value_type"):
        if hasattr(kind, name):
            yield from fields(getattr(kind, name), seen)
    for name in ("types", "item_types"):
        for each in getattr(kind, name, ()):
            yield from fields(each, seen)


def test_what_is_done_at_the_machine_is_told_too(tmp_path: Path) -> None:
    with running_valkey() as server:
        settings = Settings(redis_url=server.url, market="qingdao", data_dir=str(tmp_path))
        assert commands.run(settings, Namespace(command="key", what="remove", name="sync"), io.StringIO()) == 1
        assert commands.run(settings, Namespace(command="kiosk", what="list"), io.StringIO()) == 0
        assert desk.discard(settings, io.StringIO(), ["q1", "q2"]) == 0
        assert desk.show_kept(settings, io.StringIO(), "quarantine", site="", count=9, as_json=False) == 0

        async def told() -> list[tuple[str, ...]]:
            async with opened(settings.store_url, settings.market) as store:
                return await audit_lines(store)

        me = f"operator:{os.getuid()}"
        assert asyncio.run(told()) == [(me, "key remove", "sync", ""), (me, "discard_row", "q1 q2", "")]
