"""Log-ins: only hashes are stored, they end by themselves, at once when they are ended, and are renewed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from matcher.errors import KuaizhaoError
from server import sessions
from server.keys import SESSIONS
from server.sessions import Life, Sessions
from tests import builders
from tests.api import Api


async def gone(api: Api, token: str) -> None:
    """Waits until the token is refused."""
    async with asyncio.timeout(10):
        while (await api.get("/v1/sites", token=token)).status == 200:  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.01)
    assert (await api.get("/v1/sites", token=token)).code == "bad_token"


async def left_ms(api: Api, token: str) -> int:
    return int(await api.store.commands.pttl(api.store.key("session", sessions.hashed(token))))


async def test_the_store_keeps_only_a_hash_and_the_session_ends_by_itself(api: Api) -> None:
    token = await api.token("clerk", "clerk-1", ttl_s=60)
    stored = await builders.dump(api.store)
    assert token not in repr(stored)
    assert 0 < await left_ms(api, token) <= 60_000
    short = await sessions.issue(api.store, "clerk", "clerk-1", ttl_s=1.0)
    assert (await api.get("/v1/sites", token=short)).status == 200
    await gone(api, short)  # by the store's clock, though the server remembers it for longer


async def test_using_it_keeps_it_and_no_longer_than_its_longest_life(api: Api) -> None:
    token = await sessions.log_in(api.store, "clerk", "clerk-1", life=Life(idle_s=100, most_s=150))
    key = api.store.key("session", sessions.hashed(token))
    await api.store.commands.pexpire(key, 20_000)  # 80 s have passed
    assert (await api.get("/v1/sites", token=token)).status == 200
    assert 90_000 < await left_ms(api, token) <= 100_000
    now_ms = await api.store.now_ms()
    await api.store.commands.hset(key, "expires_ms", now_ms + 50_000)
    await api.store.commands.pexpire(key, 20_000)
    api.app[SESSIONS].forget_all()
    assert (await api.get("/v1/sites", token=token)).status == 200
    assert 40_000 < await left_ms(api, token) <= 50_000


async def test_a_session_is_remembered_for_a_moment_only(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    known, token = Sessions(api.store), await api.token("clerk", "clerk-1")
    assert (await known.caller(token)).subject == "clerk-1"
    await api.store.end_sessions("clerk:clerk-1")
    assert (await known.caller(token)).role == "clerk"  # nobody has told this one
    later = time.monotonic() + sessions.CACHE_S + 0.1
    monkeypatch.setattr("server.sessions.time.monotonic", lambda: later)
    with pytest.raises(KuaizhaoError, match="bad_token"):
        await known.caller(token)
    assert not known._known


async def test_a_session_that_ends_while_it_is_looked_up_is_not_remembered(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, token = Sessions(api.store), await api.token("clerk", "clerk-1")
    look_up = known._look_up

    async def overtaken(hash_: str) -> Any:
        found = await look_up(hash_)
        known.forget([hash_])
        return found

    monkeypatch.setattr(known, "_look_up", overtaken)
    assert (await known.caller(token)).role == "clerk"
    assert not known._known


async def test_an_event_ends_a_session_and_its_sockets_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "CACHE_S", 60.0)
    await builders.register(api.store, "w1")
    stays, goes = await api.worker("w1"), await api.worker("w1")
    began = time.monotonic()
    async with (
        api.session.ws_connect("/v1/inbox", headers={"Authorization": f"Bearer {goes}"}) as ended,
        api.session.ws_connect("/v1/inbox", headers={"Authorization": f"Bearer {stays}"}) as open_,
    ):
        assert (await ended.receive_json())["type"] == (await open_.receive_json())["type"] == "hello"
        assert (await api.post("/v1/session/end", {}, token=goes)).data == {"sessions": 1}
        assert (await ended.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ended.close_code == 4001
        await gone(api, goes)
        assert time.monotonic() - began < sessions.CACHE_S
        assert not open_.closed
    assert (await api.get("/v1/sites", token=stays)).status == 200


async def test_out_everywhere(api: Api) -> None:
    here, there, other = [await api.token("clerk", name) for name in ("c1", "c1", "c2")]
    assert (await api.get("/v1/sites", token=there)).status == 200
    assert (await api.post("/v1/session/end", {"everywhere": True}, token=here)).data == {"sessions": 2}
    await gone(api, there)
    assert (await api.get("/v1/sites", token=other)).status == 200


async def test_a_new_token_for_the_same_session(api: Api) -> None:
    old = await api.token("kiosk", "k1", builders.SITE)
    before = (await api.get("/v1/session", token=old)).data
    renewed = (await api.post("/v1/session/rotate", token=old)).data
    assert renewed["token"] not in ("", old)
    after = (await api.get("/v1/session", token=renewed["token"])).data
    assert after["csrf"] != before["csrf"]
    assert {**after, "csrf": ""} == {**before, "csrf": ""}
    assert (await api.get("/v1/sites", token=old)).status == 200  # the answer may have been lost on its way
    assert 0 < await left_ms(api, old) <= sessions.ROTATED_MS
    assert (await api.post("/v1/session/end", {"everywhere": True}, token=renewed["token"])).data == {"sessions": 2}


async def test_out_ends_the_token_before_too(api: Api) -> None:
    old, another = [await api.token("clerk", "c1") for _ in range(2)]
    between = (await api.post("/v1/session/rotate", token=old)).data["token"]
    newest = (await api.post("/v1/session/rotate", token=between)).data["token"]
    assert (await api.post("/v1/session/end", {}, token=newest)).data == {"sessions": 3}
    for token in old, between, newest:
        await gone(api, token)
    assert (await api.get("/v1/sites", token=another)).status == 200


async def test_a_token_before_ends_those_that_took_its_place(api: Api) -> None:
    old, another = [await api.token("clerk", "c1") for _ in range(2)]
    newer = (await api.post("/v1/session/rotate", token=old)).data["token"]
    assert (await api.post("/v1/session/end", {}, token=old)).data == {"sessions": 2}
    await gone(api, newer)
    assert (await api.get("/v1/sites", token=another)).status == 200


async def test_what_has_ended_is_not_brought_back_by_a_new_token(api: Api) -> None:
    caller = await api.app[SESSIONS].caller(await api.token("clerk", "c1"))
    await api.store.end_sessions(caller.whose)  # after it was looked up
    with pytest.raises(KuaizhaoError, match="bad_token"):
        await sessions.rotate(api.store, caller)
    assert not [key for key in await builders.dump(api.store) if b"session" in key]


async def test_a_token_is_renewed_again_after_a_lost_answer(api: Api) -> None:
    old = await sessions.log_in(api.store, "kiosk", "k1", builders.SITE)
    lost = (await api.post("/v1/session/rotate", token=old)).data["token"]
    heard = (await api.post("/v1/session/rotate", token=old)).data["token"]
    assert heard != lost
    assert await left_ms(api, heard) > sessions.ROTATED_MS
    api.app[SESSIONS].forget_all()
    assert (await api.get("/v1/sites", token=heard)).status == 200
    assert await left_ms(api, old) <= sessions.ROTATED_MS


async def test_a_rotated_token_is_not_kept_alive_by_use(api: Api) -> None:
    old = await sessions.log_in(api.store, "kiosk", "k1", builders.SITE)
    await api.post("/v1/session/rotate", token=old)
    await api.store.commands.pexpire(api.store.key("session", sessions.hashed(old)), 30_000)
    api.app[SESSIONS].forget_all()
    assert (await api.get("/v1/sites", token=old)).status == 200
    assert await left_ms(api, old) <= 30_000
