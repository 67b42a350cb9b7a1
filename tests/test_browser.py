"""Browsers: headers on every answer, cookies that other sites cannot use, HTTPS by the server or a proxy in front."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from matcher.settings import Settings
from matcher.store import Store
from server import staff
from server.app import create_app
from server.auth import COOKIE, CSRF_HEADER
from server.browser import CACHING, HEADERS, HSTS
from server.keys import METRICS, PROXIES, SEAL
from server.lines import Lines
from server.peers import address_of, networks
from server.serving import listen, runner_of
from server.staff import STEP_S, code_at
from server.tls import own_context, problem
from tests import builders
from tests.api import PATIENT_S, Api, HashEncoder, Reply, prepared, running
from tests.certificates import self_made
from tests.conftest import TEST_CLOCK, new_market

PASSWORD = "样本经理的一个长长的口令"


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    yield store
    await store.close()


@pytest.fixture
async def api(store: Store, tmp_path: Path) -> AsyncIterator[Api]:
    async with running(store, tmp_path, trusted_proxies="127.0.0.1") as api:
        yield api


async def entered(api: Api, **options: Any) -> Reply:
    """A manager logs in in a browser."""
    secret = await staff.add(api.store, api.app[SEAL], "boss", "manager", PASSWORD)
    code = code_at(secret, await api.store.now_ms() / 1000 + options.pop("later_s", 0))
    body = {"name": "boss", "password": PASSWORD, "code": code, "cookie": True}
    return await api.post("/v1/login/staff", body, **options)


def kept(reply: Reply) -> dict[str, str]:
    """The cookie that the browser sends from now on."""
    return {"Cookie": reply.headers["Set-Cookie"].split(";")[0]}


async def test_every_answer_protects_browsers(api: Api) -> None:
    for path, status in (("/healthz", 200), ("/v1/sites", 401), ("/nothing", 404), ("/openapi.json", 200)):
        reply = await api.get(path)
        assert reply.status == status
        assert {name: reply.headers[name] for name in HEADERS} == HEADERS
        assert reply.headers["Cache-Control"] == CACHING
        assert "Server" not in reply.headers
        assert "Strict-Transport-Security" not in reply.headers
    await builders.register(api.store, "w1")
    token = await api.worker("w1")
    async with api.session.ws_connect("/v1/inbox", headers={"Authorization": f"Bearer {token}"}) as socket:
        assert socket._response.headers["X-Frame-Options"] == "DENY"


async def test_a_cookie_that_no_script_reads_and_no_other_site_sends(api: Api) -> None:
    reply = await entered(api)
    assert reply.data["token"] == ""
    flags = [part.strip() for part in reply.headers["Set-Cookie"].split(";")]
    assert flags[0].startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(flags)
    assert "Secure" not in flags  # this line is not encrypted: a browser would drop it
    assert (await api.get("/v1/session", headers=kept(reply))).data["csrf"] == reply.data["csrf"]


async def test_with_a_cookie_a_change_needs_the_csrf_token(api: Api) -> None:
    reply = await entered(api)
    cookie, csrf = kept(reply), reply.data["csrf"]
    kiosk = {"id": "k1", "site": builders.SITE}
    for headers in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "0" * 32}):
        refused = await api.post("/v1/kiosks", kiosk, headers=cookie | headers)
        assert (refused.status, refused.code) == (403, "bad_csrf")
    assert (await api.get("/v1/sites", headers=cookie)).status == 200
    assert (await api.post("/v1/kiosks", kiosk, headers=cookie | {CSRF_HEADER: csrf})).status == 201
    renewed = await api.post("/v1/session/rotate", headers=cookie | {CSRF_HEADER: csrf})
    assert renewed.data["token"] == ""
    assert renewed.data["csrf"] != csrf
    cookie = kept(renewed)
    assert (await api.post("/v1/session/end", {}, headers=cookie | {CSRF_HEADER: csrf})).code == "bad_csrf"
    out = await api.post("/v1/session/end", {}, headers=cookie | {CSRF_HEADER: renewed.data["csrf"]})
    assert (out.status, kept(out)["Cookie"]) == (200, f'{COOKIE}=""')
    assert "Max-Age=0" in out.headers["Set-Cookie"]


async def test_a_planted_cookie_is_not_taken_over(api: Api) -> None:
    planted = await api.token("manager", "attacker")
    reply = await entered(api, headers={"Cookie": f"{COOKIE}={planted}"})
    assert reply.headers["Set-Cookie"].split(";")[0] != f"{COOKIE}={planted}"
    assert (await api.get("/v1/session", token=planted)).data["subject"] == "attacker"


async def test_a_socket_by_cookie_only_from_our_own_pages(api: Api) -> None:
    await builders.register(api.store, "w1")
    token = await api.worker("w1")
    cookie = {"Cookie": f"{COOKIE}={token}"}
    host = api.session._base_url.authority  # type: ignore[union-attr]
    async with api.session.ws_connect("/v1/inbox", headers=cookie, origin=f"http://{host}") as socket:
        assert (await socket.receive_json())["type"] == "hello"
    for origin in ("https://evil.example", None):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await api.session.ws_connect("/v1/inbox", headers=cookie, origin=origin)
        assert refused.value.status == 403


async def test_https_by_a_proxy_in_front_that_is_trusted(api: Api) -> None:
    reply = await entered(api, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in reply.headers["Set-Cookie"]
    assert reply.headers["Strict-Transport-Security"] == HSTS


@pytest.mark.parametrize(("peer", "said", "address"), [
    ("10.0.0.9", "203.0.113.7", "203.0.113.7"),
    ("10.0.0.9", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),  # the first was said by the client itself
    ("192.0.2.1", "203.0.113.7", "192.0.2.1"),  # not a proxy of ours
    ("10.0.0.9", "", "10.0.0.9"),
    ("10.0.0.9", "nonsense", "nonsense"),
])  # fmt: skip
def test_the_clients_address_is_what_trusted_proxies_say(peer: str, said: str, address: str) -> None:
    app = web.Application()
    app[PROXIES] = networks("10.0.0.0/8")
    request = make_mocked_request("GET", "/", {"X-Forwarded-For": said}, app=app).clone(remote=peer)
    request._match_info = make_mocked_request("GET", "/", app=app).match_info  # type: ignore[assignment]
    assert address_of(request) == address


async def test_https_by_the_server_itself(store: Store, tmp_path: Path) -> None:
    cert, key = self_made(tmp_path)
    settings = Settings(
        market=store.market,
        data_dir=str(tmp_path),
        port=0,
        tls_cert=str(cert),
        tls_key=str(key),
        request_timeout_s=PATIENT_S,
    )
    assert problem(settings) == ""
    runner = runner_of(create_app(settings, store=store, encoder=HashEncoder()))
    await runner.setup()
    try:
        listening = await listen(runner, settings, Lines(100, (), runner.app[METRICS]))
        port = listening.sockets[0].getsockname()[1]
        trusting = ssl.create_default_context(cafile=str(cert))
        connector = aiohttp.TCPConnector(ssl=trusting)
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"https://127.0.0.1:{port}"
            async with session.get(f"{url}/healthz", server_hostname="kuaizhao.test") as answer:
                assert answer.headers["Strict-Transport-Security"] == HSTS
            api = Api(runner.app, store, session)
            api_reply = await entered_over(api, url)
            assert "Secure" in api_reply
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"{url}/healthz")  # the certificate is of another name

        def ask_as_the_supervisor_does() -> None:
            line = http.client.HTTPSConnection("127.0.0.1", port, context=own_context(settings), timeout=5)
            line.request("GET", "/healthz")
            assert line.getresponse().status == 200
            line.close()

        await asyncio.to_thread(ask_as_the_supervisor_does)
        listening.close()
    finally:
        await runner.cleanup()


async def entered_over(api: Api, url: str) -> str:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "manager", PASSWORD)
    code = code_at(secret, await api.store.now_ms() / 1000 + STEP_S)
    body = {"name": "boss", "password": PASSWORD, "code": code, "cookie": True}
    async with api.session.post(f"{url}/v1/login/staff", json=body, server_hostname="kuaizhao.test") as answer:
        return str(answer.headers["Set-Cookie"])


@pytest.mark.parametrize("wrong", [{"tls_cert": "nowhere.pem"}, {"tls_cert": __file__}, {"tls_key": __file__}])
def test_a_certificate_that_cannot_be_used_is_named(wrong: dict[str, str], tmp_path: Path) -> None:
    cert, key = self_made(tmp_path)
    files = {"tls_cert": str(cert), "tls_key": str(key)} | wrong
    assert next(iter(wrong.values())) in problem(Settings(**files))
