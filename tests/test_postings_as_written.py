"""Invented postings as shop windows, platforms and group messages write them, each read as a careful reader would."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.postings import read_posting
from ingest.sites import sites

MONDAY = date(2026, 11, 23)
LINES = (Path(__file__).parent / "postings_as_written.tsv").read_text("utf-8").splitlines()
ROWS = [line.split("\t") for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize("cells", ROWS, ids=[row[0][:24] for row in ROWS])
def test_a_posting_is_read_as_it_is_meant(cells: list[str]) -> None:
    text, pay, people, age, sex, fees, district = cells
    row = read_posting(
        {"text": text.replace("\\n", "\n"), "employer": "虚构用工方"}, "chengyang", sites()["chengyang"], MONDAY
    )
    wage, parts, rules = row.parts.wage, row.parts, {finding.rule for finding in row.findings}
    high = f"-{wage.high_fen / 100:g}" if wage and wage.high_fen else ""
    read = f"{wage.fen / 100:g}{high}/{wage.unit}" if wage and wage.fen is not None else ""
    limits = f"{parts.age_min or ''}-{parts.age_max or ''}" if parts.age_min or parts.age_max else ""
    place = row.reading.fields.get("地点")
    assert (read, str(parts.headcount or ""), limits) == (pay, people, age)
    assert ("discrimination_sex" in rules, bool(rules & {"fees", "papers"})) == (bool(sex), bool(fees))
    assert not district or (place is not None and place.value.startswith(district))
