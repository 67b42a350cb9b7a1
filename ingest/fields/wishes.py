"""Settlement, gender wishes, certificates, telephones and small comforts, from words."""

from __future__ import annotations

import re
from functools import cache

from ingest.fields.found import Found, plain
from matcher import trades
from matcher.model import Settlement

_SETTLEMENTS: tuple[tuple[re.Pattern[str], Settlement], ...] = (
    (
        re.compile(
            r"(?:次日|隔日|隔天|第二天)(?:结|发)|周结|按周|一周一结|每周|[三四五六七]天一结|\d{1,2}-\d{1,2}天一结"
        ),
        "weekly",
    ),
    (
        re.compile(
            r"干完(?:就|即|活)?结|完工(?:即|就)?结|完工(?:后)?(?:付|发)|活(?:干)?完(?:就|即)?(?:结|给钱)|一次一结|单结"
        ),
        "on_completion",
    ),
    (re.compile(r"日结|当天结|当日结|现结|天天结|一天一结|每天结|当天发|现金结|按天结"), "daily"),
    (re.compile(r"月结|按月|一月一结|次月|每月\d{1,2}[号日]发|月薪"), "monthly"),
)
_GENDER = re.compile(r"男女不限|男女均可|男女都(?:可|行|要)|性别不限|不限男女|不限性别")
_GENDER_WISH = re.compile(
    r"(?:只|仅|限|要|招|需)(?:要|招|限)?(?:男|女)(?!装|鞋|包|科|厕|卫)(?:性|士|工|的|生|孩)?|"
    r"(?:男|女)(?:性|士|工|生)?(?:优先)|性别[:为]?\s*(?:男|女)|男女各"
)
_TELEPHONE = re.compile(r"(?<!\d)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:0\d{2,3}[- ]?)?[2-8]\d{6,7}(?!\d)")
_YES = re.compile(r"^(?:是|有|包|提供|包括|y|yes|true|1|√|✓|管)", re.IGNORECASE)
_NO = re.compile(r"^(?:否|无|没|不|n|no|false|0|×)", re.IGNORECASE)
_MEALS = re.compile(r"(?<!不)(?:包|管|提供)(?:吃|食|餐|饭|一餐|两餐|三餐|午餐|午饭|早餐|中餐|伙食|工作餐)")
_TRANSPORT = re.compile(r"(?<!不)(?:包|管|提供)?(?:班车|接送|车接车送|通勤车|免费坐车)")
_NO_CERTIFICATE = re.compile(r"(?:不需要?|无需|不用|不要求|没有?|无)[^,。;、]{0,3}$")
_PREFERRED = re.compile(r"^[^,。;]{0,4}(?:优先|更好|最好|均可|也可)")


def settlement(text: str) -> Found[Settlement] | None:
    """When the money is paid, by the first word that says so: 日结, 干完结, 周结, 月结."""
    text = plain(text)
    for pattern, kind in _SETTLEMENTS:
        if match := pattern.search(text):
            return Found(kind, match[0])
    return None


def gender_wish(text: str) -> Found[str] | None:
    """A wish about sex (`男`, `女`, `各`), or `不限`. It is shown to the clerk and never used to exclude."""
    text = plain(text)
    if text in ("男", "女", "不限"):
        return Found(text, text)
    if match := _GENDER.search(text):
        return Found("不限", match[0])
    if match := _GENDER_WISH.search(text):
        wish = "各" if "各" in match[0] else "男" if "男" in match[0] else "女"
        return Found(wish, match[0])
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


def transport(text: str) -> Found[bool] | None:
    """Whether people are fetched (班车, 接送)."""
    match = _TRANSPORT.search(plain(text))
    return Found(True, match[0]) if match else None
