"""The hard rules between a worker and a posting: one function and one plain sentence each (pure).

A rule takes the columns, the rows still in question and what the posting asks, and answers with a boolean per row:
True where the row may be offered the posting. `survivors` applies them all; `excluded_by` says which one kept
somebody out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import trades
from matcher.columns import EPOCH_ORDINAL, PRESENCE, Columns, certificate_number, trade_number
from matcher.grid import METRES_PER_DEGREE
from matcher.ledger import Ledger
from matcher.model import DAY_MS, Posting, hourly_fen, shift_hours
from matcher.settings import MarketSettings
from matcher.weeks import shift_mask

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
CLOSE_TRADE: Final = 0.6
"""Related trades at least this close count as able to do the work."""
ADULT: Final = 18
WORKING_AGE: Final = 16


class Ask(Struct, frozen=True):
    """What a posting asks, in the columns' terms, at one moment."""

    posting: str
    now_ms: int
    start_ms: int
    end_ms: int
    trades: tuple[int, ...]
    """Numbers of the trade and those close to it."""
    takes_trade: Mask
    """By trade number: whether it is one of `trades`."""
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


@lru_cache(maxsize=trades.MAX_TRADES)
def _close_numbers(trade: str) -> tuple[tuple[int, ...], Mask]:
    close = trades.close_trades(trade, CLOSE_TRADE) if trade in trades.trades() else {}
    numbers = tuple(trade_number(other) for other in close)
    table = np.zeros(trades.MAX_TRADES + 1, dtype=np.bool_)
    table[list(numbers)] = True
    return numbers, table


def ask_of(
    id_: str, doc: Posting, *, radius_m: float, asked: frozenset[str], now_ms: int, settings: MarketSettings
) -> Ask:
    """Compiles a posting once for all rows. `asked` are the profiles that had this posting before."""
    trade = trades.trades().get(doc.trade)
    numbers, takes_trade = _close_numbers(doc.trade)
    needed = dict.fromkeys(doc.certificates)
    if trade is not None and trade.certificate:
        needed[trade.certificate] = None
    hazardous = bool(doc.hazards) or (trade is not None and trade.hazard is not None)
    return Ask(
        posting=id_,
        now_ms=now_ms,
        start_ms=doc.start_ms,
        end_ms=doc.end_ms,
        trades=numbers,
        takes_trade=takes_trade,
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


def without(rows: Rows, others: Sequence[int]) -> Mask:
    """Which of the rows (ascending) are none of the others."""
    mask = np.ones(len(rows), dtype=np.bool_)
    if len(rows) and others:
        away = np.array(others, dtype=np.int64)
        at = np.minimum(np.searchsorted(rows, away), len(rows) - 1)
        mask[at[rows[at] == away]] = False
    return mask


def registered(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Still registered."""
    result: Mask = c.alive[rows]
    return result


def trade(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Does this trade, or one close to it."""
    held = c.trades[rows]
    taken = ask.takes_trade[held]
    fits: Mask = taken.view(np.uint64)[:, 0] != 0  # eight truth values are one word
    for i in (~fits & (held[:, -1] != 0)).nonzero()[0].tolist():
        more = c.more.get(int(rows[i]))
        fits[i] = more is not None and any(ask.takes_trade[number] for number in more.trades)
    return fits


def place(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Within the widest radius of the posting and of how far the worker will go."""
    reach = np.minimum(c.radius_m[rows], np.float32(ask.radius_m))
    result: Mask = distance_m(c, rows, ask.lat, ask.lon) <= reach
    return result


def hours(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """The whole shift lies in the worker's hours."""
    numbers, masks = c.hours[rows], c.weeks.masks
    by_row = len(masks) > len(rows)
    if by_row:
        masks = masks[numbers]
    fits = np.ones(len(masks), dtype=np.bool_)
    for word in ask.hours_mask.nonzero()[0].tolist():  # a shift lies in one or two of the week's words
        fits &= masks[:, word] & ask.hours_mask[word] == ask.hours_mask[word]
    return fits if by_row else fits[numbers]


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
    day = ask.work_date.toordinal() - EPOCH_ORDINAL
    for kind in ask.certificates:
        number = certificate_number(kind)
        fits &= (c.certificates[rows] >> np.uint64(number) & np.uint64(1) != 0) & (number != 0)
        some = np.flatnonzero(fits)
        kinds, days = c.expiry_kind[rows[some]], c.expiry_day[rows[some]]
        fits[some] = ~np.logical_and(kinds == number, days < day).any(axis=1)
        for i in some[kinds[:, -1] != 0]:
            fits[i] &= c.holds_certificate(int(rows[i]), kind, ask.work_date)
    return fits


def paused(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Not paused after unanswered offers."""
    result: Mask = ~c.paused[rows]
    return result


def not_asked(c: Columns, ledger: Ledger, rows: Rows, ask: Ask) -> Mask:
    """Has not had this posting before."""
    return without(rows, [c.row_of[profile] for profile in ask.asked if profile in c.row_of])


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
    fits: Mask = ~c.booked[rows]
    for i in (~fits).nonzero()[0].tolist():
        fits[i] = not ledger.is_booked(c.ids[rows[i]], ask.start_ms, ask.end_ms)
    return fits


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
"""In the order in which they are told."""

CHEAP_RULES: Final[tuple[Rule, ...]] = (place, pay, age, hours, trade, registered, paused, working_age, minor_hazard)
LATER_RULES: Final[tuple[Rule, ...]] = (live_cap, daily_cap, quiet_hours, certificate, not_asked, calendar)
FASTEST_FIRST: Final = CHEAP_RULES + LATER_RULES
"""All of them again, cheap and selective ones first; those that look up people one by one last."""


def survivors(c: Columns, ledger: Ledger, ask: Ask) -> Rows:
    """Rows that pass every rule, ascending."""
    rows = c.candidates(ask.trades, ask.lat, ask.lon, ask.radius_m)
    for rule in FASTEST_FIRST:
        if not len(rows):
            break
        rows = rows[rule(c, ledger, rows, ask)]
    return rows


def excluded_by(c: Columns, ledger: Ledger, ask: Ask, row: int) -> list[tuple[str, str]]:
    """Every rule that keeps this row out: (code, sentence)."""
    rows = np.array([row], dtype=np.int64)
    return [(rule.__name__, words) for rule, words in RULES if not rule(c, ledger, rows, ask)[0]]
