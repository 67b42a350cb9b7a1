"""Who asks for a posting by themselves: the same rules, the same words, a wave of their own (pure).

Nobody waits to be asked who stands before the screen and can do the work. What only keeps offers from coming by
themselves (a pause, quiet hours) does not count here; caps on offers do, and the store checks them.
"""

from __future__ import annotations

import numpy as np
from msgspec import structs

from matcher import plan, search, teams, waves
from matcher.columns import Columns
from matcher.errors import KuaizhaoError
from matcher.model import Reason
from matcher.questions import Wish, WishAnswer
from matcher.replica import Replica
from matcher.rules import UNTOLD
from matcher.score import Weights
from matcher.search import Rows
from matcher.seating import Offered

OF_BEING_ASKED = frozenset({"paused", "quiet_hours", "not_asked", "live_cap", "daily_cap"})
"""Rules about being asked: not this person's matter who asks, or the store's."""
BY_THEMSELVES = "你自己要的"


def wished(memory: Replica, weights: Weights, wish: Wish, now_ms: int) -> WishAnswer:
    """The offer that somebody asks for, with their crew where the posting takes it and all can come; or every rule that
    keeps them out. Raises `no_posting`, `no_profile`, `posting_not_open`."""
    held = memory.postings.get(memory.leader(wish.posting, now_ms))
    if held is None:
        raise KuaizhaoError("no_posting")
    row = memory.columns.row_of.get(wish.profile)
    if row is None:
        raise KuaizhaoError("no_profile")
    if not plan.may_ask(memory, held.record, now_ms) or held.record.start_ms <= now_ms:
        raise KuaizhaoError("posting_not_open", held.record.state)
    q = plan.question(memory, held, now_ms)
    q = structs.replace(q, ask=q.ask.within(waves.RADII_M[-1]))
    excluded = _excluded(memory.columns, q, row)
    if excluded:
        return WishAnswer(excluded=excluded)
    rows = np.array(_with_crew(memory, q, wish.profile, row), dtype=np.int64)
    found = plan.scored(memory.index, search.town(memory.columns, q.ask), q, rows, weights)
    wave = plan.wave_of(memory.columns, plan.with_crews(memory, found), weights)
    return WishAnswer(
        excluded=[],
        posting=wave.posting,
        terms=wave.terms,
        wave=wave.number,
        reply_ms=wave.timing.app_ms,
        gap_ms=wave.timing.gap_ms,
        lines=[_own(line, wish.profile) for line in wave.offered],
    )


def _excluded(c: Columns, q: plan.Question, row: int) -> list[Reason]:
    broken = [rule for ask in (q.ask, *q.days) for rule in search.excluded_by(c, ask, row)]
    told = {code: words for code, words in broken if code not in OF_BEING_ASKED}
    return [Reason(code, "现在不能派给你" if code in UNTOLD else words) for code, words in told.items()]


def _with_crew(memory: Replica, q: plan.Question, profile: str, row: int) -> list[int]:
    """The rows of the person's crew where all of them may be asked together, else theirs alone."""
    crew, takes = memory.crew_of.get(profile), q.held.record.doc.crews
    if crew is None or takes == "none":
        return [row]
    mates = memory.crews[crew].consented
    rows: Rows = memory.columns.rows_of(mates).astype(np.int64)
    able = [r for r in rows.tolist() if not _excluded(memory.columns, q, r)]
    most = q.seats if takes == "whole" else len(mates)
    people = [memory.columns.ids[r] for r in able]
    return able if teams.crews_among(people, memory.crew_of, memory.crews, most) else [row]


def _own(line: Offered, profile: str) -> Offered:
    """The line of who asks reaches them where they are; their mates' as usual."""
    if line.profile != profile:
        return line
    return structs.replace(line, wished=True, channel="inbox", reply_ms=None, reasons=[BY_THEMSELVES, *line.reasons])
