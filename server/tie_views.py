"""Ties between workers and employers as each side, and a clerk, sees them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from matcher.model import Block, ShortText, Tie


class BlockChange(Struct, forbid_unknown_fields=True):
    """Whether one side blocks the other. The reason is for clerks; the other side is told nothing."""

    blocked: bool = True
    reason: ShortText = ""


class FavouriteChange(Struct, forbid_unknown_fields=True):
    """Whether somebody is a favourite."""

    favourite: bool = True


class KnownWorker(Struct, kw_only=True):
    """Somebody an employer has to do with. `block` is the employer's own; `worker_block` only for staff."""

    profile: str
    done: int
    last_work_ms: int
    favourite: bool
    block: Block | None
    worker_block: Block | None = None


class EmployersPeople(Struct):
    """Everybody an employer has to do with, the last who worked there first."""

    people: list[KnownWorker]


class KnownEmployer(Struct, kw_only=True):
    """An employer a worker has to do with: `favourite`, `block` are the worker's; `employer_block` only for staff."""

    employer: str
    name: str
    done: int
    last_work_ms: int
    favourite: bool
    block: Block | None
    employer_block: Block | None = None


class WorkersEmployers(Struct):
    """Every employer a worker has to do with, the last one worked for first."""

    employers: list[KnownEmployer]


def people_view(ties: Mapping[str, Tie], *, staff: bool) -> EmployersPeople:
    """An employer's ties; one that only the worker's block makes is shown to staff alone."""
    people = [
        KnownWorker(
            profile=profile,
            done=tie.done,
            last_work_ms=tie.last_work_ms,
            favourite=tie.favourite,
            block=tie.employer_block,
            worker_block=tie.worker_block if staff else None,
        )
        for profile, tie in ties.items()
        if staff or tie.known or tie.employer_block
    ]
    return EmployersPeople(sorted(people, key=lambda p: (-p.last_work_ms, p.profile)))


def employers_view(ties: Mapping[str, Tie], names: Mapping[str, str], *, staff: bool) -> WorkersEmployers:
    """A worker's ties; one that the employer alone made is shown to staff alone."""
    employers = [
        KnownEmployer(
            employer=employer,
            name=names.get(employer, ""),
            done=tie.done,
            last_work_ms=tie.last_work_ms,
            favourite=tie.worker_favourite,
            block=tie.worker_block,
            employer_block=tie.employer_block if staff else None,
        )
        for employer, tie in ties.items()
        if staff or tie.done or tie.worker_favourite or tie.worker_block
    ]
    return WorkersEmployers(sorted(employers, key=lambda e: (-e.last_work_ms, e.employer)))
