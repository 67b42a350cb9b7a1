"""Clerks and managers: password and authenticator, in no hurry for whoever guesses."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from matcher.errors import KuaizhaoError
from matcher.store import Store
from server import rates, staff
from server.keys import PASSWORDS, SEAL
from server.passwords import LAST, NOBODY, REST_S, Passwords, hashed
from server.staff import STEP_S, code_at, step_of
from tests import builders
from tests.api import Api, Reply, running
from tests.conftest import TEST_CLOCK, new_market

PASSWORD = "正确的马电池订书钉 staple"
RFC_SECRET = b"12345678901234567890"


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


async def enter(api: Api, code: str, *, name: str = "boss", password: str = PASSWORD) -> Reply:
    return await api.post("/v1/login/staff", {"name": name, "password": password, "code": code})


async def now_s(api: Api) -> float:
    return await api.store.now_ms() / 1000


@pytest.mark.parametrize(("at_s", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    assert code_at(RFC_SECRET, at_s) == code  # appendix B, the last six of eight digits
    assert step_of(RFC_SECRET, code, at_s) == at_s // STEP_S
    assert step_of(RFC_SECRET, code, at_s + STEP_S) == at_s // STEP_S  # clocks drift
    assert step_of(RFC_SECRET, code, at_s + 2 * STEP_S) is None


async def test_all_three_are_needed_and_a_code_works_once(api: Api) -> None:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "manager", PASSWORD)
    assert staff.enrolment(secret, "boss").startswith("otpauth://totp/Kuaizhao:boss?")
    code = code_at(secret, await now_s(api))
    wrong = [
        await enter(api, code, password="another password"),
        await enter(api, f"{(int(code) + 500_000) % 10**6:06d}"),
        await enter(api, code, name="nobody"),
    ]
    assert {(a.status, a.data["error"]["message"]) for a in wrong} == {(401, KuaizhaoError("bad_login").message)}
    entered = await enter(api, code)
    assert (entered.data["role"], entered.data["subject"]) == ("manager", "boss")
    assert (await api.get("/v1/sites", token=entered.data["token"])).status == 200
    assert (await enter(api, code)).code == "bad_login"
    assert (await enter(api, code_at(secret, await now_s(api) + STEP_S))).status == 200


async def test_guessing_locks_the_account_for_a_while(api: Api) -> None:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "clerk", PASSWORD)
    guesses = [enter(api, "000000", password=f"guess number {n}") for n in range(rates.STAFF_TRIES.most)]
    assert {a.code for a in await asyncio.gather(*guesses)} == {"bad_login"}
    locked = await enter(api, code_at(secret, await now_s(api)))
    assert (locked.status, locked.code) == (429, "too_many_requests")
    assert 0 < int(locked.headers["Retry-After"]) <= rates.STAFF_TRIES.within_s


async def test_an_account_that_is_changed_or_removed_ends_its_sessions(api: Api) -> None:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "clerk", PASSWORD)
    token = (await enter(api, code_at(secret, await now_s(api)))).data["token"]
    assert await staff.remove(api.store, "boss")
    assert (await api.get("/v1/sites", token=token)).code == "bad_token"
    assert (await enter(api, code_at(secret, await now_s(api) + STEP_S))).code == "bad_login"
    assert not await staff.remove(api.store, "boss")


CHANGES = {
    "removed": lambda api: staff.remove(api.store, "boss"),
    "begun anew": lambda api: staff.add(api.store, api.app[SEAL], "boss", "manager", "another password"),
    "of another role": lambda api: staff.add(api.store, api.app[SEAL], "boss", "clerk", PASSWORD),
    "of another authenticator": lambda api: staff.new_authenticator(api.store, api.app[SEAL], "boss"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("moment", ["password", "session"])
async def test_an_account_that_changes_while_somebody_comes_in_lets_nobody_in(
    api: Api, monkeypatch: pytest.MonkeyPatch, change: str, confirmed: bool, moment: str
) -> None:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "manager", PASSWORD)
    if confirmed:
        account = await staff.find(api.store, "boss")
        assert account is not None
        await staff.confirm(api.store, account)
    forget = rates.forget

    async def verified(*_: str) -> bool:  # the right password, and what happens while it is verified
        if moment == "password":
            await CHANGES[change](api)
        return True

    async def forgotten(store: Store, *tries: tuple[rates.Rate, str]) -> None:
        await forget(store, *tries)
        if moment == "session":
            await CHANGES[change](api)

    monkeypatch.setattr(api.app[PASSWORDS], "verify", verified)
    monkeypatch.setattr(rates, "forget", forgotten)
    assert (await enter(api, code_at(secret, await now_s(api)))).code == "bad_login"
    kept = await builders.dump(api.store)
    assert not [key for key in kept if b"session" in key]
    assert (api.store.key("staff", "boss").encode() in kept) == (change != "removed")
    found = await staff.find(api.store, "boss")
    assert found is None or found.pending  # nor does the old code confirm the new authenticator


async def test_an_authenticator_is_given_to_nobody_who_is_gone(api: Api) -> None:
    with pytest.raises(KuaizhaoError, match="no_account"):
        await staff.new_authenticator(api.store, api.app[SEAL], "boss")
    assert await staff.find(api.store, "boss") is None


async def test_neither_password_nor_secret_is_in_the_store(api: Api) -> None:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "clerk", PASSWORD)
    account = await staff.find(api.store, "boss")
    assert account is not None
    assert account.password.startswith("$argon2id$")
    stored = b"".join(repr(v).encode() for v in (await builders.dump(api.store)).values())
    assert secret not in account.secret
    assert secret.hex().encode() not in stored
    with pytest.raises(KuaizhaoError, match="bad_field"):
        await staff.add(api.store, api.app[SEAL], "boss", "clerk", "short")


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    verifies = Passwords()
    yield verifies
    await verifies.close()


async def test_a_crowd_of_guesses_is_told_to_come_again(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.passwords.WAITING_MOST", 3)
    answers = await asyncio.gather(*(passwords.verify(NOBODY, f"guess {n}") for n in range(5)), return_exceptions=True)
    assert answers[:3] == [False, False, False]
    assert all(isinstance(a, KuaizhaoError) and a.code == "overloaded" for a in answers[3:])


async def test_passwords_are_verified_by_a_process_that_yields_and_begins_anew(passwords: Passwords) -> None:
    right = hashed("line\nbreak 密码")
    assert await passwords.verify(right, "line\nbreak 密码")
    assert not await passwords.verify(right, "line")
    verifier = passwords._verifier
    assert verifier is not None
    assert os.getpriority(os.PRIO_PROCESS, verifier.pid) == LAST
    verifier.kill()
    with pytest.raises(KuaizhaoError, match="overloaded"):
        await passwords.verify(right, "line\nbreak 密码")
    assert await passwords.verify(right, "line\nbreak 密码")


def caught(pid: int) -> set[int]:
    """The signals for which a process has a handler."""
    status = Path(f"/proc/{pid}/status").read_text()
    (mask,) = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:")]
    return {number for number in signal.valid_signals() if mask >> (number - 1) & 1}


async def test_guessing_passwords_leaves_the_processor_to_others_most_of_the_time(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.passwords.SAVED_S", 0.0)
    await passwords.verify(NOBODY, "first")
    began_s = time.monotonic()
    for n in range(4):
        assert not await passwords.verify(NOBODY, f"guess {n}")
    assert time.monotonic() - began_s >= 4 * REST_S
    assert passwords._verifier is not None
    assert signal.SIGALRM in caught(passwords._verifier.pid)


async def test_a_new_authenticator_counts_once_it_has_shown_a_code_and_not_after_a_day(api: Api) -> None:
    secret = await staff.add(api.store, api.app[SEAL], "boss", "clerk", PASSWORD)
    account = await staff.find(api.store, "boss")
    assert account is not None
    assert (account.secret, account.secrets(account.pending_until_ms)) == (b"", [])
    assert (await enter(api, code_at(secret, await now_s(api)))).status == 200
    account = await staff.find(api.store, "boss")
    assert account is not None
    assert (bool(account.secret), account.pending) == (True, b"")


async def test_a_manager_gives_a_new_authenticator_to_who_has_lost_theirs(api: Api) -> None:
    lost = await staff.add(api.store, api.app[SEAL], "clerk-1", "clerk", PASSWORD)
    token = (await enter(api, code_at(lost, await now_s(api)), name="clerk-1")).data["token"]
    manager, path = await api.token("manager", "boss"), "/v1/staff/{}/authenticator"
    for name, code in (("boss", "forbidden"), ("nobody", "no_account")):
        assert (await api.post(path.format(name), {"reason": "lost"}, token=manager)).code == code
    given = (await api.post(path.format("clerk-1"), {"reason": "lost"}, token=manager)).data
    secret = base64.b32decode(parse_qs(urlsplit(given["address"]).query)["secret"][0])
    assert (await api.get("/v1/sites", token=token)).code == "bad_token"
    assert (await enter(api, code_at(lost, await now_s(api) + STEP_S), name="clerk-1")).code == "bad_login"
    assert (await enter(api, code_at(secret, await now_s(api) + STEP_S), name="clerk-1")).status == 200
