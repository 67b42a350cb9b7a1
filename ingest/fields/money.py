"""How a sum of money is written: its figures, its scale, and the unit behind it (pure)."""

from __future__ import annotations

import re
from typing import Final

from ingest.fields.numerals import CHINESE, number
from matcher.model import PayUnit

_PIECES: Final = (
    "车 件 单 吨 趟 箱 包 个 平 平米 平方 米 方 立方 套 棵 亩 斤 公斤 户 张 份 只 块 台 根 袋 桶 篇 条 双 柜 笼 "
    "间 串 组 枚 盆 瓶 捆 筐 面 扇 把 托 板 株 盘 幅 页"
)
_UNITS: Final[tuple[tuple[PayUnit, str], ...]] = (
    ("hour", "小时 钟头 个小时 个钟 时 h H 课时 节课 节"),
    ("day", "天 日 工 个工"),
    ("shift", "班 个班 场 次 晚 晚上 夜 趟活 人 位 个人"),
    ("month", "月 个月"),
    ("piece", _PIECES),
)
UNIT_WORDS: Final = {word: unit for unit, words in _UNITS for word in words.split()}
UNIT: Final = "|".join(sorted(map(re.escape, UNIT_WORDS), key=len, reverse=True))
"""Pattern of a word that sums are paid for."""
_MONEY = r"(?:元钱?|块钱?|圆|rmb|RMB)"
_SCALE = r"(?:[kKwW](?![a-zA-Z])|[千万](?![瓦克米伏])|(?:毛钱?|(?<=\d)角)(?![衣巾线坯])|分钱)"
_TIMES: Final = {"k": 1_000, "千": 1_000, "w": 10_000, "万": 10_000, "毛": 0.1, "角": 0.1, "分": 0.01}
_FIGURE = rf"(?:\d{{1,3}}(?:'\d{{3}})+(?!\d)|\d{{1,6}}(?:\.\d{{1,2}}(?!\d))?(?![\d])|{CHINESE})"
_COUNTED_ONE = "天月日班晚小钟车件单趟平吨斤亩棵箱柜张份只块台根袋桶条双笼套捆筐串米方户间场次包节"


def _per(prefix: str) -> str:
    """What the money is for, behind it: `/天`, `一天`, `每月`, `/10小时`, `120元8小时`. Groups carry `prefix`."""
    return (
        rf" *(?:[/每] *人 *(?=[/每一1]))?(?:[/每]|(?:一|(?<!\d)1)(?=个?[{_COUNTED_ONE}]|个(?:人|(?![\u4e00-\u9fff])))"
        r"|(?<=[元块])(?=\d{1,2}(?:\.5)? *个?(?:小时|h)))"
        rf" *(?:(?P<{prefix}hours>\d{{1,2}}(?:\.5)?) *个?(?=小时|h|H))?"
        rf"(?:(?P<{prefix}unit>{UNIT})(?![a-zA-Z\d])|(?P<{prefix}days>2\d|3[01])天|"
        rf"(?<=/)(?P<{prefix}thing>(?![年周星季])[\u4e00-\u9fff]))"
        r"(?: *[/每]人(?![\u4e00-\u9fff]))?"
    )


_ABOUT = r"(?:以上|左右|上下|起步?|不等|多|\+(?!\w))?"
_FREE = r"(?:(?<![\d.a-zA-Z+#])|(?<=^\d\.)|(?<=[\n;,。 ]\d\.))(?<!\d[-:])"
"""Where a figure may begin: not inside another, but behind the number of a list, as in `3.3000-4000元`."""
SUM: Final = re.compile(
    rf"{_FREE}(?:(?P<sign>¥) *)?(?P<low>{_FIGURE}) *(?P<low_scale>{_SCALE})?"
    rf" *(?P<low_money>{_MONEY}(?:(?<=块)(?P<tenths>\d)(?![\d.]|小时|[天个]))?)?"
    rf"(?:{_per('low_')})?"
    rf"(?: *(?:-+|至|到) *¥?(?P<high>{_FIGURE}) *(?P<high_scale>{_SCALE})?)?"
    rf" *{_ABOUT} *(?P<money>{_MONEY})? *{_ABOUT}[)]?(?P<money_behind>{_MONEY})?(?:{_per('')})?"
)
"""A figure that may be a sum, with all that is written with it."""


def unit_named(match: re.Match[str]) -> PayUnit | None:
    """The unit that a match of `SUM` names behind its figures: `/10小时` is a shift, `/26天` a month."""
    for prefix in ("", "low_"):
        if match[f"{prefix}days"]:
            return "month"
        if match[f"{prefix}thing"]:
            return "piece"
        if match[f"{prefix}unit"]:
            unit = UNIT_WORDS[match[f"{prefix}unit"]]
            return "shift" if match[f"{prefix}hours"] and match[f"{prefix}hours"] != "1" else unit
    return None


def says_money(match: re.Match[str]) -> bool:
    """Whether a match of `SUM` is money by its own words: 元, k, 毛."""
    if any(match[group] for group in ("sign", "low_money", "money", "money_behind")):
        return True
    scale = match["low_scale"] or match["high_scale"]
    return scale is not None and scale[0] in "kK毛角分"


def digits_end(match: re.Match[str]) -> int:
    """Where the figures of a match of `SUM` end, before any word of money."""
    return max(match.end(group) for group in ("low", "low_scale", "high", "high_scale"))


def yuan(match: re.Match[str]) -> tuple[float, float | None]:
    """Both ends of a match of `SUM`, yuan; None for the high one where there is none above the low one."""
    low, high = _value(match["low"]), _value(match["high"]) if match["high"] else None
    low_scale, high_scale = match["low_scale"], match["high_scale"]
    if high is not None and high_scale and not low_scale and low < high * _times(high_scale) and low < high:
        low_scale = high_scale
    low = low * _times(low_scale) + int(match["tenths"] or 0) / 10  # 2块5
    if high is not None:
        high *= _times(high_scale)
        if high <= low:
            high = None
    return low, high


def _value(digits: str) -> float:
    return number(digits.replace("'", "")) or 0.0


def _times(scale: str | None) -> float:
    return 1 if scale is None else _TIMES[scale[0].lower()]
