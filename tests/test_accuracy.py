"""The measurement of how well texts are understood: its labels, and what it says without the real postings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.accuracy import __main__ as command
from ingest.accuracy.measure import (
    FILES,
    SHARED,
    Half,
    against_labels,
    labels,
    measure,
    on_sentences,
    real_rows,
    understood,
    wrong,
)

NEEDS_REAL_ROWS = frozenset({"pay_acc", "headcount_acc", "age_acc", "gender_precision", "gender_recall"})


def test_postings_are_labelled_in_two_halves() -> None:
    halves = [label.half for label in labels().values()]
    assert (halves.count("tuning"), halves.count("held_out")) == (125, 74)
    for label in labels().values():
        low, high = label.age
        assert low is None or high is None or low <= high
        assert label.pay is None or label.pay[1] is None or label.pay[0] < label.pay[1]
    for name in ("pay", "headcount"):
        assert sum(getattr(label, name) is not None for label in labels().values()) >= 30


def test_figures_that_need_the_real_postings_are_none_without_them(tmp_path: Path) -> None:
    figures = measure(tmp_path)
    assert {name for name, figure in figures.items() if figure is None} == NEEDS_REAL_ROWS | {
        f"{field}_understood" for field in ("pay", "headcount", "place", "time")
    }
    assert on_sentences("held_out").items() <= figures.items()


@pytest.mark.skipif(real_rows() is None, reason=f"needs {SHARED}/{FILES[0]}")
def test_real_postings_are_read_as_labelled() -> None:
    rows = real_rows()
    assert rows is not None
    halves: tuple[Half, ...] = ("tuning", "held_out")
    for half in halves:
        figures = against_labels(rows, half)
        assert all(figure is not None and figure >= 0.95 for figure in figures.values()), list(wrong(rows, half))
    assert all(share is not None and share > 0.6 for share in understood(rows.values()).values())


def test_the_report_keeps_the_figures_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "measure", lambda: {"pay_acc": None, "fees_recall": 1.0})
    report = tmp_path / "ingest.json"
    report.write_text('{"profiles_per_s": 6000, "fees_recall": 0.5}', "utf-8")
    assert command.main(report) == 0
    assert json.loads(report.read_text("utf-8")) == {"profiles_per_s": 6000, "fees_recall": 1.0, "pay_acc": None}
