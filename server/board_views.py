"""The frames of the board: what employers, halls and the desk see of postings as they change."""

from __future__ import annotations

from msgspec import Struct

from matcher.model import Id
from server.calling import CalledNumber
from server.posting_views import PostingView


class BoardQuery(Struct, forbid_unknown_fields=True):
    """`site`: only that site's postings, for staff; `token`: for clients that cannot send headers."""

    site: Id | None = None
    token: str = ""


class Waiting(Struct, kw_only=True, frozen=True):
    """How much waits for a clerk: postings to review, people to ring up, appeals, complaints, rows in the quarantine,
    and the merges of the last 30 days, to be looked at."""

    reviews: int
    calls: int
    appeals: int
    complaints: int
    quarantine: int
    merges: int


class BoardHello(Struct, kw_only=True, tag_field="type", tag="hello"):
    """The first frame, and again after a gap: every posting that is not over. What is not in it is over. `waiting` only
    for staff, `called` (the last queue numbers called there, the newest first) only for a site. `alive_ms`: the line is
    lost when nothing has come for clearly longer than that."""

    now_ms: int
    alive_ms: int
    postings: list[PostingView]
    waiting: Waiting | None = None
    called: list[CalledNumber] = []


class PostingFrame(Struct, kw_only=True, tag_field="type", tag="posting"):
    """A posting has changed, or is new. Of two, the one with the higher `v` is the newer."""

    posting: PostingView


class GoneFrame(Struct, kw_only=True, tag_field="type", tag="gone"):
    """A posting is not to be seen here any more: it went to another site, into review, or was deleted."""

    id: str
    v: int


class CalledFrame(Struct, kw_only=True, tag_field="type", tag="called"):
    """A queue number of the site was called; the last ones, the newest first."""

    called: list[CalledNumber]


class WaitingFrame(Struct, kw_only=True, tag_field="type", tag="waiting"):
    """What waits for a clerk has changed; for staff."""

    waiting: Waiting
