"""Numbers that lead to somebody, hidden: in what people write freely, before it is kept, and in rows that are shown to
whoever only needs to see what was wrong (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct, structs

from ingest.columns import Layout
from matcher.model import Place, Posting, Profile

T = TypeVar("T")

HIDDEN: Final = "(已隐去)"
_PERSONAL: Final[dict[str, frozenset[str]]] = {
    "profile": frozenset({"name", "id_number", "telephone", "born", "place", "lat", "lon"}),
    "posting": frozenset({"contact"}),
}
_FREELY: Final[dict[type[Struct], frozenset[str]]] = {
    Posting: frozenset({"text", "insurance", "meeting_point"}),
    Profile: frozenset({"skills", "group"}),
    Place: frozenset({"text"}),
}
_SAID: Final = frozenset({"reason"})
"""What people write freely; in every other type, why they ask for something."""
_DIGITS: Final = str.maketrans(
    "〇零一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖①②③④⑤⑥⑦⑧⑨⓪０１２３４５６７８９－—–　（）＋",
    "001122345678912345678912345678900123456789--- ()+",
)
"""Sign for sign: what is found in the plain text lies in the same place in the other."""
_GAP: Final = "[-. ·]?"
_ABROAD: Final = r"(?:(?:\+|00)86[- ]?)"
_ALIKE: Final = rf"(?=(?:\d-?){{11}}|(?:\d\.?){{11}}|(?:\d ?){{11}}|(?:\d·?){{11}}|\d{{3}}{_GAP}\d{{4}}{_GAP}\d{{4}})"
"""Gaps of a mobile number are of one kind, or lie where people put them: 138-1234 5678, but not 1.5-1.9 8.00-17.00."""
_MAYBE: Final = re.compile(r"\d(?:[-. ·()]{0,2}\d){7}")
"""What every number below has in it: most texts have nothing to look for."""
_ID_NUMBER = re.compile(rf"(?<!\d)()(?:\d{{6}}{_GAP}\d{{8}}{_GAP}\d{{3}}[\dXx]|\d{{15}})()(?!\d)")
_TELEPHONES: Final = (  # what of each may be seen is its first and its last group
    re.compile(rf"(?<!\d)(?:{_ABROAD}|86)?{_ALIKE}(1{_GAP}[3-9]{_GAP}\d)(?:{_GAP}\d){{4}}((?:{_GAP}\d){{4}})(?!\d)"),
    re.compile(r"(?<!\d)([48]00)[- ]?\d{3}[- ]?\d{4}()(?!\d)"),
    re.compile(rf"(?<!\d){_ABROAD}?\(?(0\d{{2,3}})\)?[- ]?[2-9]\d{{2,3}}[- ]?\d{{4}}()(?!\d)"),
    re.compile(rf"{_ABROAD}\(?(\d{{2,3}})\)?[- ]?[2-9]\d{{2,3}}[- ]?\d{{4}}()(?!\d)"),
    re.compile(r"(?<![\d.])()(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d)[2-9]\d{7}()(?![\d.元块万])"),  # no date, no sum
)


def mask_text(text: str) -> str:
    """Running text with its ID numbers and telephones hidden: 138****1234, 0532****. Numbers are found with gaps, in
    Chinese or wide digits, and with the code of the country; dates, times and sums are left as they are."""
    plain = text.translate(_DIGITS)
    if not _MAYBE.search(plain):
        return text
    for pattern, instead in ((_ID_NUMBER, HIDDEN), *((each, "****") for each in _TELEPHONES)):
        if pattern.search(plain):
            text = _hide(text, plain, pattern, instead)
            plain = text.translate(_DIGITS)
    return text


def telephones(text: str) -> list[str]:
    """The telephones in running text, in their order, each once and as it is dialled."""
    plain = _ID_NUMBER.sub(lambda match: "x" * len(match[0]), text.translate(_DIGITS))
    spans, found, end = sorted(m.span() for each in _TELEPHONES for m in each.finditer(plain)), list[str](), 0
    for first, last in spans:
        if first >= end:
            found.append(re.sub(r"[^\d+]", "", plain[first:last]))
            end = last
    return list(dict.fromkeys(found))


def _hide(text: str, plain: str, pattern: re.Pattern[str], instead: str) -> str:
    parts, at = list[str](), 0
    for match in pattern.finditer(plain):
        first, last = ("".join(text[i] for i in range(*match.span(n)) if plain[i].isdigit()) for n in (1, 2))
        parts += [text[at : match.start()], first, instead, last]
        at = match.end()
    return "".join([*parts, text[at:]])


def masked(value: T) -> T:
    """A posting, a profile, or the body of a request that has one or gives a reason, with `mask_text` of whatever is
    written freely in it. All else is as it was: a name, a telephone or a complaint in a field of its own is sealed."""
    if isinstance(value, list):
        return [masked(each) for each in value]  # type: ignore[return-value]
    if not isinstance(value, Struct):
        return value
    freely, hidden = _FREELY.get(type(value), _SAID), dict[str, Any]()
    for name in value.__struct_fields__:
        held = getattr(value, name)
        shown = (mask_text(held) if name in freely else held) if isinstance(held, str) else masked(held)
        if shown is not held and shown != held:
            hidden[name] = shown
    return structs.replace(value, **hidden) if hidden else value


def mask_row(cells: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """A row as it may be shown: personal columns and columns of unknown meaning hidden, numbers in texts masked."""
    personal = _PERSONAL[layout.kind]
    shown = {header: mask_text(cells.get(header, "")) for headers in layout.fields.values() for header in headers}
    for field, headers in layout.fields.items():
        if field in personal:
            shown |= {header: HIDDEN for header in headers if cells.get(header, "").strip()}
    return shown | {header: HIDDEN for header in layout.unknown if cells.get(header, "").strip()}
