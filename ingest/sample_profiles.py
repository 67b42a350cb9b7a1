"""The sample's people. Nobody in it exists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

from ingest.identity import check_digit
from ingest.sample_draws import pay_text, spot, trade_weights, usual_yuan
from ingest.sample_styles import Style
from matcher import trades
from matcher.model import Site
from matcher.trades import Trade

_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_DIGITS: Final = "零一二三四五六七八九"
_CONSENT: Final = "2026-01"
_GROUPS: Final = ("进城务工人员", "农村转移劳动力", "离校未就业高校毕业生", "就业困难人员", "其他", "")
_GROUP_WEIGHTS: Final = (40, 25, 10, 10, 10, 5)
_HOURS: Final = (
    "随时",
    "全天",
    "白天",
    "5:00-18:00",
    "周一至周五 6:00-18:00",
    "周末",
    "夜班",
    "上午",
    "6:00-20:00",
    "工作日白天",
)
_HOURS_WEIGHTS: Final = (30, 15, 15, 15, 6, 4, 4, 3, 6, 2)
_BROKEN: Final = 0.012
_FIRST_BIRTHDAY: Final = date(1962, 1, 1)
_LAST_BIRTHDAY: Final = date(2007, 12, 31)
_TOO_YOUNG: Final = date(2013, 6, 1)


def profiles(id_: str, number: int, site: Site, style: Style, count: int) -> Iterator[dict[str, str]]:
    """One site's people, as rows by field; the same at any time."""
    draw = Random(f"kuaizhao profiles {id_}")  # noqa: S311 - the same sample each time is what is wanted
    known, weights = trade_weights()
    for n in range(count):
        row = _profile(draw, id_, number, n, site, style, draw.choices(known, weights)[0])
        if draw.random() < _BROKEN:
            _break_profile(draw, row, style, number, n)
        yield row


def _profile(draw: Random, id_: str, number: int, n: int, site: Site, style: Style, trade: Trade) -> dict[str, str]:
    born = _FIRST_BIRTHDAY + timedelta(days=draw.randrange((_LAST_BIRTHDAY - _FIRST_BIRTHDAY).days))
    near = [trades.trades()[t] for t in trades.close_trades(trade.id, 0.5) if t != trade.id]
    skills = [trade, *draw.sample(near, min(len(near), draw.randint(0, 2)))]
    phrases = [draw.choice(t.worker_phrases) for t in skills if t.worker_phrases]
    years = draw.randint(1, 25)
    return {
        "ref": f"{id_.upper()}-{n + 1:05d}",
        "name": draw.choice(_SURNAMES) + "样本" + "".join(_DIGITS[int(d)] for d in str(n + 1)),
        "id_number": _id_number(born, number, n),
        "telephone": f"199000{number * 10_000 + n % 10_000:05d}",
        "born": _written(born, style),
        "trades": "、".join(t.name for t in skills),
        "skills": f"{','.join(phrases)},干了{years}年",
        "certificates": _held(draw, skills),
        "radius": str(draw.choice((3, 5, 5, 8, 10, 10, 15, 20, 30))),
        "pay": pay_text(draw, usual_yuan(draw, trade, 0.8, 1.1), trade.pay_unit),
        "hours": draw.choices(_HOURS, _HOURS_WEIGHTS)[0],
        "group": draw.choices(_GROUPS, _GROUP_WEIGHTS)[0],
        "consent": _CONSENT,
        **spot(draw, site, "profile"),
    }


def _id_number(born: date, number: int, n: int) -> str:
    """Well-formed, with a region code (00....) that was never given out; nobody else of the sample has it."""
    first_17 = f"00{number:02d}{n // 1000 % 100:02d}{born:%Y%m%d}{n % 1000:03d}"
    return first_17 + check_digit(first_17)


def _written(day: date, style: Style) -> str:
    """Sites that leave the year out of a shift's day write it in a day of birth."""
    return day.strftime(style.day if "%Y" in style.day else "%Y年%m月%d日")


def _held(draw: Random, skills: list[Trade]) -> str:
    held = []
    for kind in dict.fromkeys(trade.certificate for trade in skills if trade.certificate):
        if draw.random() < 0.9:
            name = trades.certificates()[kind].name
            held.append(f"{name}(有效期至{draw.randint(2028, 2032)}-{draw.randint(1, 12):02d}-28)")
    return "、".join(held)


def _break_profile(draw: Random, row: dict[str, str], style: Style, number: int, n: int) -> None:
    fault = draw.randrange(5)
    if fault == 0:
        row["pay"] = ""
    elif fault == 1:
        row["born"], row["id_number"] = _written(_TOO_YOUNG, style), _id_number(_TOO_YOUNG, number, n)
    elif fault == 2:
        row["born"], row["id_number"] = "1985年13月40日", "000000198513400017"
    elif fault == 3:
        row["telephone"] = "1990000"
    else:
        row["trades"], row["skills"] = "样本未知", ""
