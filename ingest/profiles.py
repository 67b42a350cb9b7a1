"""A row to a profile and its person (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

from msgspec import Struct, ValidationError, convert

from ingest import gazetteer
from ingest.consent import ConsentText
from ingest.elsewhere import elsewhere
from ingest.fields import days, weekly
from ingest.fields import pay as pay_words
from ingest.fields.found import plain
from ingest.fields.numerals import number
from ingest.fields.wishes import certificates, telephone
from ingest.identity import born_of
from ingest.inference import Infer, nothing
from ingest.masking import masked
from ingest.skills import understood
from ingest.understood import Reading
from matcher import trades
from matcher.model import Certificate, Channel, Hours, Pay, PayUnit, Person, Place, Profile, Site, age_on
from matcher.trades import Found

OLDEST = 90
"""Above this age a day of birth is taken for a slip of the pen."""
_CHANNELS: dict[str, Channel] = {
    "短信": "sms",
    "电话": "call",
    "app": "inbox",
    "手机": "inbox",
    "推送": "push",
    "大厅": "kiosk",
}
_LISTED = re.compile(r"[、;,]")
_NO_CONSENT = re.compile("否|无|[不未]同意|不|未签署?|没有|没签|拒绝|no?|none|false|0|-|/")
"""What stands in the column of the consent's version where there is none."""
_CONSENTED = re.compile("是|有|已?同意|已?签[署字]|已签|已?授权|√|✓|✔|对勾|y(?:es)?|true|ok|1")
"""What stands there where a site says no more than that its people have signed the text of this house."""
_PAPER = re.compile(r".{0,39}\d.{0,39}")
"""A site's own papers have a version, too: something with a number in it."""
_FIRST_OF_MONTH = re.compile(r"(\d{4}-\d{2})-01")
"""What a spreadsheet makes of 2026-01."""
_KM = re.compile(r"\d{1,3}(?:\.\d)?")
_SEPARATORS = re.compile(r"[\s、,;/|()]+")
_EXPIRES = re.compile(
    r"(?:有效期?至?|至|到期?)\s*[:(]?\s*(20\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2})|\((20\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2})"
)


class ProfileRow(Struct):
    """A profile row as read. `profile` and `person` are there unless `reading` holds problems."""

    reading: Reading
    ref: str = ""
    profile: Profile | None = None
    person: Person | None = None


def read_profile(
    cells: Mapping[str, str],
    site_id: str,
    site: Site,
    today: date,
    text: ConsentText,
    pay_unit: PayUnit | None = None,
    infer: Infer = nothing,
) -> ProfileRow:
    """Reads a row's cells (by field). `today` is the market's date, by which age is judged; `text` knows the versions
    of the consent; `infer` guesses the trades of a row that names none by a word of the lexicon."""
    reading = Reading()
    row = ProfileRow(reading, ref=cells.get("ref", "").strip())
    id_number = _id_number(cells)
    born_as_numbered = born_of(id_number) if id_number else None
    person = _person(cells, reading, text, id_number, well_formed=not id_number or born_as_numbered is not None)
    born = _born(cells, reading, today, born_as_numbered)
    trade_ids = _trades(cells, reading, infer)
    place = read_place(cells, site, reading)
    pay = _pay(cells, reading, pay_unit)
    row.ref = row.ref or row_number(cells)
    if reading.problems or person is None or born is None or pay is None:
        return row
    profile = {
        "site": site_id,
        "trades": trade_ids,
        "skills": cells.get("skills", "")[:2000],
        "certificates": _certificates(cells, reading),
        "born": born,
        "place": place,
        "radius_m": _radius_m(cells),
        "hours": _hours(cells, reading),
        "pay": pay,
        "group": cells.get("group", "")[:200],
        "channels": [channel for word, channel in _CHANNELS.items() if word in cells.get("channels", "").lower()],
    }
    try:  # the model's own bounds have the last word
        row.profile, row.person = masked(understood(convert(profile, Profile))), convert(person, Person)
        _tell_skills(row.profile, reading)
    except ValidationError as exc:
        row.profile = row.person = None
        reading.refuse("bad_value", "", str(exc).partition("- at ")[2])
    return row


@cache
def _names() -> dict[str, str]:
    """Names of trades and hazards, by id."""
    return {id_: named.name for table in (trades.trades(), trades.hazards()) for id_, named in table.items()}


def _tell_skills(doc: Profile, reading: Reading) -> None:
    names = _names()
    for title, ids in (("还会", doc.recognised), ("不做", doc.refused)):
        if ids:
            reading.notes.append(f"{title}:{'、'.join(names[id_] for id_ in ids)}(按技能描述)")


def named_in(cells: Mapping[str, str]) -> tuple[str, str, str]:
    """Name, telephone and ID number as far as a row has them in a form that can be read; else empty."""
    phone = telephone(cells.get("telephone", ""), mobile=True)
    return "".join(cells.get("name", "").split()), phone.value if phone else "", _id_number(cells)


def row_number(cells: Mapping[str, str]) -> str:
    """What the row is known by: its site's own number, else the ID number, else name and telephone, else nothing."""
    ref = cells.get("ref", "").strip() or _id_number(cells)
    if ref:
        return ref
    name, phone, _ = named_in(cells)
    return f"{name}/{phone}" if name and phone else ""


def _id_number(cells: Mapping[str, str]) -> str:
    return "".join(plain(cells.get("id_number", "")).split()).upper().lstrip("'")


def _person(
    cells: Mapping[str, str], reading: Reading, text: ConsentText, id_number: str, *, well_formed: bool
) -> dict[str, str] | None:
    name = "".join(cells.get("name", "").split())
    phone = telephone(cells.get("telephone", ""), mobile=True)
    consent = _signed(cells.get("consent", ""), text)
    absent = [w for w, v in (("姓名", name), ("电话", cells.get("telephone")), ("同意书版本", consent)) if not v]
    if absent:
        reading.refuse("missing", "person", "、".join(absent))
        return None
    if not (consent in text.known or _PAPER.fullmatch(consent)):
        reading.refuse("unknown_consent", "consent", "、".join(text.known))
        return None
    if phone is None:
        reading.refuse("bad_telephone", "telephone")
        return None
    if len(name) > 50:
        reading.refuse("bad_name", "name")
        return None
    if not well_formed:
        reading.refuse("bad_id_number", "id_number")
        return None
    return {"name": name, "telephone": phone.value, "id_number": id_number, "consent": consent}


def _signed(cell: str, text: ConsentText) -> str:
    """The version in a cell, known or not; empty where it says that there is none. A yes is to the one in force."""
    written = cell.strip()[:40]
    if _NO_CONSENT.fullmatch(written.lower()):
        return ""
    if _CONSENTED.fullmatch(written.lower()):
        return text.version
    month = _FIRST_OF_MONTH.fullmatch(written)
    return month[1] if month and month[1] in text.known else written


def _born(cells: Mapping[str, str], reading: Reading, today: date, numbered: date | None) -> date | None:
    """The day in the ID number counts; the column only where there is no number."""
    born = numbered
    if born is None:
        text = cells.get("born", "")
        if not text:
            if "id_number" not in cells:
                reading.refuse("missing", "born", "出生日期")
            return None
        found = days.day(text, today)
        if found is None:
            reading.refuse("bad_born", "born", text)
            return None
        born = found.value
    age = age_on(born, today)
    if not 0 <= age <= OLDEST:
        reading.refuse("bad_age", "born", f"{age}岁")
    elif age < 16:
        reading.refuse("under_16", "born")
    else:
        reading.saw("出生日期", f"{age}岁", "身份证号" if numbered else cells.get("born", ""))
    return born


@lru_cache(maxsize=8192)
def trades_named(text: str) -> tuple[Found, ...]:
    """`trades.find`, but what is written exactly like a trade's own name comes first, in the order written.

    Remembered, since a site writes the same few hundred words again and again.
    """
    parts = [part for part in _SEPARATORS.split(plain(text)) if part in _official()]
    own = {_official()[part]: Found(_official()[part], trades.NAME_CONFIDENCE, (part,)) for part in parts}
    return (*own.values(), *(each for each in trades.find(text) if each.id not in own))


@cache
def _official() -> dict[str, str]:
    return {plain(trade.name): trade.id for trade in trades.trades().values()}


def unnamed(cells: Mapping[str, str]) -> list[str]:
    """The words whose trades have to be inferred; none where the row names a trade."""
    named, skills = cells.get("trades", ""), cells.get("skills", "")
    return [] if trades_named(named) or trades_named(skills) else [f"{named} {skills}"]


def _trades(cells: Mapping[str, str], reading: Reading, infer: Infer) -> list[str]:
    named = cells.get("trades", "")
    said = trades_named(named) or trades_named(cells.get("skills", ""))
    found = said or next((guessed for words in unnamed(cells) if (guessed := infer(words))), ())
    if not found:
        reading.refuse("bad_trade" if named else "missing", "trades", named or "工种")
        return []
    ids = [each.id for each in found][:20]
    reading.saw(
        "工种",
        "、".join(trades.trades()[i].name for i in ids),
        "、".join(w for each in found for w in each.words),
        guessed=not said,
    )
    return ids


def read_place(cells: Mapping[str, str], site: Site, reading: Reading, fallback: str = "") -> Place:
    """The place of a row: its coordinates, else its address, else one named in `fallback`, else the site's, marked."""
    text = cells.get("place", "").strip()
    lat, lon = number_or_none(cells.get("lat", "")), number_or_none(cells.get("lon", ""))
    if lat is not None and lon is not None and -90 <= lat <= 90 and -180 <= lon <= 180:
        reading.saw("地点", f"{lat:.4f},{lon:.4f}", f"{cells['lat']} {cells['lon']}")
        return Place(lat=lat, lon=lon, text=text[:200])
    for words in (text, "" if elsewhere(text) else fallback):
        found = gazetteer.find(words, site.district) if words else None
        if found is not None:
            spot = found.value
            shown = spot.district if spot.kind == "district" else spot.district + spot.name
            reading.saw("地点", shown, found.words, found.guessed)
            return Place(lat=spot.lat, lon=spot.lon, text=(text or found.words)[:200])
    reading.notes.append(f"地点未识别({text or '未填'}),导入时按站点所在地")
    return Place(lat=site.place.lat, lon=site.place.lon, text=(text or site.place.text)[:180] + "(按站点)")


def number_or_none(text: str) -> float | None:
    """A decimal number in a cell, or None."""
    try:
        value = float(plain(text))
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None


def _pay(cells: Mapping[str, str], reading: Reading, unit: PayUnit | None) -> Pay | None:
    text = cells.get("pay", "")
    if not text:
        reading.refuse("missing", "pay", "期望工资")
        return None
    wage = pay_words.wage(text, column=True, unit=unit)
    if wage is None:
        reading.refuse("bad_pay", "pay", text)
        return None
    reading.saw(
        "期望工资",
        "面议" if wage.fen is None else f"{wage.fen / 100:g}元/{pay_words.UNIT_NAMES[wage.unit]}",
        wage.words,
        wage.guessed,
    )
    return Pay(fen=wage.fen or 0, unit=wage.unit)


def _certificates(cells: Mapping[str, str], reading: Reading) -> list[Certificate]:
    text = cells.get("certificates", "")
    held = []
    for part in _LISTED.split(plain(text)) if text else ():
        for found in certificates(part, column=True):
            expires = _EXPIRES.search(part)
            day = days.day(next(g for g in expires.groups() if g), date(2000, 1, 1)) if expires else None
            held.append(Certificate(kind=found.value, expires=day.value if day else None))
            reading.saw("证书", trades.certificates()[found.value].name, found.words)
    return list({c.kind: c for c in held}.values())[:20]


def _radius_m(cells: Mapping[str, str]) -> int:
    match = _KM.search(plain(cells.get("radius", "")))
    km = number(match[0]) if match else None
    return min(200_000, max(500, int(km * 1000))) if km else 10_000


def _hours(cells: Mapping[str, str], reading: Reading) -> list[Hours]:
    text = cells.get("hours", "")
    found = weekly.weekly_hours(text) if text else None
    if found is None:
        if text:
            reading.notes.append(f"上班时间未识别({text[:40]}),按任何时间")
        return []
    reading.saw("上班时间", "、".join(f"{h.start}-{h.end}" for h in found.value) or "任何时间", found.words)
    return list(found.value)
