"""签到: who has arrived shows a code that the employer or the kiosk reads, or enters the one shown at the place.

Codes follow from a keyed hash, so that nothing is stored and nobody who is not shown one can know it. Who guesses is
stopped after a few tries.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from matcher.errors import KuaizhaoError
from matcher.model import CALENDAR_HOLDING
from server import rates
from server.api.ids import assignment_id
from server.api.offers import answered
from server.auth import check_posting, check_profile
from server.keys import CALLER, MARKET, STORE, VAULT
from server.pass_views import CheckIn, Pass
from server.peers import is_secure
from server.qr import qr_code
from server.worker_views import Answered

DIGITS: Final = 6


async def get_own_pass(request: web.Request, _: None) -> Pass:
    """What a seated worker shows on arrival."""
    asked = assignment_id(request)
    check_profile(request[CALLER], asked.profile)
    entry = (await request.app[STORE].entries(asked.posting, [asked.profile])).get(asked.profile)
    if entry is None or entry.assignment not in CALENDAR_HOLDING:
        raise KuaizhaoError("no_assignment")
    return await _pass(request, asked.posting, _code(request, asked.posting, asked.profile), "employer")


async def get_posting_pass(request: web.Request, _: None) -> Pass:
    """What is shown at the place, for workers to enter."""
    posting = request.match_info["posting"]
    await check_posting(request.app[STORE], request[CALLER], posting)
    return await _pass(request, posting, _code(request, posting, ""), "worker")


async def check_in_by_code(request: web.Request, given: CheckIn) -> Answered:
    """Somebody has arrived: a worker enters the code of the place, an employer or a kiosk that of the worker."""
    store, caller, posting = request.app[STORE], request[CALLER], request.match_info["posting"]
    tried = (rates.PASS_TRIES, f"{caller.whose}:{posting}")
    if caller.role == "worker":
        profiles = [caller.subject]
    else:
        await check_posting(store, caller, posting)
        profiles = [p for p, e in (await store.entries(posting)).items() if e.assignment in CALENDAR_HOLDING]
    await rates.count(store, tried)
    by_worker = caller.role == "worker"
    here = [p for p in profiles if _code(request, posting, "" if by_worker else p) == given.code]
    if not here:
        raise KuaizhaoError("wrong_code")
    if len(here) > 1:  # two of 500 people with the same code: once in ten such postings
        raise KuaizhaoError("several_people", " ".join(here))
    await rates.forget(store, tried)
    return answered(posting, here[0], await store.check_in(posting, here[0]))


async def _pass(request: web.Request, posting: str, code: str, page: str) -> Pass:
    record = await request.app[STORE].posting(posting)
    early_ms = (await request.app[MARKET].settings()).check_in_before_ms
    link = f"{'https' if is_secure(request) else 'http'}://{request.host}/{page}#check-in={posting}:{code}"
    return Pass(posting=posting, code=code, from_ms=record.start_ms - early_ms, link=link, qr=qr_code(link))


def _code(request: web.Request, posting: str, profile: str) -> str:
    """The code of somebody's arrival at a posting; without a profile, that of the place."""
    digest = request.app[VAULT].keyed_hash(f"arrival {posting} {profile}")
    return f"{int(digest[:16], 16) % 10**DIGITS:0{DIGITS}d}"
