"""What a posting asks, put once into the terms of the columns, for all rows (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from math import cos, radians
from struct import Struct as Layout
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import trades
from matcher.model import CHANNELS, DAY_MS, MINUTE_MS, Posting, hourly_fen, shift_hours
from matcher.rates import PRIOR_ANSWERED
from matcher.row import EPOCH_ORDINAL, birth_day, certificate_number, trade_number
from matcher.settings import MarketSettings
from matcher.waves import is_quiet
from matcher.weeks import HOUR_WORDS, shift_mask

USUAL_ANSWERS: Final = tuple(PRIOR_ANSWERED[channel] for channel in CHANNELS)
CLOSE_TRADE: Final = 0.6
"""Related trades at least this close count as able to do the work."""
ADULT: Final = 18
BUILDING: Final = "construction"
"""The domain of the trades that the limit for building sites concerns."""
WORKING_AGE: Final = 16
ANY_AGE: Final = 2**31 - 1

TERMS: Final = np.dtype(
    [
        ("radius_m", "f8"), ("now_ms", "i8"), ("today", "i8"), ("answers", "f8", (len(CHANNELS),)), ("is_quiet", "?"),
        ("start_ms", "i8"), ("end_ms", "i8"), ("lat", "f8"), ("lon", "f8"), ("east", "f8"),
        ("pay_fen", "i8"), ("hours", "u8", (HOUR_WORDS,)), ("certificates", "u8"),
        ("zone_ms", "i8"), ("travel_m_per_ms", "f8"), ("rest_ms", "i8"), ("most_daily_ms", "i8"),
        ("work_day", "i8"), ("live_cap", "i8"), ("daily_cap", "i8"), ("penalty_half_life_ms", "f8"),
        ("born_working", "i8"), ("born_adult", "i8"), ("born_until", "i8"), ("born_from", "i8"),
        ("born_building", "i8"), ("trade", "u2"), ("hazards", "u8"), ("place_of", "u1", (trades.MAX_TRADES + 1,)),
    ],
    align=True,
)  # fmt: skip
"""The posting's terms at one moment, what differs between moments first. `east` is the length of a degree of longitude
against one of latitude; `pay_fen` is an hour's, 0 unknown; `certificates` are bits by number; days count from the
epoch; `zone_ms` is the market's zone. `born_*` count as the column does: the latest birth date for the working age and
for hazardous work, and the limits. `answers` is the chance of an answer by channel. `trade` is the trade's own number,
0 unknown; `hazards` are bits; `place_of` a trade number is its place among the close trades from 1, 0 for a trade that
does not fit."""
RADIUS: Final = Layout("=d")
MOMENT: Final = Layout(f"=qq{len(CHANNELS)}d?")
"""The first field of TERMS, and the four after it, to be written at once: field by field numpy takes five times as
long."""


class Ask(Struct, frozen=True):
    """What a posting asks at one moment, looking as far as a radius."""

    posting: str
    terms: NDArray[Any]
    """One record of TERMS, shape (1,)."""
    trades: NDArray[np.uint16]
    """Numbers of the trade and those close to it, the posting's own first."""
    asked: frozenset[str]
    """Profiles that had this posting before."""
    blocked: frozenset[str] = frozenset()
    """Profiles that the employer is never to be matched with."""
    known: frozenset[str] = frozenset()
    """Profiles that have worked for the employer or are favourites."""

    @property
    def radius_m(self) -> float:
        """How far it looks."""
        return float(self.terms["radius_m"][0])

    def within(self, radius_m: float) -> Ask:
        """The same, looking as far as another radius."""
        terms = bytearray(self.terms.tobytes())
        RADIUS.pack_into(terms, 0, radius_m)
        return Ask(self.posting, np.frombuffer(terms, TERMS), self.trades, self.asked, self.blocked, self.known)


def ask_of(
    id_: str,
    doc: Posting,
    *,
    radius_m: float,
    asked: frozenset[str],
    now_ms: int,
    settings: MarketSettings,
    answers: Sequence[float] = USUAL_ANSWERS,
    blocked: frozenset[str] = frozenset(),
    known: frozenset[str] = frozenset(),
    compiled: bytes | None = None,
) -> Ask:
    """What a posting asks at a moment. `asked` are the profiles that had this posting before, `answers` the chance of
    an answer by channel, in the order of CHANNELS; `blocked` and `known` those that have to do with its employer;
    `compiled` are its `terms_of`, where they are known."""
    terms = bytearray(terms_of(doc, settings) if compiled is None else compiled)
    RADIUS.pack_into(terms, 0, radius_m)
    MOMENT.pack_into(terms, RADIUS.size, *_moment(now_ms, settings, answers))
    return Ask(id_, np.frombuffer(terms, TERMS), _close_numbers(doc.trade)[0], asked, blocked, known)


def terms_of(doc: Posting, settings: MarketSettings) -> bytes:
    """A posting compiled once for all rows: one record of TERMS, but for the moment and the radius."""
    trade = trades.trades().get(doc.trade)
    _, place_of = _close_numbers(doc.trade)
    needed = {*doc.certificates} | ({trade.certificate} if trade is not None and trade.certificate else set())
    hazardous = bool(doc.hazards) or (trade is not None and trade.hazard is not None)
    day = local_date(doc.start_ms, settings.zone_offset_ms)
    terms = np.zeros(1, dtype=TERMS)
    terms[0] = (
        0.0,
        0,
        0,
        USUAL_ANSWERS,
        False,
        doc.start_ms,
        doc.end_ms,
        doc.place.lat,
        doc.place.lon,
        cos(radians(doc.place.lat)),
        hourly_fen(doc.pay, shift_hours(doc)),
        shift_mask(doc.start_ms, doc.end_ms, settings.zone_offset_ms),
        sum(1 << certificate_number(kind) for kind in needed),
        settings.zone_offset_ms,
        settings.travel_m_per_minute / MINUTE_MS,
        settings.rest_ms,
        settings.most_daily_ms,
        day.toordinal() - EPOCH_ORDINAL,
        settings.live_cap,
        settings.daily_cap,
        settings.penalty_half_life_ms,
        birth_day(years_before(day, WORKING_AGE)),
        birth_day(years_before(day, ADULT)) if hazardous else ANY_AGE,
        ANY_AGE if doc.age_min is None else birth_day(years_before(day, doc.age_min)),
        0 if doc.age_max is None else birth_day(years_before(day, doc.age_max + 1)) + 1,
        birth_day(years_before(day, settings.building_age_max + 1)) + 1 if _is_limited(trade, settings) else 0,
        trade_number(doc.trade) if trade is not None else 0,
        _hazard_bits(doc.hazards, trade),
        place_of,
    )
    return terms.tobytes()


def _moment(now_ms: int, settings: MarketSettings, answers: Sequence[float]) -> tuple[float, ...]:
    return now_ms, (now_ms + settings.zone_offset_ms) // DAY_MS, *answers, is_quiet(now_ms, settings)


def terms_at(
    compiled: Sequence[bytes], radius_m: float, now_ms: int, settings: MarketSettings, answers: Sequence[float]
) -> NDArray[Any]:
    """The terms of many postings at one moment, looking as far as a radius: records of TERMS."""
    terms = bytearray(b"".join(compiled))  # numpy would promote types field by field, 60 us a posting
    moment = RADIUS.pack(radius_m) + MOMENT.pack(*_moment(now_ms, settings, answers))
    for begin in range(0, len(terms), TERMS.itemsize):
        terms[begin : begin + len(moment)] = moment
    return np.frombuffer(terms, TERMS)


def _is_limited(trade: trades.Trade | None, settings: MarketSettings) -> bool:
    return settings.building_age_max > 0 and trade is not None and trade.domain == BUILDING


def _hazard_bits(named: Sequence[str], trade: trades.Trade | None) -> int:
    order = trades.hazard_order()
    found = {*named} | ({trade.hazard} if trade is not None and trade.hazard else set())
    return sum(1 << order[hazard] for hazard in found if hazard in order)


@lru_cache(maxsize=trades.MAX_TRADES)
def _close_numbers(trade: str) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    close = trades.close_trades(trade, CLOSE_TRADE) if trade in trades.trades() else {}
    numbers = np.array(sorted(map(trade_number, close), key=lambda n: n != trade_number(trade)), dtype=np.uint16)
    place_of = np.zeros(trades.MAX_TRADES + 1, dtype=np.uint8)
    place_of[numbers] = np.arange(1, len(numbers) + 1)
    return numbers, place_of


def local_date(at_ms: int, zone_offset_ms: int) -> date:
    """The market's calendar day of an instant."""
    return date.fromordinal(EPOCH_ORDINAL + (at_ms + zone_offset_ms) // DAY_MS)


def years_before(day: date, years: int) -> int:
    """Ordinal of the latest birth date that is `years` old on `day`; 29 February counts from 1 March."""
    try:
        return day.replace(year=day.year - years).toordinal()
    except ValueError:
        return (day.replace(year=day.year - years, day=28)).toordinal()
