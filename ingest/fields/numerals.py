"""Numbers in digits or Chinese numerals."""

from __future__ import annotations

import re
from typing import Final

_PER = r"(?:天|日|个|小时|车|班|趟|晚|件|月|单|场)"
CHINESE: Final = rf"(?:(?:一(?!{_PER})|[零〇二两三四五六七八九十百千万]){{1,8}}半?)"
"""Pattern of a number in Chinese numerals. The 一 of 两百五一天 (a day) belongs to no number."""
WHOLE: Final = r"(?:\d{1,8}|[零〇一二两俩三仨四五六七八九十百]{1,6})"
"""Pattern of a whole number."""

_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}


def number(text: str) -> float | None:
    """`12.5`, `十二`, `两百五` (250), `三千`, `一万二` (12000), `一个半` is not one; None when it is no number."""
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _chinese(text) if text else None


def whole(text: str) -> int | None:
    """A whole number, or None."""
    value = number(text)
    return int(value) if value is not None and value == int(value) else None


def _chinese(text: str) -> float | None:
    half = 0.5 if text.endswith("半") else 0.0
    total, section, digit, last_unit = 0, 0, None, 1
    for char in text.removesuffix("半"):
        if char in _DIGITS:
            digit = _DIGITS[char]
            last_unit = 1 if char in "零〇" else last_unit
        elif char == "万":
            total, section, digit = (total + section + (digit or 0)) * 10_000, 0, None
            last_unit = 10_000
        elif char in _UNITS:
            section += (1 if digit is None else digit) * _UNITS[char]
            digit, last_unit = None, _UNITS[char]
        else:
            return None
    # 两百五 is 250 and 一万二 is 12000, but 二十五 is 25
    tail = (digit or 0) * (last_unit // 10 if last_unit >= 100 else 1)
    return total + section + tail + half
