"""Workbooks for tests, written by hand: the least that a spreadsheet program accepts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

Sheet = tuple[Sequence[Sequence[object]], Sequence[str]]
"""Rows of cells, and merged ranges (`A1:C1`)."""


def workbook(path: Path | io.BytesIO, sheets: Mapping[str, Sheet]) -> None:
    """Writes an .xlsx; empty cells are left out, numbers have no format."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _frame(archive, list(sheets))
        for number, (rows, merged) in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows, merged))


def workbook_bytes(sheets: Mapping[str, Sheet]) -> bytes:
    """An .xlsx, as a server sends it."""
    held = io.BytesIO()
    workbook(held, sheets)
    return held.getvalue()


def bomb(path: Path) -> None:
    """An .xlsx of half a megabyte that unpacks into half a gigabyte."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        _frame(archive, ["登记"])
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(60):
                sheet.write(b" " * 8_000_000)


def far_corner(path: Path) -> None:
    """An .xlsx of two cells, the last of which lies in the last row and column: 17 thousand million between them."""
    with zipfile.ZipFile(path, "w") as archive:
        _frame(archive, ["登记"])
        first, last = '<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{_MAIN}"><sheetData>{first}{last}</sheetData></worksheet>'
        )


def _frame(archive: zipfile.ZipFile, names: Sequence[str]) -> None:
    archive.writestr("[Content_Types].xml", _TYPES)
    archive.writestr(
        "_rels/.rels",
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    )
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    archive.writestr(
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(names) + 1)
    )
    archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_RELATIONS}">{related}</Relationships>')


def _sheet(rows: Sequence[Sequence[object]], merged: Sequence[str]) -> str:
    body = "".join(
        f'<row r="{r}">{"".join(_cell(f"{chr(64 + c)}{r}", cell) for c, cell in enumerate(row, 1))}</row>'
        for r, row in enumerate(rows, 1)
    )
    ranges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    merges = f"<mergeCells>{ranges}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData>{merges}</worksheet>'


def _cell(ref: str, cell: object) -> str:
    if cell == "":
        return ""
    if isinstance(cell, int | float):
        return f'<c r="{ref}"><v>{cell}</v></c>'
    return f'<c r="{ref}" t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>'
