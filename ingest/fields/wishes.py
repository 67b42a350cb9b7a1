"""Settlement, certificates, telephones, meals, transport and insurance, from words."""

from __future__ import annotations

import re
from functools import cache

from ingest.fields.found import Found, plain
from matcher import trades
from matcher.model import Settlement

_SETTLEMENTS: tuple[tuple[re.Pattern[str], Settlement], ...] = (
    (
        re.compile(
            r"(?:次日|隔日|隔天|第二天)(?:结|发)|周结|周薪|按周(?:结|发)|一周一[结发]|每周(?:[一二三四五六日天]?[结发])|"
            r"[三四五六七3-7]天一[结发]|\d{1,2}-\d{1,2}天一结|半月[结发]|半个月一[结发]"
        ),
        "weekly",
    ),
    (
        re.compile(
            r"[干做](?:完|好)活?(?:就|即|马上|立马|当场|立即)?(?:结|给钱|拿钱|付钱|发钱)|完[工活事](?:即|就|当场|后|马上)?(?:结|付|发|给钱)|"
            r"活(?:干)?完(?:就|即)?(?:结|给钱)|一次一结|单结|卸完(?:就|即)?[结付]"
        ),
        "on_completion",
    ),
    (
        re.compile(
            r"日结|当[天日]\S{0,2}(?:结|付|发工资|给钱|拿钱)|现结|天天结|[一1]天一[结发]|[每按]天[结发]|当天发|现金结|日清|下班(?:就|即|后|立马|当场)?(?:结|给钱|拿钱|付|发钱)|做一结一|当场结"
        ),
        "daily",
    ),
    (re.compile(r"月结|按月|一个?月一[结发]|次月|每月\s*\d{1,2}\s*[号日]\S{0,3}发|月底[结发]|月薪|元/月"), "monthly"),
)
_TELEPHONE = re.compile(r"(?<!\d)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:0\d{2,3}[- ]?)?[2-8]\d{6,7}(?!\d)")
_YES = re.compile(r"^(?:是|有|包|提供|包括|y|yes|true|1|√|✓|管)", re.IGNORECASE)
_NO = re.compile(r"^(?:否|无|没|不|n|no|false|0|×)", re.IGNORECASE)
_MEALS = re.compile(
    r"(?<!不)(?<!不用)(?:包|管|供|提供|免费)[^,。;不\n]{0,5}?(?:吃|食|餐|饭|伙食)(?!补|费自理|宿?自理)|吃住全免|食宿(?:全免|免费)|有(?:工作)?餐"
)
_TRANSPORT = re.compile(
    r"(?<!不)(?<!无)(?<!没有)(?:班车|[专车]车接送|(?:包|管|提供|免费|专车|有车|上下班)接送|车接车送|通勤车|免费坐车)"
)
_INSURANCE = re.compile(
    r"(?<!不)(?<!无)(?<!没有)(?:五险一金|[五六三]险|5险1?金?|社会?保险?|意外险|意外保险|工伤(?:保)?险|商业(?:保|险)[险]?|雇主责任险|人身保险|(?:买|上|交|有|购买|缴纳)保险)"
)
_OUTDOOR = re.compile(r"室外|户外|露天|顶着太阳")
_NO_CERTIFICATE = re.compile(r"(?:不需要?|无需|不用|不要求|没有?|无)[^,。;、]{0,3}$")
_PREFERRED = re.compile(r"^[^,。;]{0,4}(?:优先|更好|最好|均可|也可)")


def settlement(text: str) -> Found[Settlement] | None:
    """When the money is paid, by the first word that says so: 日结, 干完结, 周结, 月结."""
    text = plain(text)
    for pattern, kind in _SETTLEMENTS:
        if match := pattern.search(text):
            return Found(kind, match[0])
    return None


@cache
def _certificate_words() -> tuple[re.Pattern[str], dict[str, str]]:
    owner = {plain(word): c.id for c in trades.certificates().values() for word in (c.name, *c.words)}
    longest_first = sorted(owner, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)"), owner


def certificates(text: str, *, column: bool = False) -> list[Found[str]]:
    """Certificates named, by id, in the order named and each once.

    In running text `无需健康证` and `有健康证优先` ask for none; in a `column` every one named counts.
    """
    text = plain(text)
    pattern, owner = _certificate_words()
    found: dict[str, Found[str]] = {}
    for match in pattern.finditer(text):
        free = _NO_CERTIFICATE.search(text[: match.start()]) or _PREFERRED.match(text[match.end() :])
        if column or not free:
            found.setdefault(owner[match[0]], Found(owner[match[0]], match[0]))
    return list(found.values())


def telephone(text: str, *, mobile: bool = False) -> Found[str] | None:
    """The first telephone number, digits only; a landline counts unless `mobile` is asked for."""
    text = plain(text)
    match = _TELEPHONE.search(text) or (None if mobile else _LANDLINE.search(text))
    return Found(re.sub(r"\D", "", match[0]), match[0]) if match else None


def yes(text: str) -> bool | None:
    """`是`, `包`, `有`, `1` ... True; `否`, `无` ... False; None for anything else."""
    text = plain(text)
    if _NO.match(text):
        return False
    return True if _YES.match(text) else None


def meals(text: str) -> Found[bool] | None:
    """Whether a meal is given (包吃, 管一餐)."""
    match = _MEALS.search(plain(text))
    return Found(True, match[0]) if match else None


def insurance(text: str) -> Found[bool] | None:
    """Whether the worker is insured (意外险, 五险)."""
    match = _INSURANCE.search(plain(text))
    return Found(True, match[0]) if match else None


def transport(text: str) -> Found[bool] | None:
    """Whether people are fetched (班车, 接送)."""
    match = _TRANSPORT.search(plain(text))
    return Found(True, match[0]) if match else None


def outdoor(text: str) -> Found[bool] | None:
    """Whether the work is outside (室外, 露天)."""
    match = _OUTDOOR.search(plain(text))
    return Found(True, match[0]) if match else None
