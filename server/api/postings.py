"""岗位: posting, review, changes and what became of them."""

from __future__ import annotations

import secrets
from typing import Final

from aiohttp import web

from ingest.changes import material
from ingest.findings import Verdict
from matcher import codec, records
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import Posting, PostingRecord, PostingState
from matcher.store import PostingWrite
from matcher.waves import default_award
from server.api.ids import given_or_new
from server.api.reviewed import check_document, judged, reviewed, written
from server.auth import STAFF, check_employer, check_site, may_see, sees_review
from server.keys import CALLER, STORE, now_ms
from server.posting_views import (
    Decision,
    EntryList,
    NewPosting,
    PostingChange,
    PostingList,
    PostingQuery,
    PostingView,
    entry_view,
    posting_view,
)
from server.views import Written

SUBMITTED: Final[frozenset[PostingState]] = frozenset({"open", "filled", "awaiting_review", "blocked"})
"""States that a submitted draft comes to: submitting it again changes nothing."""
SEED_BYTES: Final = 32
READ_AT_ONCE: Final = 500
LOOKED_AT: Final = 5_000
"""Postings looked at for one page; a page may be short and still have a `next`."""
AMEND_TRIES: Final = 5


# -- posting and review ------------------------------------------------------------------------------------------------


async def post_posting(request: web.Request, new: NewPosting) -> Written:
    """A new posting. The same again under the same id or Idempotency-Key replays."""
    check_employer(request[CALLER], new.posting.employer)
    if new.posting.whole_series:
        raise KuaizhaoError("bad_field", "whole_series 全程系列请一次发布所有日期:POST /v1/series")
    id_ = given_or_new(request, new.id, "j")
    try:
        done = await _post(request, id_, new)
    except KuaizhaoError:
        replay = await _replay(request, id_, new.posting)  # the rules judge today; the answer was given then
        if replay is None:
            raise
        return replay
    return _answer(id_, done)


async def _post(request: web.Request, id_: str, new: NewPosting) -> Done:
    doc, now = new.posting, now_ms()
    check_document(doc)
    if doc.start_ms <= now or doc.valid_until_ms <= now:
        raise KuaizhaoError("posting_past")
    verdict = Verdict("open", []) if new.draft else await reviewed(request, doc, now)
    return await request.app[STORE].post(
        id_,
        await written(request, doc),
        verdict="draft" if new.draft else verdict.state,
        reason=verdict.reason,
        award=default_award(doc.award, doc.start_ms, now),
        seed=secrets.token_hex(SEED_BYTES),
    )


async def _replay(request: web.Request, id_: str, doc: Posting) -> Written | None:
    (raw,) = await request.app[STORE].hashes("posting", [id_])
    if raw.get(b"first_digest", b"").decode() != records.digest(codec.pack(doc)):
        return None
    record = records.posting_record(id_, raw)
    return Written(id=id_, v=record.v, replay=True, state=record.state)


async def submit_posting(request: web.Request, _: None) -> Written:
    """The employer submits a draft: it opens, waits for a clerk, or is blocked with the reason."""
    store, record = request.app[STORE], await _own(request)
    if record.state in SUBMITTED:
        return Written(id=record.id, v=record.v, replay=True, state=record.state)
    if record.state != "draft":
        raise KuaizhaoError("illegal_move", f"{record.state} -> awaiting_review")
    check_document(record.doc)
    verdict = await judged(request, record.doc, now_ms())
    to: PostingState = verdict.state
    if to == "open" and not (await store.employer(record.doc.employer)).doc.verified:
        to = "awaiting_review"
    return _answer(record.id, await store.review(record.id, to, verdict.reason))


async def review_posting(request: web.Request, decision: Decision) -> Written:
    """A clerk opens a posting or returns it. Whoever returns it, or opens a blocked one, says why."""
    store, id_ = request.app[STORE], request.match_info["posting"]
    record = await store.posting(id_)
    if not decision.reason and (decision.to == "draft" or record.state == "blocked"):
        raise KuaizhaoError("bad_field", "reason 请写明原因")
    return _answer(id_, await store.review(id_, decision.to, decision.reason))


# -- changes -----------------------------------------------------------------------------------------------------------


async def put_posting(request: web.Request, change: PostingChange) -> Written:
    """A new document. Where it is worse for the worker, everybody seated must consent again."""
    await _own(request)
    check_employer(request[CALLER], change.posting.employer)
    check_document(change.posting)
    write = await written(request, change.posting)
    for _ in range(AMEND_TRIES - 1):
        try:
            return await _amend(request, change, write)
        except KuaizhaoError as exc:  # somebody accepted in between: judge again against the posting as it is now
            if exc.code != "stale_version" or change.expected_v:
                raise
    return await _amend(request, change, write)


async def _amend(request: web.Request, change: PostingChange, write: PostingWrite) -> Written:
    store, id_ = request.app[STORE], request.match_info["posting"]
    old, new = await store.posting(id_), change.posting
    if new.employer != old.doc.employer:
        raise KuaizhaoError("bad_field", "employer 不能换成别的用工方")
    if (new.series, new.whole_series) != (old.doc.series, old.doc.whole_series):
        raise KuaizhaoError("bad_field", "series 发布后不能换到别的系列")
    # a shift that has begun may still be changed, but not moved: only then is the past not against it
    as_of_ms = min(now_ms(), new.start_ms - 1) if new.start_ms == old.start_ms else now_ms()
    look = judged if old.state == "draft" else reviewed
    verdict, worse = await look(request, new, as_of_ms), material(old.doc, new)
    done = await store.amend(
        id_,
        write,
        material=worse,
        warns=verdict.state == "awaiting_review" or (worse and await _unseen(request, new.employer)),
        reason=verdict.reason,
        expected_v=change.expected_v or old.v,
        release=change.release,
    )
    return _answer(id_, done)


async def _unseen(request: web.Request, employer: str) -> bool:
    """Whether a clerk has to look because of who changes it: what was approved once is not approved for good."""
    if request[CALLER].role in STAFF:
        return False
    return not (await request.app[STORE].employer(employer)).doc.verified


async def close_posting(request: web.Request, _: None) -> Written:
    """Nobody else is needed; seats stay."""
    record = await _own(request)
    return _answer(record.id, await request.app[STORE].close_posting(record.id))


async def withdraw_posting(request: web.Request, _: None) -> Written:
    """Taken back; everybody seated is released without penalty. Late, it is a penalty for the employer."""
    record = await _own(request)
    return _answer(record.id, await request.app[STORE].withdraw(record.id, by=acting(request)))


def acting(request: web.Request) -> str:
    """Who is told to have done it."""
    return "employer" if request[CALLER].role == "employer" else "clerk"


async def _own(request: web.Request) -> PostingRecord:
    record = await request.app[STORE].posting(request.match_info["posting"])
    check_employer(request[CALLER], record.doc.employer)
    return record


def _answer(id_: str, done: Done) -> Written:
    return Written(id=id_, v=done.v, replay=done.replay, state=done.state)


# -- reading -----------------------------------------------------------------------------------------------------------


async def get_posting(request: web.Request, _: None) -> PostingView:
    """One posting with its commitment; once awarded with seed and order, so that anyone can check the draw."""
    store, caller = request.app[STORE], request[CALLER]
    record = await store.posting(request.match_info["posting"])
    concerned = caller.role == "worker" and caller.subject in await store.entries(record.id, [caller.subject])
    if not (concerned or may_see(caller, record)):
        raise KuaizhaoError("no_posting")
    entries = await store.entries(record.id) if record.awarded else None
    return posting_view(record, reviewed=sees_review(caller), entries=entries)


async def list_postings(request: web.Request, query: PostingQuery) -> PostingList:
    """Postings by id, a page at a time. Employers see their own, kiosks their site's, workers what is open."""
    store, caller = request.app[STORE], request[CALLER]
    employer = caller.subject if caller.role == "employer" else query.employer
    site = caller.site if caller.role == "kiosk" else query.site
    ids = await store.postings_of_employer(employer) if employer else await store.postings_in(query.state or "open")
    state = query.state if employer else query.state or "open"
    left = sorted(i for i in ids if query.after is None or i > query.after)
    page, last = PostingList([]), ""
    for part in (left[at : at + READ_AT_ONCE] for at in range(0, min(len(left), LOOKED_AT), READ_AT_ONCE)):
        for record in await store.postings(part):
            if len(page.postings) == query.limit:
                page.next = page.postings[-1].id
                return page
            wanted = (state is None or record.state == state) and (site is None or record.doc.site == site)
            if wanted and may_see(caller, record):
                page.postings.append(posting_view(record, reviewed=sees_review(caller)))
        last = part[-1]
    if len(left) > LOOKED_AT:
        page.next = last
    return page


async def list_entries(request: web.Request, _: None) -> EntryList:
    """Everybody who was offered the posting, by pseudonym."""
    store, caller = request.app[STORE], request[CALLER]
    record = await store.posting(request.match_info["posting"])
    if caller.role == "kiosk":
        check_site(caller, record.doc.site)
    else:
        check_employer(caller, record.doc.employer)
    entries = await store.entries(record.id)
    shown = [entry_view(p, e, clerk=caller.role in STAFF) for p, e in sorted(entries.items())]
    return EntryList(record.id, record.v, shown)
