"""Minimum pay per hour and per month of the districts, with the day from which each rate counts."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct


class Rate(Struct, frozen=True):
    """Fen an hour, and fen a month for whoever works full time, from a day on until the next rate of the districts."""

    since: date
    districts: frozenset[str]
    hour_fen: int
    month_fen: int


_CITY = frozenset({"市南区", "市北区", "李沧区", "崂山区", "黄岛区", "城阳区", "即墨区", "胶州市"})
_NORTH = frozenset({"平度市", "莱西市"})

RATES: Final = (
    Rate(date(2021, 10, 1), _CITY, 21_00, 2_100_00),
    Rate(date(2021, 10, 1), _NORTH, 19_00, 1_900_00),
    Rate(date(2023, 10, 1), _CITY, 22_00, 2_200_00),
    Rate(date(2023, 10, 1), _NORTH, 20_00, 2_010_00),
)
"""Shandong's rates of 2021-10-01 (21/19/17 yuan an hour, 2100/1900/1700 a month) and 2023-10-01 (22/20/18, 2200/2010/
1820). Which district has which class is this sample's reading: compare it with the city's notice before use, and add
the next rate when it is published."""


def rate_of(district: str, day: date) -> Rate | None:
    """What must at least be paid there on that day; None before the first rate, or for another city."""
    rates = [rate for rate in RATES if district in rate.districts and rate.since <= day]
    return max(rates, key=lambda rate: rate.since, default=None)
