"""One sentence to a posting: what was understood, from which words, what is missing, and what the rules say (pure).

What the employer's page shows while somebody types. Nothing here decides: the person corrects, and what is sent counts.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from msgspec import Struct, field

from ingest.fields.clocks import span
from ingest.fields.days import to_ms
from ingest.fields.found import as_written
from ingest.fields.times import Shift
from ingest.findings import Finding, Outcome, Verdict, verdict
from ingest.inference import Infer, nothing
from ingest.lures import risk, signs
from ingest.posting_parts import Parts, Terms, series_days
from ingest.posting_times import times_shown
from ingest.postings import PostingRow, judge, read_posting
from ingest.understood import Understood
from matcher.model import HOUR_MS, Pay, Site

_FIELDS: Final = {
    "工种": "trade",
    "人数": "headcount",
    "时间": "time",
    "地点": "place",
    "工资": "pay",
    "结算": "settlement",
    "年龄": "age",
    "性别": "sex",
    "证书": "certificates",
    "危险": "hazards",
    "管饭": "meals",
    "接送": "transport",
    "户外": "outdoor",
    "保险": "insurance",
}
_SOMEBODY: Final = "用工方"
_DAY_MS: Final = 24 * HOUR_MS


class FieldRead(Struct, frozen=True):
    """One field: its value as people read it, and the words it came from as they were written."""

    field: str
    title: str
    value: str
    words: str
    guessed: bool


class Lacking(Struct, frozen=True):
    """One thing that a posting needs and the text does not say, or not so that it can be used."""

    field: str
    code: str
    message: str


class ShiftRead(Struct, frozen=True):
    """One day's work; `end_ms` is null while nobody has said when it ends."""

    start_ms: int
    end_ms: int | None


class Draft(Terms, kw_only=True):
    """The understood values as a posting takes them; null where the text says nothing. Several `shifts` are a series, a
    posting a day."""

    shifts: list[ShiftRead] = field(default_factory=list)
    pay: Pay | None = None
    pay_high_fen: int | None = None


class Understanding(Struct, kw_only=True):
    """What a text says. `state` is what its posting would become if it were complete and its employer verified."""

    fields: list[FieldRead]
    draft: Draft
    missing: list[Lacking]
    notes: list[str]
    state: Outcome
    findings: list[Finding]
    risk: int


def understand(text: str, site: Site, *, now_ms: int, today: date, infer: Infer = nothing) -> Understanding:
    """Reads a text as of `now_ms`; `site` is where a place that the text does not name would be."""
    cells = {"text": text, "employer": _SOMEBODY}
    row = read_posting(cells, "somewhere", site, today, infer=infer)
    judged = _judged(row, now_ms)
    fields = row.reading.fields
    draft = _draft(row.parts, series_days(cells, today), located="地点" in fields)
    if row.parts.shift is None and (soonest := _soonest(text, now_ms, today)):
        draft.shifts = [ShiftRead(soonest.start_ms, soonest.end_ms)]
        fields["时间"] = Understood(times_shown(soonest), soonest.words, guessed=True)
    return Understanding(
        fields=[_field(title, fields[title], text) for title in _FIELDS if title in fields],
        draft=draft,
        missing=[Lacking(p.field, p.code, p.message) for p in row.reading.problems],
        notes=row.reading.notes,
        state=judged.state,
        findings=[_as_written(finding, text) for finding in judged.findings],
        risk=judged.risk,
    )


def _soonest(text: str, now_ms: int, today: date) -> Shift | None:
    """Where a text names clock times but no day: the next time that they come. Which day is meant stays missing."""
    between = span(text)
    if between is None:
        return None
    start, end, later = between.value
    day = today if to_ms(today, start) > now_ms else today + timedelta(days=1)
    return Shift(to_ms(day, start), to_ms(day + timedelta(days=later), end), between.words)


def _judged(row: PostingRow, now_ms: int) -> Verdict:
    if row.posting is not None:
        return judge(row, now_ms=now_ms)
    return verdict(row.findings, risk(signs(row.parts.text)))


def _field(title: str, read: Understood, text: str) -> FieldRead:
    return FieldRead(_FIELDS[title], title, read.value, as_written(text, read.words), read.guessed)


def _as_written(finding: Finding, text: str) -> Finding:
    return Finding(finding.rule, finding.severity, as_written(text, finding.words), finding.message, finding.mend)


def _draft(parts: Parts, days: list[date], *, located: bool) -> Draft:
    shifts = []
    if parts.shift is not None:
        moves = [(day - days[0]).days * _DAY_MS for day in days] or [0]
        start_ms, end_ms = parts.shift.start_ms, parts.shift.end_ms
        shifts = [ShiftRead(start_ms + move, end_ms + move if end_ms is not None else None) for move in moves]
    terms = {name: getattr(parts, name) for name in Terms.__struct_fields__ if located or name != "place"}
    return Draft(
        **terms,
        shifts=shifts,
        pay=parts.wage.pay() if parts.wage else None,
        pay_high_fen=parts.wage.high_fen if parts.wage else None,
    )
