"""`--check`: what would be understood of each row, and what is missing or against the rules. Nothing is stored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TextIO

from msgspec import Struct

from ingest.columns import Layout, UnknownLayout, layout
from ingest.consent import ConsentText
from ingest.fields.days import local_day
from ingest.findings import Finding
from ingest.inference import Infer, nothing
from ingest.masking import mask_text
from ingest.posting_parts import series_days
from ingest.postings import judge, read_posting
from ingest.profiles import read_profile
from ingest.readers import BadRow, CannotRead, Row, read
from ingest.readers.rows import line_in_words
from ingest.sites import sites
from ingest.understood import Reading

_FIELDS: Final = {
    "posting": (
        *("用工单位", "工种", "人数", "时间", "地点", "工资", "结算", "年龄", "性别", "证书"),
        *("危险", "管饭", "接送", "户外", "保险", "有效期"),
    ),
    "profile": ("工种", "出生日期", "地点", "期望工资", "上班时间", "证书"),
}
_SEVERITY: Final = {"block": "不合规", "warn": "提醒"}
_ANY_SITE: Final = "check"


class _Tally:
    """Sums over one file."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.understood: Counter[tuple[str, str]] = Counter()
        self.lacking: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()


class _By(Struct, frozen=True):
    """What rows are read by."""

    now_ms: int
    consent: ConsentText
    infer: Infer


def check_files(
    paths: Sequence[Path], out: TextIO, consent: ConsentText, *, now_ms: int | None = None, infer: Infer = nothing
) -> int:
    """Writes a block for each row and a table at the end. Returns 0, or 2 when a file could not be opened.

    `infer` guesses trades where no word of the lexicon is found, as the import does.
    """
    by = _By(int(time.time() * 1000) if now_ms is None else now_ms, consent, infer)
    status = 0
    for path in paths:
        print(f"== {path}", file=out)
        try:
            tally = _Tally()
            for line in _blocks(path, by, tally):
                print(line, file=out)
        except (OSError, CannotRead) as exc:
            print(f"打不开:{exc.strerror}" if isinstance(exc, OSError) else str(exc), file=out)
            status = 2
        _summary(tally, out)
    return status


def _blocks(path: Path, by: _By, tally: _Tally) -> Iterator[str]:
    layouts: dict[tuple[str, ...], Layout | UnknownLayout] = {}
    for row in read(path):
        if isinstance(row, BadRow):
            tally.rows["读不懂"] += 1
            yield f"\n{line_in_words(row.line)}\n  ✗ {row.message}"
            continue
        headers = tuple(row.cells)
        if headers not in layouts:
            layouts[headers] = _layout(headers)
        known = layouts[headers]
        if isinstance(known, UnknownLayout):
            tally.rows["读不懂"] += 1
            yield f"\n{line_in_words(row.line)}\n  ✗ {known}"
            continue
        yield from _block(row, known, by, tally)


def _layout(headers: tuple[str, ...]) -> Layout | UnknownLayout:
    try:
        return layout(headers)
    except UnknownLayout as exc:
        return exc


def _block(row: Row, known: Layout, by: _By, tally: _Tally) -> Iterator[str]:
    ref, reading, findings = _read(row, known, by)
    kind = "岗位" if known.kind == "posting" else "零工登记"
    tally.rows[kind] += 1
    yield f"\n{line_in_words(row.line)} {kind} {ref}".rstrip()
    for name in _FIELDS[known.kind]:
        seen = reading.fields.get(name)
        if seen is not None:
            tally.understood[kind, name] += 1
            mark = "(推测)" if seen.guessed else ""
            words = mask_text(seen.words).replace("\n", " ")
            yield f"  {name} = {mask_text(seen.value)}{mark}  ← “{words}”"
    for note in reading.notes:
        yield f"  · {mask_text(note)}"
    for found in reading.problems:
        tally.lacking[
            found.message.partition("(")[0] if found.code == "missing" else found.message.partition(":")[0]
        ] += 1
        yield f"  ✗ {mask_text(found.message)}"
    for finding in findings:
        tally.rules[f"{_SEVERITY[finding.severity]}:{finding.message}"] += 1
        words = f"  ← “{mask_text(finding.words)}”" if finding.words else ""
        yield f"  ! {_SEVERITY[finding.severity]}:{finding.message};{finding.mend}{words}"
    if not reading.problems and not any(finding.severity == "block" for finding in findings):
        tally.rows["可用"] += 1
        yield "  ✓ 可以导入"


def _read(row: Row, known: Layout, by: _By) -> tuple[str, Reading, list[Finding]]:
    """Reads the row as of no particular site: a place outside the gazetteer is only noted."""
    site = next(iter(sites().values()))
    today: date = local_day(by.now_ms)
    cells = known.cells(row.cells)
    if known.kind == "profile":
        profile = read_profile(cells, _ANY_SITE, site, today, by.consent, known.pay_unit, by.infer)
        return profile.ref if "ref" in cells else "", profile.reading, []
    posting = read_posting(cells, _ANY_SITE, site, today, known.pay_unit, by.infer)
    findings = posting.findings
    if days := series_days(cells, today):
        posting.reading.notes.append(f"写了{len(days)}天,导入为{len(days)}个岗位")
    if posting.posting is not None:
        findings = judge(posting, now_ms=by.now_ms).findings
    return posting.ref, posting.reading, findings


def _summary(tally: _Tally, out: TextIO) -> None:
    print("\n-- 小结", file=out)
    print("  " + "  ".join(f"{name} {count}" for name, count in tally.rows.items()), file=out)
    for kind, names in (("岗位", _FIELDS["posting"]), ("零工登记", _FIELDS["profile"])):
        total = tally.rows[kind]
        for name in names if total else ():
            count = tally.understood[kind, name]
            print(f"  {kind} {name}: 看懂 {count}/{total} ({count / total:.0%})", file=out)
    for title, counter in (("缺少或看不懂", tally.lacking), ("规则", tally.rules)):
        for message, count in counter.most_common():
            print(f"  {title}: {message} × {count}", file=out)
