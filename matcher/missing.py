"""What somebody lacks for a posting, in words: how far, how much, which certificate (pure).

The rules (`rules`) say what keeps a worker out; here that verdict is only put into words with its amounts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from matcher import trades
from matcher.model import Posting, Reason, shift_hours
from matcher.row import certificate_number

Words = Callable[[Any, Any, Posting, float], str]
"""Of the worker's row, the posting's terms, its document and the distance in metres."""
UNITS: Final = {"hour": "每小时", "day": "每天", "shift": "每班", "month": "每月"}


def place(w: Any, terms: Any, doc: Posting, metres: float) -> str:
    """`远了3公里`."""
    beyond_km = (metres - min(float(w["radius_m"]), float(terms["radius_m"]))) / 1_000
    return f"远了{max(beyond_km, 0.1):.1f}公里".replace(".0公里", "公里")


def pay(w: Any, terms: Any, doc: Posting, metres: float) -> str:
    """`工资要求每天高10元`."""
    fen_an_hour = int(w["pay_fen"]) - int(terms["pay_fen"])
    hours = {"day": shift_hours(doc), "shift": shift_hours(doc), "month": 21.75 * 8}.get(doc.pay.unit, 1.0)
    yuan = max(fen_an_hour * hours / 100, 0.1)
    shown = f"{yuan:.0f}" if yuan >= 10 else f"{yuan:.1f}".removesuffix(".0")
    return f"工资要求{UNITS.get(doc.pay.unit, '')}高{shown}元"


def certificate(w: Any, terms: Any, doc: Posting, metres: float) -> str:
    """`差一个叉车证`; one that is held but has run out is named so."""
    needed, held = int(terms["certificates"]), int(w["certificates"])
    known = trades.certificates()
    lacking = [c.name for kind, c in known.items() if needed & ~held & 1 << certificate_number(kind)]
    if lacking or needed & ~held:
        return "差一个" + "、".join(lacking or ["证书"])
    expired = [c.name for kind, c in known.items() if needed & 1 << certificate_number(kind)]
    return "、".join(expired) + "到期了"


def age(w: Any, terms: Any, doc: Posting, metres: float) -> str:
    """`要18岁以上`, `要60岁以下`."""
    if doc.age_min is not None and w["born"] > terms["born_until"]:
        return f"要{doc.age_min}岁以上"
    return f"要{doc.age_max}岁以下"


MISSING: Final[dict[str, Words]] = {
    "place": place,
    "pay": pay,
    "certificate": certificate,
    "age": age,
    "working_age": lambda w, terms, doc, metres: "要16岁以上",
    "minor_hazard": lambda w, terms, doc, metres: "要18岁以上",
    "hours": lambda w, terms, doc, metres: "时间不在你登记的时间里",
}
"""By the code of the rule: what somebody could mend, or is close to."""


def told(code: str, w: Any, terms: Any, doc: Posting, metres: float) -> Reason:
    """What is missing, for a rule of MISSING."""
    return Reason(code, MISSING[code](w, terms, doc, metres))
