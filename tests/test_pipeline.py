"""A file's way into the real store: accepted, changed, unchanged, blocked, or in quarantine with line and reason."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from embeddings.encoder import Encoder
from ingest import consent
from ingest.check import check_files
from ingest.pipeline import UnknownSite, ingest, machinery
from ingest.postings import employer_id
from ingest.prepare import posting_id
from ingest.runs import added
from ingest.sample import write_sample
from matcher.errors import StoreUnavailable
from matcher.model import HOUR_MS, Employer, Hours
from matcher.store import Store
from tests.intake import (
    FIRM,
    POSTINGS,
    PROFILES,
    VAULT,
    counts,
    events,
    id_number,
    kept,
    posting_line,
    profile_line,
    take,
)  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


async def test_profiles_arrive_sealed_and_twice_is_once(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(
        PROFILES + profile_line("1") + profile_line("2", trade="电工", certs="电工证(2030-01-28)"), "gb18030"
    )
    assert counts(await take(store, encoder, path)) == (2, 0, 0, 0, 0)
    stream = await events(store)
    assert counts(await take(store, encoder, path)) == (0, 0, 2, 0, 0)
    assert await events(store) == stream, "the second time writes nothing"

    id_ = VAULT.profile_id("licang:1")
    record = await store.profile(id_)
    assert record.doc.trades == ["porter"]
    assert record.doc.pay.unit == "day"
    assert record.doc.hours == [Hours(days=[1, 2, 3, 4, 5, 6, 7], start="06:00", end="18:00")]
    assert record.model == encoder.model_id
    assert VAULT.unseal(await store.person(id_)).telephone == "19900000001"
    (raw,) = await store.hashes("profile", [id_])
    assert not any(secret in value for value in raw.values() for secret in ("张样本".encode(), b"199000"))
    other = await store.profile(VAULT.profile_id("licang:2"))
    assert [c.kind for c in other.doc.certificates] == ["electrician"]
    assert not await kept(store)


async def test_a_changed_row_changes_the_profile(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1") + profile_line("2"), "utf-8")
    await take(store, encoder, path)
    path.write_text(PROFILES + profile_line("1", pay="260") + profile_line("2"), "utf-8-sig")
    assert counts(await take(store, encoder, path)) == (0, 1, 1, 0, 0)
    record = await store.profile(VAULT.profile_id("licang:1"))
    assert (record.v, record.doc.pay.fen) == (2, 26_000)


async def test_bad_rows_lie_in_quarantine_with_line_and_reason(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(
        PROFILES
        + profile_line("1")
        + profile_line("2", pay="")
        + profile_line("3", id=id_number("20150101"))
        + profile_line("4", id="000000198513400017")
        + profile_line("5", tel="1990000")
        + profile_line("6", trade="样本未知", skills="")
        + profile_line("1", pay="210")
        + profile_line("8", consent="")
        + profile_line("9", consent="未同意")
        + profile_line("10", consent="待定")
        + profile_line("11", consent="2026-01-01")  # what a spreadsheet makes of 2026-01
        + profile_line("12", consent="是")
        + profile_line("14", consent="1")
        + profile_line("13", consent="本站纸质版2")
        + "9,多,出,来,的,格,子,太,多,了,太,多,了\n",
        "utf-8",
    )
    report = await take(store, encoder, path)
    assert counts(report) == (5, 0, 0, 0, 10)
    signed = {"1": "2026-01", "11": "2026-01", "12": "2026-01", "14": "2026-01", "13": "本站纸质版2"}
    for row, version in signed.items():
        assert VAULT.unseal(await store.person(VAULT.profile_id(f"licang:{row}"))).consent == version
    rows = await kept(store)
    assert [(row.line, row.problems[0].code) for row in rows] == [
        (3, "missing"),
        (4, "under_16"),
        (5, "bad_id_number"),
        (6, "bad_telephone"),
        (7, "bad_trade"),
        (8, "duplicate_row"),
        (9, "missing"),
        (10, "missing"),
        (11, "unknown_consent"),
        (16, "cell_count"),
    ]
    assert rows[0].message == "请补全:期望工资"
    text = json.dumps([row.row for row in rows], ensure_ascii=False)
    assert "张样本" not in text
    assert "1990000" not in text
    assert "000000" not in text
    assert "搬运工" in text
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    await take(store, encoder, path)
    assert not await kept(store), "a mended file leaves no quarantine"


async def test_postings_open_wait_or_are_blocked(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await store.now_ms()
    path = tmp_path / "jobs.csv"
    other = {"employer": "样本新公司(虚构)", "code": "91000000SAMPLE0002", "verified": "否"}
    path.write_text(
        POSTINGS
        + posting_line("a", now_ms)
        + posting_line("b", now_ms, award="先到先得")
        + posting_line("c", now_ms, **other)
        + posting_line("d", now_ms, trade="电工")
        + posting_line("e", now_ms, text="先交押金100元")
        + posting_line("f", now_ms, headcount="若干")
        + posting_line("g", now_ms, start="2020-01-01 06:00", end="12:00")
        + posting_line("h", now_ms, end="乱写"),
        "utf-8",
    )
    report = await take(store, encoder, path)
    assert counts(report) == (4, 0, 0, 1, 3)
    assert [(row.line, row.problems[0].code) for row in await kept(store)] == [
        (7, "missing"),
        (8, "posting_past"),
        (9, "bad_time"),
    ]
    states = {ref: await store.posting(posting_id("licang", ref)) for ref in "abcde"}
    assert {ref: record.state for ref, record in states.items()} == {
        "a": "open", "b": "open", "c": "awaiting_review", "d": "awaiting_review", "e": "blocked",
    }  # fmt: skip
    assert (states["a"].award, states["b"].award) == ("fair", "instant")
    assert states["d"].review_reason == "需持有效电工证"
    assert states["a"].commitment != states["b"].commitment
    assert states["a"].doc.valid_until_ms == states["a"].start_ms + HOUR_MS
    employer = await store.employer(employer_id(Employer(name=FIRM, credit_code="91000000SAMPLE0001")))
    assert employer.doc.verified
    assert (await store.site("licang")).doc.district == "李沧区"

    stream = await events(store)
    assert counts(await take(store, encoder, path)) == (0, 0, 5, 0, 3)
    assert await events(store) == stream


async def test_a_changed_posting_is_amended(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await store.now_ms()
    path = tmp_path / "jobs.csv"
    path.write_text(POSTINGS + posting_line("a", now_ms) + posting_line("b", now_ms, text="先交押金100元"), "utf-8")
    await take(store, encoder, path)
    path.write_text(POSTINGS + posting_line("a", now_ms, headcount="5人") + posting_line("b", now_ms), "utf-8")
    assert counts(await take(store, encoder, path)) == (0, 2, 0, 0, 0)
    record = await store.posting(posting_id("licang", "a"))
    assert (record.headcount, record.state) == (5, "open")
    mended = await store.posting(posting_id("licang", "b"))
    assert mended.state == "awaiting_review", "a clerk looks at what was blocked once"
    assert counts(await take(store, encoder, path)) == (0, 0, 2, 0, 0)

    path.write_text(POSTINGS + posting_line("a", now_ms, text="限男性"), "utf-8")
    report = await take(store, encoder, path)
    assert counts(report) == (0, 0, 0, 0, 1)
    assert (await store.posting(posting_id("licang", "a"))).doc.text == "搬家具"


async def test_rows_in_sentences_become_a_series_or_are_listed(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    rows = [
        "1,明天后天 8:00-16:00 招搬运工3名 240元/天 日结,李沧区浮山路",
        "2,长期招保洁员5名 月薪4500元 8:00-16:00,李沧区浮山路",
        "3,明天 8:00-16:00 招搬运工2名 240元/天,安徽省合肥市",
    ]
    head = "编号,用工单位,已核验,工作内容,工作地点\n"
    path.write_text(head + "".join(row.replace(",", f",{FIRM},是,", 1) + "\n" for row in rows), "utf-8")
    assert counts(await take(market, encoder, path)) == (3, 0, 0, 0, 1)
    assert counts(await take(market, encoder, path)) == (0, 0, 3, 0, 1)
    found = sorted(await market.postings(await market.postings_in("open")), key=lambda p: p.start_ms)
    assert [(p.doc.listed_only, p.doc.series) for p in found] == [
        (False, posting_id("licang", "1")),
        (False, posting_id("licang", "1")),
        (True, None),
    ]
    assert found[1].start_ms - found[0].start_ms == 24 * HOUR_MS
    assert (found[2].doc.settlement, found[2].doc.pay.unit) == ("monthly", "month")
    assert [(row.line, row.problems[0].code) for row in await kept(market)] == [(4, "elsewhere")]


async def test_a_clerks_verification_survives_the_next_import(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await market.now_ms()
    path = tmp_path / "jobs.csv"
    path.write_text(POSTINGS + posting_line("a", now_ms, verified="否"), "utf-8")
    await take(market, encoder, path)
    id_ = employer_id(Employer(name=FIRM, credit_code="91000000SAMPLE0001"))
    await market.put_employer(id_, Employer(name=FIRM, credit_code="91000000SAMPLE0001", verified=True))
    await take(market, encoder, path)
    assert (await market.employer(id_)).doc.verified


async def test_an_unknown_site_is_named(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(UnknownSite, match="nowhere"):
        await take(market, encoder, tmp_path / "none.csv", site="nowhere")


async def test_a_file_with_strange_headers_stays_out_whole(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "strange.csv"
    path.write_text("甲,乙\n1,2\n3,4\n", "utf-8")
    assert counts(await take(market, encoder, path)) == (0, 0, 0, 0, 2)
    assert {row.problems[0].code for row in await kept(market)} == {"no_layout"}


async def test_a_store_that_is_gone_is_said_and_the_rest_can_be_taken_later(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    gone = Store(f"unix://{tmp_path}/nowhere.sock", market.market)
    with pytest.raises(StoreUnavailable):
        await take(gone, encoder, path)
    await gone.close()
    assert counts(await take(market, encoder, path)) == (1, 0, 0, 0, 0)


async def test_the_sample_goes_in_and_twice_is_once(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await market.now_ms()
    files: dict[str, list[Path]] = {}
    for site, path in write_sample(tmp_path, profiles=1_200, postings=100, now_ms=now_ms):
        files.setdefault(site, []).append(path)
    progress: list[int] = []
    parts = machinery(market, VAULT, lambda: encoder, progress=lambda run, rows: progress.append(rows))
    for again in range(2):
        for site, paths in files.items():
            total = added(await ingest(parts, paths, site), site=site)
            assert (total.unchanged == 0) == (again == 0)
            assert total.accepted == 0 or again == 0
    assert sum(progress) == 2 * 1_300
    assert await market.count("profile") >= 1_150
    assert await market.count("posting") >= 90
    assert len(await market.postings_in("open")) >= 60, "one employer in seven is not verified: its postings wait"


def test_check_says_what_is_understood_without_a_store(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    row = {
        "id": "x1",
        "category": "搬运工",
        "salary": "面议",
        "headcount": "若干",
        "deadline": "2026-12-01",
        "gender": "男",
        "description": "明早6点干5小时 两名 200元/天 城阳流亭,联系19900000001,不收押金",
        "company": FIRM,
    }
    bad = {"category": "样本未知", "description": "限女性", "headcount": "3", "salary": "乱", "company": ""}
    path.write_text(f"{json.dumps(row)}\n{json.dumps(bad)}\nnot json\n", "utf-8")
    out = io.StringIO()
    assert check_files([path], out, consent.read(), now_ms=1_795_305_600_000) == 0
    text = out.getvalue()
    for part in (
        "工资 = 200元/天  ← “200元/天”",
        "地点 = 城阳区流亭街道",
        "人数 = 2人",
        "限制性别",
        "请补全:用工单位",
        "岗位 2",
        "读不懂 1",
    ):
        assert part in text, part
    assert "19900000001" not in text
    assert check_files([tmp_path / "none.csv"], io.StringIO(), consent.read()) == 2
