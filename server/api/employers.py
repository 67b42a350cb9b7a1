"""用工方: firms and persons who post. Only staff verify them."""

from __future__ import annotations

from aiohttp import web
from msgspec import structs

from matcher.errors import KuaizhaoError
from matcher.model import Employer
from matcher.records import EmployerRecord
from server.api.ids import given_or_new
from server.auth import STAFF, check_employer
from server.keys import CALLER, STORE
from server.sessions import Caller
from server.views import EmployerChange, EmployerView, NewEmployer, Verification, Written, employer_view

MUST_BE_NEW = -1


async def post_employer(request: web.Request, new: NewEmployer) -> Written:
    """Registers an employer; verified only by staff."""
    if new.employer.verified and request[CALLER].role not in STAFF:
        raise KuaizhaoError("forbidden", "verified")
    id_ = given_or_new(request, new.id, "e")
    done = await request.app[STORE].put_employer(id_, new.employer, MUST_BE_NEW)
    return Written(id=id_, v=done.v, replay=done.replay)


async def get_employer(request: web.Request, _: None) -> EmployerView:
    """One employer."""
    id_ = request.match_info["employer"]
    check_employer(request[CALLER], id_)
    return employer_view(await request.app[STORE].employer(id_))


async def put_employer(request: web.Request, change: EmployerChange) -> Written:
    """A new document. A change of name or credit code by the employer has to be verified again."""
    store, id_ = request.app[STORE], request.match_info["employer"]
    check_employer(request[CALLER], id_)
    old = await store.employer(id_)
    doc = structs.replace(change.employer, verified=_verified(request[CALLER], old, change.employer))
    done = await store.put_employer(id_, doc, change.expected_v or old.v)
    return Written(id=id_, v=done.v, replay=done.replay)


def _verified(caller: Caller, old: EmployerRecord, new: Employer) -> bool:
    if caller.role in STAFF:
        return new.verified
    if new.verified and not old.doc.verified:
        raise KuaizhaoError("forbidden", "verified")
    same = (old.doc.name, old.doc.credit_code) == (new.name, new.credit_code)
    return old.doc.verified and same


async def verify_employer(request: web.Request, verdict: Verification) -> Written:
    """A clerk has looked at the papers."""
    store, id_ = request.app[STORE], request.match_info["employer"]
    old = await store.employer(id_)
    done = await store.put_employer(id_, structs.replace(old.doc, verified=verdict.verified), old.v)
    return Written(id=id_, v=done.v, replay=done.replay)
