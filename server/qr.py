"""QR codes (ISO/IEC 18004) as the path of an SVG: pages draw it, slips print it, nothing is fetched."""

from __future__ import annotations

import segno
from msgspec import Struct

BORDER = 4
"""Modules of quiet around the code, as the standard wants."""


class QrCode(Struct, frozen=True):
    """A QR code: the square of a `viewBox`, in modules, and the path of its dark modules."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """The code of a text; it is still read with 15 % of it smudged."""
    rows = list(segno.make_qr(text, error="m").matrix_iter(border=BORDER))
    runs = [f"M{x} {y}h{length}v1h-{length}z" for y, row in enumerate(rows) for x, length in _runs(bytes(row))]
    return QrCode(len(rows), "".join(runs))


def _runs(row: bytes) -> list[tuple[int, int]]:
    """(start, length) of each run of dark modules."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if not dark:
            continue
        if found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((x, 1))
    return found
