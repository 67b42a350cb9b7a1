"""Asides: words that a text says beside the work it is about.

会开叉车优先 says what an employer would like besides, 以前是厨师,现在想找保安 what a worker was before, 给司机当翻译
whom somebody works for. Such a word still says something, but whatever else is named comes before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_REACH_BEFORE = 12
_REACH_AFTER = 14

_PREFERRED = "(?:者|的)*(?:优先|更好|更佳|最好|最佳|加分|加钱)(?:录用|录取|考虑|安排)*"
_MENTIONED = re.compile(
    r"(?:有|会|懂|能|持|熟悉|了解|具备|(?:做|干|当|开|学|从事)过)+(?:一?点|些|过|相关|国家|开|做|干|操作|使用)*$"
)
_PREFERRED_SKILL = re.compile(rf"^[^\W_]{{0,8}}?{_PREFERRED}")
_PREFERRED_TITLE = re.compile(rf"^(?:证书?|资格证|出身|经验)*{_PREFERRED}")
_MAY_PREFER = re.compile("优先|更好|更佳|最好|最佳|加分|加钱")

_ONCE_BEFORE = re.compile(
    r"(?:(?:以前|原来|之前|曾经?|从前|原先|早先|过去)[^,。;!?]{0,8}?|(?:做|干|当|开)过[^,。;!? ]{0,3}?"
    r"|从|退休(?:的|老)?)$"
)
_ONCE_AFTER = re.compile("^(?:的|工作|这行|活)*(?:辞了|不干了|退下来|出身|转行|改行)")
_NOW = re.compile(
    "(?:现在|如今|目前)[^,。;!?]{0,6}?[想要找做干学]|[想要](?:再|换)?(?:找|做|干|学|去|当|转)|[转改]行|找"
)
_MAY_BE_PAST = re.compile("以前|原来|之前|曾|从|原先|早先|过去|过|退休|辞了|不干了|退下来|出身|转行|改行")

_SERVED = re.compile("们?(?:当|做|送|开|洗|看|打|配|收|煮|帮)")
_MAY_SERVE = "给"


def asides(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int] | None]:
    """For each span (start, end) of a normalised text, in reading order, where the aside lies that it is part of;
    None for what the text is about. Where everything is an aside, nothing is: 焊工优先 asks for welders."""
    none: list[tuple[int, int] | None] = [None] * len(spans)
    if len(spans) < 2:
        return none
    found = none
    if _MAY_PREFER.search(text) is not None:
        found = [_preference(text, start, end) for start, end in spans]
    if _MAY_BE_PAST.search(text) is not None:
        now = max((match.start() for match in _NOW.finditer(text, 0, spans[-1][0])), default=-1)
        found = [known or _past(text, start, end, now) for known, (start, end) in zip(found, spans, strict=True)]
    if _MAY_SERVE in text:
        found = [known or _served(text, start, end) for known, (start, end) in zip(found, spans, strict=True)]
    return none if all(found) else found


def _preference(text: str, start: int, end: int) -> tuple[int, int] | None:
    """有叉车证优先, from the verb to the end; 退伍军人优先, where the word itself opens the clause."""
    opened = max(0, start - _REACH_BEFORE)
    following = text[end : end + _REACH_AFTER]
    verb = _MENTIONED.search(text[opened:start])
    if verb is not None and (wished := _PREFERRED_SKILL.match(following)) is not None:
        return opened + verb.start(), end + wished.end()
    if (not start or not text[start - 1].isalnum()) and (wished := _PREFERRED_TITLE.match(following)) is not None:
        return start, end + wished.end()
    return None


def _past(text: str, start: int, end: int, now: int) -> tuple[int, int] | None:
    """以前是厨师, where the text comes to what is wanted later, at `now`, before its last word."""
    if end > now:
        return None
    opened = max(0, start - _REACH_BEFORE)
    before = _ONCE_BEFORE.search(text[opened:start])
    after = _ONCE_AFTER.match(text[end : end + _REACH_AFTER])
    if before is None and after is None:
        return None
    return opened + before.start() if before else start, end


def _served(text: str, start: int, end: int) -> tuple[int, int] | None:
    """给司机当翻译: whoever stands between 给 and what is done for them."""
    return (start, end) if text.endswith("给", 0, start) and _SERVED.match(text, end) else None
