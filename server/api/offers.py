"""派单: what a worker is offered, and their yes or no."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from matcher import questions
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.moves import POSTING_MOVES
from matcher.questions import Wish, WishAnswer
from matcher.store import Store
from server import words
from server.api.ids import OfferId, offer_id
from server.auth import check_profile
from server.cards import is_current
from server.keys import CALLER, CARDS, STORE, now_ms
from server.sessions import Caller
from server.worker_views import Answered, Card, CardList, OwnQuery, Refusal

WISH_TRIES: Final = 8
WISH_AGAIN_S: Final = 0.05
LEFT_OUT: Final = {
    "offered_before": "这个活已经派给过你",
    "live_cap": "你手里的派单满了,请先回复",
    "daily_cap": "今天派给你的已经满了,明天再来",
    "mate": "你班组里有人现在不能派,请先退出班组再试",
    "no_crew": "班组的人数变了,请再试一次",
}
"""In words for who asked, by what the store's `offer` says of whom it left out."""


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


async def wish_offer(request: web.Request, query: OwnQuery) -> Card:
    """Asks for an offer of a posting. Who has one is answered with it; the matcher's rules decide, and the store."""
    store, posting = request.app[STORE], request.match_info["posting"]
    profile = await whose(request, query)
    for _ in range(WISH_TRIES):
        card = await _open_offer(request, posting, profile)
        if card is not None:
            return card
        found = await _asked(store, Wish(posting, profile))
        if found.excluded:
            raise KuaizhaoError("does_not_fit", ";".join(reason.words for reason in found.excluded))
        try:
            done = await store.offer(
                found.posting,
                terms=found.terms,
                wave=found.wave,
                reply_ms=found.reply_ms,
                gap_ms=found.gap_ms,
                offered=found.lines,
            )
        except KuaizhaoError as exc:
            if exc.code != "stale_wave":
                raise
            await asyncio.sleep(WISH_AGAIN_S)  # another wave was written meanwhile: the matcher is about to see it
            continue
        posting = found.posting
        _check_offered(done.left_out, profile)
    raise KuaizhaoError("overloaded")


async def _asked(store: Store, wish: Wish) -> WishAnswer:
    """What the matcher says. It forgets at once what is taken back; who asks for that is told that it has ended."""
    try:
        return await questions.ask(store, wish, WishAnswer)
    except KuaizhaoError as exc:
        if exc.code == "no_posting":
            state = (await store.posting(wish.posting)).state
            if not POSTING_MOVES[state]:
                raise KuaizhaoError("posting_not_open", state) from exc
        raise


async def _open_offer(request: web.Request, posting: str, profile: str) -> Card | None:
    shown, _ = await request.app[CARDS].read({posting: (profile,)})
    entry = shown[0].entries.get(profile) if shown else None
    return shown[0].card(profile) if entry is not None and is_current(entry, now_ms()) else None


def _check_offered(left_out: list[str], profile: str) -> None:
    """Raises what the store says of whom it left out: "PROFILE CODE", each."""
    why = dict(line.split(" ", 1) for line in left_out)
    if profile not in why:
        return
    if why[profile] == "suspended":
        raise KuaizhaoError("suspended")
    raise KuaizhaoError("does_not_fit", LEFT_OUT.get(why[profile], "请找工作人员"))


async def list_offers(request: web.Request, query: OwnQuery) -> CardList:
    """Open offers, by start."""
    cards = await request.app[CARDS].current(await whose(request, query))
    return CardList([card for card in cards if card.entry.offer_state == "open"])


async def accept_offer(request: web.Request, _: None) -> Answered:
    """A worker's yes. The same again answers with what became of it."""
    return await accept(request.app[STORE], request[CALLER], offer_id(request))


async def decline_offer(request: web.Request, refusal: Refusal) -> Answered:
    """A worker's no: free, and always possible while the offer is open."""
    return await decline(request.app[STORE], request[CALLER], offer_id(request), refusal.reason)


async def accept(store: Store, caller: Caller, offer: OfferId) -> Answered:
    """A yes, over HTTP or on the socket. Raises `forbidden`, and what the store's function does."""
    check_profile(caller, offer.profile)
    done = await store.accept(offer.posting, offer.profile, offer.terms)
    return answered(offer.posting, offer.profile, done)


async def decline(store: Store, caller: Caller, offer: OfferId, reason: str) -> Answered:
    """A no, likewise."""
    check_profile(caller, offer.profile)
    done = await store.decline(offer.posting, offer.profile, offer.terms, reason)
    return answered(offer.posting, offer.profile, done)
