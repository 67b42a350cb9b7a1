"""What is told of people, and asked when somebody wants to know it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from matcher.model import Entry, EpochMs, Person, ShortText
from server.complaint_views import ComplaintView
from server.views import ProfileView
from server.worker_views import MessageView


class Why(Struct, forbid_unknown_fields=True):
    """Why somebody looks at another's data: staff must say it."""

    reason: ShortText = ""


class PersonView(Struct):
    """Who a profile is. The ID number is never shown whole."""

    profile: str
    name: str
    telephone: str
    id_number: str
    consent: str


class Copy(Struct):
    """Everything that is kept of a person: who they are, what they registered, what became of every offer, messages,
    complaints."""

    person: Person
    profile: ProfileView
    entries: dict[str, Entry]
    messages: list[MessageView]
    complaints: list[ComplaintView]


class Erasure(Struct):
    """What became of the wish to be deleted; `waits` says for what."""

    profile: str
    erased: bool
    waits: str = ""


class Moving(Struct, kw_only=True, forbid_unknown_fields=True):
    """The market that somebody moves to; staff say why."""

    market: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    reason: ShortText = ""


class ConsentView(Struct, kw_only=True):
    """What somebody has consented to (`given`), and the text in force. `asked`: it is another one, or the consent was
    withdrawn: they are to be asked. After a withdrawal everything is erased at `erased_ms`, unless a seat or wage is
    open."""

    profile: str
    given: str
    version: str
    text: str
    asked: bool
    withdrawn_ms: EpochMs | None = None
    erased_ms: EpochMs | None = None


class ConsentGiven(Struct, forbid_unknown_fields=True):
    """The version consented to; staff say how (`reason`)."""

    version: Annotated[str, Meta(min_length=1, max_length=40)]
    reason: ShortText = ""


class Contact(Struct, kw_only=True):
    """How the two sides reach each other; `confirmed`: both have confirmed, and nothing is masked."""

    confirmed: bool
    employer: str
    employer_contact: str
    worker: str = ""
    worker_telephone: str = ""
