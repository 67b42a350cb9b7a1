"""What every posting goes through before it is written: plain checks, the review, and its vector."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web

from ingest.findings import Verdict
from ingest.heat import heat_for
from ingest.review import review
from ingest.texts import posting_text
from matcher.errors import KuaizhaoError
from matcher.model import HOUR_MS, Posting
from matcher.store import PostingWrite
from matcher.trades import certificates, hazards, trades
from server.api.ties import check_first
from server.keys import ENCODING, MARKET, STORE

LONGEST_SHIFT_MS: Final = 16 * HOUR_MS


class PostingBlocked(KuaizhaoError):
    """The review found something that cannot be posted; the body of the answer lists the findings."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("posting_blocked", verdict.reason)
        self.findings = verdict.findings

    def as_dict(self) -> dict[str, Any]:
        """The error with its findings."""
        body = super().as_dict()
        body["error"]["findings"] = msgspec.to_builtins(self.findings)
        return body


def check_document(doc: Posting) -> None:
    """What no clerk can decide: times that make no sense, unknown trades. Raises `bad_field` or `bad_trade`."""
    if doc.trade not in trades():
        raise KuaizhaoError("bad_trade", doc.trade)
    for certificate in doc.certificates:
        if certificate not in certificates():
            raise KuaizhaoError("bad_field", f"certificates 没有“{certificate}”这种证书")
    for hazard in doc.hazards:
        if hazard not in hazards():
            raise KuaizhaoError("bad_field", f"hazards 没有“{hazard}”这一类")
    if doc.end_ms <= doc.start_ms:
        raise KuaizhaoError("bad_field", "end_ms 应晚于 start_ms")
    if doc.end_ms - doc.start_ms > LONGEST_SHIFT_MS and not doc.listed_only:
        raise KuaizhaoError("bad_field", "end_ms 一个班次最长16小时,请分成几个岗位")
    if doc.valid_until_ms > doc.end_ms:
        raise KuaizhaoError("bad_field", "valid_until_ms 不应晚于 end_ms")
    if doc.age_min is not None and doc.age_max is not None and doc.age_min > doc.age_max:
        raise KuaizhaoError("bad_field", "age_min 不应大于 age_max")


async def reviewed(request: web.Request, doc: Posting, as_of_ms: int) -> Verdict:
    """The review as of an instant. Raises PostingBlocked."""
    verdict = await judged(request, doc, as_of_ms)
    if verdict.state == "blocked":
        raise PostingBlocked(verdict)
    return verdict


async def judged(request: web.Request, doc: Posting, as_of_ms: int) -> Verdict:
    """The review as of an instant, whatever it says."""
    today, heat = await request.app[MARKET].today(as_of_ms), await heat_for(request.app[STORE], doc)
    return review(doc, now_ms=as_of_ms, today=today, heat=heat)


async def written(request: web.Request, doc: Posting) -> PostingWrite:
    """The document with its vector. Raises `no_site`, `bad_field`, `overloaded`."""
    app = request.app
    await app[MARKET].check_site(doc.site)
    await check_first(app[STORE], doc)
    vector = await app[ENCODING].encode(posting_text(doc), "posting")
    return PostingWrite(doc=doc, vector=vector, model=app[ENCODING].model_id)
