"""Rules that are about words, on any running text: what the employer's page checks while somebody types (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ingest.discrimination import discrimination
from ingest.fees import fees
from ingest.fields.ages import age_limits
from ingest.fields.found import plain
from ingest.findings import Finding
from ingest.lures import lure

_LATE = re.compile(
    r"[压押](?:\s*(?:[1-3]|一|两|二|三|半)个?月|\s*(?:1[6-9]|[2-9]\d)\s*天|\s*15天以上)(?:的)?(?:工资|的?钱|薪)?|"
    r"(?:(?:1[6-9]|[2-9]\d)\s*(?:天|日)|(?:一|两|二|三|[1-3])个月)(?:后|之后|以后)(?:再)?(?:结|发|付|给钱|打款)|"
    r"后(?:两|二|三|四|半|[2-9])个?[月年](?:内|左右)?(?:再)?(?:结|发|付|给钱)|(?:半年|季度|[两三]个月|一年)一?(?:结|发|算账)|"
    r"年底(?:再|才|统一)?(?:结|发工资|算账)|押一付一"
)
_NEXT_DAY = re.compile(r"日结[^。;]{0,6}(?:次日|第二天|隔天|隔日|明天)(?:再)?(?:发|结|付|到账|给)")
_NO_DELAY = re.compile(r"不$|从不$|绝不$|不会$|无$")
_UNPAID = re.compile(
    r"(?:试[工用岗]|培训)[^,。;\n]{0,8}(?:没有?|无|不[发给算计])(?:工资|薪|钱|酬)|"
    r"(?:[做干]?不[满够到足]|未[满做干]满?|不做满)\s*(?:\d{1,3}|[一二三四五六七半十]{1,2})\s*个?(?:天|日|月|周)[^,。;\n]{0,8}?"
    r"(?:没有?|无|不[发给算计结])(?:任何)?(?:工资|薪|钱|费用|结算)?"
)


@lru_cache(maxsize=4096)
def review_text(text: str) -> tuple[Finding, ...]:
    """Findings in running text, in the order of the rules; each words and rule once.

    Remembered: a row and its posting say the same words, and a page asks again at every key.
    """
    text = plain(text)
    findings = [*_under_age(text), *discrimination(text), *fees(text), *_late_pay(text), *lure(text)]
    unique = {(finding.rule, finding.words): finding for finding in findings}
    return tuple(unique.values())


def _under_age(text: str) -> Iterator[Finding]:
    found = age_limits(text)
    if found and found.value[0] is not None and found.value[0] < 16:
        yield _block("under_16", found.words, "未满16周岁,不得招用或介绍就业", "请把最低年龄改为16周岁或以上")


def _late_pay(text: str) -> Iterator[Finding]:
    mend = "请改为15日内结清;写“日结”的须当天付清"
    for match in _LATE.finditer(text):
        if not _NO_DELAY.search(text[: match.start()]):
            yield _block("pay_late", match[0], "结算周期最长不得超过15日", mend)
            break
    if next_day := _NEXT_DAY.search(text):
        yield _block("pay_late", next_day[0], "写“日结”的,工资须在当天付清", mend)
    if unpaid := _UNPAID.search(text):
        yield _block("unpaid", unpaid[0], "干一天就要付一天的工资", "请删除不付工资的条件")


def _block(rule: str, words: str, message: str, mend: str) -> Finding:
    return Finding(rule, "block", words, message, mend)
