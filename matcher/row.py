"""A profile's row and what it leads to, as the compiled rules and scores see them (pure)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher import trades
from matcher.model import Profile, hourly_fen

TRADES_HELD: Final = 6
"""Trades of a profile in the row; the few people who name more have the others in `more`."""
EXPIRIES_HELD: Final = 2
"""Certificates that run out in the row; more of them are in `more`."""
WISHED_DAY_HOURS: Final = 8.0
"""A wished day's pay is for a day of eight hours."""
LAYOUT: Final = 7
"""Version of the columns' meaning, for snapshots."""
PRESENCE: Final = {"away": 0, "available": 1, "in_hall": 2}
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
BIRTHS_FROM: Final = date(1900, 1, 1).toordinal()
LAST_DAY: Final = 65_535
"""The latest day told apart, in days since the epoch: in the year 2149."""
MORE_TRADE: Final = 1
MORE_EXPIRY: Final = 2
MORE_SUSPENSION: Final = 3
MORE_REFUSAL: Final = 4
MORE_PENALTY: Final = 5
"""Kinds of links in `more`: a further trade; a further certificate that runs out, its last day in `until`; no offers
before `until`; a trade, or above MAX_TRADES a hazard, that is never done; penalties that have decayed to one point at
`until`. Instants in seconds from the epoch."""

ROW: Final = np.dtype(
    [
        ("lat", "f4"), ("lon", "f4"), ("radius_m", "f4"), ("pay_fen", "u4"), ("hours", "u4"), ("born", "u2"),
        ("trades", "u2", (TRADES_HELD,)), ("alive", "?"), ("stray", "?"), ("paused", "?"), ("presence", "u1"),
        ("certificates", "u8"), ("presence_until_s", "u4"), ("more", "u4"), ("shifts", "u4"), ("row", "u4"),
        ("offers_day", "u2"), ("live_offers", "u1"), ("offers_today", "u1"), ("done", "u2"),
        ("no_shows", "u2"), ("expiry_day", "u2", (EXPIRIES_HELD,)), ("expiry_kind", "u1", (EXPIRIES_HELD,)),
        ("history", "u4"), ("channel", "u1"), ("focus", "?"), ("asked_lately", "u1"), ("answered_lately", "u1"),
        ("last_work_s", "u4"),
    ],
    align=True,
)  # fmt: skip
"""What the first rules ask lies together. `trades` and `expiry_kind` hold numbers from 1, 0 where there is none;
days count from the epoch; `hours` is a number of `weeks`; `more`, `shifts` and `history` begin chains; `row` is its own
number, `channel` one of CHANNELS."""
COLUMNS: Final = tuple(ROW.names or ())

FROM_LEDGER: Final = ("live_offers", "shifts", "asked_lately", "answered_lately")
OFFERS_MADE: Final = ("offers_day", "offers_today")
"""Columns that follow from the postings' entries, not from the profile's record: what they hold of somebody now, and
the last local day on which somebody got an offer, with how many on that day."""
ABOUT_ROWS: Final = frozenset({"row", "stray", "hours", "more", "shifts", "history"})
"""Columns that say something about the row or where to look, not of the profile."""


class Town(NamedTuple):
    """What the compiled rules and scores see beside the worker's row and the posting's terms."""

    people: NDArray[Any]
    """The table, of ROW."""
    weeks: NDArray[np.uint64]
    """Week masks by number, shape (n, HOUR_WORDS)."""
    more: NDArray[Any]
    """Links of (kind, number, until): what few profiles have, by kind `MORE_...`."""
    shifts: NDArray[Any]
    """Links of (start_ms, end_ms, lat, lon): the shifts held, when and where."""
    history: NDArray[Any]
    """Links of (trade, times): how often somebody did which trade."""
    asked: NDArray[np.uint32]
    """Rows that had this posting before, ascending."""
    blocked: NDArray[np.uint32]
    """Rows that this employer is never to be matched with, ascending."""
    known: NDArray[np.uint32]
    """Rows that have worked for this employer or are favourites, ascending."""


def trade_number(trade: str) -> int:
    """The trade's number in the column: 1..MAX_TRADES. Raises KeyError for an unknown one."""
    return trades.bit(trade) + 1


def certificate_number(kind: str) -> int:
    """The certificate's number in the columns, from 1; 0 for an unknown kind."""
    return trades.certificate_order().get(kind, 0)


def birth_day(ordinal: int) -> int:
    """A birth date in the column: days since 1900, within what it holds."""
    return min(max(ordinal - BIRTHS_FROM, 0), LAST_DAY)


def refusal_number(id_: str) -> int:
    """The number of a trade, or above MAX_TRADES of a hazard; 0 for an unknown one."""
    if id_ in trades.trades():
        return trade_number(id_)
    hazard = trades.hazard_order().get(id_)
    return 0 if hazard is None else trades.MAX_TRADES + 1 + hazard


def day_number(day: date) -> int:
    """Days since the epoch, within what a column holds."""
    return min(max(day.toordinal() - EPOCH_ORDINAL, 0), LAST_DAY)


def last_days(doc: Profile) -> dict[int, int]:
    """Certificate number -> last day it counts; of two of one kind the one that lasts longer."""
    last: dict[int, int] = {}
    for held in doc.certificates:
        number = certificate_number(held.kind)
        if number:
            day = LAST_DAY if held.expires is None else day_number(held.expires)
            last[number] = max(last.get(number, 0), day)
    return last


def wished_fen(doc: Profile) -> int:
    """Wished pay in fen an hour."""
    return hourly_fen(doc.pay, WISHED_DAY_HOURS)
