"""Clerks and managers come in with name, password and the code of their authenticator."""

from __future__ import annotations

from aiohttp import web

from ingest.persons import Box, SealError
from matcher.errors import KuaizhaoError
from server import passwords, rates, staff
from server.doors.entering import device_of, enter
from server.doors.views import AuthenticatorWanted, Enrolment, LoggedIn, StaffLogin
from server.keys import CALLER, PASSWORDS, SEAL, STORE, VAULT


async def log_in_staff(request: web.Request, given: StaffLogin) -> LoggedIn | web.Response:
    """A session for the right three; which of them was wrong is not said, and takes the same time. They are looked at
    for a while: an account that changes or ends meanwhile opens nothing."""
    store, who = request.app[STORE], request.app[VAULT].keyed_hash(f"staff {given.name}")[:32]
    await rates.count(store, (rates.STAFF_TRIES, who), device_of(request))
    account = await staff.find(store, given.name)
    right = await request.app[PASSWORDS].verify(account.password if account else passwords.NOBODY, given.password)
    step = _step(request.app[SEAL], account, given.code, await store.now_ms())
    if account is None or not right or step is None or not await staff.use_step(store, account.name, step):
        raise KuaizhaoError("bad_login")
    if account.pending:
        await staff.confirm(store, account)
    await rates.forget(store, (rates.STAFF_TRIES, who))
    return await enter(request, account.role, account.name, *staff.unchanged(store, account), cookie=given.cookie)


async def give_authenticator(request: web.Request, wanted: AuthenticatorWanted) -> Enrolment:
    """For somebody whose authenticator is lost: a new one, shown once. They still need their password; nobody gives
    one to themselves, since whoever holds a stolen session could."""
    store, name = request.app[STORE], request.match_info["account"]
    if name == request[CALLER].subject:
        raise KuaizhaoError("forbidden", "authenticator")
    secret = await staff.new_authenticator(store, request.app[SEAL], name)
    return Enrolment(name=name, address=staff.enrolment(secret, name), until_ms=await store.now_ms() + staff.PENDING_MS)


def _step(seal: Box, account: staff.Account | None, code: str, now_ms: int) -> int | None:
    if account is None:
        return None
    for sealed in account.secrets(now_ms):
        try:
            secret = seal.open(sealed, f"totp {account.name}")
        except SealError:
            continue
        return staff.step_of(secret, code, now_ms / 1000)
    return None
