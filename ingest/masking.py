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
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15}(?!\d)")
_TELEPHONE = re.compile(r"(?<!\d)(1[3-9]\d)[- ]?\d{4}[- ]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})[- ]?\d{7,8}(?!\d)")


def mask_text(text: str) -> str:
    """Running text with its ID numbers and telephones hidden: 138****1234."""
    text = _ID_NUMBER.sub(HIDDEN, text)
    text = _TELEPHONE.sub(r"\1****\2", text)
    return _LANDLINE.sub(r"\1-****", text)


def mask_row(cells: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """A row as it may be shown: personal columns and columns of unknown meaning hidden, numbers in texts masked."""
    personal = _PERSONAL[layout.kind]
    shown = {header: mask_text(cells.get(header, "")) for headers in layout.fields.values() for header in headers}
    for field, headers in layout.fields.items():
        if field in personal:
            shown |= {header: HIDDEN for header in headers if cells.get(header, "").strip()}
    return shown | {header: HIDDEN for header in layout.unknown if cells.get(header, "").strip()}
