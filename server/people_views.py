"""What is told of people, and asked when somebody wants to know it."""

from __future__ import annotations

from msgspec import Struct

from matcher.model import Entry, Person, ShortText
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


class Contact(Struct, kw_only=True):
    """How the two sides reach each other; `confirmed`: both have confirmed, and nothing is masked."""

    confirmed: bool
    employer: str
    employer_contact: str
    worker: str = ""
    worker_telephone: str = ""
