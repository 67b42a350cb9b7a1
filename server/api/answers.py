"""Questions to the matcher: what somebody can do today, how many fit a posting, why somebody was asked or not."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from matcher import questions
from matcher.errors import KuaizhaoError
from matcher.explain import Explanation, explained, own_words
from matcher.model import PostingRecord
from matcher.questions import HowMany, HowManyAnswer, Today, TodayAnswer, Why, WhyAnswer
from matcher.store import Store
from server.answer_views import FittingView, Outlook, OutOfReachView, TodayQuery, TodayView, WhyView
from server.api.offers import whose
from server.api.reviewed import check_document
from server.auth import STAFF, check_employer, may_see
from server.keys import CALLER, CARDS, STORE
from server.posting_views import NewPosting
from server.worker_views import OwnQuery


async def get_today(request: web.Request, query: TodayQuery) -> TodayView:
    """What somebody can do today near here, with reasons; for what is just out of reach, what is missing."""
    profile = await whose(request, OwnQuery(query.profile))
    found = await questions.ask(request.app[STORE], Today(profile, query.limit), TodayAnswer)
    records = await request.app[STORE].postings(
        [*(f.posting for f in found.fits), *(o.posting for o in found.out_of_reach)]
    )
    named = {brief.id: brief for brief in await request.app[CARDS].briefs(records)}
    favourites = await _of_favourites(request.app[STORE], profile, records)
    fits = [
        FittingView(
            posting=named[f.posting],
            distance_m=f.distance_m,
            favourite=f.posting in favourites,
            reasons=f.reasons,
            waits=f.waits,
        )
        for f in sorted(found.fits, key=lambda f: f.posting not in favourites)
        if f.posting in named
    ]
    near = [
        OutOfReachView(posting=named[o.posting], distance_m=o.distance_m, missing=o.missing)
        for o in found.out_of_reach
        if o.posting in named
    ]
    return TodayView(fits=fits, out_of_reach=near)


async def _of_favourites(store: Store, profile: str, records: Sequence[PostingRecord]) -> set[str]:
    """Those of the postings whose employer the worker has marked as a favourite."""
    ties = await store.ties({record.doc.employer: (profile,) for record in records})
    return {r.id for r in records if (tie := ties[r.doc.employer].get(profile)) and tie.worker_favourite}


async def post_outlook(request: web.Request, new: NewPosting) -> Outlook:
    """How many people fit this posting now; nothing is stored, nobody is asked."""
    check_employer(request[CALLER], new.posting.employer)
    check_document(new.posting)
    found = await questions.ask(request.app[STORE], HowMany(new.posting), HowManyAnswer)
    filled = f",约{found.minutes}分钟招满" if found.minutes is not None else ""
    words = f"现在有{found.people}人合适{filled}" if found.people else "现在没有合适的人"
    return Outlook(people=found.people, asked=found.asked, minutes=found.minutes, words=words)


async def get_why(request: web.Request, query: OwnQuery) -> WhyView:
    """Why somebody was asked, or was not. Nothing is said of anybody else."""
    store, id_ = request.app[STORE], request.match_info["posting"]
    profile = await whose(request, query)
    record = await store.posting(id_)
    entry = (await store.entries(id_, [profile])).get(profile)
    if entry is None and not may_see(request[CALLER], record):
        raise KuaizhaoError("no_posting")
    found = await questions.ask(store, Why(id_, profile, request[CALLER].role in STAFF), WhyAnswer)
    return WhyView(
        posting=id_,
        profile=profile,
        wave=entry.wave if entry else None,
        wave_rank=entry.rank if entry else None,
        offer=entry.offer if entry else None,
        excluded=found.excluded,
        rank=found.rank,
        among=found.among,
        before=found.before,
        words=own_words(entry, found),
    )


async def get_explanation(request: web.Request, _: None) -> Explanation:
    """A posting's waves, reasons, order, commitment and draw; `faults` is what does not follow from what was told."""
    store, id_ = request.app[STORE], request.match_info["posting"]
    return explained(await store.posting(id_), await store.entries(id_))
