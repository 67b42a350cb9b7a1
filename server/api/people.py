"""人员: who somebody is, for themselves and for who must know it; what is kept of them, and its end."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from msgspec import structs

from ingest.employers import contact_of
from ingest.masking import mask_text
from matcher import homes
from matcher.errors import KuaizhaoError
from matcher.model import AssignmentState, Person
from server.api.complaints import shown
from server.api.ids import assignment_id
from server.auth import check_employer, check_profile, check_reason
from server.keys import CALLER, CARDS, SEAL, STORE, VAULT
from server.people_views import Contact, Copy, Erasure, Moving, PersonView, Why
from server.views import profile_view

BOTH_CONFIRMED: Final[frozenset[AssignmentState]] = frozenset({"confirmed", "checked_in", "done", "paid"})
"""The employer's yes is the seat, the worker's is to confirm it."""
WAITS: Final = "还有没干完、没收到工钱的活,或没答复的工钱投诉,办完后自动删除"


async def get_person(request: web.Request, why: Why) -> PersonView:
    """Who a profile is. Staff say why they look; it is in the audit log."""
    id_ = own_with_reason(request, why.reason)
    person = await person_of(request, id_)
    return PersonView(id_, person.name, person.telephone, _hidden(person.id_number), person.consent)


async def get_copy(request: web.Request, why: Why) -> Copy:
    """Everything that is kept of a person."""
    store, id_ = request.app[STORE], own_with_reason(request, why.reason)
    record = await store.profile(id_)
    hello = await request.app[CARDS].hello(id_)
    entries = await store.entries_of_profile(id_)
    complaints = [shown(each, request.app[SEAL]) for each in await store.complaints(id_)]
    return Copy(await person_of(request, id_), profile_view(record), entries, hello.messages, complaints)


async def erase_profile(request: web.Request, why: Why) -> Erasure:
    """Deletes a person and their profile: at once, or when the last seat or wage is settled."""
    id_ = own_with_reason(request, why.reason)
    done = await request.app[STORE].erase(id_)
    return Erasure(id_, done.state == "erased", "" if done.state == "erased" else WAITS)


async def move_away(request: web.Request, moving: Moving) -> Erasure:
    """The person lives in another market from now on, and registers there: here everything is erased. Not while a seat
    or wage is open: then the other market goes on refusing."""
    store, id_ = request.app[STORE], own_with_reason(request, moving.reason)
    if moving.market == store.market:
        raise KuaizhaoError("bad_field", "market 就是这里")
    (raw,) = await store.hashes("profile", [id_])
    done = await store.erase(id_)
    if done.state != "erased":
        raise KuaizhaoError("illegal_move", WAITS)
    await homes.move(store, raw.get(b"marks", b"").decode().split(), moving.market)
    return Erasure(id_, erased=True)


async def get_contact(request: web.Request, why: Why) -> Contact:
    """The other side's name and telephone: masked until both sides have confirmed."""
    store, caller, asked = request.app[STORE], request[CALLER], assignment_id(request)
    check_reason(caller, why.reason)
    record = await store.posting(asked.posting)
    if caller.role == "employer":
        check_employer(caller, record.doc.employer)
    else:
        check_profile(caller, asked.profile)
    entry = (await store.entries_of([asked.posting], [[asked.profile]]))[0].get(asked.profile)
    if entry is None or entry.assignment is None:
        raise KuaizhaoError("no_assignment")
    employer = await store.employer(record.doc.employer)
    contact = contact_of(request.app[VAULT], employer)
    person = await person_of(request, asked.profile)
    confirmed = entry.assignment in BOTH_CONFIRMED
    if not confirmed:
        person, contact = _masked(person), mask_text(contact)
    told = Contact(confirmed=confirmed, employer=employer.doc.name, employer_contact=contact)
    if caller.role == "worker":
        return told
    return structs.replace(told, worker=person.name, worker_telephone=person.telephone)


def own_with_reason(request: web.Request, reason: str) -> str:
    """The path's profile: a worker's own, or anybody's for staff who say why. Raises `forbidden`, `bad_field`."""
    id_, caller = request.match_info["profile"], request[CALLER]
    check_profile(caller, id_)
    check_reason(caller, reason)
    return id_


async def person_of(request: web.Request, id_: str) -> Person:
    """Who a profile is. Raises `no_profile`."""
    return request.app[VAULT].unseal(await request.app[STORE].sealed_person(id_))


def _masked(person: Person) -> Person:
    return structs.replace(person, name=person.name[:1] + "**", telephone=mask_text(person.telephone), id_number="")


def _hidden(id_number: str) -> str:
    """The first six digits (the place) and the last two."""
    return f"{id_number[:6]}**********{id_number[-2:]}" if id_number else ""
