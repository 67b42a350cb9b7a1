"""The hard rules between a worker and a posting: one function and one plain sentence each (pure).

A rule takes the columns, the rows still in question and what the posting asks, and answers with a boolean per row:
True where the row may be offered the posting. `survivors` applies them all; `excluded_by` says which one kept
somebody out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import trades
from matcher.columns import PRESENCE, TRADE_WORDS, Columns, bits, certificate_bits, shift_mask
from matcher.ledger import Ledger
from matcher.model import DAY_MS, Posting, hourly_fen, shift_hours
from matcher.settings import MarketSettings

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
METRES_PER_DEGREE: Final = 111_195.0
"""Length of a degree of latitude on a sphere of 6,371,009 m."""
CLOSE_TRADE: Final = 0.6
"""Related trades at least this close count as able to do the work."""
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
ADULT: Final = 18
WORKING_AGE: Final = 16


class Ask(Struct, frozen=True):
    """What a posting asks, in the columns' terms, at one moment."""

    posting: str
    now_ms: int
    start_ms: int
    end_ms: int
    trade_mask: NDArray[np.uint64]
    hours_mask: NDArray[np.uint64]
    certificates: tuple[str, ...]
    lat: float
    lon: float
    radius_m: float
    pay_fen: int
    work_date: date
    age_min: int | None
    age_max: int | None
    bars_minors: bool
    asked: frozenset[str]
    settings: MarketSettings


def ask_of(
    id_: str, doc: Posting, *, radius_m: float, asked: frozenset[str], now_ms: int, settings: MarketSettings
) -> Ask:
    """Compiles a posting once for all rows. `asked` are the profiles that had this posting before."""
    trade = trades.trades().get(doc.trade)
    close = trades.close_trades(doc.trade, CLOSE_TRADE) if trade else {}
    needed = dict.fromkeys(doc.certificates)
    if trade is not None and trade.certificate:
        needed[trade.certificate] = None
    hazardous = bool(doc.hazards) or (trade is not None and trade.hazard is not None)
    return Ask(
        posting=id_,
        now_ms=now_ms,
        start_ms=doc.start_ms,
        end_ms=doc.end_ms,
        trade_mask=bits((trades.bit(t) for t in close), TRADE_WORDS),
        hours_mask=shift_mask(doc.start_ms, doc.end_ms, settings.zone_offset_ms),
        certificates=tuple(needed),
        lat=doc.place.lat,
        lon=doc.place.lon,
        radius_m=radius_m,
        pay_fen=hourly_fen(doc.pay, shift_hours(doc)),
        work_date=local_date(doc.start_ms, settings.zone_offset_ms),
        age_min=doc.age_min,
        age_max=doc.age_max,
        bars_minors=hazardous,
        asked=asked,
        settings=settings,
    )


def local_date(at_ms: int, zone_offset_ms: int) -> date:
    """The market's calendar day of an instant."""
    return date.fromordinal(EPOCH_ORDINAL + (at_ms + zone_offset_ms) // DAY_MS)


def years_before(day: date, years: int) -> int:
    """Ordinal of the latest birth date that is `years` old on `day`; 29 February counts from 1 March."""
    try:
        return day.replace(year=day.year - years).toordinal()
    except ValueError:
        return (day.replace(year=day.year - years, day=28)).toordinal()


def distance_m(c: Columns, rows: Rows, lat: float, lon: float) -> NDArray[np.float32]:
    """Metres to each row: equirectangular, within 0.1 % of the great circle over a city."""
    north = (c.lat[rows] - np.float32(lat)) * np.float32(METRES_PER_DEGREE)
    east = (c.lon[rows] - np.float32(lon)) * np.float32(METRES_PER_DEGREE * np.cos(np.radians(lat)))
    result: NDArray[np.float32] = np.sqrt(north * north + east * east)
    return result


def is_present(c: Columns, rows: Rows, now_ms: int) -> Mask:
    """Available today or in the hall, right now."""
    result: Mask = np.logical_and(c.presence[rows] != PRESENCE["away"], c.presence_until_ms[rows] > now_ms)
    return result


def registered(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Still registered."""
    result: Mask = c.alive[rows]
    return result


def trade(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Does this trade, or one close to it."""
    fits = np.zeros(len(rows), dtype=np.bool_)
    for word in np.flatnonzero(ask.trade_mask):  # close trades lie in a few of the words
        fits |= (c.trades[rows, word] & ask.trade_mask[word]) != 0
    return fits


def place(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Within the widest radius of the posting and of how far the worker will go."""
    reach = np.minimum(c.radius_m[rows], np.float32(ask.radius_m))
    result: Mask = distance_m(c, rows, ask.lat, ask.lon) <= reach
    return result


def hours(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """The whole shift lies in the worker's hours."""
    result: Mask = np.logical_and.reduce((ask.hours_mask & ~c.hours[rows]) == 0, axis=1)
    return result


def pay(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """The pay reaches the wish; piece pay has no hourly value and passes."""
    if ask.pay_fen == 0:
        return np.ones(len(rows), dtype=np.bool_)
    result: Mask = c.pay_fen[rows] <= ask.pay_fen
    return result


def working_age(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """At least 16 on the work date."""
    result: Mask = c.born[rows] <= years_before(ask.work_date, WORKING_AGE)
    return result


def minor_hazard(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """16 and 17 year-olds do no hazardous work."""
    if not ask.bars_minors:
        return np.ones(len(rows), dtype=np.bool_)
    result: Mask = c.born[rows] <= years_before(ask.work_date, ADULT)
    return result


def age(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Within the posting's reviewed age limits on the work date (age_max included)."""
    fits = np.ones(len(rows), dtype=np.bool_)
    if ask.age_min is not None:
        fits &= c.born[rows] <= years_before(ask.work_date, ask.age_min)
    if ask.age_max is not None:
        fits &= c.born[rows] > years_before(ask.work_date, ask.age_max + 1)
    return fits


def certificate(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Holds every certificate needed, valid on the work date."""
    fits = np.ones(len(rows), dtype=np.bool_)
    for kind in ask.certificates:
        bit = certificate_bits([kind])
        fits &= (c.certificates[rows] & bit) != 0 if bit else False
    for i in np.flatnonzero(fits):
        row = int(rows[i])
        if row in c.expires:
            fits[i] = all(c.holds_certificate(row, kind, ask.work_date) for kind in ask.certificates)
    return fits


def paused(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Not paused after unanswered offers."""
    result: Mask = ~c.paused[rows]
    return result


def not_asked(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Has not had this posting before."""
    return np.fromiter((c.ids[row] not in ask.asked for row in rows), dtype=np.bool_, count=len(rows))


def live_cap(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Has room for one more open offer."""
    result: Mask = c.live_offers[rows] < ask.settings.live_cap
    return result


def daily_cap(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Has not had the day's offers yet."""
    today = ledger.day(ask.now_ms)
    result: Mask = (c.offers_day[rows] != today) | (c.offers_today[rows] < ask.settings.daily_cap)
    return result


def quiet_hours(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Nobody is woken at night, except who is in the hall or has 今天能干 on."""
    minute = (ask.now_ms + ask.settings.zone_offset_ms) % DAY_MS // 60_000
    begins, ends = ask.settings.quiet_from_minute, ask.settings.quiet_until_minute
    quiet = begins <= minute < ends if begins <= ends else minute >= begins or minute < ends
    return is_present(c, rows, ask.now_ms) if quiet else np.ones(len(rows), dtype=np.bool_)


def calendar(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """No other shift at that time."""
    return np.fromiter(
        (not ledger.is_booked(c.ids[row], ask.start_ms, ask.end_ms) for row in rows), dtype=np.bool_, count=len(rows)
    )


Rule = Callable[[Columns, Ledger, Rows, Ask], Mask]

RULES: Final[tuple[tuple[Rule, str], ...]] = (
    (registered, "登记已注销"),
    (trade, "不做这个工种,也不做相近的工种"),
    (place, "离得太远"),
    (hours, "这个时间不在愿意干活的时间里"),
    (pay, "工钱低于期望"),
    (working_age, "未满16周岁,不得招用或介绍就业"),
    (minor_hazard, "未成年工不得从事该作业"),
    (age, "年龄不在岗位要求内"),
    (certificate, "缺少岗位需要的有效证书"),
    (paused, "已暂停接单"),
    (live_cap, "手上待回复的派单已满"),
    (daily_cap, "今天收到的派单已满"),
    (quiet_hours, "夜里不打扰:没有打开今天能干"),
    (not_asked, "这个岗位已经问过"),
    (calendar, "这个时间已经有别的活"),
)
"""Cheap and selective rules first; those that look up people one by one last."""


def survivors(c: Columns, ledger: Ledger, ask: Ask) -> Rows:
    """Rows that pass every rule, ascending."""
    rows: Rows = np.arange(c.size, dtype=np.int64)
    for rule, _ in RULES:
        if not len(rows):
            break
        rows = rows[rule(c, ledger, rows, ask)]
    return rows


def excluded_by(c: Columns, ledger: Ledger, ask: Ask, row: int) -> list[tuple[str, str]]:
    """Every rule that keeps this row out: (code, sentence)."""
    rows = np.array([row], dtype=np.int64)
    return [(rule.__name__, words) for rule, words in RULES if not rule(c, ledger, rows, ask)[0]]
