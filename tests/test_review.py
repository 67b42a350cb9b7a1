"""Review: what must be stopped, what must not, and each rule on a whole posting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ingest.accuracy.measure import on_sentences, sentences
from ingest.fields.days import local_day
from ingest.findings import Verdict
from ingest.review import review
from ingest.review_text import review_text
from matcher import trades
from matcher.model import HOUR_MS, Pay, Place, Posting

BAD = [(each.rule, each.text) for each in sentences() if each.half == "tuning" and each.rule != "ok"]
GOOD = [each.text for each in sentences() if each.half == "tuning" and each.rule == "ok"]

NOW_MS = 1_795_300_000_000
START_MS = NOW_MS + 8 * HOUR_MS
PLAIN = Posting(
    employer="e_1",
    site="licang",
    trade="packer",
    text="打包装箱,当天干完当天结",
    headcount=3,
    start_ms=START_MS,
    end_ms=START_MS + 8 * HOUR_MS,
    place=Place(lat=36.15, lon=120.43, text="李沧区浮山路街道样本园区"),
    pay=Pay(fen=20_000, unit="day"),
    valid_until_ms=START_MS,
)


def judged(**over: Any) -> Verdict:
    return review(structs.replace(PLAIN, **over), now_ms=NOW_MS, today=local_day(NOW_MS))


def rules(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.rule, finding.severity) for finding in verdict.findings}


def test_there_are_enough_sentences_and_half_are_innocent() -> None:
    for half in ("tuning", "held_out"):
        rules = [each.rule for each in sentences() if each.half == half]
        assert len(rules) >= 100
        assert 0.4 <= rules.count("ok") / len(rules) <= 0.6
        assert sum(rule in ("fees", "papers") for rule in rules) >= 30
        assert rules.count("discrimination_sex") >= 20
    assert len({each.text for each in sentences()}) == len(sentences())


def test_the_rules_hold_on_sentences_that_nobody_tuned_them_for() -> None:
    assert all(figure is not None and figure >= 0.9 for figure in on_sentences("held_out").values())


@pytest.mark.parametrize(("rule", "sentence"), BAD)
def test_sentences_against_the_rules(rule: str, sentence: str) -> None:
    found = [finding for finding in review_text(sentence) if finding.rule == rule]
    assert found, sentence
    for finding in found:
        assert finding.severity == "block"
        assert finding.words
        assert finding.mend
        assert all(part in sentence for part in finding.words.split(",")), "the words are the text's own"


@pytest.mark.parametrize("sentence", GOOD)
def test_innocent_sentences(sentence: str) -> None:
    assert review_text(sentence) == ()


def test_innocence_does_not_spread_to_the_next_sentence() -> None:
    text = "男女不限,不收押金。面试另交报名费50元"
    assert {finding.rule for finding in review_text(text)} == {"fees"}


def test_a_plain_posting_opens() -> None:
    verdict = judged()
    assert (verdict.state, verdict.findings, verdict.reason) == ("open", [], "")


@pytest.mark.parametrize(
    ("over", "rule", "state"),
    [
        ({"text": "打包,15岁以上都行"}, "under_16", "blocked"),
        ({"trade": "porter", "age_min": 16}, "minor_hazard", "blocked"),
        ({"hazards": ["heights"], "age_min": 17}, "minor_hazard", "blocked"),
        ({"place": Place(lat=36.15, lon=120.43)}, "missing", "blocked"),
        ({"pay": Pay(fen=0, unit="day")}, "missing", "blocked"),
        ({"age_max": 45}, "age_limit", "awaiting_review"),
        ({"pay": Pay(fen=17_500, unit="day")}, "minimum_wage", "blocked"),
        ({"pay": Pay(fen=2_199, unit="hour")}, "minimum_wage", "blocked"),
        ({"settlement": "monthly"}, "pay_late", "blocked"),
        ({"listed_only": True, "pay": Pay(fen=219_900, unit="month")}, "minimum_wage", "blocked"),
        ({"text": "零基础学剪辑,付费教学,在家赚钱"}, "lure", "blocked"),
        ({"text": "打包,加微信 abc12345,不限工作地点"}, "lure", "awaiting_review"),
        ({"text": "打包,形象好气质佳"}, "looks", "awaiting_review"),
        ({"text": "打包,男性35岁以下,女性45岁以下"}, "sex_terms", "awaiting_review"),
        ({"text": "打包,试工三天没有工资"}, "unpaid", "blocked"),
        ({"text": "打包,干不满7天没有工资"}, "unpaid", "blocked"),
        ({"end_ms": START_MS + 9 * HOUR_MS, "pay": Pay(fen=2_500)}, "long_hours", "awaiting_review"),
        ({"end_ms": START_MS + 12 * HOUR_MS, "pay": Pay(fen=2_500)}, "long_hours", "blocked"),
        ({"trade": "electrician"}, "certificate", "awaiting_review"),
        ({"trade": "porter", "age_max": 65}, "over_age", "awaiting_review"),
        ({"end_ms": START_MS}, "times", "blocked"),
        ({"start_ms": NOW_MS}, "times", "blocked"),
        ({"valid_until_ms": NOW_MS}, "times", "blocked"),
        ({"meeting_point": "大门口,身份证押前台"}, "papers", "blocked"),
    ],
)
def test_each_rule_on_a_posting(over: dict[str, Any], rule: str, state: str) -> None:
    verdict = judged(**over)
    assert rule in {finding.rule for finding in verdict.findings}
    assert verdict.state == state
    assert verdict.reason


@pytest.mark.parametrize(
    "over",
    [
        {"trade": "porter", "age_min": 18},
        {"trade": "electrician", "certificates": ["electrician"], "age_min": 18},
        {"pay": Pay(fen=2_200, unit="hour")},
        {"pay": Pay(fen=50, unit="piece")},
        {"settlement": "monthly", "listed_only": True},
        {"settlement": "monthly", "listed_only": True, "pay": Pay(fen=220_000, unit="month")},
        {"settlement": "weekly"},
        {"pay": Pay(fen=16_000, unit="day"), "place": Place(lat=36.79, lon=120.0, text="平度市东阁街道样本园区")},
    ],
)
def test_what_is_within_the_rules(over: dict[str, Any]) -> None:
    assert judged(**over).findings == []


def test_the_minimum_is_that_of_the_place_even_without_a_known_name() -> None:
    here = judged(pay=Pay(fen=2_100), place=Place(lat=36.15, lon=120.43, text="样本园区"))
    north = judged(pay=Pay(fen=2_100), place=Place(lat=36.79, lon=120.0, text="样本园区"))
    assert (here.state, north.state) == ("blocked", "open")


def test_every_trade_can_be_posted_at_its_usual_pay_or_above_the_minimum() -> None:
    for trade in trades.trades().values():
        pay = Pay(fen=max(trade.pay_fen, 2_200 * 8), unit=trade.pay_unit)  # type: ignore[arg-type]
        wanted = [trade.certificate] if trade.certificate else []
        verdict = judged(trade=trade.id, pay=pay, certificates=wanted, text=f"招{trade.name}")
        assert verdict.state == "open", (trade.id, verdict.findings)


@given(st.text(max_size=200))
def test_any_text_is_reviewed_without_a_crash(text: str) -> None:
    for finding in review_text(text):
        assert finding.mend


def test_lures_are_told_from_work() -> None:
    honest = "招理货员,免费培训,管吃住,学徒也可以,有意者电话联系"
    assert judged(text=honest).risk == 0
    course = judged(text="招PS小白,在家接单赚钱,名师授课,学费可分期")
    assert course.risk == 100
    assert "lure" in {finding.rule for finding in course.findings}
    assert judged(text="拒绝刷单,不是刷单,正规工厂").risk == 0
    assert judged(text="兼职刷单,垫付返佣").risk >= 80
