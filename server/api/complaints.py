"""投诉: what a worker objects to, sealed like everything people say of themselves, and what a clerk answers."""

from __future__ import annotations

from aiohttp import web

from ingest.persons import Box
from matcher.complaints import Complaint
from server import rates
from server.api.ids import given_or_new
from server.api.offers import whose
from server.auth import STAFF
from server.complaint_views import ComplaintAnswer, ComplaintList, ComplaintQuery, ComplaintView, NewComplaint
from server.keys import CALLER, SEAL, STORE, VAULT
from server.views import Written
from server.worker_views import OwnQuery


async def post_complaint(request: web.Request, new: NewComplaint) -> Written:
    """A worker complains. The same again replays."""
    store, profile = request.app[STORE], await whose(request, OwnQuery(new.profile))
    await rates.count(store, (rates.COMPLAINTS, profile))
    id_ = given_or_new(request, new.id, "c")
    digest = request.app[VAULT].keyed_hash(f"complaint {profile} {new.category} {new.posting} {new.text}")
    sealed = request.app[SEAL].close(new.text.encode(), f"complaint {id_}")
    done = await store.complain(id_, profile, new.category, new.posting or "", sealed, digest)
    return Written(id=id_, v=done.v, replay=done.replay)


async def list_complaints(request: web.Request, query: ComplaintQuery) -> ComplaintList:
    """A worker's own; for staff those that wait, or one person's."""
    everybody = request[CALLER].role in STAFF and query.profile is None
    profile = None if everybody else await whose(request, OwnQuery(query.profile))
    found = await request.app[STORE].complaints(profile)
    return ComplaintList([shown(each, request.app[SEAL]) for each in found])


async def answer_complaint(request: web.Request, given: ComplaintAnswer) -> Written:
    """A clerk answers; the worker is told. A later answer replaces it."""
    id_, caller = request.match_info["complaint"], request[CALLER]
    digest = request.app[VAULT].keyed_hash(f"answer {id_} {given.answer}")
    sealed = request.app[SEAL].close(given.answer.encode(), f"answer {id_}")
    done = await request.app[STORE].answer_complaint(id_, sealed, digest, caller.whose)
    return Written(id=id_, v=done.v, replay=done.replay)


def shown(kept: Complaint, seal: Box) -> ComplaintView:
    """A kept complaint in plain words."""
    return ComplaintView(
        id=kept.id,
        profile=kept.profile,
        posting=kept.posting or None,
        category=kept.category,
        text=seal.open(kept.text, f"complaint {kept.id}").decode(),
        at_ms=kept.at_ms,
        state="answered" if kept.answer else "waiting",
        answer=seal.open(kept.answer, f"answer {kept.id}").decode() if kept.answer else "",
        answered_ms=kept.answered_ms,
    )
