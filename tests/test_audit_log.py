"""The audit log: chained lines that cannot be changed, dropped or cut off unseen; each is written once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import KuaizhaoError
from matcher.store import Store
from server.audit_files import AuditFiles, LogInUse, files, rows
from server.audit_log import Deed, Head, Line, after, chained, decoded, encoded, verify
from server.audit_writer import AuditWriter, LogBroken, check, head_of
from tests import builders
from tests.api import Api, audit_lines

ZONE_MS = 8 * 3_600_000
DEEDS = st.lists(
    st.builds(Deed, st.integers(0, 4_000_000_000_000), st.text(), st.text(), st.text(), st.text()),
    min_size=1,
    max_size=6,
)


def chain(deeds: list[Deed]) -> list[Line]:
    head, lines = Head(), []
    for i, deed in enumerate(deeds):
        lines.append(chained(head, f"{i}-0", deed))
        head = after(lines[-1])
    return lines


def as_rows(lines: list[Line]) -> list[tuple[str, bytes]]:
    return [(str(i), row) for i, row in enumerate(encoded(lines).splitlines(keepends=True))]


@given(DEEDS)
def test_a_log_is_whole_as_it_was_written(deeds: list[Deed]) -> None:
    lines = chain(deeds)
    verdict = verify(as_rows(lines), after(lines[-1]))
    assert (verdict.ok, verdict.head) == (True, after(lines[-1]))
    assert [line.deed for line in decoded(row for _, row in as_rows(lines))] == deeds


@given(DEEDS, st.data())
def test_whatever_is_changed_dropped_or_cut_off_shows(deeds: list[Deed], data: st.DataObject) -> None:
    lines = chain(deeds)
    whole, head = as_rows(lines), after(lines[-1])
    at = data.draw(st.integers(0, len(whole) - 1))
    dropped = whole[:at] + whole[at + 1 :]
    assert not verify(dropped, head).ok
    assert not verify(whole[:at], head).ok
    where, row = whole[at]
    byte = data.draw(st.integers(0, len(row) - 2))
    other = data.draw(st.integers(32, 126).filter(lambda b: b != row[byte]))
    changed = [*whole[:at], (where, row[:byte] + bytes([other]) + row[byte + 1 :]), *whole[at + 1 :]]
    assert not verify(changed, head).ok
    rewritten = chain([*deeds[:at], Deed(0, "nobody", "nothing", ""), *deeds[at + 1 :]])
    assert not verify(as_rows(rewritten), head).ok or rewritten == lines


def test_files_are_by_month_and_half_a_row_is_cut_off(tmp_path: Path) -> None:
    new_year_ms = 1_798_732_800_000  # 2027-01-01 00:00 in Qingdao
    lines = chain([Deed(new_year_ms + shift, "clerk:a", "review_posting", "j1") for shift in (-1, 0)])
    with AuditFiles(tmp_path, ZONE_MS) as log:
        log.append(lines)
        with pytest.raises(LogInUse), AuditFiles(tmp_path, ZONE_MS):
            pass
    assert [path.name for path in files(tmp_path)] == ["2026-12.jsonl", "2027-01.jsonl"]
    with files(tmp_path)[-1].open("ab") as file:
        file.write(b'[3,"2-0",[')
    with AuditFiles(tmp_path, ZONE_MS) as log:
        assert log.head() == after(lines[-1])
    assert verify(rows(tmp_path), after(lines[-1])).ok


async def say(store: Store, why: str) -> None:
    await store.call("audit_log", "clerk:a", "review_posting", "j1", why)


async def test_a_writer_killed_anywhere_writes_every_entry_once(store: Store, tmp_path: Path) -> None:
    for why in ("一", "二"):
        await say(store, why)
    with AuditFiles(tmp_path, ZONE_MS) as log:
        writer = AuditWriter(store, log)
        await writer.begin()
        assert await writer.step(1) == 2
        await say(store, "三")
        (entry, fields), *_ = await store.commands.xrange(store.key("audit_log"))
        deed = Deed(int(fields[b"at_ms"]), "clerk:a", "review_posting", "j1", "三")
        log.append([chained(log.head(), entry.decode(), deed)])  # synced, and killed before the store was told
    with AuditFiles(tmp_path, ZONE_MS) as log:
        again = AuditWriter(store, log)
        await again.begin()
        await say(store, "四")
        assert await again.step(1) == 1
    found = await check(store, tmp_path)
    assert (found.verdict.ok, found.verdict.head.n, found.waiting) == (True, 4, 0)
    assert [line.deed.why for line in decoded(row for _, row in rows(tmp_path))] == ["一", "二", "三", "四"]


async def test_files_that_lack_lines_are_not_written_on(store: Store, tmp_path: Path) -> None:
    await say(store, "一")
    with AuditFiles(tmp_path, ZONE_MS) as log:
        writer = AuditWriter(store, log)
        await writer.begin()
        await writer.step(1)
        behind = AuditWriter(store, log)
        with pytest.raises(KuaizhaoError, match="stale_version"):  # a second writer that began from nothing
            await behind._tell(Head(), Head(1, "other", "0-1"))
    (path,) = files(tmp_path)
    path.unlink()
    assert not (await check(store, tmp_path)).verdict.ok
    with AuditFiles(tmp_path, ZONE_MS) as log, pytest.raises(LogBroken, match="缺了行"):
        await AuditWriter(store, log).begin()
    assert (await head_of(store)).n == 1


async def test_changes_by_staff_are_logged_before_they_are_made_and_refusals_too(api: Api) -> None:
    clerk = await api.token("clerk", "c1")
    await builders.post(api.store, "j1", verdict="awaiting_review")
    decision = {"to": "draft", "reason": "请打 13800001234 问清楚"}
    assert (await api.post("/v1/postings/j1/review", decision, token=clerk)).status == 200
    assert (await api.post("/v1/postings/none/review", decision, token=clerk)).status == 404
    assert (await api.get("/v1/postings/j1", token=clerk)).status == 200
    assert await audit_lines(api.store) == [
        ("clerk:c1", "review_posting", "j1", "请打 138****1234 问清楚"),
        ("clerk:c1", "review_posting", "none", "请打 138****1234 问清楚"),
        ("clerk:c1", "review_posting refused:no_posting", "none", "请打 138****1234 问清楚"),
    ]


async def test_awards_are_logged_in_the_same_step(store: Store) -> None:
    await builders.register(store, "ann", "bob")
    await builders.in_play(store, "j1", ["ann", "bob"], headcount=1)
    await builders.accept(store, "j1", "ann", "bob")
    assert await audit_lines(store) == [("settle", "award instant", "j1 ann", "")]
