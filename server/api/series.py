"""系列: one piece of work of several days, a posting each, taken as a whole (全程) or day by day (可选)."""

from __future__ import annotations

import secrets
from typing import Any

from aiohttp import web
from msgspec import structs

from matcher import codec, records
from matcher.errors import KuaizhaoError
from matcher.model import Posting, PostingRecord
from matcher.waves import default_award
from server.api.ids import checked, given_or_new
from server.api.postings import SEED_BYTES, acting
from server.api.reviewed import check_document, reviewed, written
from server.auth import check_employer, may_see, sees_review
from server.keys import CALLER, STORE, now_ms
from server.posting_views import NewSeries, SeriesView, posting_view


async def post_series(request: web.Request, new: NewSeries) -> SeriesView:
    """Posts every day. As a whole: all of them are written or none. The same again replays."""
    id_ = checked(given_or_new(request, new.id, "s"))
    docs = [structs.replace(doc, series=id_, whole_series=new.whole) for doc in new.postings]
    docs.sort(key=lambda doc: doc.start_ms)
    if len({doc.employer for doc in docs}) > 1:
        raise KuaizhaoError("bad_field", "employer 一个系列只能有一个用工方")
    check_employer(request[CALLER], docs[0].employer)
    days = {checked(f"{id_}-{n}"): doc for n, doc in enumerate(docs, 1)}
    if not await _is_known(request, days):
        await _write(request, id_, days, whole=new.whole)
    return await _view(request, id_)


async def _is_known(request: web.Request, days: dict[str, Posting]) -> bool:
    raws = await request.app[STORE].hashes("posting", list(days))
    told = [records.digest(codec.pack(doc)) for doc in days.values()]
    return [raw.get(b"first_digest", b"").decode() for raw in raws] == told


async def _write(request: web.Request, id_: str, days: dict[str, Posting], *, whole: bool) -> None:
    store, now = request.app[STORE], now_ms()
    first = next(iter(days.values()))
    calls: list[tuple[str, list[Any]]] = []
    for day, doc in days.items():
        check_document(doc)
        if doc.start_ms <= now or doc.valid_until_ms <= now:
            raise KuaizhaoError("posting_past")
        verdict = await reviewed(request, doc, now)
        leads = first if whole else doc  # one line, one award
        award = default_award(leads.award, leads.start_ms, now)
        write, seed = await written(request, doc), secrets.token_hex(SEED_BYTES)
        calls.append(store.post_call(day, write, verdict=verdict.state, reason=verdict.reason, award=award, seed=seed))
    if whole:
        await store.post_series(id_, calls)
        return
    for answer in await store.call_many(calls):
        if isinstance(answer, KuaizhaoError):
            raise answer


async def get_series(request: web.Request, _: None) -> SeriesView:
    """Every day that the caller may see, by start."""
    return await _view(request, request.match_info["series"])


async def withdraw_series(request: web.Request, _: None) -> SeriesView:
    """Takes back every day that has not ended; everybody seated is released without penalty."""
    id_ = request.match_info["series"]
    for record in await request.app[STORE].series(id_):
        check_employer(request[CALLER], record.doc.employer)
    await request.app[STORE].withdraw_series(id_, by=acting(request))
    return await _view(request, id_)


async def _view(request: web.Request, id_: str) -> SeriesView:
    caller = request[CALLER]
    days: list[PostingRecord] = [p for p in await request.app[STORE].series(id_) if may_see(caller, p)]
    if not days:
        raise KuaizhaoError("no_series")
    shown = [posting_view(p, reviewed=sees_review(caller)) for p in days]
    return SeriesView(id=id_, whole=days[0].doc.whole_series, postings=shown)
