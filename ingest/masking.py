"""Personal data hidden from people who only need to see what was wrong (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ingest.columns import Layout

HIDDEN: Final = "(已隐去)"
_PERSONAL: Final[dict[str, frozenset[str]]] = {
    "profile": frozenset({"name", "id_number", "telephone", "born", "place", "lat", "lon"}),
    "posting": frozenset({"contact"}),
}
_DIGITS: Final = str.maketrans(
    "〇零一幺二两三四五六七八九０１２３４５６７８９－—–　（）＋", "00112234567890123456789--- ()+"
)
"""Sign for sign: what is found in the plain text lies in the same place in the other."""
_GAP: Final = "[-. ·]?"
_ABROAD: Final = r"(?:(?:\+|00)86[- ]?)"
_ID_NUMBER = re.compile(rf"(?<!\d)()(?:\d{{6}}{_GAP}\d{{8}}{_GAP}\d{{3}}[\dXx]|\d{{15}})()(?!\d)")
_TELEPHONES: Final = (  # what of each may be seen is its first and its last group
    re.compile(rf"(?<!\d)(?:{_ABROAD}|86)?(1{_GAP}[3-9]{_GAP}\d)(?:{_GAP}\d){{4}}((?:{_GAP}\d){{4}})(?!\d)"),
    re.compile(r"(?<!\d)([48]00)[- ]?\d{3}[- ]?\d{4}()(?!\d)"),
    re.compile(rf"(?<!\d){_ABROAD}?\(?(0\d{{2,3}})\)?[- ]?[2-9]\d{{2,3}}[- ]?\d{{4}}()(?!\d)"),
    re.compile(rf"{_ABROAD}\(?(\d{{2,3}})\)?[- ]?[2-9]\d{{2,3}}[- ]?\d{{4}}()(?!\d)"),
    re.compile(r"(?<![\d.])()(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d)[2-9]\d{7}()(?![\d.])"),  # but no date
)


def mask_text(text: str) -> str:
    """Running text with its ID numbers and telephones hidden: 138****1234, 0532****. Numbers are found with gaps, in
    Chinese or wide digits, and with the code of the country; dates, times and sums are left as they are."""
    text = _hide(text, _ID_NUMBER, HIDDEN)
    for pattern in _TELEPHONES:
        text = _hide(text, pattern, "****")
    return text


def _hide(text: str, pattern: re.Pattern[str], instead: str) -> str:
    plain, parts, at = text.translate(_DIGITS), list[str](), 0
    for match in pattern.finditer(plain):
        first, last = ("".join(text[i] for i in range(*match.span(n)) if plain[i].isdigit()) for n in (1, 2))
        parts += [text[at : match.start()], first, instead, last]
        at = match.end()
    return "".join([*parts, text[at:]])


def mask_row(cells: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """A row as it may be shown: personal columns and columns of unknown meaning hidden, numbers in texts masked."""
    personal = _PERSONAL[layout.kind]
    shown = {header: mask_text(cells.get(header, "")) for headers in layout.fields.values() for header in headers}
    for field, headers in layout.fields.items():
        if field in personal:
            shown |= {header: HIDDEN for header in headers if cells.get(header, "").strip()}
    return shown | {header: HIDDEN for header in layout.unknown if cells.get(header, "").strip()}
