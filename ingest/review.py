"""Review of a posting before it is shown: DOMAIN's rules as far as they concern a posting (pure).

One function a rule; each yields findings with the words that caused them. The rules that concern one worker and one
posting together (own age, own certificate) are the matcher's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from ingest import gazetteer
from ingest.fields.days import local_day
from ingest.findings import Finding, Verdict, verdict
from ingest.heat_rule import heat_findings
from ingest.lures import risk, signs
from ingest.minimum_wage import rate_of
from ingest.review_text import review_text
from matcher import trades
from matcher.model import Posting, hourly_fen, shift_hours

MOST_HOURS: Final = 11
"""A shift longer than this is blocked (rule 8); one over 8 h is looked at by a clerk."""
USUAL_HOURS: Final = 8
OLD_AGE: Final = 60
"""Above this age a written agreement and insurance are asked for (rule 12)."""


def review(posting: Posting, *, now_ms: int, today: date, heat: Mapping[date, int] | None = None) -> Verdict:
    """What a posting may become. `today` is the market's date; texts and dates are judged as of `now_ms`; `heat` are
    the temperatures entered for the posting's district, by day.

    Under-age limits cannot reach a `Posting`; where a text names one it is found there.
    """
    text = words_of(posting)
    findings = [finding for rule in _RULES for finding in rule(posting)]
    findings += review_text(text)
    findings += heat_findings(posting, heat or {})
    findings += _validity(posting, now_ms, today)
    return verdict(findings, risk(signs(text)))


def words_of(posting: Posting) -> str:
    """Everything that a posting says in words."""
    return f"{posting.text}\n{posting.place.text}\n{posting.meeting_point}"


def missing(fields: list[str]) -> list[Finding]:
    """Rule 3: one finding that names every required element which is not there."""
    if not fields:
        return []
    names = "、".join(fields)
    return [Finding("missing", "block", "", f"请补全:{names}", f"请填写{names}")]


def _elements(posting: Posting) -> Iterator[Finding]:
    lacking = []
    if len(posting.text.strip()) < 2:
        lacking.append("工作内容")
    if not posting.place.text.strip():
        lacking.append("工作地点")
    if posting.pay.fen == 0:
        lacking.append("劳动报酬")
    yield from missing(lacking)


def _minor_hazard(posting: Posting) -> Iterator[Finding]:
    trade = trades.trades().get(posting.trade)
    hazard = next(iter(posting.hazards), None) or (trade.hazard if trade else None)
    if hazard and posting.age_min is not None and posting.age_min < 18:
        known = trades.hazards().get(hazard)
        words = f"{posting.age_min}周岁"
        message = f"未成年工不得从事该作业({known.name if known else hazard})"
        yield Finding("minor_hazard", "block", words, message, "请把最低年龄改为18周岁")


def _age_limit(posting: Posting) -> Iterator[Finding]:
    if posting.age_max is not None:
        words = f"{posting.age_max}周岁以下"
        yield Finding("age_limit", "warn", words, "设有年龄上限,须说明理由", "请说明工作需要的理由,或删除年龄上限")
    trade = trades.trades().get(posting.trade)
    if posting.age_max is not None and posting.age_max > OLD_AGE and trade is not None and trade.hazard:
        message = "招用超龄人员须签书面协议并参加工伤保险"
        yield Finding("over_age", "warn", f"{posting.age_max}周岁", message, "请确认协议和保险")


def _minimum_wage(posting: Posting) -> Iterator[Finding]:
    """长期 work by the month is measured by the month, everything else by the hour."""
    hourly = hourly_fen(posting.pay, shift_hours(posting))
    district = gazetteer.district_of(posting.place)
    rate = rate_of(district, local_day(posting.start_ms))
    if hourly == 0 or rate is None:
        return
    paid, least, unit = hourly, rate.hour_fen, "小时"
    if posting.listed_only and posting.pay.unit == "month":
        paid, least, unit = posting.pay.fen, rate.month_fen, "月"
    if paid < least:
        yield Finding(
            "minimum_wage",
            "block",
            f"每{unit}{paid / 100:.2f}元",
            f"低于最低{unit}工资{least / 100:g}元({district})",
            f"请把每{unit}工资提高到{least / 100:g}元或以上",
        )


def _settled_late(posting: Posting) -> Iterator[Finding]:
    if posting.settlement == "monthly" and not posting.listed_only:
        yield Finding("pay_late", "block", "月结", "结算周期最长不得超过15日", "请改为日结、完工结或周结")


def _long_hours(posting: Posting) -> Iterator[Finding]:
    hours = shift_hours(posting)
    words = f"{round(hours, 1):g}小时"
    if hours > MOST_HOURS:
        yield Finding("long_hours", "block", words, "一天工作超过11小时", "请分成两班,或缩短时间")
    elif hours > USUAL_HOURS:
        yield Finding("long_hours", "warn", words, "一天工作超过8小时", "请确认休息时间和加班工资")


def _certificate(posting: Posting) -> Iterator[Finding]:
    trade = trades.trades().get(posting.trade)
    if trade is None or trade.certificate is None or trade.certificate in posting.certificates:
        return
    held = trades.certificates().get(trade.certificate)
    name = held.name if held else trade.certificate
    yield Finding("certificate", "warn", trade.name, f"需持有效{name}", f"请在证书要求中加上{name}")


def _validity(posting: Posting, now_ms: int, today: date) -> Iterator[Finding]:
    if posting.end_ms <= posting.start_ms:
        yield Finding("times", "block", "", "结束时间应晚于开始时间", "请改结束时间")
    if posting.start_ms <= now_ms or local_day(posting.start_ms) < today:
        yield Finding("times", "block", "", "开工时间已经过了", "请改开工时间")
    if posting.valid_until_ms <= now_ms:
        yield Finding("times", "block", "", "有效期已过", "请改有效期")


_RULES: Final[tuple[Callable[[Posting], Iterator[Finding]], ...]] = (
    _minor_hazard,
    _elements,
    _age_limit,
    _minimum_wage,
    _settled_late,
    _long_hours,
    _certificate,
)
