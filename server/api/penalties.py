"""扣分与申诉: what a late release, a no-show or a late withdrawal left behind, and what a clerk says of it."""

from __future__ import annotations

from aiohttp import web

from matcher.connection import Done
from matcher.penalties import PenaltyRole, worth
from server.auth import check_employer, check_profile
from server.keys import CALLER, MARKET, STORE, now_ms
from server.penalty_views import Appeal, AppealList, PenaltyDecision, PenaltyList, WaitingAppeal, penalty_view
from server.views import Written


async def list_profile_penalties(request: web.Request, _: None) -> PenaltyList:
    """A worker's penalties: why, what they are worth now, and until when."""
    id_ = request.match_info["profile"]
    check_profile(request[CALLER], id_)
    suspended_until_ms = (await request.app[STORE].profile(id_)).suspended_until_ms
    return await _list(request, "profile", id_, suspended_until_ms)


async def list_employer_penalties(request: web.Request, _: None) -> PenaltyList:
    """An employer's penalties: why, what they are worth now, and until when."""
    id_ = request.match_info["employer"]
    check_employer(request[CALLER], id_)
    suspended_until_ms = (await request.app[STORE].employer(id_)).suspended_until_ms
    return await _list(request, "employer", id_, suspended_until_ms)


async def _list(request: web.Request, role: PenaltyRole, id_: str, suspended_until_ms: int) -> PenaltyList:
    found, now = await request.app[STORE].penalties(role, id_), now_ms()
    half_life_ms = (await request.app[MARKET].settings()).penalty_half_life_ms
    return PenaltyList(
        id=id_,
        points=round(worth(found.values(), now, half_life_ms), 2),
        suspended_until_ms=suspended_until_ms,
        penalties=[penalty_view(name, penalty, now, half_life_ms) for name, penalty in found.items()],
    )


async def appeal_profile_penalty(request: web.Request, appeal: Appeal) -> Written:
    """A worker objects; the penalty counts until a clerk has decided."""
    id_ = request.match_info["profile"]
    check_profile(request[CALLER], id_)
    return _written(id_, await request.app[STORE].appeal("profile", id_, appeal.penalty, appeal.reason))


async def appeal_employer_penalty(request: web.Request, appeal: Appeal) -> Written:
    """An employer objects; the penalty counts until a clerk has decided."""
    id_ = request.match_info["employer"]
    check_employer(request[CALLER], id_)
    return _written(id_, await request.app[STORE].appeal("employer", id_, appeal.penalty, appeal.reason))


async def decide_profile_penalty(request: web.Request, decision: PenaltyDecision) -> Written:
    """A clerk lifts a worker's penalty or lets it stand; a later decision may be another."""
    id_ = request.match_info["profile"]
    return _written(id_, await _decide(request, "profile", id_, decision))


async def decide_employer_penalty(request: web.Request, decision: PenaltyDecision) -> Written:
    """A clerk lifts an employer's penalty or lets it stand; a later decision may be another."""
    id_ = request.match_info["employer"]
    return _written(id_, await _decide(request, "employer", id_, decision))


async def _decide(request: web.Request, role: PenaltyRole, id_: str, decision: PenaltyDecision) -> Done:
    store = request.app[STORE]
    return await store.decide(role, id_, decision.penalty, lift=decision.lift, reason=decision.reason)


async def list_appeals(request: web.Request, _: None) -> AppealList:
    """Appeals that wait for a clerk, the oldest first."""
    store, now = request.app[STORE], now_ms()
    half_life_ms = (await request.app[MARKET].settings()).penalty_half_life_ms
    shown = []
    for role, id_, name in await store.appeals():
        penalty = (await store.penalties(role, id_)).get(name)
        if penalty is not None:
            shown.append(WaitingAppeal(role=role, id=id_, penalty=penalty_view(name, penalty, now, half_life_ms)))
    return AppealList(shown)


def _written(id_: str, done: Done) -> Written:
    return Written(id=id_, v=done.v, replay=done.replay)
