"""Who is not known yet registers by themselves: the code has proved the telephone, then they say who they are.

Up to the proof of the telephone nothing tells known from unknown; after it people learn what is theirs to know.
"""

from __future__ import annotations

import secrets

from aiohttp import web
from msgspec import structs

from ingest.duplicates import telephone_mark
from matcher.errors import KuaizhaoError
from matcher.model import Person
from server import rates, sessions
from server.api.profiles import register
from server.doors.entering import enter
from server.doors.telephone import who_has
from server.doors.views import LoggedIn, Registration
from server.keys import CALLER, CONSENT, SESSIONS, STORE, VAULT
from server.sessions import AT_A_KIOSK


async def register_self(request: web.Request, new: Registration) -> LoggedIn | web.Response:
    """Registers the caller, whose session becomes a worker's. Again, after a lost answer: the same worker's."""
    caller, store = request[CALLER], request.app[STORE]
    if who_has(request, "worker", new.telephone) != caller.subject:
        raise KuaizhaoError("forbidden", "telephone")
    request.app[CONSENT].check_given(new.consent)
    if new.profile.certificates:
        raise KuaizhaoError("forbidden", "certificates")  # the site looks at the paper before it counts
    await rates.count(store, (rates.REGISTRATIONS_A_DAY, caller.subject))
    person = Person(name=new.name, telephone=new.telephone, id_number=new.id_number, consent=new.consent)
    profile = structs.replace(new.profile, site=caller.site or new.profile.site)
    try:
        id_ = f"p_{secrets.token_hex(10)}"
        await register(request, id_, profile, person)
    except KuaizhaoError as exc:
        if exc.code != "known_twin":
            raise
        id_ = await _own(request, person.telephone, exc.detail.split())
    life = AT_A_KIOSK if caller.site else sessions.LIVES["worker"]
    entered = await enter(request, "worker", id_, site=caller.site, life=life, cookie=new.cookie)
    await store.end_sessions(caller.whose, caller.token_hash)
    request.app[SESSIONS].forget([caller.token_hash])
    return entered


async def _own(request: web.Request, telephone: str, twins: list[str]) -> str:
    """The profile that is this person's, where the telephone is its own. Raises `registered` where it is not."""
    mine = await request.app[STORE].marked(telephone_mark(telephone, request.app[VAULT]))
    if len(twins) != 1 or twins[0] not in mine:
        raise KuaizhaoError("registered")
    return twins[0]
