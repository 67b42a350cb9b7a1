"""What the API takes and answers with: refusals, writes, sites, employers and profiles."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from embeddings.recogniser import Recognition
from ingest.findings import Finding
from matcher.model import (
    Employer,
    EpochMs,
    Heat,
    Id,
    Person,
    PresenceState,
    Profile,
    ProfileRecord,
    ShortText,
    Site,
)
from matcher.records import EmployerRecord, SiteRecord
from matcher.trades import trades

ExpectedV = Annotated[int, Meta(ge=0, description="refuse unless the record has this version; 0: any")]


class Error(Struct):
    """A refusal: `code` for programs, `message` for people. `findings` only with `posting_blocked`."""

    code: str
    message: str
    detail: str
    findings: list[Finding] | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(Struct):
    """The body of every answer that is not 2xx."""

    error: Error


class Written(Struct, kw_only=True):
    """A write was done, or (`replay`) had been done before; `v` is the record's version now."""

    id: str
    v: int
    replay: bool = False
    state: str = ""


class Health(Struct):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Ready(Struct):
    """What has to work before the first request does."""

    store: bool
    encoder: bool
    push: bool
    model: bool
    """Told, not required: false while the market matches by another model than this server's. What is written then is
    matched without its words until `kuaizhao reencode` has run, or this server is started with the other model."""
    matcher: bool
    """Told, not required: without a matcher nobody new is asked, but everything that was offered can be answered."""


# -- sites, employers, profiles ----------------------------------------------------------------------------------------


class SiteView(Struct):
    """A site as stored."""

    id: str
    v: int
    site: Site


class SiteList(Struct):
    """Every site."""

    sites: list[SiteView]


class SiteChange(Struct, forbid_unknown_fields=True):
    """A site to write."""

    site: Site
    expected_v: ExpectedV = 0


class ReachedEmployer(Employer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An employer with whom to call there: a name and a telephone, kept sealed and apart."""

    contact: ShortText = ""

    @property
    def doc(self) -> Employer:
        """What everybody may see."""
        return Employer(name=self.name, credit_code=self.credit_code, verified=self.verified)


class EmployerView(Struct):
    """An employer as stored."""

    id: str
    v: int
    employer: ReachedEmployer


class NewEmployer(Struct, forbid_unknown_fields=True):
    """An employer to register, under an id of the caller's or a new one."""

    employer: ReachedEmployer
    id: Id | None = None


class EmployerChange(Struct, forbid_unknown_fields=True):
    """A new document for an employer."""

    employer: ReachedEmployer
    expected_v: ExpectedV = 0


class Verification(Struct, forbid_unknown_fields=True):
    """A clerk's verdict on an employer."""

    verified: bool = True


class NewProfile(Struct, forbid_unknown_fields=True):
    """A registration of somebody who has signed a text of the consent. Without `id` it is derived from the person, so
    that one person registers once."""

    profile: Profile
    person: Person
    id: Id | None = None


class ProfileChange(Struct, forbid_unknown_fields=True):
    """A new document for a profile. Staff who change what papers say (`born`, `certificates`) give the `reason`."""

    profile: Profile
    expected_v: ExpectedV = 0
    reason: ShortText = ""


class ProfileView(Struct, kw_only=True):
    """A profile as stored, without who it is."""

    id: str
    v: int
    profile: Profile
    presence: PresenceState
    presence_until_ms: int
    queue_no: int | None
    paused: bool
    suspended_until_ms: int
    suspended_reason: str
    last_work_ms: int
    done: int
    no_shows: int
    releases: int


class Suspension(Struct, forbid_unknown_fields=True):
    """No offers until `until_ms`, and why, as the person will read it; without `until_ms` it ends now."""

    until_ms: EpochMs | None = None
    reason: ShortText = ""


class HeatList(Struct):
    """Temperatures entered, in the order of the days."""

    heat: list[Heat]


class Named(Struct):
    """What people call something."""

    id: str
    name: str


class TradeView(Struct):
    """A trade's name and the picture beside it."""

    id: str
    name: str
    pictogram: str


class TradeList(Struct, kw_only=True):
    """Trades, hazards and certificates by their names."""

    trades: list[TradeView]
    hazards: list[Named]
    certificates: list[Named]


class TextToRecognise(Struct, forbid_unknown_fields=True):
    """Somebody's words: a posting, a registration, what was said at the counter."""

    text: Annotated[str, Meta(max_length=4_000)]


class RecognisedTrade(Struct):
    """A trade that a text speaks of: how surely (0..1), and the words that led there."""

    id: str
    name: str
    occupation_code: str
    confidence: float
    words: tuple[str, ...]


class Recognised(Struct):
    """What a text speaks of: trades surest first, codes of the 2022 classification best first. A proposal: what counts
    is the trade that the person then sends."""

    trades: list[RecognisedTrade]
    occupation_codes: tuple[str, ...]


def site_view(record: SiteRecord) -> SiteView:
    """A stored site as shown."""
    return SiteView(record.id, record.v, record.doc)


def employer_view(record: EmployerRecord, contact: str) -> EmployerView:
    """A stored employer as shown to itself and to who must call it."""
    doc = record.doc
    shown = ReachedEmployer(name=doc.name, credit_code=doc.credit_code, verified=doc.verified, contact=contact)
    return EmployerView(record.id, record.v, shown)


def recognised_view(found: Recognition) -> Recognised:
    """What was recognised as shown."""
    shown = [
        RecognisedTrade(each.id, trades()[each.id].name, trades()[each.id].code, each.confidence, each.words)
        for each in found.trades
    ]
    return Recognised(shown, found.occupation_codes)


def profile_view(record: ProfileRecord) -> ProfileView:
    """A stored profile as shown."""
    same = {name: getattr(record, name) for name in ProfileView.__struct_fields__ if name != "profile"}
    return ProfileView(profile=record.doc, **same)


class PresenceSet(Struct, kw_only=True):
    """Where the person is, and until when it counts."""

    id: str
    v: int
    replay: bool
    until_ms: EpochMs
