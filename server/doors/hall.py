"""In the hall: at a kiosk people are known by their queue number and the PIN printed beside it, or by their ID card.

A queue number is called aloud, so that it proves nothing. A kiosk's own token lets nobody act for anybody: it opens
short sessions of people who have shown who they are.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from aiohttp import web

from ingest.duplicates import id_mark
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.model import Presence
from matcher.store import Store
from server import kiosks, rates
from server.api.profiles import presence_until
from server.auth import check_in_hall, check_profile, check_site
from server.calling import CalledNumbers, NumberToCall, called
from server.doors.entering import CODE_DIGITS, device_of, enter
from server.doors.views import CardLogin, Ended, KioskToken, LoggedIn, NewKiosk, Ticket, TicketLogin
from server.keys import CALLER, MARKET, STORE, VAULT
from server.sessions import AT_A_KIOSK

A_DAY_S: Final = 24 * 3600


async def give_ticket(request: web.Request, _: None) -> Ticket:
    """The next queue number of the site, with a PIN; again: the same number with a new PIN."""
    store, caller, id_ = request.app[STORE], request[CALLER], request.match_info["profile"]
    check_profile(caller, id_)
    check_in_hall(caller)
    profile = await store.profile(id_)
    site = caller.site or profile.doc.site
    now = await store.now_ms()
    until_ms = presence_until(
        Presence(state="in_hall"), (await store.site(site)).doc, await request.app[MARKET].settings(), now
    )
    queue_no = profile.queue_no if profile.presence == "in_hall" and profile.presence_until_ms > now else None
    if queue_no is None or not await _has_slip(store, site, queue_no, id_):
        queue_no = await _next_number(request, site, now)
        await store.presence(id_, Presence(state="in_hall", queue_no=queue_no), until_ms)
    pin = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    key = store.key("ticket", f"{site}:{queue_no}")
    async with guarded():
        pipe = store.commands.pipeline(transaction=True)
        pipe.hset(key, mapping={"profile": id_, "pin": _sealed(request, site, queue_no, pin)})
        pipe.pexpireat(key, until_ms)
        await pipe.execute()
    await rates.forget(store, (rates.TICKET_TRIES, f"{site}:{queue_no}"))
    return Ticket(profile=id_, site=site, queue_no=queue_no, pin=pin, until_ms=until_ms)


async def _has_slip(store: Store, site: str, queue_no: int, profile: str) -> bool:
    """Whether the site gave them this number: what their profile names may be another site's, or a slip of the pen."""
    (raw,) = await store.hashes("ticket", [f"{site}:{queue_no}"])
    return bool(raw) and raw[b"profile"].decode() == profile


async def log_in_by_ticket(request: web.Request, given: TicketLogin) -> LoggedIn | web.Response:
    """A short session for whoever has the slip."""
    store, kiosk = request.app[STORE], request[CALLER]
    ticket = f"{kiosk.site}:{given.queue_no}"
    await rates.count(store, (rates.TICKET_TRIES, ticket), device_of(request, kiosk))
    (raw,) = await store.hashes("ticket", [ticket])
    wanted = raw[b"pin"] if raw else b""
    if not hmac.compare_digest(wanted, _sealed(request, kiosk.site, given.queue_no, given.pin)):
        raise KuaizhaoError("bad_login")
    await rates.forget(store, (rates.TICKET_TRIES, ticket))
    profile = raw[b"profile"].decode()
    return await enter(request, "worker", profile, site=kiosk.site, life=AT_A_KIOSK, cookie=given.cookie)


async def log_in_by_card(request: web.Request, given: CardLogin) -> LoggedIn | web.Response:
    """A short session for whoever's ID card lies on the reader of a kiosk that has one."""
    store, kiosk = request.app[STORE], request[CALLER]
    await rates.count(store, device_of(request, kiosk))
    if not await kiosks.has_card_reader(store, kiosk.subject):
        raise KuaizhaoError("forbidden", "card_reader")
    found = await store.marked(id_mark(given.id_number, request.app[VAULT]))
    if len(found) != 1:
        raise KuaizhaoError("bad_login")
    return await enter(request, "worker", found[0], site=kiosk.site, life=AT_A_KIOSK, cookie=given.cookie)


async def call_number(request: web.Request, wanted: NumberToCall) -> CalledNumbers:
    """The number is called aloud; the site's hall screens show it at once."""
    store, site = request.app[STORE], request.match_info["site"]
    check_site(request[CALLER], site)
    await store.site(site)
    today = await request.app[MARKET].today(await store.now_ms())
    await store.call_number(site, today.isoformat(), wanted.queue_no)
    return await list_called(request, None)


async def list_called(request: web.Request, _: None) -> CalledNumbers:
    """The last numbers called, and how many were given out today."""
    store, site = request.app[STORE], request.match_info["site"]
    key = await _numbers_of(request, site, await store.now_ms())
    async with guarded():
        given = await store.commands.get(key)
    return CalledNumbers(called=await called(store, site), given=int(given or 0))


async def add_kiosk(request: web.Request, new: NewKiosk) -> KioskToken:
    """Binds a kiosk to a site; its token is shown once."""
    token = await kiosks.add(request.app[STORE], new.id, new.site, card_reader=new.card_reader)
    return KioskToken(id=new.id, site=new.site, token=token)


async def end_kiosk(request: web.Request, _: None) -> Ended:
    """The kiosk is no more, and its token has ended."""
    return Ended(await kiosks.remove(request.app[STORE], request.match_info["kiosk"]))


async def _next_number(request: web.Request, site: str, now_ms: int) -> int:
    store = request.app[STORE]
    key = await _numbers_of(request, site, now_ms)
    async with guarded():
        pipe = store.commands.pipeline(transaction=True)
        pipe.incr(key)
        pipe.expire(key, A_DAY_S)
        return int((await pipe.execute())[0])


async def _numbers_of(request: web.Request, site: str, now_ms: int) -> str:
    """The key under which a site's numbers of today are counted."""
    today = await request.app[MARKET].today(now_ms)
    return request.app[STORE].key("queue_no", f"{site}:{today.isoformat()}")


def _sealed(request: web.Request, site: str, queue_no: int, pin: str) -> bytes:
    return request.app[VAULT].keyed_hash(f"ticket {site} {queue_no} {pin}").encode()
