"""The clerk's call list: offers that go by telephone.

Whoever has no other way to be reached, or let an offer run out where nobody else was left, is offered a shift by
telephone. Such an offer is an entry like any other, so it ends by itself: with its deadline, when the seats are taken,
or with the posting.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from matcher.model import Entry, PostingRecord, seats_open
from matcher.waves import is_quiet
from server.api.ids import offer_id
from server.api.offers import answered
from server.call_views import CallList, CallOutcome, CallQuery, CallView, PostingCalls
from server.keys import CARDS, MARKET, STORE, now_ms
from server.worker_views import Answered
from server.worker_views import offer_id as named

BY_TELEPHONE: Final = "call"


async def list_calls(request: web.Request, query: CallQuery) -> CallList:
    """Whom to ring up now, by posting, in order."""
    app, now = request.app, now_ms()
    if is_quiet(now, await app[MARKET].settings()):
        return CallList(quiet=True, words="夜里不打电话,早上再打", postings=[])
    store = app[STORE]
    ids = await store.postings_with_calls(now)
    records = [r for r in await store.postings(ids) if _is_wanted(r, query)]
    entries = await store.entries_of([r.id for r in records], [None] * len(records))
    briefs = await app[CARDS].briefs(records)
    found = [
        PostingCalls(posting=brief, seats_open=seats_open(record), calls=_calls(record, some, now))
        for record, brief, some in zip(records, briefs, entries, strict=True)
    ]
    shown = sorted((f for f in found if f.calls), key=lambda f: (f.posting.start_ms, f.posting.id))
    return CallList(quiet=False, words="" if shown else "现在没有要打的电话", postings=shown)


def _is_wanted(record: PostingRecord, query: CallQuery) -> bool:
    if record.state != "open" or seats_open(record) <= 0:
        return False
    return query.site in (None, record.doc.site) and query.posting in (None, record.id)


def _calls(record: PostingRecord, entries: dict[str, Entry], now: int) -> list[CallView]:
    same = ("rank", "distance_m", "reasons", "deadline_ms", "rings", "rung_ms", "reached")
    calls = [
        CallView(offer=named(record.id, p, e.terms), profile=p, **{name: getattr(e, name) for name in same})
        for p, e in entries.items()
        if e.offer == "open" and e.channel == BY_TELEPHONE and e.deadline_ms > now
    ]
    return sorted(calls, key=lambda call: (call.rings, entries[call.profile].wave, call.rank))


async def tell_call(request: web.Request, told: CallOutcome) -> Answered:
    """What came of a call. A yes or no counts as the worker's own; attempts are refused in quiet hours."""
    offer, store = offer_id(request), request.app[STORE]
    where = offer.posting, offer.profile, offer.terms
    if told.outcome == "accepted":
        done = await store.accept(*where, by=BY_TELEPHONE)
    elif told.outcome == "declined":
        done = await store.decline(*where, told.reason, by=BY_TELEPHONE)
    else:
        done = await store.ring(*where, told.nth, told.outcome == "reached")
    return answered(offer.posting, offer.profile, done)
