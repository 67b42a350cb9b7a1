"""Workers and employers come in with their telephone and a one-time code.

Nobody learns whether a telephone is registered: the answers are the same, and so is the work that is done for them.
Whoever proves a telephone that no worker has may register with it (`newcomers`).
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from aiohttp import web

from ingest.duplicates import telephone_mark
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.model import Role
from matcher.store import Store
from server import rates
from server.doors.entering import CODE_DIGITS, device_of, enter, kiosk_of
from server.doors.views import CodeAsked, CodeSent, Door, LoggedIn, Login, LoginSet, TelephoneLogin
from server.keys import OUTBOX, STORE, VAULT
from server.sessions import AT_A_KIOSK, Caller, Still

LASTS_S: Final = 300
TEXT: Final = "【快招】验证码{code},5分钟内有效。工作人员不会向你要验证码。"


async def ask_code(request: web.Request, asked: CodeAsked) -> CodeSent:
    """Sends a code: to an employer's telephone where it is known, and answers the same where it is not."""
    store, kiosk = request.app[STORE], await kiosk_of(request)
    who = who_has(request, asked.door, asked.telephone) + _way(kiosk)
    await rates.count(store, (rates.CODES_A_MINUTE, who), (rates.CODES_A_DAY, who), device_of(request, kiosk))
    known = await _subjects(request, asked.door, asked.telephone)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    async with guarded():
        await store.commands.set(store.key("code", who), _sealed(request, who, code), ex=LASTS_S)
    await rates.forget(store, (rates.TRIES_FOR_A_CODE, who))
    really = bool(known) or asked.door == "worker"
    text, mark = TEXT.format(code=code), telephone_mark(asked.telephone, request.app[VAULT])
    await request.app[OUTBOX].put(asked.telephone, text, mark=mark, for_s=LASTS_S, really=really)
    return CodeSent(lasts_s=LASTS_S, again_s=rates.CODES_A_MINUTE.within_s)


async def log_in_by_telephone(request: web.Request, given: TelephoneLogin) -> LoggedIn | web.Response:
    """A session for the right code, which works once: a newcomer's where no worker has the telephone yet, or somebody
    else is to register with it. Through a kiosk, a short one of its site."""
    store, kiosk = request.app[STORE], await kiosk_of(request)
    whose = who_has(request, given.door, given.telephone)
    who = whose + _way(kiosk)
    today = (rates.WRONG_CODES_A_DAY, who)
    await rates.count(store, (rates.TRIES_FOR_A_CODE, who), today, device_of(request, kiosk))
    key = store.key("code", who)
    async with guarded():
        kept = await store.commands.get(key) or b""
    known = await _subjects(request, given.door, given.telephone)
    right = hmac.compare_digest(kept, _sealed(request, who, given.code))
    newcomer = given.door == "worker" and given.subject is None and (given.newcomer or not known)
    if not (right and (known or newcomer)):
        raise KuaizhaoError("bad_login")
    if not newcomer and given.subject is None and len(known) > 1:
        raise KuaizhaoError("several_people", await _who_they_are(request, given.door, whose, known))
    subject = whose if newcomer else given.subject or known[0]
    async with guarded():
        taken = (newcomer or subject in known) and await store.commands.delete(key)
    if not taken:
        raise KuaizhaoError("bad_login")
    await rates.forget(store, today)
    if given.door == "employer":
        may = Still("SISMEMBER", _logins(store, whose), subject)
        return await enter(request, "employer", subject, may, cookie=given.cookie)
    role: Role = "newcomer" if newcomer else "worker"
    if kiosk is None:
        return await enter(request, role, subject, cookie=given.cookie)
    return await enter(request, role, subject, site=kiosk.site, life=AT_A_KIOSK, cookie=given.cookie)


async def set_login(request: web.Request, login: Login) -> LoginSet:
    """Says which telephones may log in for an employer; taking one away ends the employer's sessions."""
    store, id_ = request.app[STORE], request.match_info["employer"]
    await store.employer(id_)
    key = _logins(store, who_has(request, "employer", login.telephone))
    async with guarded():
        await (store.commands.sadd(key, id_) if login.allowed else store.commands.srem(key, id_))
    if not login.allowed:
        await store.end_sessions(f"employer:{id_}")
    return LoginSet(employer=id_, allowed=login.allowed)


async def _subjects(request: web.Request, door: Door, telephone: str) -> list[str]:
    """Ids of the profiles, or employers, that the telephone may log in as."""
    store = request.app[STORE]
    if door == "worker":
        return await store.marked(telephone_mark(telephone, request.app[VAULT]))
    async with guarded():
        ids = await store.commands.smembers(_logins(store, who_has(request, door, telephone)))
    return sorted(id_.decode() for id_ in ids)


def _logins(store: Store, whose: str) -> str:
    """The key of the employers that a telephone may log in for."""
    return store.key("logins", whose)


def _way(kiosk: Caller | None) -> str:
    """What is asked and tried through a kiosk is a code of its own: nobody outside spoils or uses it up."""
    return ":kiosk" if kiosk is not None else ""


async def _who_they_are(request: web.Request, door: Door, whose: str, known: list[str]) -> str:
    """Those of one telephone, told apart. People's names are looked at for it: whoever proved the telephone has seen
    something of them, and the audit log says so first."""
    if door == "worker":
        await request.app[STORE].call("audit_log", f"newcomer:{whose}", "log_in_by_telephone", " ".join(known), "")
    return ";".join([f"{id_} {await _called(request, door, id_)}" for id_ in known])


async def _called(request: web.Request, door: Door, id_: str) -> str:
    """What tells those of one telephone apart: a firm's name; of a person, whose family shares the first, the last
    character of the name."""
    store = request.app[STORE]
    if door == "employer":
        return (await store.employer(id_)).doc.name
    return "**" + request.app[VAULT].unseal(await store.sealed_person(id_)).name[-1:]


def who_has(request: web.Request, door: Door, telephone: str) -> str:
    """What the doors know a telephone by: a keyed hash, another one for each door."""
    return request.app[VAULT].keyed_hash(f"{door} log-in {telephone}")[:32]


def _sealed(request: web.Request, who: str, code: str) -> bytes:
    """What the store keeps of a code: without the master key, a million guesses tell nothing."""
    return request.app[VAULT].keyed_hash(f"code {who} {code}").encode()
