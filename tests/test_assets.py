"""The shells of the pages and what they are made of: hashed, kept by browsers, compressed; nothing else is served."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from matcher.store import Store
from server.assets import FOLDER, FOR_EVER, SHELLS, TYPES, pages, trades_module
from server.routes import ROUTES
from tests.api import Api, running
from tests.conftest import new_market

IMPORT = re.compile(r"""(?:from|import)\s*\(?["']([^"']+)["']""")


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market())
    await store.load()
    async with running(store, tmp_path, ready=False) as started:
        yield started
    await store.close()


async def test_every_shell_is_small_kept_by_nobody_and_names_only_what_is_there(api: Api) -> None:
    for path in SHELLS:
        reply = await api.get(path.replace("{site}", "licang"))
        assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
        text = reply.data.decode()
        assert len(text) < 4_000
        assert "{assets}" not in text
        for address in re.findall(r"/assets/\w+/[^\"'\s)]+", text):
            found = await api.get(address)
            assert (found.status, found.headers["Cache-Control"]) == (200, FOR_EVER), address


async def test_what_is_sent_compressed_is_the_file(api: Api) -> None:
    for name, file in pages().files.items():
        address = f"/assets/{pages().digest}/{name}"
        plain = await api.get(address, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert plain.data == (trades_module() if name == "lib/trades.js" else (FOLDER / name).read_bytes())
        if file.zipped is not None:
            assert gzip.decompress(file.zipped) == plain.data
            zipped = await api.get(address, headers={"Accept-Encoding": "gzip, br"})
            assert zipped.headers["Content-Encoding"] == "gzip"
            assert zipped.data == plain.data  # the client has unpacked it
        assert plain.headers["Vary"] == "Accept-Encoding"
        assert plain.headers["Content-Type"].partition(";")[0] == TYPES[Path(name).suffix]


@pytest.mark.parametrize(
    "name", ["kiosk/kiosk.html", "nothing.js", "../assets.py", "..%2fassets.py", "%2e%2e/app.py", "a"]
)
async def test_nothing_else_is_served(api: Api, name: str) -> None:
    assert (await api.get(f"/assets/{pages().digest}/{name}")).status == 404
    assert (await api.get("/assets/0123456789abcdef/lib/dom.js")).status == 404


def test_imports_are_relative_and_lead_to_files() -> None:
    for path in FOLDER.rglob("*.js"):
        for name in IMPORT.findall(path.read_text("utf-8")):
            assert name.startswith("."), f"{path}: {name}"
            found = (path.parent / name).resolve().relative_to(FOLDER)
            assert found.as_posix() in pages().files, f"{path}: {name}"


def test_pages_hold_no_inline_script_or_style_and_name_no_other_host() -> None:
    for path in FOLDER.rglob("*"):
        if path.suffix not in TYPES or path.suffix == ".png":
            continue
        text = path.read_text("utf-8").replace("http://www.w3.org/", "")
        assert not re.search(r"https?://", text), path
        if path.suffix == ".html":
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), path
        if path.suffix == ".js":
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path


async def test_what_needs_no_session_is_in_the_table_or_a_page(api: Api) -> None:
    known = {(route.method, route.path) for route in ROUTES}
    other = {
        resource.canonical
        for resource in api.app.router.resources()
        for route in resource
        if (route.method, resource.canonical) not in known and route.method != "HEAD"
    }
    assert other == {"/openapi.json", "/assets/{digest}/{name}", *SHELLS}
