"""An invented city, drawn from one seed and the same in each run: who lives in it and what firms ask for.

Places are streets of the ten districts, taken by inhabitants (census of 2020, in round numbers); trades come as often
as in the sample; headcounts and ages are those of the trade (half of the people are over 45, a third over 50).
`workers` are records for a matcher's memory; `rows` are the same people as a list of their site has them, for the door
by which real records come. Nothing here is a real person, firm or record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.random import Generator
from numpy.typing import NDArray

from ingest import gazetteer
from ingest.sample_draws import trade_weights
from ingest.sites import sites
from matcher import trades
from matcher.model import (
    HOUR_MS,
    Certificate,
    Employer,
    Hours,
    Pay,
    Place,
    Posting,
    PresenceState,
    Profile,
    ProfileRecord,
    hourly_fen,
)

NOON_MS: Final = 1_795_406_400_000
"""Monday 2026-11-23 12:00 in the market: the moment of the records."""
TODAY: Final = date(2026, 11, 23)
MODEL: Final = "invented"
AT_ONCE: Final = 10_000
INHABITANTS: Final = {
    "市南区": 0.49, "市北区": 1.10, "李沧区": 0.74, "崂山区": 0.50, "黄岛区": 1.90,
    "城阳区": 1.11, "即墨区": 1.34, "胶州市": 0.99, "平度市": 1.19, "莱西市": 0.72,
}  # fmt: skip
"""Millions, by district; each has one site."""
AROUND_KM: Final = 0.9
"""How far from their street's point people live (one standard deviation)."""
WEEK: Final = [1, 2, 3, 4, 5, 6, 7]
WANTED_HOURS: Final[tuple[tuple[float, str, list[Hours]], ...]] = (
    (0.40, "随时", []),
    (0.20, "5:00-19:00", [Hours(days=WEEK, start="05:00", end="19:00")]),
    (0.12, "周一至周五 7:00-18:00", [Hours(days=WEEK[:5], start="07:00", end="18:00")]),
    (0.10, "周末 6:00-22:00", [Hours(days=WEEK[5:], start="06:00", end="22:00")]),
    (0.08, "18:00-次日6:00", [Hours(days=WEEK, start="18:00", end="06:00")]),
    (0.06, "5:30-12:10", [Hours(days=WEEK, start="05:30", end="12:10")]),
    (0.04, "工作日 17:30-23:30", [
        Hours(days=WEEK[:5], start="17:30", end="23:30"), Hours(days=WEEK[5:], start="00:00", end="24:00"),
    ]),
)  # fmt: skip
"""Share, the words of a list (which has room for one window) and the hours."""
HEADCOUNTS: Final = ((1, 1, 0.50), (2, 3, 0.30), (4, 10, 0.15), (11, 30, 0.05))
REFUSED: Final = (["heights"], ["heavy_lifting", "porter"], ["traffic", "machinery"], ["hot_work"])
TRADES_NAMED: Final = (1, 2, 3, 4, 5, 6, 8, 11)
TRADES_NAMED_SHARE: Final = (0.30, 0.28, 0.20, 0.10, 0.05, 0.04, 0.02, 0.01)
CHANNEL_WORDS: Final = {"push": "推送", "sms": "短信", "call": "电话", "kiosk": "大厅"}
PEOPLE_AN_EMPLOYER: Final = 250
URGENT_H: Final = (1.2, 4.0)
"""How long before its start an urgent shift is posted."""
SHIFT_HOURS: Final = (4, 5, 6, 8)
LEAST_HOURLY_FEN: Final = 2_300
"""Above the minimum of every district: what is posted here opens at once."""


class Where(Struct, frozen=True):
    """A place and the site that looks after it."""

    site: str
    place: Place


# -- where, what, how many ---------------------------------------------------------------------------------------------


@cache
def _streets() -> tuple[list[gazetteer.Spot], NDArray[np.float64]]:
    """Every street, and how much of the city lives in those up to it."""
    streets, shares = [], []
    for district, inhabitants in INHABITANTS.items():
        own = [s for s in gazetteer.streets_of(district) if s.name.endswith(("街道", "镇"))]
        streets += own
        shares += [inhabitants / len(own)] * len(own)
    return streets, np.cumsum(shares) / sum(shares)


@cache
def _site_of() -> dict[str, str]:
    return {site.district: id_ for id_, site in sites().items()}


def places(rng: Generator, n: int) -> list[Where]:
    """Where people live and work; degrees that 32-bit numbers hold exactly."""
    streets, upto = _streets()
    drawn = [streets[int(i)] for i in np.searchsorted(upto, rng.random(n), side="right")]
    north, east = rng.standard_normal((2, n)) * AROUND_KM / 111.2
    lat = (np.array([s.lat for s in drawn]) + north).astype(np.float32).tolist()
    lon = (np.array([s.lon for s in drawn]) + east / np.cos(np.radians(36.2))).astype(np.float32).tolist()
    return [
        Where(_site_of()[s.district], Place(lat=lat[i], lon=lon[i], text=f"{s.district}{s.name}样本小区"))
        for i, s in enumerate(drawn)
    ]


@cache
def trade_shares() -> dict[str, float]:
    """How often each trade comes; all together 1."""
    known, weights = trade_weights()
    return {trade.id: weight / sum(weights) for trade, weight in zip(known, weights, strict=True)}


@cache
def _trades_upto() -> tuple[list[str], NDArray[np.float64]]:
    return list(trade_shares()), np.cumsum(list(trade_shares().values()))


def trades_drawn(rng: Generator, n: int) -> list[str]:
    """Trades as often as they come."""
    names, upto = _trades_upto()
    return [names[min(int(i), len(names) - 1)] for i in np.searchsorted(upto, rng.random(n))]


def headcount(rng: Generator) -> int:
    """How many people a posting wants."""
    low, high, _ = HEADCOUNTS[int(rng.choice(len(HEADCOUNTS), p=[share for *_, share in HEADCOUNTS]))]
    return int(rng.integers(low, high + 1))


@cache
def wished_fen(trade: str) -> int:
    """What is usual in a trade, fen an hour."""
    usual = trades.trades()[trade]
    return hourly_fen(Pay(fen=usual.pay_fen, unit=usual.pay_unit), 8.0) or 2_500  # type: ignore[arg-type]  # lexicon


# -- people ------------------------------------------------------------------------------------------------------------


def workers(n: int, seed: int) -> Iterator[ProfileRecord]:
    """`n` records, one after the other."""
    rng = np.random.default_rng(seed)
    for first in range(0, n, AT_ONCE):
        yield from _some_workers(rng, first, min(AT_ONCE, n - first))


def _certificates(rng: Generator, named: list[str]) -> list[Certificate]:
    needed = [c for name in named if (c := trades.trades()[name].certificate)]
    held = []
    for kind in dict.fromkeys([*needed, *(["food"] if rng.random() < 0.1 else [])]):
        if rng.random() < 0.85:
            lasts = None if rng.random() < 0.4 else TODAY + timedelta(days=int(rng.integers(-60, 1_500)))
            held.append(Certificate(kind=kind, expires=lasts))
    return held


def _some_workers(rng: Generator, first: int, n: int) -> Iterator[ProfileRecord]:
    where = places(rng, n)
    counts = rng.choice(TRADES_NAMED, n, p=TRADES_NAMED_SHARE).tolist()
    pool = iter(trades_drawn(rng, sum(counts)))
    hours = rng.choice(len(WANTED_HOURS), n, p=[share for share, *_ in WANTED_HOURS]).tolist()
    years = np.clip(rng.normal(46, 11, n), 15.5, 70)
    born = (TODAY.toordinal() - years * 365.25).astype(int).tolist()
    pay = np.exp(rng.normal(0, 0.2, n)).tolist()
    radius = rng.choice([5_000, 10_000, 15_000, 30_000, 60_000], n, p=[0.15, 0.35, 0.2, 0.2, 0.1]).tolist()
    presence = rng.choice(["away", "available", "in_hall"], n, p=[0.85, 0.12, 0.03]).tolist()
    paused, history = (rng.random(n) < 0.02).tolist(), rng.random(n).tolist()
    done, missed = rng.poisson(6, n).tolist(), rng.poisson(0.4, n).tolist()
    waited = (rng.exponential(6 * 24, n) * HOUR_MS).astype(int).tolist()
    channel = rng.choice(["", "push", "sms", "call", "kiosk"], n, p=[0.6, 0.1, 0.15, 0.1, 0.05]).tolist()
    group = rng.choice(["", "农村转移劳动力(虚构)"], n, p=[0.7, 0.3]).tolist()
    for i in range(n):
        named = list(dict.fromkeys(next(pool) for _ in range(counts[i])))
        doc = Profile(
            site=where[i].site,
            trades=named,
            certificates=_certificates(rng, named),
            born=date.fromordinal(born[i]),
            place=where[i].place,
            radius_m=radius[i],
            hours=WANTED_HOURS[hours[i]][2],
            pay=Pay(fen=int(wished_fen(named[0]) * pay[i])),
            recognised=["porter"] if (first + i) % 37 == 5 and "porter" not in named else [],
            refused=REFUSED[(first + i) % len(REFUSED)] if (first + i) % 5 == 2 else [],
            group=group[i],
            channels=[channel[i]] if channel[i] else [],
        )
        state: PresenceState = presence[i]
        worked = history[i] < 0.7
        yield ProfileRecord(
            id=f"w{first + i:07d}",
            v=1,
            schema=1,
            doc=doc,
            presence=state,
            presence_until_ms=0 if state == "away" else NOON_MS + 6 * HOUR_MS,
            paused=paused[i],
            suspended_until_ms=_suspended_until(first + i),
            last_work_ms=NOON_MS - waited[i] if worked else 0,
            done=done[i] if worked else 0,
            done_in={named[0]: done[i]} if worked and done[i] else {},
            no_shows=missed[i] if worked else 0,
            model=MODEL,
        )


def _suspended_until(n: int) -> int:
    """One in 83 is suspended until tomorrow, as many were until an hour ago."""
    return {3: NOON_MS + 24 * HOUR_MS, 4: NOON_MS - HOUR_MS}.get(n % 83, 0)


def rows(n: int, seed: int) -> Iterator[tuple[str, dict[str, str]]]:
    """The same people as their sites' lists have them: the site, and cells by the name of the column."""
    for number, record in enumerate(workers(n, seed)):
        yield record.doc.site, _row(number, record)


def _row(number: int, record: ProfileRecord) -> dict[str, str]:
    doc, known = record.doc, trades.trades()
    says = [phrases[number % len(phrases)] for t in doc.trades[:2] if (phrases := known[t].worker_phrases)]
    held = [
        trades.certificates()[c.kind].name + (f"(有效期至{c.expires})" if c.expires else "") for c in doc.certificates
    ]
    return {
        "编号": record.id,
        "姓名": f"样本{number}",
        "电话": f"1990{number:07d}",
        "出生日期": doc.born.isoformat(),
        "工种": "、".join(known[t].name for t in doc.trades),
        "技能": ",".join(says),
        "证书": "、".join(held),
        "住址": doc.place.text,
        "纬度": f"{doc.place.lat:.6f}",
        "经度": f"{doc.place.lon:.6f}",
        "可接受距离": f"{doc.radius_m / 1000:g}",
        "期望工资": f"{doc.pay.fen / 100:.2f}元/小时",
        "上班时间": next(words for _, words, hours in WANTED_HOURS if hours == doc.hours),
        "群体": doc.group,
        "通知方式": "、".join(CHANNEL_WORDS[channel] for channel in doc.channels),
        "同意书版本": "2026-01",
    }


# -- who asks for them -------------------------------------------------------------------------------------------------


def employers(n: int) -> dict[str, Employer]:
    """`n` verified firms by id."""
    return {f"firm-invented-{i}": Employer(name=f"样本用工{i}有限公司(虚构)", verified=True) for i in range(n)}


def urgent_posting(rng: Generator, employer: str, now_ms: int) -> Posting:
    """A shift of today that a verified employer posts now and that opens at once."""
    (where,), (trade,) = places(rng, 1), trades_drawn(rng, 1)
    known, seats = trades.trades()[trade], headcount(rng)
    start_ms = now_ms + int(rng.uniform(*URGENT_H) * HOUR_MS)
    shift_h = int(rng.choice(SHIFT_HOURS))
    hourly = max(LEAST_HOURLY_FEN, int(wished_fen(trade) * rng.uniform(0.95, 1.3)))
    return Posting(
        employer=employer,
        site=where.site,
        trade=trade,
        text=f"急招{known.name}{seats}人,{'、'.join(known.posting_phrases[:2]) or known.name},当天结",
        headcount=seats,
        start_ms=start_ms,
        end_ms=start_ms + shift_h * HOUR_MS,
        place=where.place,
        pay=Pay(fen=hourly * shift_h, unit="shift"),
        certificates=[known.certificate] if known.certificate else [],
        valid_until_ms=start_ms,
    )
