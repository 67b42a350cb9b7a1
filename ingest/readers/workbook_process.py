"""The process that opens one workbook, and writes its rows to standard output as JSON lines.

Its memory and processor time are bounded by the kernel. It ends with 1 and a sentence on standard error for a workbook
that cannot be opened.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO, Final

import msgspec
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MOST_BYTES: Final = 1_500 << 20
MOST_CPU_S: Final = 240


def cell_of(value: Any) -> Any:
    """A cell as JSON holds it; days and times as people write them."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:g}小时"
    return value


def write_rows(path: str, out: BinaryIO) -> None:
    """One line for the beginning of each visible sheet, with its merged ranges, and one for each row."""
    encoder = msgspec.json.Encoder()
    with CalamineWorkbook.from_path(path) as book:
        shown = [m.name for m in book.sheets_metadata
                 if m.typ == SheetTypeEnum.WorkSheet and m.visible == SheetVisibleEnum.Visible]  # fmt: skip
        for number, name in enumerate(shown):
            sheet = book.get_sheet_by_name(name)
            merged = [(*first, *last) for first, last in sheet.merged_cell_ranges or []]
            out.write(encoder.encode([number, -1, [], merged]) + b"\n")
            for row, cells in enumerate(sheet.iter_rows()):
                if any(cell != "" for cell in cells):
                    out.write(encoder.encode([number, row, [cell_of(cell) for cell in cells]]) + b"\n")


def main(arguments: Sequence[str]) -> int:
    """Writes the rows to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    try:
        write_rows(arguments[0], sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except PasswordError:
        print("工作簿有密码,请去掉密码再导入", file=sys.stderr)
        return 1
    except (CalamineError, MemoryError, OSError, ValueError):
        print("工作簿打不开:太大,或已经损坏", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
