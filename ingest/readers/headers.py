"""Where a table's header is, and what its columns are called: below a title, over one or two rows (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ingest.columns import is_known

Known = Callable[[str], bool]
"""Whether a header names a field; a site may have names of its own."""
LOOKED_AT: Final = 10
"""Rows at the top among which the header is."""


def find_header(rows: Sequence[Sequence[str]], known: Known = is_known) -> tuple[int, list[str]]:
    """The index of the header's last row, and its columns' names: the row, or pair of rows, with most known names.

    Where none names a field it is the first row that is not blank; with no such row the answer is (-1, []).
    """
    best: tuple[int, int, list[str]] | None = None
    for at, row in enumerate(rows[:LOOKED_AT]):
        options = [[cell.strip() for cell in row]]
        if at and any(cell.strip() for cell in rows[at - 1]):
            options.append(_joined(rows[at - 1], row, known))
        for names in options:
            score = len({name for name in names if known(name)})
            if any(names) and (best is None or score > best[0]):
                best = score, at, names
    return (best[1], best[2]) if best is not None else (-1, [])


def _joined(upper: Sequence[str], lower: Sequence[str], known: Known) -> list[str]:
    """Two rows of headers in one: 工作时间 over 开始 and 结束 gives 工作时间开始 unless 开始 alone is known."""
    above, names = "", []
    for column in range(max(len(upper), len(lower))):
        over = upper[column].strip() if column < len(upper) else ""
        under = lower[column].strip() if column < len(lower) else ""
        above = over or (above if under else "")
        options = [above + under, under, above] if under else [over]
        names.append(next((name for name in options if known(name)), options[0]))
    return names
