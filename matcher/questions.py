"""Questions that only the matcher's memory can answer, put by web servers over the store, with a time limit.

A question is published, not stored: nobody has to clear it away, it costs no write, and when no matcher listens that is
known at once. Two matchers of one market both answer; the first answer counts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from msgspec import Struct, ValidationError

from matcher import codec
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.model import Posting, Reason
from matcher.seating import Offered
from matcher.store import Store

CHANNEL: Final = "questions"
TIME_LIMIT_S: Final = 2.0
T = TypeVar("T", bound="Answer")

log = structlog.get_logger()


class Today(Struct, frozen=True, tag="today"):
    """What can this worker do today, near here?"""

    profile: str
    limit: int


class HowMany(Struct, frozen=True, tag="how_many"):
    """How many people fit this posting now?"""

    posting: Posting


class Why(Struct, frozen=True, tag="why"):
    """How does this worker stand with this posting now? `untold`: with the rules that only staff read."""

    posting: str
    profile: str
    untold: bool = False


class Wish(Struct, frozen=True, tag="wish"):
    """May this worker have an offer of this posting, that they ask for?"""

    posting: str
    profile: str


Question = Today | HowMany | Why | Wish


class Fits(Struct, frozen=True, kw_only=True):
    """A posting that a worker can do: their reasons, and what keeps an offer of it from coming by itself."""

    posting: str
    distance_m: int
    reasons: list[str]
    waits: list[Reason]


class OutOfReach(Struct, frozen=True, kw_only=True):
    """A posting that a worker can almost do, and what is missing."""

    posting: str
    distance_m: int
    missing: list[Reason]


class TodayAnswer(Struct, frozen=True, kw_only=True, tag="today"):
    """The best postings for a worker, the best first, and those just out of reach."""

    fits: list[Fits]
    out_of_reach: list[OutOfReach]


class HowManyAnswer(Struct, frozen=True, kw_only=True, tag="how_many"):
    """`people` fit now, of whom a first wave would ask `asked`; `minutes` until all seats are taken, as is to be
    expected (None: hardly)."""

    people: int
    asked: int
    minutes: int | None


class WhyAnswer(Struct, frozen=True, kw_only=True, tag="why"):
    """Every rule that keeps a worker out now; without one, their place among the `among` who fit, and what most of
    those before them have more of."""

    excluded: list[Reason]
    rank: int | None
    among: int
    before: list[Reason]


class WishAnswer(Struct, frozen=True, kw_only=True, tag="wish"):
    """Every rule that keeps the worker out; without one, the wave to write: of the posting that leads its series."""

    excluded: list[Reason]
    posting: str = ""
    terms: int = 0
    wave: int = 0
    reply_ms: int = 0
    gap_ms: int = 0
    lines: list[Offered] = []


Answer = TodayAnswer | HowManyAnswer | WhyAnswer | WishAnswer


class Put(Struct, frozen=True):
    """A question on its way, and where its answer is awaited."""

    reply_to: str
    question: Question


class Told(Struct, frozen=True):
    """An answer, or the code and detail of a refusal."""

    answer: Answer | None = None
    code: str = ""
    detail: str = ""


async def ask(store: Store, question: Question, kind: type[T], time_limit_s: float = TIME_LIMIT_S) -> T:
    """The matcher's answer. Raises `no_matcher` when none listens or answers in time, or what the answer refuses."""
    reply_to = store.key("answer", secrets.token_hex(8))
    pubsub = store.blocking.pubsub()
    try:
        async with asyncio.timeout(time_limit_s), guarded():
            await pubsub.subscribe(reply_to)
            await pubsub.get_message(timeout=time_limit_s)  # the subscription stands
            if not await store.commands.publish(store.key(CHANNEL), codec.pack(Put(reply_to, question))):
                raise KuaizhaoError("no_matcher")
            while (message := await pubsub.get_message(timeout=time_limit_s)) is None:
                pass
    except TimeoutError as exc:
        raise KuaizhaoError("no_matcher") from exc
    finally:
        await pubsub.aclose()
    told = codec.decode(message["data"], Told)
    if told.code:
        raise KuaizhaoError(told.code, told.detail)
    assert isinstance(told.answer, kind)
    return told.answer


async def answer_questions(store: Store, answer: Callable[[Question], Awaitable[Answer]]) -> None:
    """Answers questions as they come, for ever. Raises StoreUnavailable."""
    pubsub = store.blocking.pubsub()
    try:
        async with guarded():
            await pubsub.subscribe(store.key(CHANNEL))
        while True:
            async with guarded(None):
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=None)
            if message is None:
                continue
            try:
                put = codec.decode(message["data"], Put)
            except (ValueError, ValidationError):
                log.warning("question_unreadable")
                continue
            told = await _told(put.question, answer)
            async with guarded():
                await store.commands.publish(put.reply_to, codec.pack(told))
    finally:
        await pubsub.aclose()


async def _told(question: Question, answer: Callable[[Question], Awaitable[Answer]]) -> Told:
    try:
        return Told(await answer(question))
    except KuaizhaoError as exc:
        return Told(code=exc.code, detail=exc.detail)
