"""A row to a posting and its employer (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date

from msgspec import Struct, ValidationError, convert, to_builtins

from ingest.discrimination import sex_finding
from ingest.fields import days, sexes, wishes
from ingest.fields.found import plain
from ingest.findings import Finding, Verdict, verdict
from ingest.inference import Infer, nothing
from ingest.masking import masked, telephones
from ingest.posting_parts import Parts, read_parts
from ingest.posting_times import stored_validity
from ingest.review import review
from ingest.review_text import review_text
from ingest.understood import Reading
from matcher.model import DAY_MS, Award, Employer, PayUnit, Posting, Site

_CREDIT_CODE = re.compile(r"[0-9A-Z]{18}")


def employer_id(employer: Employer) -> str:
    """The same firm has the same id whichever site names it: by its credit code, else by its name."""
    return "e_" + short_hash("employer", employer.credit_code or employer.name)


def short_hash(*parts: str) -> str:
    """20 hexadecimal characters that stand for the parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


class PostingRow(Struct):
    """A posting row as read. `employer` is there when the row names one; `contact` is whom to call there: a column, or
    the telephones in the text, which the posting hides. `posting` is there unless `reading` holds problems. `findings`
    are those that need no complete posting: what the text says, and limits in columns.
    """

    reading: Reading
    parts: Parts
    ref: str = ""
    employer: Employer | None = None
    contact: str = ""
    posting: Posting | None = None
    findings: list[Finding] = []


def read_posting(
    cells: Mapping[str, str],
    site_id: str,
    site: Site,
    today: date,
    pay_unit: PayUnit | None = None,
    infer: Infer = nothing,
) -> PostingRow:
    """Reads a row's cells (by field). Days like 明天 count from the row's own date of posting, or else from `today`;
    `infer` guesses the trade of a row that names none by a word of the lexicon."""
    reading = Reading()
    employer = _employer(cells, reading)
    parts = read_parts(cells, site, today, pay_unit, infer, reading)
    row = PostingRow(reading, parts, cells.get("ref", "").strip(), employer, findings=_findings(cells, parts.text))
    row.contact = (cells.get("contact", "").strip() or "、".join(telephones(parts.text)))[:200]
    if not reading.problems and employer is not None:
        row.posting = _checked(_posting(parts, cells, employer_id(employer), site_id), reading)
    return row


def _posting(parts: Parts, cells: Mapping[str, str], employer: str, site_id: str) -> Posting:
    """The posting of a row without problems: whatever it needs is there, since what is missing was refused."""
    pay = parts.wage.pay() if parts.wage else None
    shift = parts.shift
    if not (parts.trade and parts.headcount and parts.place and pay and shift and shift.end_ms):
        raise ValueError("a row without problems lacks a field")
    return Posting(
        employer=employer,
        site=site_id,
        trade=parts.trade,
        text=parts.text,
        headcount=parts.headcount,
        start_ms=shift.start_ms,
        end_ms=shift.end_ms,
        place=parts.place,
        pay=pay,
        settlement=parts.settlement or ("monthly" if parts.listed_only else "daily"),
        age_min=parts.age_min,
        age_max=parts.age_max,
        certificates=parts.certificates,
        hazards=parts.hazards,
        meals=parts.meals,
        transport=parts.transport,
        outdoor=parts.outdoor,
        insurance=parts.insurance,
        meeting_point=cells.get("meeting_point", "")[:200],
        award=_award(cells),
        valid_until_ms=stored_validity(shift, parts.valid_until_ms),
        listed_only=parts.listed_only,
    )


def judge(row: PostingRow, *, now_ms: int) -> Verdict:
    """The review of a complete row, together with what its columns alone showed."""
    if row.posting is None:
        raise ValueError("a row without a posting has no verdict")
    found = review(row.posting, now_ms=now_ms, today=days.local_day(now_ms))
    seen = {(f.rule, f.words) for f in found.findings}
    return verdict(found.findings + [f for f in row.findings if (f.rule, f.words) not in seen], found.risk)


def _checked(posting: Posting, reading: Reading) -> Posting | None:
    """The posting, unless it is outside the model's own bounds, which have the last word."""
    if not 0 < posting.end_ms - posting.start_ms <= DAY_MS:
        reading.refuse("bad_order", "shift")
    elif posting.age_min is not None and posting.age_min < 16:
        reading.refuse("under_16", "age")
    else:
        try:
            return masked(convert(to_builtins(posting), Posting))
        except ValidationError as exc:
            reading.refuse("bad_value", "", str(exc).partition("- at ")[2])
    return None


def _employer(cells: Mapping[str, str], reading: Reading) -> Employer | None:
    name = cells.get("employer", "").strip()
    if not name:
        reading.refuse("missing", "employer", "用工单位")
        return None
    code = re.sub(r"\s", "", plain(cells.get("credit_code", ""))).upper()
    if code and not _CREDIT_CODE.fullmatch(code):
        reading.refuse("bad_credit_code", "credit_code", code)
        code = ""
    reading.saw("用工单位", name[:100], name[:40])
    verified = wishes.yes(cells.get("verified", "")) is True
    return Employer(name=name[:100], credit_code=code, verified=verified)


def _findings(cells: Mapping[str, str], text: str) -> list[Finding]:
    findings = list(review_text(f"{text}\n{cells.get('place', '')}\n{cells.get('meeting_point', '')}"))
    wish = sexes.gender_wish(cells.get("gender", ""))
    known = any(finding.rule == "discrimination_sex" for finding in findings)
    if wish is not None and wish.value != "不限" and not known:
        findings.append(sex_finding(wish.words))
    return findings


def _award(cells: Mapping[str, str]) -> Award | None:
    text = plain(cells.get("award", ""))
    if "先到先得" in text or text == "instant":
        return "instant"
    return "fair" if "公平" in text or text == "fair" else None
