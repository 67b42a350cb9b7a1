"""Words to a posting, and what the rules say: the page that checks while somebody types, and the clerk's queue."""

from __future__ import annotations

import asyncio
import functools
from typing import Final

from aiohttp import web

from ingest.changes import material
from ingest.inference import LEAST_CONFIDENCE, Infer
from ingest.lures import risk, signs
from ingest.review import review, words_of
from ingest.sites import sites
from ingest.understanding import Understanding, understand
from matcher.errors import KuaizhaoError
from matcher.model import PostingRecord
from matcher.trades import Found
from server.api.reviewed import check_document, judged
from server.auth import check_employer
from server.keys import CALLER, MARKET, RECOGNISING, STORE, now_ms
from server.posting_views import NewPosting, posting_view
from server.understanding_views import (
    Checked,
    QueuedPosting,
    QueueQuery,
    ReviewQueue,
    ReviewView,
    TextToUnderstand,
)

AT_ONCE: Final = 200
"""Postings whose risk is looked up in one go, a few milliseconds; between two the server serves others."""
REMEMBERED: Final = 20_000


async def understand_text(request: web.Request, said: TextToUnderstand) -> Understanding:
    """Fields with the words they came from, what is missing, what is against the rules and how to mend it."""
    app, now = request.app, now_ms()
    record = await app[STORE].site(said.site) if said.site else None
    site = record.doc if record else next(iter(sites().values()))
    today = await app[MARKET].today(now)
    found = understand(said.text, site, now_ms=now, today=today)
    if found.draft.trade is None and said.text.strip():
        infer = await _inferred(request, said.text)
        found = understand(said.text, site, now_ms=now, today=today, infer=infer)
    return found


async def _inferred(request: web.Request, text: str) -> Infer:
    """The trade by likeness where no word names one; none while there is no recogniser, since the rest is of use."""
    try:
        recognition = await request.app[RECOGNISING].recognise(text)
    except KuaizhaoError:
        return lambda _: ()
    sure: tuple[Found, ...] = tuple(each for each in recognition.trades if each.confidence >= LEAST_CONFIDENCE)
    return lambda _: sure[:1]


async def check_posting(request: web.Request, new: NewPosting) -> Checked:
    """What would become of a posting, new or changed, if it were sent now; nothing is stored."""
    store, caller, doc, now = request.app[STORE], request[CALLER], new.posting, now_ms()
    check_employer(caller, doc.employer)
    check_document(doc)
    old = await store.posting(new.id) if new.id else None
    if old is not None:
        check_employer(caller, old.doc.employer)
    elif doc.start_ms <= now or doc.valid_until_ms <= now:
        raise KuaizhaoError("posting_past")
    found = await judged(request, doc, min(now, doc.start_ms - 1) if old else now)
    verdict = found.state
    if verdict == "open" and not (await store.employer(doc.employer)).doc.verified:
        verdict = "awaiting_review"
    worse = old is not None and material(old.doc, doc)
    return Checked(
        verdict=verdict, findings=found.findings, risk=found.risk, reconsent=old.taken if old and worse else 0
    )


async def get_review(request: web.Request, _: None) -> ReviewView:
    """The review of a posting as it would be now."""
    record = await request.app[STORE].posting(request.match_info["posting"])
    check_employer(request[CALLER], record.doc.employer)
    verdict = await judged(request, record.doc, now_ms())
    return ReviewView(
        id=record.id,
        v=record.v,
        state=record.state,
        verdict=verdict.state,
        findings=verdict.findings,
        risk=verdict.risk,
        signs=list(signs(words_of(record.doc))),
    )


async def list_review_queue(request: web.Request, query: QueueQuery) -> ReviewQueue:
    """Postings that wait for a clerk, the riskiest first, those of one risk by when they are due."""
    store, now, waiting = request.app[STORE], now_ms(), list[tuple[int, int, PostingRecord]]()
    ids = await store.postings_in("awaiting_review")
    for at in range(0, len(ids), AT_ONCE):
        for record in await store.postings(ids[at : at + AT_ONCE]):
            if query.site is None or record.doc.site == query.site:
                waiting.append((_risk(words_of(record.doc)), min(record.start_ms, record.valid_until_ms), record))
        await asyncio.sleep(0)
    waiting.sort(key=lambda one: (-one[0], one[1]) if query.order == "risk" else (one[1], -one[0]))
    today, shown = await request.app[MARKET].today(now), list[QueuedPosting]()
    for found, due_ms, record in waiting[: query.limit]:
        findings = review(record.doc, now_ms=now, today=today).findings
        view = posting_view(record, reviewed=True)
        shown.append(QueuedPosting(posting=view, due_ms=due_ms, risk=found, findings=findings))
        await asyncio.sleep(0)
    return ReviewQueue(len(waiting), shown)


@functools.lru_cache(maxsize=REMEMBERED)
def _risk(text: str) -> int:
    return risk(signs(text))
