"""A row's life: taken in once, found again elsewhere, changed, mended by hand, gone; and what a batch survives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from ingest.batches import Sealer
from ingest.ending import believed
from ingest.enqueue import Source, chunks, enqueue
from ingest.fields.days import local_day
from ingest.intake import GIVEN_UP
from ingest.kept_rows import KeptRows
from ingest.ledger import plain_digest, row_digest
from ingest.persons import Vault
from ingest.pipeline import ingest, machinery
from ingest.prepare import posting_id
from ingest.queue import GROUP, Queue
from ingest.readers import Row, read
from ingest.runs import Run, Runs
from matcher.errors import KuaizhaoError
from matcher.store import Store
from tests import builders
from tests.intake import (
    POSTINGS,
    PROFILES,
    VAULT,
    counts,
    events,
    kept,
    posting_line,
    profile_line,
    take,
)  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def desk(store: Store) -> KeptRows:
    return KeptRows(store, Sealer(VAULT))


async def drain(store: Store, encoder: Encoder, run: str) -> Run:
    """Takes what waits until the queue is empty, and answers with a run that has no end of its own."""
    parts = machinery(store, VAULT, lambda: encoder)

    async def empty() -> bool:
        return await parts.queue.waiting() == 0

    await parts.intake.run(empty, block_ms=1)
    return await Runs(store).get(run)


async def test_an_unchanged_row_does_not_undo_what_the_worker_changed(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    await take(market, encoder, path)
    id_ = VAULT.profile_id("licang:1")
    record = await market.profile(id_)
    own = structs.replace(record.doc, radius_m=3_000)
    await market.amend_profile(id_, own, np.zeros(2, np.float32), "m")
    assert counts(await take(market, encoder, path)) == (0, 0, 1, 0, 0)
    assert (await market.profile(id_)).doc == own
    path.write_text(PROFILES + profile_line("1", pay="260"), "utf-8")
    assert counts(await take(market, encoder, path)) == (0, 1, 0, 0, 0)


async def test_a_ledger_from_before_digests_were_keyed_says_the_same(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1") + profile_line("2"), "utf-8")
    await take(market, encoder, path)
    (source,) = await market.commands.keys(market.key("rows", "*"))
    keyed = await market.commands.hgetall(source)
    for row, said in zip(read(path), sorted(keyed.items(), key=lambda note: note[1].split()[-1]), strict=True):
        assert isinstance(row, Row)
        note = said[1].decode().split(" ")
        assert note[0] not in (plain_digest(row.cells), row_digest(row.cells, Vault(bytes([1] * 32))))
        await market.commands.hset(source, said[0].decode(), " ".join([plain_digest(row.cells), *note[1:]]))
    id_ = VAULT.profile_id("licang:1")
    await market.pause(id_, True)
    path.write_text(PROFILES + profile_line("1") + profile_line("2", pay="260"), "utf-8")
    assert counts(await take(market, encoder, path)) == (0, 1, 1, 0, 0)
    assert (await market.profile(id_)).paused
    after = await market.commands.hgetall(source)
    assert after[id_.encode()].split()[0] == keyed[id_.encode()].split()[0]


async def test_a_worker_of_two_sites_is_one(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(PROFILES + profile_line("1") + profile_line("2", id="", skills="19800305"), "utf-8")
    two.write_text(
        PROFILES
        + profile_line("77", name="张样本1", id=profile_line("1").split(",")[2], tel="19900000999")  # by the ID number
        + profile_line("88", name="张样本1", tel="19900000001")  # same name and telephone, but another ID number
        + profile_line("3"),
        "utf-8",
    )
    first = await take(store, encoder, one)
    assert first.accepted == 1, "the second has no day of birth"
    run = await take(store, encoder, two, site="jimo")
    assert (run.accepted, run.merged) == (2, 1)
    (merge,) = await kept(store, "merges")
    assert merge.record == VAULT.profile_id("licang:1")
    assert merge.message == f"与已登记的 {merge.record} 是同一个"
    assert await store.count("profile") == 3
    again = await take(store, encoder, two, site="jimo")
    assert (again.merged, again.unchanged) == (1, 2)

    apart = await drain(store, encoder, await desk(store).unmerge(merge.id, "clerk-1"))
    assert (apart.accepted, apart.read) == (1, 1)
    assert await store.count("profile") == 4
    (undone,) = await kept(store, "merges")
    assert (undone.undone_by, undone.undone_ms > 0) == ("clerk-1", True)
    with pytest.raises(KuaizhaoError, match="not_found"):
        await desk(store).unmerge(merge.id, "clerk-1")
    stream = await events(store)
    assert (await take(store, encoder, two, site="jimo")).unchanged == 3
    assert await events(store) == stream


async def test_a_shift_posted_twice_is_one(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await store.now_ms()
    path, other = tmp_path / "jobs.csv", tmp_path / "other.csv"
    path.write_text(POSTINGS + posting_line("1", now_ms, text="搬家具上三楼当天结"), "utf-8")
    same = posting_line("1", now_ms, text="搬家具上三楼当天结清", headcount="4人", code="").replace("1,", "X9,", 1)
    elsewhere = posting_line("1", now_ms, text="搬家具上三楼当天结", place="莱西市水集街道").replace("1,", "X8,", 1)
    unlike = posting_line("1", now_ms, text="卸一车水果去冷库").replace("1,", "X7,", 1)
    other.write_text(POSTINGS + same + elsewhere + unlike + elsewhere.replace("X8,", "X6,", 1), "utf-8")
    await take(store, encoder, path)
    run = await take(store, encoder, other, site="jimo")
    assert (run.accepted, run.merged) == (2, 2)
    merges = {merge.line: merge for merge in await kept(store, "merges")}
    assert merges[2].record == posting_id("licang", "1")
    assert "人数" in merges[2].differs
    assert merges[5].record == posting_id("jimo", "X8")

    other.write_text(POSTINGS + same.replace("搬家具", "搬钢琴"), "utf-8")
    assert (await take(store, encoder, other, site="jimo")).merged == 1
    apart = await drain(store, encoder, await desk(store).unmerge(merges[2].id, "clerk-1"))
    assert apart.accepted == 1
    assert (await store.posting(posting_id("jimo", "X9"))).state == "open"


async def test_what_a_complete_list_lacks_is_withdrawn(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await store.now_ms()
    path = tmp_path / "jobs.csv"
    rows = [posting_line(str(n), now_ms) for n in range(6)]

    async def listed(*some: int) -> Run:
        path.write_text(POSTINGS + "".join(rows[n] for n in some), "utf-8")
        return await take(store, encoder, path, complete=True)

    async def states() -> list[str]:
        return [(await store.posting(posting_id("licang", str(n)))).state for n in range(6)]

    await listed(*range(6))
    await builders.as_of_old(store, posting_id("licang", "4"))
    run = await listed(0, 1, 2, 3)
    assert (run.withdrawn, run.unchanged) == (2, 4)
    assert await states() == ["open"] * 4 + ["withdrawn"] * 2
    half = await listed(0)
    assert (half.withdrawn, half.withheld) == (0, 3)
    assert (await listed()).withdrawn == 0
    assert (await states())[:4] == ["open"] * 4
    back = await listed(0, 1, 2, 3, 4)
    assert (back.accepted, back.unchanged) == (1, 4), "a row that comes back is posted again"
    assert (await states())[4] == "withdrawn"
    assert len(await store.postings_in("open")) == 5
    assert [(await listed(0)).withdrawn for _ in range(3)] == [0, 0, 4], "said three times it is believed"


async def test_a_worker_who_vanishes_from_the_list_is_paused_until_they_come_back(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    everybody = PROFILES + "".join(profile_line(str(n)) for n in range(3))
    path.write_text(everybody, "utf-8")
    await take(market, encoder, path, complete=True)
    path.write_text(PROFILES + profile_line("0") + profile_line("1"), "utf-8")
    assert (await take(market, encoder, path, complete=True)).withdrawn == 1
    gone = VAULT.profile_id("licang:2")
    assert (await market.profile(gone)).paused
    path.write_text(everybody, "utf-8")
    assert counts(await take(market, encoder, path, complete=True)) == (0, 1, 2, 0, 0)
    assert not (await market.profile(gone)).paused


async def test_when_the_leading_row_goes_the_merged_one_leads(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    now_ms = await market.now_ms()
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    row, other = posting_line("1", now_ms), posting_line("2", now_ms)
    again = posting_line("1", now_ms, headcount="4人").replace("1,", "A1,", 1)
    one.write_text(POSTINGS + row + other, "utf-8")
    two.write_text(POSTINGS + again, "utf-8")
    await take(market, encoder, one, complete=True)
    assert (await take(market, encoder, two, site="jimo", complete=True)).merged == 1
    one.write_text(POSTINGS + other, "utf-8")
    assert (await take(market, encoder, one, complete=True)).withdrawn == 0
    assert counts(await take(market, encoder, two, site="jimo", complete=True)) == (0, 1, 0, 0, 0)
    record = await market.posting(posting_id("licang", "1"))
    assert (record.state, record.headcount) == ("open", 4)
    assert not await kept(market, "merges")


async def test_a_row_in_quarantine_is_mended_by_hand_and_stays_so(
    store: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1", pay="") + profile_line("2", tel="1990000"), "utf-8")
    assert counts(await take(store, encoder, path)) == (0, 0, 0, 0, 2)
    pay, telephone = await kept(store)
    assert (pay.message, telephone.message) == ("请补全:期望工资", "手机号不对,请核对")
    wrong = await drain(store, encoder, await desk(store).replay(pay.id, {"期望工资(元/天)": "许多"}))
    assert wrong.quarantined == 1
    right = await drain(store, encoder, await desk(store).replay(pay.id, {"期望工资(元/天)": "200"}))
    assert (right.accepted, right.read) == (1, 1)
    assert [row.id for row in await kept(store)] == [telephone.id]
    assert counts(await take(store, encoder, path)) == (0, 0, 1, 0, 1), "the unmended row upstream undoes nothing"
    await desk(store).discard([telephone.id])
    assert not await kept(store)
    with pytest.raises(KuaizhaoError, match="not_found"):
        await desk(store).replay(telephone.id, {})


async def test_nothing_under_way_or_kept_can_be_read_in_the_store(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1", pay=""), "utf-8")
    await take(market, encoder, path)
    (row,) = await kept(market)
    (raw,) = await market.hashes("kept", [row.id])
    assert not any(secret in value for value in raw.values() for secret in ("张样本".encode(), b"19900000001"))


class Fails(Encoder):
    """An encoder that some text breaks."""

    def encode(self, texts: Sequence[str], kind: Literal["posting", "profile", "query"]) -> NDArray[np.float32]:
        if any("毒" in text for text in texts):
            raise RuntimeError("poisoned")
        return super().encode(texts, kind)


async def test_one_poisoned_row_harms_no_other(market: Store, tmp_path: Path) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1") + profile_line("2", skills="毒") + profile_line("3"), "utf-8")
    assert counts(await take(market, Fails.load(), path)) == (2, 0, 0, 0, 1)
    (row,) = await kept(market)
    assert row.problems[0].code == "internal"


async def test_a_batch_that_kills_again_and_again_is_given_up(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    parts = machinery(market, VAULT, lambda: encoder)
    source = Source("licang", "files", path.name, date(2026, 11, 27))
    run = (await enqueue(parts.queue, parts.runs, source, chunks(read(path)))).run
    for _ in range(GIVEN_UP):
        killed = machinery(market, VAULT, lambda: encoder)  # the same machine, started again
        await killed.queue.open()
        assert await killed.queue.take(1) is not None
    closed = await drain(market, encoder, run)
    assert (closed.quarantined, closed.state) == (1, "done")
    (row,) = await kept(market)
    assert row.problems[0].code == "given_up"
    pending = await market.commands.xpending(market.key("ingest"), GROUP)
    assert pending["pending"] == 0


@pytest.mark.parametrize(
    ("listed", "missing", "unread", "doubts", "answer"),
    [
        (5, 0, 0, 0, True), (4, 2, 0, 0, True), (3, 3, 0, 0, True), (3, 4, 0, 0, False), (3, 4, 0, 2, True),
        (0, 4, 0, 9, False), (0, 0, 0, 0, True), (9, 1, 1, 0, False), (9, 1, 1, 2, True),
    ],
)  # fmt: skip
def test_how_much_is_believed(listed: int, missing: int, unread: int, doubts: int, answer: bool) -> None:
    assert believed(listed, missing, unread, doubts) is answer


async def test_two_files_of_a_site_do_not_disturb_each_other(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    workers, jobs = tmp_path / "workers.csv", tmp_path / "jobs.csv"
    workers.write_text(PROFILES + profile_line("1"), "utf-8")
    jobs.write_text(POSTINGS + posting_line("1", await market.now_ms()), "utf-8")
    parts = machinery(market, VAULT, lambda: encoder)
    for _ in range(2):
        runs = await ingest(parts, [workers, jobs], "licang", complete=True)
        assert [run.withdrawn for run in runs] == [0, 0]
    assert await market.count("profile") == await market.count("posting") == 1


async def test_the_days_of_a_row_do_not_move_while_it_does_not_change(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    """明天后天 in a feed that is read every day: counted from the day on which the row was first read."""
    path, first = tmp_path / "jobs.csv", local_day(await market.now_ms())
    head = "编号,用工单位,已核验,工作内容,工作地点\n"
    row = "1,样本公司(虚构),是,明天后天 8:00-16:00 招搬运工3名 240元/天 日结,李沧区浮山路\n"
    path.write_text(head + row, "utf-8")
    parts = machinery(market, VAULT, lambda: encoder)
    await ingest(parts, [], "licang")
    taken = []
    for later in (0, 1, 3):
        source = Source("licang", "feed", "a", first + timedelta(days=later), complete=True)
        enqueued = await enqueue(parts.queue, parts.runs, source, chunks(read(path)))
        run = await drain(market, encoder, enqueued.run)
        taken.append((run.accepted, run.unchanged, run.withdrawn))
    assert taken == [(2, 0, 0), (0, 2, 0), (0, 2, 0)]
    path.write_text(head + row.replace("3名", "4名"), "utf-8")
    enqueued = await enqueue(parts.queue, parts.runs, source, chunks(read(path)))
    run = await drain(market, encoder, enqueued.run)
    assert (run.accepted, run.withdrawn) == (2, 2), "changed on the third day, it counts from there"


async def test_what_a_dead_machine_left_lying_is_taken_over_before_its_run_ends(
    market: Store, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1") + profile_line("2"), "utf-8")
    dead = Queue(market, VAULT, consumer="dead")
    await dead.open()
    source = Source("licang", "files", path.name, date(2026, 11, 27))
    enqueued = await enqueue(dead, Runs(market), source, chunks(read(path)))
    assert await dead.take(1) is not None
    monkeypatch.setattr("ingest.queue.LEFT_LYING_MS", 30)
    monkeypatch.setattr("ingest.queue.LOOK_EVERY_S", 0.01)
    closed = await drain(market, encoder, enqueued.run)
    assert (closed.accepted, closed.state) == (2, "done")
