"""Review: what must be stopped, what must not, and each rule on a whole posting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ingest.fields.days import local_day
from ingest.findings import Verdict
from ingest.review import review
from ingest.review_text import review_text
from matcher import trades
from matcher.model import HOUR_MS, Pay, Place, Posting

AGAINST = {
    "fees": """
入职先交200元工装押金,干满三天退
需缴纳保证金300元
报名费50元,现场交
服装费从工资里扣
培训费200元自理
中介费100元
不收押金,但要交培训费200元
不交押金不能上岗
没交服装费的不能上岗
先交100块才能安排
每人交50元建档费
工牌费20元
体检费自理
面试合格后交押金,工资另算
信息费30,当场安排
""",
    "papers": """
身份证原件由公司保管
上班期间押身份证
扣押证件到月底
身份证先放我们这,下班还
""",
    "discrimination_sex": """
只招男工
限女性
男性优先
女士优先,形象好
不要女的
男女各3名
性别:男
要求男,18-45岁
招女服务员5名
已婚已育者优先
孕妇勿扰
女的勿扰,活重
""",
    "discrimination_ethnicity": """
不要少数民族
汉族优先
只要汉族
回族勿扰
""",
    "discrimination_religion": """
信教的勿扰
要求无宗教信仰
""",
    "discrimination_origin": """
限青岛户口
本地人优先
外地人勿扰
不要东北的
只要本地人
户籍要求:青岛
""",
    "discrimination_hepatitis": """
需要查乙肝两对半
乙肝携带者不要
""",
    "pay_late": """
压一个月工资
30天后结算
日结,第二天发
工资年底再结
""",
    "under_16": """
年满15周岁即可
14岁以上
""",
}
INNOCENT = """
不收押金
不收取任何费用
免押金,免报名费
无中介费、管理费、押金
招聘无需中介费,管理费
本招聘承诺不收中介费、管理费(非中介)
服装免费提供
免费培训
培训费由公司承担
体检费公司报销
服务费归平台承担
工具押金公司出
公司不收押金,不扣证件
不扣押身份证
严禁收取报名费
要交费的都是骗子
谨防收押金的中介
收取顾客押金并登记
负责停车押金登记
带身份证原件登记
请带好身份证,现场登记
身份证复印件一份
填写报名表
男女不限
男女均可,18-50岁
性别不限,能吃苦
不得限制性别
打扫女厕所
男浴室搓澡
女生宿舍保洁
女装店理货员
男鞋专柜导购
妇女节活动发传单
给女企业家论坛布展
女子学校食堂帮厨
少数民族文化节搭台
清真餐厅帮厨
回民街发传单
青岛本地配送
户口不限
不限地域,能吃苦就行
外地人也可以
东北大米搬运
新疆水果装箱
河南来的货车卸货
不查乙肝
入职体检不做乙肝检查
乙肝疫苗接种点引导员
健康证必须有效
年满18周岁
当天结清,不压工资
不压一天工资
日结,下班就发
周结,每周五发
工资当天结,不拖欠
每小时25元,现结
搬15箱水
迟到扣20元
"""
BAD = [(rule, line) for rule, lines in AGAINST.items() for line in lines.strip().splitlines()]
GOOD = INNOCENT.strip().splitlines()

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
    assert len(BAD) + len(GOOD) >= 80
    assert len(GOOD) >= len(BAD)


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
    assert review_text(sentence) == []


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
