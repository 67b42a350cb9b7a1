"""用工方: firms and persons who post. Only staff verify them; whom to call there is kept sealed."""

from __future__ import annotations

from aiohttp import web
from msgspec import structs

from ingest.employers import contact_of, sealed_contact
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import Employer
from matcher.records import EmployerRecord
from server.api.ids import given_or_new
from server.auth import STAFF, check_employer, check_reason
from server.keys import CALLER, STORE, VAULT
from server.people_views import Why
from server.sessions import Caller
from server.views import EmployerChange, EmployerView, NewEmployer, Verification, Written, employer_view

MUST_BE_NEW = -1


async def post_employer(request: web.Request, new: NewEmployer) -> Written:
    """Registers an employer; verified only by staff."""
    if new.employer.verified and request[CALLER].role not in STAFF:
        raise KuaizhaoError("forbidden", "verified")
    id_ = given_or_new(request, new.id, "e")
    done = await _put(request, id_, new.employer.doc, new.employer.contact, MUST_BE_NEW)
    return Written(id=id_, v=done.v, replay=done.replay)


async def get_employer(request: web.Request, why: Why) -> EmployerView:
    """One employer. Staff say why they look: it shows whom to call there."""
    id_ = request.match_info["employer"]
    check_employer(request[CALLER], id_)
    check_reason(request[CALLER], why.reason)
    record = await request.app[STORE].employer(id_)
    return employer_view(record, contact_of(request.app[VAULT], record))


async def put_employer(request: web.Request, change: EmployerChange) -> Written:
    """A new document. A change of name or credit code by the employer has to be verified again."""
    store, id_ = request.app[STORE], request.match_info["employer"]
    check_employer(request[CALLER], id_)
    old = await store.employer(id_)
    doc = structs.replace(change.employer.doc, verified=_verified(request[CALLER], old, change.employer))
    done = await _put(request, id_, doc, change.employer.contact, change.expected_v or old.v)
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
    doc = structs.replace(old.doc, verified=verdict.verified)
    done = await _put(request, id_, doc, contact_of(request.app[VAULT], old), old.v)
    return Written(id=id_, v=done.v, replay=done.replay)


async def _put(request: web.Request, id_: str, doc: Employer, contact: str, expected_v: int) -> Done:
    sealed = sealed_contact(request.app[VAULT], id_, contact)
    return await request.app[STORE].put_employer(id_, doc, expected_v, *sealed)
