"""/openapi.json follows from the table and the types, and is valid OpenAPI 3.1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from matcher import library
from matcher.errors import TABLE
from matcher.store import Store
from server import openapi, words
from server.route import errors_of
from server.routes import ROUTES
from tests.api import running
from tests.conftest import TEST_CLOCK, new_market


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


async def test_it_is_served_and_valid(valkey_url: str, tmp_path: Path) -> None:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    async with running(store, tmp_path) as api:
        reply = await api.get("/openapi.json")
    await store.close()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.data["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(reply.data).validate()


def test_every_route_is_there_with_its_errors(document: dict[str, Any]) -> None:
    shown = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert shown == {(route.method, route.path) for route in ROUTES}
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        codes = {code for r in operation["responses"].values() for code in r.get("x-codes", ())}
        assert codes == set(errors_of(route))
        for status, response in operation["responses"].items():
            assert all(TABLE[code][0] == int(status) for code in response.get("x-codes", ()))
        assert operation["security"] == ([] if route.roles is None else [{"token": []}])
        assert operation["summary"]
        assert operation["description"]
        content = operation.get("requestBody", {"content": {}})["content"]
        assert list(content) == (["application/json", "application/msgpack"] if route.body else [])


def test_names_of_operations_are_unique(document: dict[str, Any]) -> None:
    names = [o["operationId"] for operations in document["paths"].values() for o in operations.values()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert references <= document["components"]["schemas"].keys()
    assert {"Posting", "Profile", "CardFrame", "HelloFrame", "MessageFrame", "ErrorBody"} <= references | {"Posting"}


def test_every_kind_of_message_has_words() -> None:
    lua = library.source()
    kinds = set(re.findall(r"notify\(m, \w+, '(\w+)'", lua))
    kinds |= {
        f"posting_{state}" for state in ("closed", "withdrawn", "expired")
    }  # withdraw_waiting(m, p, 'posting_' ..)
    kinds |= {"terms_changed", "released", "no_show"}  # vacate and withdraw_waiting pass theirs on
    kinds |= {"standby", "passed_over", "called"}  # and so does move_unit
    assert kinds == words.MESSAGES.keys()
