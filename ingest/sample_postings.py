"""The sample's postings and their invented firms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Final

from ingest.fields.days import local_time
from ingest.sample_draws import pay_text, spot, trade_weights, usual_yuan
from ingest.sample_styles import Style
from matcher import trades
from matcher.model import HOUR_MS, Site
from matcher.trades import Trade

_HEADCOUNTS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20)
_HEADCOUNT_WEIGHTS: Final = (50, 18, 12, 4, 4, 3, 2, 2, 3, 2)
_LENGTHS_H: Final = (4, 5, 6, 7, 8, 8, 8)
_SAID: Final = (
    "当天干完当天结,不收押金。",
    "男女不限,能吃苦就行。",
    "包一顿工作餐。",
    "有班车接送。",
    "手套口罩由单位提供。",
    "准时到岗,服从安排。",
    "活不累,按点收工。",
    "有意外保险。",
    "自带水杯。",
    "不收取任何费用。",
    "干得好下次还叫。",
    "",
)
_AGAINST: Final = (
    "先交工装押金100元,干满退还。",
    "限男性,女士勿扰。",
    "身份证由公司保管。",
    "只要青岛本地人。",
    "报名费30元自理。",
)
_SOONEST_H: Final = 1.5
_LATEST_H: Final = 71.0
_DAWN_HOURS: Final = (5, 6, 6, 6, 7, 7, 8, 8, 9, 13, 14, 17, 18)
_BROKEN: Final = 0.02
_LEAST_HOURLY_YUAN: Final = 22.5


def postings(id_: str, number: int, site: Site, style: Style, count: int, now_ms: int) -> Iterator[dict[str, str]]:
    """One site's postings from 1.5 h to 3 days after `now_ms`, as rows by field."""
    draw = Random(f"kuaizhao postings {id_} {now_ms}")  # noqa: S311 - the same sample each time is what is wanted
    known, weights = trade_weights()
    gig = [(t, w) for t, w in zip(known, weights, strict=True) if t.pay_unit in ("hour", "day", "shift")]
    employers = [_employer(draw, site, number, n) for n in range(max(3, count // 4))]
    for n in range(count):
        trade = draw.choices([t for t, _ in gig], [w for _, w in gig])[0]
        row = {
            "ref": f"{id_.upper()}-{local_time(now_ms):%Y%m%d%H%M}-{n + 1:03d}",
            **draw.choice(employers),
            **_posting(draw, site, style, trade, now_ms),
        }
        if draw.random() < _BROKEN:
            _break_posting(draw, row)
        yield row


def _employer(draw: Random, site: Site, number: int, n: int) -> dict[str, str]:
    kind = draw.choice(("搬家", "物流", "餐饮", "物业", "建筑", "食品", "会展", "电子", "农业", "家政"))
    return {
        "employer": f"{site.district[:2]}样本{kind}有限公司{n + 1}(虚构)",
        "credit_code": f"9100SAMPLE{number:02d}{n:06d}",
        "verified": "是" if draw.random() < 0.92 else "否",
        "contact": f"199009{number:02d}{n:03d}",
    }


def _start(draw: Random, now_ms: int) -> int:
    """A usual hour of the next three days, or, four times in ten, some time soon; to five minutes."""
    soonest, latest = now_ms + int(_SOONEST_H * HOUR_MS), now_ms + int(_LATEST_H * HOUR_MS)
    start = now_ms + int(draw.uniform(_SOONEST_H + 0.1, 12) * HOUR_MS)
    if draw.random() < 0.6:
        day = local_time(now_ms).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=draw.randint(0, 3))
        usual = int((day + timedelta(hours=draw.choice(_DAWN_HOURS))).timestamp() * 1000)
        start = usual if soonest <= usual <= latest else start
    return -(-start // 300_000) * 300_000


def _posting(draw: Random, site: Site, style: Style, trade: Trade, now_ms: int) -> dict[str, str]:
    hours = draw.choice(_LENGTHS_H) if draw.random() < 0.97 else 9
    start_ms = _start(draw, now_ms)
    start, end = local_time(start_ms), local_time(start_ms + hours * HOUR_MS)
    headcount = draw.choices(_HEADCOUNTS, _HEADCOUNT_WEIGHTS)[0]
    yuan = usual_yuan(draw, trade, 0.98, 1.25)
    least = _LEAST_HOURLY_YUAN * (1 if trade.pay_unit == "hour" else hours)
    if draw.random() > 0.01:
        yuan = max(yuan, least if trade.pay_unit == "hour" else -(-least // 10) * 10)
    phrases = draw.sample(trade.posting_phrases, min(2, len(trade.posting_phrases)))
    said = draw.choice(_SAID) if draw.random() < 0.985 else draw.choice(_AGAINST)
    needs = trade.certificate if trade.certificate and draw.random() < 0.97 else None
    ends = f"次日{end.strftime(style.clock)}" if end.date() > start.date() else end.strftime(style.clock)
    return {
        "trade": trade.name,
        "text": f"招{trade.name}{headcount}人,{'、'.join(phrases) or trade.name}。{said}",
        "headcount": draw.choice((f"{headcount}", f"{headcount}人", f"{headcount}名")),
        "start": f"{start.strftime(style.day)} {start.strftime(style.clock)}",
        "end": ends,
        "shift": f"{start.strftime(style.day)} {start.strftime(style.clock)}-{ends}",
        "pay": pay_text(draw, yuan, trade.pay_unit),
        "settlement": draw.choice(("日结", "日结", "日结", "完工结", "当天结", "周结")),
        "age": draw.choice(("", "18岁以上", "年满18周岁", "")) if draw.random() < 0.98 else "18-55岁",
        "certificates": trades.certificates()[needs].name if needs else "",
        "meeting_point": draw.choice(("", "", "零工之家门口", "园区北门")),
        "award": draw.choice(("", "", "", "", "先到先得", "公平")),
        **spot(draw, site, "posting"),
    }


def _break_posting(draw: Random, row: dict[str, str]) -> None:
    fault = draw.randrange(4)
    if fault == 0:
        row["pay"], row["text"] = "面议", "干活,面议"
    elif fault == 1:
        row["headcount"], row["text"] = "若干", "干活"
    elif fault == 2:
        row["start"] = row["shift"] = "2026年13月45日 25:70"
    else:
        row["employer"] = ""
