"""录用: from the acceptance to the pay."""

from __future__ import annotations

from aiohttp import web

from server.api.ids import AssignmentId, assignment_id
from server.api.offers import answered, whose
from server.auth import STAFF, check_posting, check_profile
from server.keys import CALLER, CARDS, STORE
from server.worker_views import Answered, AssignmentQuery, CardList, Consent, OwnQuery, Refusal


async def list_assignments(request: web.Request, query: AssignmentQuery) -> CardList:
    """What was accepted and is not over: waiting, standby, called or seated; by start. Or what is, the last first."""
    profile = await whose(request, OwnQuery(query.profile))
    if query.over:
        return CardList(await request.app[CARDS].over(profile))
    cards = await request.app[CARDS].current(profile)
    return CardList([card for card in cards if card.entry.acceptance is not None])


def _as_worker(request: web.Request) -> AssignmentId:
    """The path's assignment, for the worker or who acts for them."""
    asked = assignment_id(request)
    check_profile(request[CALLER], asked.profile)
    return asked


async def _as_employer(request: web.Request) -> AssignmentId:
    """The path's assignment, for the posting's employer, a kiosk of its site, or staff."""
    asked = assignment_id(request)
    await check_posting(request.app[STORE], request[CALLER], asked.posting)
    return asked


async def confirm(request: web.Request, _: None) -> Answered:
    """The seated worker will come."""
    a = _as_worker(request)
    return answered(a.posting, a.profile, await request.app[STORE].confirm(a.posting, a.profile))


async def reconfirm(request: web.Request, _: None) -> Answered:
    """A called standby says yes."""
    a = _as_worker(request)
    return answered(a.posting, a.profile, await request.app[STORE].reconfirm(a.posting, a.profile))


async def reconsent(request: web.Request, consent: Consent) -> Answered:
    """The answer to changed terms; no releases without penalty."""
    a = _as_worker(request)
    done = await request.app[STORE].reconsent(a.posting, a.profile, consent.terms, consent.yes)
    return answered(a.posting, a.profile, done)


async def withdraw(request: web.Request, _: None) -> Answered:
    """Steps back from waiting, standby or a call."""
    a = _as_worker(request)
    return answered(a.posting, a.profile, await request.app[STORE].withdraw_acceptance(a.posting, a.profile))


async def release(request: web.Request, refusal: Refusal) -> Answered:
    """A seat is given back, by the worker (counted) or by the employer or a clerk (not); the next is seated."""
    role = request[CALLER].role
    a = await _as_employer(request) if role == "employer" else _as_worker(request)
    by = "employer" if role == "employer" else "clerk" if role in STAFF else "worker"
    return answered(a.posting, a.profile, await request.app[STORE].release(a.posting, a.profile, by, refusal.reason))


async def check_in(request: web.Request, _: None) -> Answered:
    """The worker has arrived."""
    a = await _as_employer(request)
    return answered(a.posting, a.profile, await request.app[STORE].check_in(a.posting, a.profile))


async def no_show(request: web.Request, _: None) -> Answered:
    """The worker did not come; the seat is given on."""
    a = await _as_employer(request)
    return answered(a.posting, a.profile, await request.app[STORE].no_show(a.posting, a.profile))


async def done(request: web.Request, _: None) -> Answered:
    """The work is finished."""
    a = await _as_employer(request)
    return answered(a.posting, a.profile, await request.app[STORE].done(a.posting, a.profile))


async def paid(request: web.Request, _: None) -> Answered:
    """The worker has the money, and says so."""
    a = _as_worker(request)
    return answered(a.posting, a.profile, await request.app[STORE].paid(a.posting, a.profile))
