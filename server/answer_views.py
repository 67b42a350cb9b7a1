"""What only the matcher's memory can answer, as the API shows it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from matcher.model import Id, OfferState, Reason
from server.worker_views import Brief


class TodayQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose: a worker's own without it; staff name the profile. `limit` is of each of the two lists."""

    profile: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class FittingView(Struct, kw_only=True):
    """A posting that the worker can do, with reasons; `waits` tells what keeps an offer of it from coming by itself.
    `favourite`: of an employer that the worker has marked as one."""

    posting: Brief
    distance_m: int
    favourite: bool
    reasons: list[str]
    waits: list[Reason]


class OutOfReachView(Struct, kw_only=True):
    """A posting just out of reach, and what is missing."""

    posting: Brief
    distance_m: int
    missing: list[Reason]


class TodayView(Struct, kw_only=True):
    """What somebody can do today near here, favourite employers and then the best first, and what they almost could."""

    fits: list[FittingView]
    out_of_reach: list[OutOfReachView]


class Outlook(Struct, kw_only=True):
    """How many people fit a posting now, how many of them a first wave asks, and in how many minutes it is likely to be
    filled (null: hardly)."""

    people: int
    asked: int
    minutes: int | None
    words: str


class WhyView(Struct, kw_only=True):
    """How a worker stands with a posting: the wave in which they were asked and their place in it; else every rule that
    keeps them out now, or their place among those who fit and what most of those before them have more of."""

    posting: str
    profile: str
    wave: int | None
    wave_rank: int | None
    offer: OfferState | None
    excluded: list[Reason]
    rank: int | None
    among: int
    before: list[Reason]
    words: str
