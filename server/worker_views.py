"""What workers see and answer: cards, messages, the frames of their socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from matcher.model import (
    AcceptanceState,
    AssignmentState,
    Award,
    Crew,
    Crews,
    Entry,
    Id,
    OfferState,
    Pay,
    Place,
    PostingRecord,
    PostingState,
    Settlement,
    ShortText,
)
from matcher.records import Message
from matcher.trades import trade_name
from server import words
from server.views import Error


class OwnQuery(Struct, forbid_unknown_fields=True):
    """Whose: a worker's own without it; a clerk or manager names the profile."""

    profile: Id | None = None


class AssignmentQuery(Struct, forbid_unknown_fields=True):
    """Whose, as above; `over` shows instead what is over: worked and paid, given back, or not seated."""

    profile: Id | None = None
    over: bool = False


class InboxQuery(Struct, forbid_unknown_fields=True):
    """`after`: the last message the client has; `token`: for clients that cannot send headers."""

    after: Annotated[int, Meta(ge=0)] = 0
    token: str = ""


class Brief(Struct, kw_only=True):
    """A posting as a worker sees it. `days` are the others that a yes is for: those of a series taken as a whole."""

    id: str
    state: PostingState
    award: Award
    crews: Crews
    terms: int
    window_until_ms: int
    commitment: str
    employer: str
    employer_name: str
    site: str
    trade: str
    trade_name: str
    text: str
    headcount: int
    start_ms: int
    end_ms: int
    place: Place
    pay: Pay
    settlement: Settlement
    certificates: list[str]
    hazards: list[str]
    meals: bool
    transport: bool
    outdoor: bool
    insurance: str
    meeting_point: str
    valid_until_ms: int
    series: str | None
    whole_series: bool
    days: list[Day]


class Day(Struct, kw_only=True):
    """Another day of a series that is taken as a whole."""

    posting: str
    start_ms: int
    end_ms: int
    place: Place
    pay: Pay


class OwnEntry(Struct, kw_only=True):
    """Where the worker stands with the posting. `offer` and `assignment_id` are what the API's paths take. `mates` are
    the others of the crew it was offered to; `together`: all are seated or none, and each one's yes is needed."""

    offer: str
    offer_state: OfferState
    wave: int
    offered_ms: int
    deadline_ms: int
    distance_m: int
    reasons: tuple[str, ...]
    crew: str
    together: bool
    mates: tuple[str, ...]
    acceptance: AcceptanceState | None
    order: int | None
    call_deadline_ms: int | None
    assignment_id: str
    assignment: AssignmentState | None
    consent_deadline_ms: int | None
    seated_ms: int | None
    ended_by: str
    words: str


class Card(Struct, kw_only=True):
    """A posting and where the worker stands with it, as of the posting's version `v`: the higher `v` is the newer."""

    v: int
    posting: Brief
    entry: OwnEntry


class CardList(Struct):
    """A worker's cards."""

    cards: list[Card]


class MessageView(Struct, kw_only=True):
    """One message to the worker, numbered without gaps."""

    seq: int
    at_ms: int
    kind: str
    posting: str
    words: str


class HelloFrame(Struct, kw_only=True, tag_field="type", tag="hello"):
    """The first frame, and again after a gap: everything current. What is not in it is over. `alive_ms`: the line is
    lost when nothing has come for clearly longer than that."""

    now_ms: int
    alive_ms: int
    cards: list[Card]
    messages: list[MessageView]


class CardFrame(Struct, kw_only=True, tag_field="type", tag="card"):
    """One card has changed."""

    v: int
    posting: Brief
    entry: OwnEntry


class MessageFrame(Struct, kw_only=True, tag_field="type", tag="message"):
    """One new message."""

    seq: int
    at_ms: int
    kind: str
    posting: str
    words: str


def offer_id(posting: str, profile: str, terms: int) -> str:
    """An offer's id in the API."""
    return f"{posting}:{profile}:{terms}"


def brief(record: PostingRecord, employer_name: str, days: Sequence[PostingRecord] = ()) -> Brief:
    """A stored posting as a worker sees it; `days` are the other days that go with it."""
    doc = record.doc
    of_record = {n: getattr(record, n) for n in ("id", "state", "award", "terms", "window_until_ms", "commitment")}
    named = {"employer_name", "trade_name", "days", *of_record}
    others = [Day(posting=d.id, start_ms=d.start_ms, end_ms=d.end_ms, place=d.doc.place, pay=d.doc.pay) for d in days]
    of_doc = {n: getattr(doc, n) for n in Brief.__struct_fields__ if n not in named}
    return Brief(employer_name=employer_name, trade_name=trade_name(doc.trade), days=others, **of_record, **of_doc)


def own_entry(posting: str, profile: str, entry: Entry) -> OwnEntry:
    """A stored entry as its worker sees it."""
    special: dict[str, Any] = {
        "offer": offer_id(posting, profile, entry.terms),
        "offer_state": entry.offer,
        "assignment_id": f"{posting}:{profile}",
        "words": words.outcome(entry.acceptance) if entry.assignment is None else "",
    }
    same = {n: getattr(entry, n) for n in OwnEntry.__struct_fields__ if n not in special}
    return OwnEntry(**special, **same)


def message_view(message: Message) -> MessageView:
    """A stored message with its words."""
    return MessageView(
        seq=message.seq,
        at_ms=message.at_ms,
        kind=message.kind,
        posting=message.posting,
        words=words.message(message.kind),
    )


class Refusal(Struct, forbid_unknown_fields=True):
    """A worker's no; the reason is free to give."""

    reason: ShortText = ""


class AcceptFrame(Struct, forbid_unknown_fields=True, tag_field="type", tag="accept"):
    """Said on the socket: a yes to an offer, as `POST /v1/offers/{offer}/accept`."""

    offer: str


class DeclineFrame(Struct, forbid_unknown_fields=True, tag_field="type", tag="decline"):
    """Said on the socket: a no, as `POST /v1/offers/{offer}/decline`; the reason is free to give."""

    offer: str
    reason: ShortText = ""


class NewCrew(Struct, forbid_unknown_fields=True):
    """A crew to form, under an id of the caller's or one derived from Idempotency-Key."""

    leader: Id
    invited: Annotated[list[Id], Meta(max_length=9)] = []
    id: Id | None = None


class Member(Struct, forbid_unknown_fields=True):
    """Who: the worker themselves without it; kiosks and clerks name the profile, and so does who invites."""

    profile: Id | None = None


class CrewList(Struct):
    """A worker's crew and the crews that invite them."""

    crews: list[Crew]


class Consent(Struct, forbid_unknown_fields=True):
    """The answer to changed terms: `terms` is the number the worker was shown."""

    terms: Annotated[int, Meta(ge=1)]
    yes: bool


class Answered(Struct, kw_only=True):
    """What became of an answer. `order` counts while a fair window collects; the window ends at `window_until_ms`."""

    posting: str
    profile: str
    v: int
    replay: bool = False
    acceptance: AcceptanceState | None = None
    assignment: AssignmentState | None = None
    order: int | None = None
    window_until_ms: int = 0
    words: str = ""


Said = Literal["accept", "decline", "none"]
"""What somebody said on the socket; `none` where it could not be read."""


class AnsweredFrame(Struct, kw_only=True, tag_field="type", tag="answered"):
    """What became of an answer that came on the socket. After a no it is all that is told there: no card follows."""

    offer: str
    operation: Said
    answered: Answered


class RefusedFrame(Struct, kw_only=True, tag_field="type", tag="refused"):
    """Why an answer on the socket was refused: status, error and time to come again, as over HTTP. `offer` is empty
    where none could be read."""

    offer: str
    operation: Said
    status: int
    error: Error
    retry_after_s: int | None
