"""What is asked of, and answered by, the routes about texts and their review."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ingest.findings import Finding, Outcome
from ingest.lures import Sign
from matcher.model import Id, PostingState
from server.posting_views import PostingView


class TextToUnderstand(Struct, forbid_unknown_fields=True):
    """An employer's words for a posting, finished or not; with `site`, places near it are preferred."""

    text: Annotated[str, Meta(max_length=2_000)]
    site: Id | None = None


class ReviewView(Struct, kw_only=True):
    """What the rules say of a posting as of now: what it would become, the findings with the words that caused them and
    how to mend them, and from 0 to 100 how much it looks like a lure, with the signs."""

    id: str
    v: int
    state: PostingState
    verdict: Outcome
    findings: list[Finding]
    risk: int
    signs: list[Sign]


class Checked(Struct, kw_only=True):
    """What would become of a posting that is sent now (`open` only where its employer is verified), the findings with
    the words that caused them and how to mend them. Where it changes one that is there, `reconsent` says how many
    seated people would have to consent again."""

    verdict: Outcome
    findings: list[Finding]
    risk: int
    reconsent: int


class QueueQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which postings that wait for a clerk: of one site, the riskiest or those due soonest first."""

    site: Id | None = None
    order: Literal["risk", "due"] = "risk"
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class QueuedPosting(Struct, kw_only=True):
    """A posting that waits for a clerk; `due_ms` is when it is too late to open it."""

    posting: PostingView
    due_ms: int
    risk: int
    findings: list[Finding]


class ReviewQueue(Struct):
    """The head of the queue, and how many wait in all."""

    waiting: int
    postings: list[QueuedPosting]
