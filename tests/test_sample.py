"""The sample: the same every time, visibly invented, and large enough."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ingest import consent
from ingest.columns import layout
from ingest.fields.days import local_day
from ingest.gazetteer import distance_m
from ingest.postings import PostingRow, judge, read_posting
from ingest.profiles import ProfileRow, read_profile
from ingest.readers import Row, read
from ingest.sample import write_sample
from ingest.sites import read_sites, sites
from matcher import trades
from matcher.model import HOUR_MS

NOW_MS = 1_795_305_600_000
TODAY = local_day(NOW_MS)
Rows = list[tuple[str, ProfileRow | PostingRow]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    return write_sample(tmp_path_factory.mktemp("sample"), now_ms=NOW_MS)


@pytest.fixture(scope="module")
def rows(sample: list[tuple[str, Path]]) -> Rows:
    found: Rows = []
    for site_id, path in sample:
        for row in read(path):
            assert isinstance(row, Row)
            known = layout(row.cells)
            cells, site = known.cells(row.cells), sites()[site_id]
            if known.kind == "profile":
                found.append((site_id, read_profile(cells, site_id, site, TODAY, consent.read(), known.pay_unit)))
            else:
                found.append((site_id, read_posting(cells, site_id, site, TODAY, known.pay_unit)))
    return found


def profiles(rows: Rows) -> list[ProfileRow]:
    return [row for _, row in rows if isinstance(row, ProfileRow)]


def postings(rows: Rows) -> list[PostingRow]:
    return [row for _, row in rows if isinstance(row, PostingRow)]


def test_the_same_arguments_give_the_same_bytes(sample: list[tuple[str, Path]], tmp_path: Path) -> None:
    again = write_sample(tmp_path, now_ms=NOW_MS)
    assert [(site, path.name) for site, path in again] == [(site, path.name) for site, path in sample]
    for (_, first), (_, second) in zip(sample, again, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_profiles_are_the_same_on_another_day_and_postings_are_not(
    sample: list[tuple[str, Path]], tmp_path: Path
) -> None:
    later = write_sample(tmp_path, now_ms=NOW_MS + 30 * HOUR_MS)
    same = [one.read_bytes() == two.read_bytes() for (_, one), (_, two) in zip(sample, later, strict=True)]
    assert same == ["profiles" in path.name for _, path in sample]


def test_it_is_written_quickly(tmp_path: Path) -> None:
    began = time.process_time()
    write_sample(tmp_path, now_ms=NOW_MS)
    assert time.process_time() - began < 10


def test_ten_sites_with_ten_thousand_people_and_five_hundred_postings(rows: Rows) -> None:
    assert len({site for site, _ in rows}) == 10
    accepted = [row for row in profiles(rows) if row.profile is not None]
    assert len(accepted) >= 10_000
    assert len({row.ref for row in accepted}) == len(accepted)
    verdicts = Counter(judge(row, now_ms=NOW_MS).state for row in postings(rows) if row.posting is not None)
    assert verdicts["open"] + verdicts["awaiting_review"] >= 500
    assert verdicts["open"] >= 450
    assert 0 < verdicts["blocked"] <= 30
    assert 0 < verdicts["awaiting_review"] <= 100


def test_some_rows_are_broken_in_each_way(rows: Rows) -> None:
    codes = Counter(p.code for _, row in rows for p in row.reading.problems)
    assert {"missing", "under_16", "bad_id_number", "bad_born", "bad_telephone", "bad_trade", "bad_time"} <= set(codes)
    broken = sum(1 for _, row in rows if row.reading.problems)
    assert 0.005 < broken / len(rows) < 0.03


def test_nobody_in_it_exists(rows: Rows) -> None:
    for row in profiles(rows):
        if row.person is not None:
            assert "样本" in row.person.name
            assert re.fullmatch(r"19900\d{6}", row.person.telephone)
            assert re.fullmatch(r"(00\d{15}[\dX])?", row.person.id_number)
    for posting in postings(rows):
        if posting.employer is not None:
            assert posting.employer.name.endswith("(虚构)")


def test_people_are_varied_and_near_their_site(rows: Rows) -> None:
    accepted = [row.profile for row in profiles(rows) if row.profile is not None]
    assert len({trade for doc in accepted for trade in doc.trades}) > 200
    common = Counter(doc.trades[0] for doc in accepted)
    assert common["porter"] > 300
    assert min(doc.born for doc in accepted) < date(1965, 1, 1)
    assert max(doc.born for doc in accepted) > date(2005, 1, 1)
    for site_id, row in rows:
        if isinstance(row, ProfileRow) and row.profile is not None:
            home, place = sites()[site_id].place, row.profile.place
            assert distance_m(home.lat, home.lon, place.lat, place.lon) < 70_000


def test_postings_start_within_three_days_and_pay_what_is_usual(rows: Rows) -> None:
    docs = [row.posting for row in postings(rows) if row.posting is not None]
    for doc in docs:
        assert NOW_MS + 1.5 * HOUR_MS <= doc.start_ms <= NOW_MS + 72 * HOUR_MS
        assert doc.start_ms < doc.end_ms <= doc.start_ms + 9 * HOUR_MS
        usual = trades.trades()[doc.trade].pay_fen
        assert 0.9 * usual <= doc.pay.fen <= max(1.4 * usual, 9 * 2_400)
    assert {doc.award for doc in docs} == {None, "instant", "fair"}


def test_sites_are_examples_in_each_district() -> None:
    assert list(sites()) == [
        "shinan", "shibei", "licang", "laoshan", "huangdao", "chengyang", "jimo", "jiaozhou", "pingdu", "laixi",
    ]  # fmt: skip
    assert len({site.district for site in sites().values()}) == 10
    assert all("示例" in site.name for site in sites().values())


def test_a_site_whose_place_is_unknown_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sites.toml"
    path.write_text('[nowhere]\nname = "样本"\ndistrict = "样本区"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="nowhere"):
        read_sites(path)
    path.write_text('[here]\nname = "样本"\ndistrict = "样本区"\nlat = 36.1\nlon = 120.4\n', encoding="utf-8")
    assert read_sites(path)["here"].site.place.lat == 36.1
