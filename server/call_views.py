"""The clerk's call list as the API shows it: whom to ring up, for which posting, in which order, and why."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from matcher.model import Id, ShortText
from server.worker_views import Brief


class CallQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which calls: of one site's postings, of one posting, or all."""

    site: Id | None = None
    posting: Id | None = None


class CallView(Struct, kw_only=True):
    """One person to ring up. `offer` is what the answer is told under; `rings` counts the attempts so far."""

    offer: str
    profile: str
    rank: int
    distance_m: int
    reasons: tuple[str, ...]
    deadline_ms: int
    rings: int
    rung_ms: int | None
    reached: bool


class PostingCalls(Struct, kw_only=True):
    """Everybody to ring up for one posting, in order; `seats_open` is how many yeses are still wanted."""

    posting: Brief
    seats_open: int
    calls: list[CallView]


class CallList(Struct, kw_only=True):
    """What is to be done by telephone, the earliest start first. In quiet hours nobody is rung up: then it is empty."""

    quiet: bool
    words: str
    postings: list[PostingCalls]

    @property
    def about(self) -> list[str]:
        """Who is to be rung up."""
        return [call.profile for each in self.postings for call in each.calls]


class CallOutcome(Struct, kw_only=True, forbid_unknown_fields=True):
    """What came of a call. `nth` is the number of this attempt with `reached` and `no_answer`, so that an attempt told
    twice is one; a yes or no is an answer like any other and ends the entry."""

    outcome: Literal["reached", "no_answer", "accepted", "declined"]
    nth: Annotated[int, Meta(ge=1, le=1_000)] = 1
    reason: ShortText = ""
