"""Clerks and managers come in with name, password and the code of their authenticator."""

from __future__ import annotations

from aiohttp import web

from ingest.persons import SealError
from matcher.errors import KuaizhaoError
from server import rates, staff
from server.doors.entering import device_of, enter
from server.doors.views import LoggedIn, StaffLogin
from server.keys import PASSWORDS, SEAL, STORE, VAULT
from server.sealing import Seal


async def log_in_staff(request: web.Request, given: StaffLogin) -> LoggedIn | web.Response:
    """A session for the right three; which of them was wrong is not said, and takes the same time."""
    store, who = request.app[STORE], request.app[VAULT].keyed_hash(f"staff {given.name}")[:32]
    await rates.count(store, (rates.STAFF_TRIES, who), device_of(request))
    account = await staff.find(store, given.name)
    right = await request.app[PASSWORDS].verify(account.password if account else staff.NOBODY, given.password)
    step = _step(request.app[SEAL], account, given.code, await store.now_ms() / 1000)
    if account is None or not right or step is None or not await staff.use_step(store, account.name, step):
        raise KuaizhaoError("bad_login")
    await rates.forget(store, (rates.STAFF_TRIES, who))
    return await enter(request, account.role, account.name, cookie=given.cookie)


def _step(seal: Seal, account: staff.Account | None, code: str, now_s: float) -> int | None:
    if account is None:
        return None
    try:
        secret = seal.open(account.secret, f"totp {account.name}")
    except SealError:
        return None
    return staff.step_of(secret, code, now_s)
