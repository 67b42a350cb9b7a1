"""Trades of rows without a word of the lexicon: inferred where it is nearly sure, marked, and else refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings.encoder import Encoder, Kind
from embeddings.references import TextEncoder
from ingest import consent
from ingest.check import check_files
from ingest.inference import LEAST_CONFIDENCE, MOST_TRADES, TradeInference
from ingest.prepare import posting_id
from ingest.profiles import trades_named
from matcher.store import Store
from tests.intake import POSTINGS, PROFILES, kept, posting_line, profile_line, take

BOATS = "糊船壳树脂"
CELLS = "锂电厂注液化成"
"""Work that no word of the lexicon names: a worker of glass fibre and one who makes batteries."""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="module")
def infer(encoder: Encoder) -> TradeInference:
    return TradeInference(lambda: encoder)


def test_what_is_nearly_sure_is_inferred(infer: TradeInference) -> None:
    for text, trade in ((BOATS, "fibreglass_worker"), (CELLS, "battery_worker")):
        assert not trades_named(text)
        found = infer(text)
        assert found[0].id == trade
        assert len(found) <= MOST_TRADES
        assert all(each.confidence >= LEAST_CONFIDENCE for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "招聘",
        "急招",
        "诚聘,待遇从优",
        "招人",
        "样本未知",
        "不限",
        "面议",
        "小时工",
        "明早6点干5小时 两名 200元/天 城阳流亭",
    ],
)
def test_what_says_nothing_of_the_work_is_not(infer: TradeInference, text: str) -> None:
    assert infer(text) == ()


def test_the_model_is_loaded_for_the_first_row_that_needs_it(encoder: Encoder) -> None:
    loads: list[int] = []

    def load() -> TextEncoder:
        loads.append(1)
        return encoder

    lazy = TradeInference(load)
    lazy("招聘")
    assert not loads
    assert lazy(BOATS) == lazy(BOATS) != ()
    lazy(CELLS)
    assert loads == [1]


def test_many_at_once_are_as_one_by_one(encoder: Encoder, infer: TradeInference) -> None:
    at_once = TradeInference(lambda: encoder)
    texts = [BOATS, "招聘", CELLS, "不限", f"急招{BOATS}", BOATS]
    at_once.learn(texts)
    assert [at_once(text) for text in texts] == [infer(text) for text in texts]
    assert at_once(f"急招{BOATS}") == at_once(BOATS)


async def test_rows_are_taken_with_the_inferred_trade(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await market.now_ms()
    jobs, people = tmp_path / "jobs.csv", tmp_path / "people.csv"
    rows = [
        posting_line("1", now_ms, trade=BOATS, text="日结(虚构)"),
        posting_line("2", now_ms, trade="", text=f"虚构:{CELLS}"),
        posting_line("3", now_ms, trade="样本未知", text="日结(虚构)"),
        posting_line("4", now_ms, trade="搬运工", text=f"虚构:{BOATS}"),
    ]
    jobs.write_text(POSTINGS + "".join(rows), "utf-8")
    people.write_text(PROFILES + profile_line("1", trade="", skills=CELLS), "utf-8")
    report = await take(market, encoder, jobs)
    assert (report.accepted, report.quarantined) == (3, 1)
    assert "bad_trade" in str(await kept(market))
    trades = [(await market.posting(posting_id("licang", n))).doc.trade for n in "124"]
    assert trades == ["fibreglass_worker", "battery_worker", "porter"]
    assert (await take(market, encoder, people)).accepted == 1
    (worker,) = await market.ids("profile")
    assert (await market.profile(worker)).doc.trades[0] == "battery_worker"


def test_check_marks_what_was_inferred(infer: TradeInference, tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(POSTINGS + posting_line("1", 1_795_305_600_000, trade=BOATS, text="日结(虚构)"), "utf-8")
    out = io.StringIO()
    check_files([path], out, consent.read(), now_ms=1_795_305_600_000, infer=infer)
    assert "(推测)" in next(line for line in out.getvalue().splitlines() if "工种 =" in line)
    out = io.StringIO()
    check_files([path], out, consent.read(), now_ms=1_795_305_600_000)
    assert "看不懂工种" in out.getvalue()


async def test_rows_with_the_same_words_are_encoded_once(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    """Within a batch, in the next batch, and in the next file: vectors are remembered by text."""
    asked: list[str] = []

    class Watched(Encoder):
        def _encode_new(self, texts: list[str], kind: Kind) -> NDArray[np.float32]:
            asked.extend(texts)
            return super()._encode_new(texts, kind)

    watched = Watched.load()
    asked.clear()
    path, again = tmp_path / "people.csv", tmp_path / "people_again.csv"
    lines = [profile_line(str(n), skills="虚构力气") for n in range(600)]
    path.write_text(PROFILES + "".join(lines), "utf-8")
    again.write_text(PROFILES + "".join(lines), "utf-8")
    assert (await take(market, watched, path)).accepted == 600
    assert (await take(market, watched, again)).unchanged == 600
    assert asked == ["搬运工 虚构力气"]
