"""Postings as the API takes and shows them: to employers, clerks and anybody who checks an award."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from matcher.model import (
    SEAT_HOLDING,
    AcceptanceState,
    AssignmentState,
    Award,
    Entry,
    Id,
    OfferState,
    Posting,
    PostingRecord,
    PostingState,
    ShortText,
)
from matcher.trades import trade_name
from server.views import ExpectedV

Limit = Annotated[int, Meta(ge=1, le=500)]


class NewPosting(Struct, forbid_unknown_fields=True):
    """A posting, under an id of the caller's or one derived from Idempotency-Key; `draft` keeps it out of review."""

    posting: Posting
    id: Id | None = None
    draft: bool = False


class NewSeries(Struct, forbid_unknown_fields=True):
    """One piece of work of several days, a posting each. `whole` (全程): everybody is seated on every day or on none,
    until the first day starts; else (可选) each day is by itself. The days get the ids `ID-1`, `ID-2`, ... by start."""

    postings: Annotated[list[Posting], Meta(min_length=2, max_length=31)]
    whole: bool = False
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")] | None = None


class PostingChange(Struct, forbid_unknown_fields=True):
    """A new document for a posting; `release` names who is no longer needed when the headcount falls."""

    posting: Posting
    expected_v: ExpectedV = 0
    release: Annotated[list[Id], Meta(max_length=500)] = []


class Decision(Struct, forbid_unknown_fields=True):
    """A clerk's decision on a posting: `open` it, or return it as `draft` with the reason."""

    to: Literal["open", "draft"]
    reason: ShortText = ""


class PostingQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which postings: by state, site and employer, a page at a time (`after`: the `next` of the page before)."""

    state: PostingState | None = None
    site: Id | None = None
    employer: Id | None = None
    limit: Limit = 100
    after: Id | None = None


class OrderLine(Struct, kw_only=True):
    """One line of the published order: a pseudonym, what decided its place, and whether it has a seat, stands by or
    neither (why is nobody else's business). A crew that stays together has one place: that of its member who worked
    last and whose queue number is highest."""

    profile: str
    crew: str | None
    order: int
    round: int | None
    last_work_ms: int
    queue_no: int | None
    ticket: str
    stands: Literal["seated", "standby", "out"]


class PostingView(Struct, kw_only=True):
    """A posting as stored. `order` is shown once something was awarded. Each of the `rounds` that had to choose has
    drawn with a seed of its own: `seed` is the last one, the SHA-256 of a seed is that of the round before, and of the
    first one the `commitment`; a ticket is sha1(seed of its round:profile, or crew)."""

    id: str
    v: int
    posting: Posting
    trade_name: str
    state: PostingState
    award: Award
    terms: int
    wave: int
    offered: int
    open_offers: int
    taken: int
    called: int
    waiting: int
    standby: int
    window_until_ms: int
    opened_ms: int
    filled_ms: int
    commitment: str
    awarded: bool
    held: bool
    rounds: int
    review_reason: str | None = None
    seed: str | None = None
    order: list[OrderLine] = []


class PostingList(Struct):
    """A page of postings; `next` is null on the last one."""

    postings: list[PostingView]
    next: str | None = None


class SeriesView(Struct):
    """The days of a series, by start."""

    id: str
    whole: bool
    postings: list[PostingView]


class EntryView(Struct, kw_only=True):
    """What one profile has answered to a posting. Distance, reasons and words of refusal only for clerks."""

    profile: str
    offer: OfferState
    wave: int
    terms: int
    offered_ms: int
    deadline_ms: int
    answered_ms: int | None
    crew: str
    together: bool
    acceptance: AcceptanceState | None
    order: int | None
    call_deadline_ms: int | None
    assignment: AssignmentState | None
    consent_deadline_ms: int | None
    seated_ms: int | None
    ended_by: str
    distance_m: int | None = None
    reasons: tuple[str, ...] | None = None
    decline_reason: str | None = None


class EntryList(Struct):
    """Everybody who was offered a posting."""

    posting: str
    v: int
    entries: list[EntryView]


_ALWAYS = tuple(
    name
    for name in PostingView.__struct_fields__
    if name not in {"posting", "trade_name", "review_reason", "seed", "order"}
)  # fmt: skip


def posting_view(record: PostingRecord, *, reviewed: bool, entries: dict[str, Entry] | None = None) -> PostingView:
    """A stored posting as shown; `reviewed` shows the reason of the review, `entries` the order once it is awarded."""
    doc = record.doc if reviewed else structs.replace(record.doc, first=[])
    shown = PostingView(
        posting=doc, trade_name=trade_name(doc.trade), **{name: getattr(record, name) for name in _ALWAYS}
    )
    if reviewed:
        shown.review_reason = record.review_reason
    if record.awarded and entries is not None:
        shown.seed = record.seed or None
        shown.order = published_order(entries)
    return shown


_AS_STORED = ("round", "queue_no", "ticket")


def published_order(entries: dict[str, Entry]) -> list[OrderLine]:
    """Everybody who accepted and does not wait for a round to end, in the order in which they are seated."""
    lines = [
        OrderLine(
            profile=p,
            crew=e.crew if e.together else None,
            order=e.order,
            last_work_ms=e.last_work_ms or 0,
            stands=_stands(e),
            **{n: getattr(e, n) for n in _AS_STORED},
        )
        for p, e in entries.items()
        if e.order is not None and e.acceptance != "waiting"
    ]
    return sorted(lines, key=lambda line: line.order)


def _stands(entry: Entry) -> Literal["seated", "standby", "out"]:
    if entry.assignment in SEAT_HOLDING:
        return "seated"
    return "standby" if entry.acceptance in ("standby", "called") else "out"


def entry_view(profile: str, entry: Entry, *, clerk: bool) -> EntryView:
    """One profile's entry as the employer, or a clerk, sees it."""
    hidden = {"profile", "distance_m", "reasons", "decline_reason"}
    shown = EntryView(profile=profile, **{n: getattr(entry, n) for n in EntryView.__struct_fields__ if n not in hidden})
    if clerk:
        shown.distance_m, shown.reasons, shown.decline_reason = entry.distance_m, entry.reasons, entry.decline_reason
    return shown
