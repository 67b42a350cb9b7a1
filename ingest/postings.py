"""A row to a posting and its employer (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from msgspec import Struct, ValidationError, convert, to_builtins

from ingest.fields import days, wishes
from ingest.fields import pay as pay_words
from ingest.fields.counts import age_limits, headcount
from ingest.fields.found import plain
from ingest.fields.pay import UNIT_NAMES, Wage
from ingest.fields.times import Shift
from ingest.findings import Finding, Verdict, verdict
from ingest.inference import Infer, nothing
from ingest.posting_times import posted_day, read_shift, stored_validity, valid_until
from ingest.profiles import read_place, trades_named
from ingest.review import review
from ingest.review_text import review_text
from ingest.understood import Reading
from matcher import trades
from matcher.model import DAY_MS, Award, Employer, PayUnit, Posting, Settlement, Site

_CREDIT_CODE = re.compile(r"[0-9A-Z]{18}")
_OUTDOOR = re.compile(r"室外|户外|露天")
_SETTLED: Final[dict[str, str]] = {"daily": "日结", "on_completion": "完工结", "weekly": "周结", "monthly": "月结"}
_TEXT_FIELDS: Final = ("title", "text", "conditions")


def employer_id(employer: Employer) -> str:
    """The same firm has the same id whichever site names it: by its credit code, else by its name."""
    return "e_" + short_hash("employer", employer.credit_code or employer.name)


def short_hash(*parts: str) -> str:
    """20 hexadecimal characters that stand for the parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


class PostingRow(Struct):
    """A posting row as read. `employer` is there when the row names one; `posting` unless `reading` holds problems.

    `findings` are those that need no complete posting: what the text says, and limits in columns.
    """

    reading: Reading
    ref: str = ""
    employer: Employer | None = None
    posting: Posting | None = None
    findings: list[Finding] = []


class _Parts(Struct):
    """Fields on their way to a posting."""

    trade: str | None = None
    headcount: int | None = None
    wage: Wage | None = None
    shift: Shift | None = None
    settlement: Settlement = "daily"
    age_min: int | None = None
    age_max: int | None = None


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
    text = _words(cells)
    base = posted_day(cells, today)
    employer = _employer(cells, reading)
    parts = _Parts(
        trade=_trade(cells, text, reading, infer),
        headcount=_headcount(cells, text, reading),
        wage=_wage(cells, text, pay_unit, reading),
        shift=read_shift(cells, text, base, reading),
    )
    _settlement(cells, text, parts, reading)
    _age(cells, text, parts, reading)
    row = PostingRow(reading, ref=cells.get("ref", "").strip(), employer=employer, findings=_findings(cells, text))
    place = read_place(cells, site, reading, fallback=text)
    certificates = _certificates(cells, text, reading)
    valid_until_ms = valid_until(cells, base, reading)
    if not text:
        reading.refuse("missing", "text", "工作内容")
    if reading.problems or employer is None or parts.shift is None or parts.trade is None or parts.headcount is None:
        return row
    pay = parts.wage.pay() if parts.wage else None
    if pay is None or parts.shift.end_ms is None:
        return row
    _checked(
        row,
        Posting(
            employer=employer_id(employer),
            site=site_id,
            trade=parts.trade,
            text=text,
            headcount=parts.headcount,
            start_ms=parts.shift.start_ms,
            end_ms=parts.shift.end_ms,
            place=place,
            pay=pay,
            settlement=parts.settlement,
            age_min=parts.age_min,
            age_max=parts.age_max,
            certificates=certificates,
            hazards=_hazards(parts.trade),
            meals=_told(cells, "meals", wishes.meals(text) is not None),
            transport=_told(cells, "transport", wishes.transport(text) is not None),
            outdoor=_told(cells, "outdoor", _OUTDOOR.search(text) is not None),
            insurance=cells.get("insurance", "")[:200],
            meeting_point=cells.get("meeting_point", "")[:200],
            award=_award(cells),
            valid_until_ms=stored_validity(parts.shift, valid_until_ms),
        ),
    )
    return row


def judge(row: PostingRow, *, now_ms: int) -> Verdict:
    """The review of a complete row, together with what its columns alone showed."""
    if row.posting is None:
        raise ValueError("a row without a posting has no verdict")
    found = review(row.posting, now_ms=now_ms, today=days.local_day(now_ms)).findings
    seen = {(f.rule, f.words) for f in found}
    return verdict(found + [f for f in row.findings if (f.rule, f.words) not in seen])


def _checked(row: PostingRow, posting: Posting) -> None:
    """The model's own bounds have the last word."""
    lasts_ms = posting.end_ms - posting.start_ms
    if not 0 < lasts_ms <= DAY_MS:
        row.reading.refuse("bad_order", "shift")
    elif posting.age_min is not None and posting.age_min < 16:
        row.reading.refuse("under_16", "age")
    else:
        try:
            row.posting = convert(to_builtins(posting), Posting)
        except ValidationError as exc:
            row.reading.refuse("bad_value", "", str(exc).partition("- at ")[2])


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
    return Employer(name=name[:100], credit_code=code, contact=cells.get("contact", "")[:200], verified=verified)


def _words(cells: Mapping[str, str]) -> str:
    return "\n".join(cells[f] for f in _TEXT_FIELDS if f in cells)[:2000]


def unnamed(cells: Mapping[str, str]) -> list[str]:
    """The words whose trade has to be inferred, the likeliest first; none where the row names a trade."""
    words = [cells.get("trade", ""), _words(cells)]
    return [] if any(map(trades_named, words)) else words


def _trade(cells: Mapping[str, str], text: str, reading: Reading, infer: Infer) -> str | None:
    named = cells.get("trade", "")
    for words in (named, text):
        if found := trades_named(words):
            reading.saw("工种", trades.trades()[found[0].id].name, "、".join(found[0].words))
            return found[0].id
    for words in unnamed(cells):
        if inferred := infer(words):
            surest = inferred[0]
            reading.saw("工种", trades.trades()[surest.id].name, "、".join(surest.words), guessed=True)
            return surest.id
    reading.refuse("bad_trade" if named or text else "missing", "trade", named or "未写明" if text else "工种")
    return None


def _headcount(cells: Mapping[str, str], text: str, reading: Reading) -> int | None:
    column = cells.get("headcount", "")
    found = headcount(column, column=True) if column else headcount(text)
    if found is None:
        reading.refuse("bad_headcount" if column else "missing", "headcount", column or "人数")
        return None
    if found.value is None:
        reading.saw("人数", "未定", found.words)
        reading.refuse("missing", "headcount", f"人数(写的是“{found.words}”)")
        return None
    reading.saw("人数", f"{found.value}人", found.words)
    return found.value


def _wage(cells: Mapping[str, str], text: str, unit: PayUnit | None, reading: Reading) -> Wage | None:
    column = cells.get("pay", "")
    wage = pay_words.wage(column, column=True, unit=unit) if column else None
    if wage is None or wage.fen is None:  # 面议 in the column: the text may still say a sum
        wage = pay_words.wage(text) or wage
    if wage is None:
        reading.refuse("bad_pay" if column else "missing", "pay", column or "工资")
        return None
    if wage.fen is None:
        reading.saw("工资", "面议", wage.words)
        reading.refuse("missing", "pay", "工资(写的是“面议”)")
        return None
    high = f"-{wage.high_fen / 100:g}" if wage.high_fen is not None else ""
    reading.saw("工资", f"{wage.fen / 100:g}{high}元/{UNIT_NAMES[wage.unit]}", wage.words, wage.guessed)
    return wage


def _settlement(cells: Mapping[str, str], text: str, parts: _Parts, reading: Reading) -> None:
    found = (
        wishes.settlement(cells.get("settlement", ""))
        or wishes.settlement(cells.get("pay", ""))
        or wishes.settlement(text)
    )
    if found is not None:
        parts.settlement = found.value
        reading.saw("结算", _SETTLED[found.value], found.words)


def _age(cells: Mapping[str, str], text: str, parts: _Parts, reading: Reading) -> None:
    found = age_limits(cells.get("age", ""), column=True) or age_limits(text)
    if found is not None:
        parts.age_min, parts.age_max = found.value
        low, high = found.value
        limits = f"{low}-{high}岁" if low and high else f"{low}岁以上" if low else f"{high}岁以下"
        reading.saw("年龄", limits, found.words)


def _findings(cells: Mapping[str, str], text: str) -> list[Finding]:
    findings = review_text(f"{text}\n{cells.get('meeting_point', '')}")
    wish = wishes.gender_wish(cells.get("gender", ""))
    known = any(finding.rule == "discrimination_sex" for finding in findings)
    if wish is not None and wish.value != "不限" and not known:
        message = "含歧视性内容(限制性别),请删除"
        mend = f"请把性别要求“{wish.words}”改为不限"
        findings.append(Finding("discrimination_sex", "block", wish.words, message, mend))
    return findings


def _certificates(cells: Mapping[str, str], text: str, reading: Reading) -> list[str]:
    found = wishes.certificates(cells.get("certificates", ""), column=True) + wishes.certificates(text)
    ids = list(dict.fromkeys(each.value for each in found))[:10]
    if ids:
        reading.saw(
            "证书",
            "、".join(trades.certificates()[id_].name for id_ in ids),
            "、".join(dict.fromkeys(each.words for each in found)),
        )
    return ids


def _hazards(trade_id: str) -> list[str]:
    trade = trades.trades().get(trade_id)
    return [trade.hazard] if trade is not None and trade.hazard else []


def _told(cells: Mapping[str, str], field: str, in_text: bool) -> bool:
    told = wishes.yes(cells[field]) if field in cells else None
    return in_text if told is None else told


def _award(cells: Mapping[str, str]) -> Award | None:
    text = plain(cells.get("award", ""))
    if "先到先得" in text or text == "instant":
        return "instant"
    return "fair" if "公平" in text or text == "fair" else None
