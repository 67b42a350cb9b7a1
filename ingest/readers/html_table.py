"""A table in an HTML file: older systems export their lists so, often under the name .xls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from ingest.columns import is_known
from ingest.readers.headers import Known, find_header
from ingest.readers.rows import BadRow, CannotRead, Row
from ingest.readers.text import encoding_of

LARGEST: Final = 16 << 20
"""Bytes of a page that are parsed: a page is held as a whole, at about ten times its size."""


def read_html_table(path: Path, known: Known = is_known) -> Iterator[Row | BadRow]:
    """The rows of the first table whose header names fields. Raises CannotRead when there is none."""
    if path.stat().st_size > LARGEST:
        raise CannotRead(f"网页文件太大,最多 {LARGEST >> 20} MB")
    page = LexborHTMLParser(path.read_bytes().decode(encoding_of(path), "replace"))
    for table in page.css("table"):
        rows = [[cell.text(strip=True) for cell in row.css("td, th")] for row in table.css("tr")]
        at, names = find_header(rows, known)
        if at < 0 or sum(map(known, names)) < 2:
            continue
        for number, cells in enumerate(rows[at + 1 :], at + 2):
            if any(cells):
                yield Row(number, dict(zip(names, cells, strict=False)))
        return
    raise CannotRead("这个网页里没有登记表或岗位表")
