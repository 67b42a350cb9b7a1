"""What a posting's cells and text say, field by field (pure).

A column states, running text tells. Where both name a value the column counts, because it is what the employer filled
in for that very question and what other pages show; the text fills in what the column leaves open (面议, 若干, no
column at all), and a text that says something else is noted for the clerk. A limit counts wherever it stands: a sex or
an age that one of them names is a limit though the other does not repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from ingest.elsewhere import elsewhere
from ingest.fields import pay as pay_words
from ingest.fields import sexes, wishes
from ingest.fields.ages import age_limits
from ingest.fields.counts import headcount
from ingest.fields.dangers import dangers
from ingest.fields.found import Found, plain
from ingest.fields.markup import unmarked
from ingest.fields.pay import Wage
from ingest.fields.sections import own_section
from ingest.fields.times import Shift
from ingest.inference import Infer
from ingest.posting_times import posted_day, read_shift, several_days, valid_until
from ingest.profiles import read_place, trades_named
from ingest.understood import Reading
from matcher import trades
from matcher.model import PayUnit, Place, Settlement, Site

_SETTLED: Final[dict[str, str]] = {"daily": "日结", "on_completion": "完工结", "weekly": "周结", "monthly": "月结"}
_TEXT_FIELDS: Final = ("title", "text", "conditions")
MOST_PEOPLE: Final = 500
"""Seats of one posting, as the model has it."""


class Terms(Struct, kw_only=True):
    """What a posting may say of its work, as far as it was understood; None where it says nothing. `listed_only` says
    that the work is 长期."""

    trade: str | None = None
    headcount: int | None = None
    listed_only: bool = False
    valid_until_ms: int | None = None
    place: Place | None = None
    settlement: Settlement | None = None
    age_min: int | None = None
    age_max: int | None = None
    certificates: list[str] = []
    hazards: list[str] = []
    meals: bool = False
    transport: bool = False
    outdoor: bool = False
    insurance: str = ""


class Parts(Terms, kw_only=True):
    """The fields of a posting as read from its cells. The shift of 长期 work is a usual day's, on the last day on which
    the posting counts."""

    text: str
    wage: Wage | None = None
    shift: Shift | None = None
    gender: str | None = None


def read_parts(
    cells: Mapping[str, str], site: Site, today: date, pay_unit: PayUnit | None, infer: Infer, reading: Reading
) -> Parts:
    """Reads every field of a row's cells; what is missing or not understood is noted in `reading`."""
    written = words_of(cells)
    text = plain(written)  # folded once, for all that read it
    own = own_section(cells.get("title") or cells.get("trade", ""), text)
    base = posted_day(cells, today)
    parts = Parts(text=written, trade=_trade(cells, text, reading, infer))
    parts.headcount = _headcount(cells, text, reading)
    parts.wage = _wage(cells, own, text, pay_unit, reading)
    until = valid_until(cells, base, reading)
    monthly = parts.wage.words if parts.wage and parts.wage.fen is not None and parts.wage.unit == "month" else ""
    span = cells.get("posted", "") if "至" in cells.get("posted", "") else ""
    parts.shift, parts.listed_only = read_shift(cells, text, base, until, monthly or span, reading)
    parts.valid_until_ms = until
    parts.settlement = _settlement(cells, text, reading)
    _age(cells, own, text, parts, reading)
    parts.gender = _gender(cells, text, reading)
    parts.place = _place(cells, site, text, reading)
    parts.certificates = _certificates(cells, text, reading)
    parts.hazards = _hazards(parts.trade, text, reading)
    parts.meals = _told(cells, "meals", wishes.meals(text), "管饭", reading)
    parts.transport = _told(cells, "transport", wishes.transport(text), "接送", reading)
    parts.outdoor = _told(cells, "outdoor", wishes.outdoor(text), "户外", reading)
    parts.insurance = _insurance(cells, text, reading)
    if not text:
        reading.refuse("missing", "text", "工作内容")
    return parts


def words_of(cells: Mapping[str, str]) -> str:
    """The row's running text: title, text and conditions, without the marks of a web page."""
    return "\n".join(unmarked(cells[f]) for f in _TEXT_FIELDS if f in cells)[:2000]


def series_days(cells: Mapping[str, str], today: date) -> list[date]:
    """The days of a row that names several; none for a row of one day, or of none."""
    return several_days(cells, words_of(cells), posted_day(cells, today))


def unnamed(cells: Mapping[str, str]) -> list[str]:
    """The words whose trade has to be inferred, the likeliest first; none where the row names a trade."""
    words = [cells.get("trade", ""), words_of(cells)]
    return [] if any(map(trades_named, words)) else words


def _trade(cells: Mapping[str, str], text: str, reading: Reading, infer: Infer) -> str | None:
    named = cells.get("trade", "")
    for words in (named, text):
        if found := trades_named(words):
            reading.saw("工种", trades.trades()[found[0].id].name, "、".join(found[0].words))
            return found[0].id
    for words in unnamed(cells):
        if inferred := infer(words):
            surest = inferred[0]
            reading.saw("工种", trades.trades()[surest.id].name, "、".join(surest.words), guessed=True)
            return surest.id
    reading.refuse("bad_trade" if named or text else "missing", "trade", named or "未写明" if text else "工种")
    return None


def _headcount(cells: Mapping[str, str], text: str, reading: Reading) -> int | None:
    column = cells.get("headcount", "")
    stated = headcount(column, column=True) if column else None
    told = headcount(text) if stated is None or stated.value is None else None
    found = told if told and told.value is not None else stated or told
    if found is None:
        reading.refuse("bad_headcount" if column else "missing", "headcount", column or "人数")
        return None
    if found.value is None:
        reading.saw("人数", "未定", found.words)
        reading.refuse("missing", "headcount", f"人数(写的是“{found.words}”)")
        return None
    reading.saw("人数", f"{found.value}人", found.words)
    if found.value > MOST_PEOPLE:
        reading.refuse("too_many_people", "headcount", str(found.value))
    return found.value


def _wage(cells: Mapping[str, str], own: str, text: str, unit: PayUnit | None, reading: Reading) -> Wage | None:
    column = cells.get("pay", "")
    stated = pay_words.wage(column, column=True, unit=unit) if column else None
    told = pay_words.wage(own)
    if (told is None or told.fen is None) and own != text:
        told = pay_words.wage(text) or told
    wage = stated if stated and stated.fen is not None else told if told and told.fen is not None else stated or told
    if wage is None:
        reading.refuse("bad_pay" if column else "missing", "pay", column or "工资")
        return None
    if wage.fen is None:
        reading.saw("工资", "面议", wage.words)
        reading.refuse("missing", "pay", "工资(写的是“面议”)")
        return None
    reading.saw("工资", wage.shown(), wage.words, wage.guessed)
    if wage is stated and told and told.fen is not None and _apart(stated, told):
        reading.notes.append(f"工资栏写的是{stated.shown()},正文写的是{told.shown()}:按工资栏,请核对")
    return wage


def _apart(stated: Wage, told: Wage) -> bool:
    """Whether two pays of one unit have no sum in common; those of different units are not compared."""
    if stated.fen is None or told.fen is None or stated.unit != told.unit:
        return False
    return told.fen > (stated.high_fen or stated.fen) or (told.high_fen or told.fen) < stated.fen


def _settlement(cells: Mapping[str, str], text: str, reading: Reading) -> Settlement | None:
    for words in (cells.get("settlement", ""), cells.get("pay", ""), text):
        if found := wishes.settlement(words):
            reading.saw("结算", _SETTLED[found.value], found.words)
            return found.value
    return None


def _age(cells: Mapping[str, str], own: str, text: str, parts: Parts, reading: Reading) -> None:
    found = age_limits(cells.get("age", ""), column=True) or age_limits(own)
    if found is None and own != text:
        found = age_limits(text)
    if found is not None:
        parts.age_min, parts.age_max = found.value
        low, high = found.value
        limits = f"{low}-{high}岁" if low and high else f"{low}岁以上" if low else f"{high}岁以下"
        reading.saw("年龄", limits, found.words)


def _gender(cells: Mapping[str, str], text: str, reading: Reading) -> str | None:
    """The wish about sex, which is kept for the clerk and decides nothing."""
    for words in (cells.get("gender", ""), text):
        found = sexes.gender_wish(words)
        if found is not None and found.value != "不限":
            reading.saw("性别", found.value, found.words)
            return found.value
    return None


def _place(cells: Mapping[str, str], site: Site, text: str, reading: Reading) -> Place | None:
    """Where the work is. In another city it is not this market's: put at the site's own place it would call people to
    nowhere."""
    if "lat" not in cells and (other := elsewhere(cells.get("place", ""))):
        reading.saw("地点", other, other)
        reading.refuse("elsewhere", "place", other)
        return None
    return read_place(cells, site, reading, fallback=text)


def _certificates(cells: Mapping[str, str], text: str, reading: Reading) -> list[str]:
    found = wishes.certificates(cells.get("certificates", ""), column=True) + wishes.certificates(text)
    ids = list(dict.fromkeys(each.value for each in found))[:10]
    if ids:
        words = "、".join(dict.fromkeys(each.words for each in found))
        reading.saw("证书", "、".join(trades.certificates()[id_].name for id_ in ids), words)
    return ids


def _hazards(trade_id: str | None, text: str, reading: Reading) -> list[str]:
    """The trade's own danger, and those that the text names."""
    trade, found = trades.trades().get(trade_id or ""), dangers(text)
    if found:
        names = "、".join(trades.hazards()[each.value].name for each in found)
        reading.saw("危险", names, "、".join(each.words for each in found))
    own = [trade.hazard] if trade is not None and trade.hazard else []
    return list(dict.fromkeys([*own, *(each.value for each in found)]))[:10]


def _told(cells: Mapping[str, str], field: str, found: Found[bool] | None, name: str, reading: Reading) -> bool:
    told = wishes.yes(cells[field]) if field in cells else None
    if told is None and found is not None:
        reading.saw(name, "是", found.words)
    return found is not None if told is None else told


def _insurance(cells: Mapping[str, str], text: str, reading: Reading) -> str:
    if cells.get("insurance"):
        return plain(cells["insurance"])[:200]
    found = wishes.insurance(text)
    if found is not None:
        reading.saw("保险", found.words, found.words)
    return found.words if found else ""
