"""Who was erased and is still in a list: they stay erased, and nothing of their rows stays in the store's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from embeddings.encoder import Encoder
from ingest.batches import Sealer
from ingest.kept_rows import Kept, KeptRows, keep_args
from ingest.ledger import Ledger, Step
from matcher.errors import KuaizhaoError
from matcher.store import Store
from server import retention
from tests.conftest import new_market, running_valkey
from tests.intake import PROFILES, VAULT, counts, kept, profile_line, take
from tests.opening import boxes_open


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


async def test_another_sites_stale_list_does_not_bring_back_who_was_erased(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    await take(market, encoder, path)
    assert (await market.erase(VAULT.profile_id("licang:1"))).state == "erased"
    assert counts(await take(market, encoder, path, site="shinan")) == (0, 0, 0, 0, 1)
    (row,) = await kept(market)
    assert (row.problems[0].code, row.row, await market.count("profile")) == ("erased", {}, 0)


async def test_a_row_of_who_was_erased_has_the_file_rewritten_when_the_queue_is_empty(
    encoder: Encoder, tmp_path: Path
) -> None:
    secret, path = "只有这一行有的话", tmp_path / "workers.csv"
    with running_valkey() as server:
        store = Store(server.url, new_market())
        await store.load()

        async def rewritten_without_it() -> bool:
            """Whether the file was rewritten again; nothing of the row that the key opens is left in any."""
            done = await retention.rewrite(store)
            files = [path.read_bytes() for path in server.data_dir.rglob("*.*") if path.is_file()]
            assert not [text for raw in files for text in boxes_open(VAULT, raw) if secret.encode() in text]
            return done

        path.write_text(PROFILES + profile_line("1", skills=secret), "utf-8")
        await take(store, encoder, path)
        await store.erase(VAULT.profile_id("licang:1"))
        assert await rewritten_without_it()
        for listed in ({}, {"pay": "260"}, {"consent": ""}):  # the same row, one that has changed, one that stays out
            path.write_text(PROFILES + profile_line("1", skills=secret, **listed), "utf-8")
            await take(store, encoder, path)
            assert await rewritten_without_it(), listed
        path.write_text(PROFILES + profile_line("2"), "utf-8")
        await take(store, encoder, path)
        assert not await rewritten_without_it()
        await store.close()


async def test_a_row_is_not_kept_for_whom_was_erased_while_it_was_compared(market: Store) -> None:
    row = Kept(id="m.p_row", kind="profile", site="licang", source="s", origin="o", day="2026-01-01", line=1)
    args = ["p_gone", *keep_args("merges", row, "run", b"sealed")]
    (answer,) = await Ledger(market).take("s", "run", [Step("p_row", 1, "digest", "merged", "p_gone", "merge", args)])
    assert isinstance(answer, KuaizhaoError)
    assert answer.code == "no_profile"
    assert await market.commands.keys(market.key("*erged*")) + await kept(market, "merges") == []


async def test_rows_in_the_quarantine_are_erased_with_whom_they_name(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    good, bad = tmp_path / "workers.csv", tmp_path / "bad.csv"
    good.write_text(PROFILES + profile_line("1"), "utf-8")
    await take(market, encoder, good)
    named = profile_line("1").split(",")
    bad.write_text(
        PROFILES
        + profile_line("71", name=named[1], tel=named[3], id="", consent="")  # by name and telephone
        + profile_line("72", name="张样本改名", id=named[2], consent="")  # by the ID number
        + profile_line("73", name="", tel=named[3], id="")  # by the telephone, since there is no name
        + profile_line("74", name="李样本家人", tel=named[3], id="", consent="")  # another of the family
        + profile_line("75", consent=""),
        "utf-8",
    )
    assert (await take(market, encoder, bad, site="jimo")).quarantined == 5
    assert (await market.erase(VAULT.profile_id("licang:1"))).state == "erased"
    assert sorted(row.line for row in await kept(market)) == [5, 6]
    assert {cells["姓名"] for cells in await kept_cells(market)} == {"李样本家人", "张样本75"}

    assert (await take(market, encoder, bad, site="jimo")).quarantined == 5
    told = {row.line: (row.problems[0].code, bool(row.row)) for row in await kept(market)}
    assert told[2] == told[3] == ("erased", False)
    names = [cells["姓名"] for cells in await kept_cells(market)]
    assert sorted(names) == ["", "张样本75", "李样本家人"]  # a telephone alone tells nobody apart


async def kept_cells(store: Store) -> list[dict[str, str]]:
    """What the rows in the quarantine hold, sealed."""
    rows = await store.hashes("kept", [row.id for row in await kept(store)])
    lines = [Sealer(VAULT).line(raw[b"sealed"]) for raw in rows]
    return [line.cells for line in lines if line.cells is not None]


async def test_somebody_who_was_erased_stays_so_and_leaves_nothing_in_the_quarantine(
    market: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(PROFILES + profile_line("1"), "utf-8")
    await take(market, encoder, path)
    await market.commands.delete(market.key("profile", VAULT.profile_id("licang:1")))  # what erasing leaves
    assert counts(await take(market, encoder, path)) == (0, 0, 1, 0, 0)
    path.write_text(PROFILES + profile_line("1", pay="260"), "utf-8")
    assert counts(await take(market, encoder, path)) == (0, 0, 0, 0, 1)
    (row,) = await kept(market)
    assert (row.problems[0].code, row.row) == ("erased", {})
    with pytest.raises(KuaizhaoError, match="bad_field"):
        await KeptRows(market, Sealer(VAULT)).replay(row.id, {"姓名": "张样本"})
