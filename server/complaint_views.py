"""Complaints as the API takes and shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from matcher.complaints import Category
from matcher.model import Id

Said = Annotated[str, Meta(min_length=1, max_length=1000)]


class NewComplaint(Struct, kw_only=True, forbid_unknown_fields=True):
    """A complaint, perhaps about a posting. `profile` says whose where a clerk writes it down; `id` is the caller's, or
    follows from Idempotency-Key."""

    category: Category
    text: Said
    posting: Id | None = None
    profile: Id | None = None
    id: Id | None = None


class ComplaintAnswer(Struct, forbid_unknown_fields=True):
    """What a clerk answers; the worker reads it."""

    answer: Said


class ComplaintQuery(Struct, forbid_unknown_fields=True):
    """Whose: a worker's own without it; staff without it get the queue of those that wait."""

    profile: Id | None = None


class ComplaintView(Struct, kw_only=True):
    """One complaint. Clerks know its worker by pseudonym, as everywhere."""

    id: str
    profile: str
    posting: str | None
    category: Category
    text: str
    at_ms: int
    state: Literal["waiting", "answered"]
    answer: str
    answered_ms: int


class ComplaintList(Struct):
    """A worker's complaints, the newest first; or those that wait for a clerk, the oldest first."""

    complaints: list[ComplaintView]

    @property
    def about(self) -> list[str]:
        """Whose they are."""
        return [each.profile for each in self.complaints]
