"""Ten sites, ten formats, ten faults: good rows arrive, bad ones lie in the quarantine, each failure stays its own."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import aiohttp
import pytest

from embeddings.encoder import Encoder
from ingest.collecting import Collector
from ingest.pipeline import Machinery, machinery
from ingest.runs import Run
from ingest.sites import ConfiguredSite, read_sites
from matcher.store import Store
from tests.intake import VAULT, events, kept
from tests.ten_sites import ROWS_EACH, TenSites, fill_folders, sites_file


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


async def collect(parts: Machinery, sites: dict[str, ConfiguredSite], data_dir: Path) -> dict[str, Run]:
    """Every connector once; the closed runs by source."""
    begun: list[str] = []
    async with aiohttp.ClientSession() as session:
        collector = Collector(parts, sites, data_dir, session, lambda site, run: begun.append(run), first_wait_s=0.01)
        collecting = asyncio.create_task(collector.once())

        async def finished() -> bool:
            runs = await parts.runs.some(begun)
            return collecting.done() and all(run.state != "reading" for run in runs)

        await parts.intake.run(finished, block_ms=20)
        await collecting
    return {run.source: run for run in await parts.runs.some(begun)}


async def test_ten_sites_in_ten_formats_with_faults(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    server = TenSites(await market.now_ms())
    fill_folders(tmp_path)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    async with server.running() as address:
        sites = read_sites(sites_file(tmp_path, address))
        parts = machinery(market, VAULT, lambda: encoder, sites)
        runs = await collect(parts, sites, tmp_path)
        taken = {source: (run.accepted, run.quarantined, run.state) for source, run in runs.items()}
        assert taken == {
            "shinan/counter": (ROWS_EACH, 1, "done"),
            "shibei/pages": (2 * ROWS_EACH, 0, "done"),
            "licang/csv": (ROWS_EACH, 1, "done"),
            "laoshan/lines": (ROWS_EACH, 1, "done"),
            "huangdao/links": (ROWS_EACH + ROWS_EACH // 2, 0, "failed"),
            "chengyang/board": (5, 2, "done"),
            "jimo/board": (0, 0, "failed"),
            "jiaozhou/book": (ROWS_EACH - 1, 1, "done"),
            "jiaozhou/counter": (0, 0, "failed"),
            "pingdu/endless": (ROWS_EACH, 1, "done"),
            "laixi/dead": (0, 0, "failed"),
        }
        assert server.asked["shibei 2"] == 3
        for source, words in (
            ("huangdao/links", "只收到一半"), ("jimo/board", "版面可能变了"), ("jiaozhou/counter", "展开后太大"),
            ("laixi/dead", "超时没有答复"),
        ):  # fmt: skip
            assert words in runs[source].error, runs[source]
        codes = {(row.site, row.problems[0].code) for row in await kept(market)}
        assert codes == {
            ("shinan", "bad_telephone"), ("licang", "bad_encoding"), ("laoshan", "bad_json"),
            ("chengyang", "no_detail"), ("chengyang", "bad_layout"), ("jiaozhou", "missing"), ("pingdu", "too_long"),
        }  # fmt: skip
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10) - before_mb < 150
        assert [p.name for p in (tmp_path / "drop/shinan/taken").iterdir()] == ["登记.csv"]
        assert [p.name for p in (tmp_path / "drop/jiaozhou/refused").iterdir()] == ["bomb.xlsx"]

        stream, people = await events(market), await market.count("profile")
        fill_folders(tmp_path)
        again = await collect(parts, sites, tmp_path)
        assert await events(market) == stream, "the second time changes nothing"
        assert await market.count("profile") == people
        assert sum(run.accepted + run.changed + run.withdrawn for run in again.values()) == 0
        assert (again["laoshan/lines"].state, server.asked["laoshan 304"]) == ("same", 1)
        assert sum(run.unchanged for run in again.values()) == sum(run.accepted for run in runs.values()) - ROWS_EACH


async def test_what_robots_txt_forbids_is_not_read(market: Store, encoder: Encoder, tmp_path: Path) -> None:
    server = TenSites(await market.now_ms())
    async with server.running() as address:
        path = sites_file(tmp_path, address)
        path.write_text(path.read_text("utf-8").replace("/jimo", "/secret/jimo"), "utf-8")
        sites = {"jimo": read_sites(path)["jimo"]}
        (run,) = (await collect(machinery(market, VAULT, lambda: encoder, sites), sites, tmp_path)).values()
    assert "robots.txt 不允许" in run.error
