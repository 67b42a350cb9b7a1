"""Headcount and age as people write them."""

from __future__ import annotations

import re

from ingest.fields.found import Found, plain
from ingest.fields.numerals import WHOLE, whole

_EACH = re.compile(rf"男女各\s*({WHOLE})\s*(?:名|人|个|位)?")
_RANGE = re.compile(rf"({WHOLE})\s*(?:-+|至|到)\s*({WHOLE})\s*(?:名|人|位)")
_COUNTED = re.compile(
    rf"(?:(招聘?|需要?|要|缺|来|急招|急需|人数[:为]?|名额[:为]?)\s*)?({WHOLE})\s*(名|人(?![间份次民均工/])|位|个(?=[\u4e00-\u9fff]{{0,4}}(?:工|员|人|手|师傅|小时工)))"
)
_NOT_PEOPLE = re.compile(r"^(?:个(?:小时|钟头?|月|班|工作日)|人(?:一组|以上))")
_SOME = re.compile(r"若干名?|人数不限|不限人数|数名|多名|多人|^不限人?$")
_MOST = 500

_AGE_RANGE = re.compile(rf"({WHOLE})\s*(?:周?岁)?\s*(?:-+|至|到|~)\s*({WHOLE})\s*(?:周?岁|之间)")
_AGE_RANGE_NAMED = re.compile(rf"年龄\s*(?:要求|限制|段)?\s*[:为在]?\s*({WHOLE})\s*(?:-+|至|到)\s*({WHOLE})(?!\d)")
_AGE_MIN = re.compile(
    rf"(?:年?满)\s*({WHOLE})\s*周?岁|({WHOLE})\s*周?岁\s*(?:以上|起|及以上|\(含\)以上)|(?:不低于|不小于|至少|大于|>=?)\s*({WHOLE})\s*周?岁"
)
_AGE_MAX = re.compile(
    rf"({WHOLE})\s*周?岁\s*(?:以下|以内|及以下|之内|封顶)|(?:不超过|不大于|不高于|小于|低于|最大|<=?)\s*({WHOLE})\s*周?岁"
)
_AGE_BARE = re.compile(rf"^\s*({WHOLE})\s*(?:周?岁)?\s*(?:-+|至|到)\s*({WHOLE})\s*(?:周?岁)?\s*$")


def headcount(text: str, *, column: bool = False) -> Found[int | None] | None:
    """How many people are wanted, 1..500; a value of None means that the text leaves it open (若干).

    Of a range the higher number counts: so many would be taken. In a `column` a bare number counts.
    """
    text = plain(text)
    if column and (match := re.fullmatch(rf"({WHOLE})\s*[名人位个]?", text)):
        return _people(whole(match[1]), match[0])
    if match := _EACH.search(text):
        each = whole(match[1])
        return _people(each * 2 if each else None, match[0])
    if match := _RANGE.search(text):
        return _people(whole(match[2]), match[0])
    for match in _COUNTED.finditer(text):
        rest = text[match.start(3) :]
        if not _NOT_PEOPLE.match(rest) and (found := _people(whole(match[2]), match[0])):
            return found
    if match := _SOME.search(text):
        return Found(None, match[0])
    return None


def _people(count: int | None, words: str) -> Found[int | None] | None:
    return Found(count, words.strip()) if count is not None and 1 <= count <= _MOST else None


def age_limits(text: str, *, column: bool = False) -> Found[tuple[int | None, int | None]] | None:
    """Lowest and highest age wanted, each 1..100 or None; None when the text names none.

    Under-age numbers are kept: the review has to see them.
    """
    text = plain(text)
    patterns = [_AGE_RANGE, _AGE_RANGE_NAMED] + ([_AGE_BARE] if column else [])
    for pattern in patterns:
        for match in pattern.finditer(text):
            low, high = whole(match[1]), whole(match[2])
            if low and high and 10 <= low <= high <= 100:
                return Found((low, high), match[0].strip())
    low_match, high_match = _AGE_MIN.search(text), _AGE_MAX.search(text)
    low = _age(low_match)
    high = _age(high_match)
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        return None
    words = " ".join(m[0].strip() for m, v in ((low_match, low), (high_match, high)) if m and v is not None)
    return Found((low, high), words)


def _age(match: re.Match[str] | None) -> int | None:
    if match is None:
        return None
    value = whole(next(g for g in match.groups() if g))
    return value if value is not None and 10 <= value <= 100 else None
