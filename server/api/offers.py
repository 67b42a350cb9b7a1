"""派单: what a worker is offered, and their yes or no."""

from __future__ import annotations

from aiohttp import web

from matcher.connection import Done
from matcher.errors import KuaizhaoError
from server import words
from server.api.ids import offer_id
from server.auth import check_profile
from server.keys import CALLER, CARDS, STORE
from server.worker_views import Answered, CardList, OwnQuery, Refusal


async def whose(request: web.Request, query: OwnQuery) -> str:
    """The profile asked about: a worker's own, or the one that a clerk names. Raises `forbidden`."""
    caller = request[CALLER]
    profile = query.profile or (caller.subject if caller.role == "worker" else None)
    if profile is None:
        raise KuaizhaoError("bad_field", "profile 请指明是谁")
    check_profile(caller, profile)
    return profile


def answered(posting: str, profile: str, done: Done) -> Answered:
    """What became of it, with the words for the person."""
    return Answered(
        posting=posting,
        profile=profile,
        v=done.v,
        replay=done.replay,
        acceptance=done.acceptance,  # type: ignore[arg-type]  # written by one function from one Literal
        assignment=done.assignment,  # type: ignore[arg-type]
        order=done.order,
        window_until_ms=done.window_until_ms,
        words=words.outcome(done.acceptance),
    )


async def list_offers(request: web.Request, query: OwnQuery) -> CardList:
    """Open offers, by start."""
    cards = await request.app[CARDS].current(await whose(request, query))
    return CardList([card for card in cards if card.entry.offer_state == "open"])


async def accept_offer(request: web.Request, _: None) -> Answered:
    """A worker's yes. The same again answers with what became of it."""
    offer = offer_id(request)
    check_profile(request[CALLER], offer.profile)
    done = await request.app[STORE].accept(offer.posting, offer.profile, offer.terms)
    return answered(offer.posting, offer.profile, done)


async def decline_offer(request: web.Request, refusal: Refusal) -> Answered:
    """A worker's no: free, and always possible while the offer is open."""
    offer = offer_id(request)
    check_profile(request[CALLER], offer.profile)
    done = await request.app[STORE].decline(offer.posting, offer.profile, offer.terms, refusal.reason)
    return answered(offer.posting, offer.profile, done)
