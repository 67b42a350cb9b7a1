"""ID numbers (GB 11643-1999): check digit and day of birth (pure)."""

from __future__ import annotations

import re
from datetime import date
from operator import mul

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_SHAPE = re.compile(r"\d{17}[\dX]")


def check_digit(first_17: str) -> str:
    """The 18th character, ISO 7064 MOD 11-2."""
    return _CHECK[sum(map(mul, map(int, first_17), _WEIGHTS)) % 11]


def born_of(id_number: str) -> date | None:
    """The day of birth in an ID number; None when the number is not well-formed or its check digit is wrong."""
    if not _SHAPE.fullmatch(id_number) or id_number[17] != check_digit(id_number[:17]):
        return None
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None
