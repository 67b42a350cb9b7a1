"""Age limits as people write them: `18-50周岁`, `年满18`, `男35岁以下,女45岁以下`, `年龄:22-35`."""

from __future__ import annotations

import re
from typing import Final

from ingest.fields.found import LONGEST_WORDS, Found, plain
from ingest.fields.numerals import whole

_HIGH = r"(?:\d{2}|[一二三四五六七八]?十[一二三四五六七八九]?)(?![\d%])"
_N = rf"(?<![\d-])(?<!\d\d\.){_HIGH}"
_OLD = r"\s*(?:周?岁|周)"
_INCLUSIVE = r"\s*(?:\(?含\)?)?"
_AGE = re.compile(
    rf"(?P<low>{_N})(?P<old>{_OLD})?{_INCLUSIVE}\s*(?:以上)?\s*(?:-+|至|到|,(?=\d\d周?岁))\s*(?P<high>{_HIGH})"
    rf"(?P<ends>{_OLD}|\s*之间|\s*以[内下])?|"
    rf"(?P<full>年?满)\s*(?P<min_full>{_N})(?:{_OLD}|(?![年月天个元日次hH\u4e00-\u9fff]))|"
    rf"(?P<above>不低于|不小于|至少|大于|>=?|最小)\s*(?P<min_above>{_N})(?P<min_above_old>{_OLD})?|"
    rf"(?P<below>不[得能可]?超过|不大于|不高于|小于|低于|最大|<=?|至多)\s*(?P<max_below>{_N})(?P<max_below_old>{_OLD})?|"
    rf"(?P<one>{_N})(?P<one_old>{_OLD})?{_INCLUSIVE}\s*(?:(?P<up>\+|及?以上|起|\(含\)以上|往上)|(?P<down>及?以下|(?<=岁)下(?![班午])|以内|之内|内|封顶|往下))"
)
_AGE_NAMED = re.compile(r"(?:年龄|岁数|年纪)[^。;\n]{0,12}$")
_SEX_BEFORE = re.compile(r"[男女](?:性|工|生|士)?[,:\s]*$")
_PLAIN_RANGE = re.compile(
    r"(?:^|(?<=[,。;\s(]))(?P<low>1[6-9]|2[0-5])\s*(?:-|至|到)\s*(?P<high>3[5-9]|[45]\d|6[0-5])(?=[,。;\s)男女]|$)"
)
"""18-45 alone in its clause: no pay and no clock looks like that."""
_PLAIN_MOST = re.compile(
    r"(?:^|(?<=[,。;\s(])|(?<=[男女][性工生士])|(?<=[\u4e00-\u9fff])(?<![高重资薪价温度格]))"
    r"(?P<high>3[05]|4[058]|5[058]|6[05])\s*(?:以下|以内)(?=[,。;\s)]|$|身体|[的都]|\d{3})"
)
"""50以下 where nothing else of that size can be meant."""
_SAYS_AGE = re.compile(r"岁|年[龄纪]|年满")
_BY_SEX = re.compile(r"[男女][性工生士]?[,: ]?\d\d\s*[-至到]")
_RELAXED = re.compile(r"放宽[^,。;\n]{0,3}$")
_OTHERS_BEFORE = re.compile(
    r"(?:老人|奶奶|爷爷|老太|阿婆|照[顾看]|护理(?!员|工|师)|宝宝|孩子|小孩|幼儿|雇主|客户|接送)[^,。;\n]{0,8}$"
)
_OTHERS_BEHIND = re.compile(r"^(?:的)?(?:老|长者|儿童|小?孩|宝宝|幼儿|婴|患者|病人|顾客|会员|学员|学生)")
_BARE_CELL = re.compile(rf"\s*(?P<low>{_N})(?:{_OLD})?\s*(?:-+|至|到|、)\s*(?P<high>\d\d)(?:{_OLD})?\s*")
_YOUNGEST: Final = 10
_OLDEST: Final = 100
_BEFORE: Final = 16


def age_limits(text: str, *, column: bool = False) -> Found[tuple[int | None, int | None]] | None:
    """Lowest and highest age wanted, each 10..100 or None; None when the text names none.

    Where a text names several (男35岁以下,女45岁以下) the widest counts: nobody is left out whom one of them takes.
    Under-age numbers are kept: the review has to see them. About an age (40岁左右) is no limit, and the age of those
    who are cared for is not the worker's.
    """
    text = plain(text)
    if column and (cell := _BARE_CELL.fullmatch(text)):
        return _limits(text, [(whole(cell["low"]), whole(cell["high"]), 0, len(text))])
    if not column and not _SAYS_AGE.search(text) and not _BY_SEX.search(text):
        return _unsaid(text)
    read = []
    for match in _AGE.finditer(text):
        found = _read(text, match, column)
        if found is not None:
            read.append((*found, match.start(), match.end()))
    return _limits(text, read)


def _read(text: str, match: re.Match[str], column: bool) -> tuple[int | None, int | None] | None:
    before = text[max(0, match.start() - _BEFORE) : match.start()]
    if _RELAXED.search(before) or _OTHERS_BEHIND.match(text[match.end() : match.end() + 4]):
        return None
    named = column or _AGE_NAMED.search(before) is not None
    if not named and _OTHERS_BEFORE.search(before):
        return None
    if match["low"]:
        said = named or match["old"] or (match["ends"] and "以" not in match["ends"]) or _SEX_BEFORE.search(before)
        low, high = whole(match["low"]), whole(match["high"])
        return (low, high) if said and _possible(low, high) else None
    if match["full"]:
        return _one(match["min_full"], lowest=True)
    if match["above"]:
        return _one(match["min_above"], lowest=True) if named or match["min_above_old"] else None
    if match["below"]:
        return _one(match["max_below"], lowest=False) if named or match["max_below_old"] else None
    return _one(match["one"], lowest=match["up"] is not None) if named or match["one_old"] else None


def _unsaid(text: str) -> Found[tuple[int | None, int | None]] | None:
    """Limits of which nothing says that they are ages, but what they look like."""
    if both := _PLAIN_RANGE.search(text):
        return Found((int(both["low"]), int(both["high"])), both[0], guessed=True)
    most = max(_PLAIN_MOST.finditer(text), key=lambda match: int(match["high"]), default=None)
    return Found((None, int(most["high"])), most[0], guessed=True) if most else None


def _possible(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and _YOUNGEST <= low <= high <= _OLDEST


def _one(digits: str, *, lowest: bool) -> tuple[int | None, int | None] | None:
    value = whole(digits)
    if value is None or not _YOUNGEST <= value <= _OLDEST:
        return None
    return (value, None) if lowest else (None, value)


def _limits(
    text: str, read: list[tuple[int | None, int | None, int, int]]
) -> Found[tuple[int | None, int | None]] | None:
    lows = [low for low, _, _, _ in read if low is not None]
    highs = [high for _, high, _, _ in read if high is not None]
    if not lows and not highs:
        return None
    low, high = min(lows, default=None), max(highs, default=None)
    if low is not None and high is not None and low > high:
        return None
    start, end = read[0][2], read[-1][3]
    if end - start > LONGEST_WORDS:
        end = read[0][3]
    return Found((low, high), text[start:end].strip())
