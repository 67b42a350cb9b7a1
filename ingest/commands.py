"""What the `kuaizhao` command does with files and records: import, check, rewrite vectors, load the sample."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from embeddings.commands import configured_encoder
from embeddings.encoder import Encoder
from ingest import consent
from ingest.check import check_files
from ingest.consent import BadConsent
from ingest.inference import TradeInference
from ingest.master_keys import MasterKeyError
from ingest.persons import Vault, check_key
from ingest.pipeline import UnknownSite, ingest, machinery
from ingest.reencode import Reencoded, reencode
from ingest.runs import COUNTS, Run, added
from ingest.sample import write_sample
from ingest.sites import BadSites, configured
from matcher.garbage import spare_what_is_loaded
from matcher.settings import Settings
from matcher.store import Store, opened

SWITCH_S: Final = 0.0005
"""How long one thread may keep the interpreter while another waits. With Python's 5 ms every answer of the store would
wait so long for the thread that understands rows: an eighth of the time of a large import."""
HEADINGS: Final = ("读入", "新增", "更新", "未变", "并入", "不合规", "隔离", "撤回")


def ingest_files(
    settings: Settings, paths: Sequence[Path], site: str, out: TextIO, *, complete: bool = False, as_json: bool = False
) -> int:
    """Imports files of one site; `complete` when each lists all that the site has.

    Returns 0 when every file was read, whatever became of its rows; 2 when one could not be opened or the site is
    unknown. Raises StoreUnavailable.
    """
    return _import(settings, [(site, list(paths))], out, complete=complete, as_json=as_json)


def check(settings: Settings, paths: Sequence[Path], out: TextIO) -> int:
    """Says what would be understood of files; stores nothing. The model is loaded when a row needs it.

    Returns 0, or 2 when a file could not be opened.
    """
    return check_files(
        paths, out, consent.read(settings.consent_file), infer=TradeInference(lambda: configured_encoder(settings))
    )


def reencode_records(settings: Settings, out: TextIO) -> int:
    """Rewrites every vector for the configured model, and has the market match by it. Raises StoreUnavailable."""
    began = time.monotonic()
    report = uvloop.run(_reencode(settings))
    print(
        f"{report.model}: 改写登记 {report.profiles} 份、岗位 {report.postings} 个,"
        f"用时 {time.monotonic() - began:.1f} 秒",
        file=out,
    )
    if report.switched:
        print(f"已由 {report.before or '(无)'} 换到这个模型;/readyz 里 model 为 false 的网页服务请重启", file=out)
    return 0


async def _reencode(settings: Settings) -> Reencoded:
    with progress_bars() as bar:
        encoder = await _encoder(settings, bar)
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step)
            bar.update(tasks[step], completed=done, total=total)

        async with opened(settings.store_url, settings.market) as store:
            return await reencode(store, encoder, show)


async def _encoder(settings: Settings, bar: Progress) -> Encoder:
    loading = bar.add_task("加载语言模型", total=None)
    encoder = await asyncio.to_thread(configured_encoder, settings)
    bar.remove_task(loading)
    return encoder


def write_sample_files(folder: Path, *, profiles: int = 12_000, postings: int = 600) -> int:
    """Writes the sample into a folder and names the files."""
    for site, path in write_sample(folder, profiles=profiles, postings=postings, now_ms=_now_ms()):
        print(f"{site:<10} {path}")
    return 0


def load_sample(
    settings: Settings,
    folder: Path,
    *,
    profiles: int = 12_000,
    postings: int = 600,
    out: TextIO | None = None,
    as_json: bool = False,
) -> int:
    """Writes the sample into a folder and imports it."""
    by_site: dict[str, list[Path]] = {}
    for site, path in write_sample(folder, profiles=profiles, postings=postings, now_ms=_now_ms()):
        by_site.setdefault(site, []).append(path)
    asyncio.run(_mark_sample(settings))
    return _import(settings, list(by_site.items()), out or sys.stdout, as_json=as_json)


async def _mark_sample(settings: Settings) -> None:
    """Notes in the market that it holds invented people: a server in production refuses it."""
    async with opened(settings.store_url, settings.market) as store:
        await store.settled("sample", "1")


def _now_ms() -> int:
    return int(time.time() * 1000)


def _import(
    settings: Settings,
    work: list[tuple[str, list[Path]]],
    out: TextIO,
    *,
    complete: bool = False,
    as_json: bool = False,
) -> int:
    for _, paths in work:
        for path in paths:
            if not path.is_file():
                print(f"没有这个文件:{path}", file=sys.stderr)
                return 2
    sys.setswitchinterval(SWITCH_S)
    try:
        runs = uvloop.run(_run(settings, work, complete))
    except (UnknownSite, BadConsent, BadSites, MasterKeyError, OSError) as exc:
        print(f"kuaizhao ingest: {exc}", file=sys.stderr)
        return 2
    print_runs(runs, out, as_json=as_json)
    return 2 if any(run.state == "failed" for run in runs) else 0


async def _run(settings: Settings, work: list[tuple[str, list[Path]]], complete: bool) -> list[Run]:
    vault, sites = Vault.open(settings.data_dir), configured(settings.sites_file)
    runs = []
    with progress_bars() as bar:
        encoder = await _encoder(settings, bar)
        spare_what_is_loaded()
        async with opened(settings.store_url, settings.market) as store:
            await check_key(store, vault)
            if in_other := await model_in_force(store, encoder):
                bar.console.print(in_other)
            task = TaskID(0)

            def advance(run: str, rows: int) -> None:
                bar.advance(task, rows)

            parts = machinery(store, vault, lambda: encoder, sites, advance, consent_file=settings.consent_file)
            for site, paths in work:
                task = bar.add_task(site, total=sum(_lines(path) for path in paths))
                some = await ingest(parts, paths, site, sites=sites, complete=complete)
                runs += some
                read = sum(run.read for run in some)
                bar.update(task, total=read, completed=read)
    return runs


async def model_in_force(store: Store, encoder: Encoder) -> str:
    """Names the encoder's model where none is named; a sentence for the operator when another is in force, else ""."""
    in_force = await store.propose_model(encoder.model_id, encoder.dimension)
    if in_force == encoder.model_id:
        return ""
    return f"市场现在用的模型是 {in_force},不是 {encoder.model_id}:导入后请运行 kuaizhao reencode"


def progress_bars() -> Progress:
    """Bars on standard error."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        refresh_per_second=2,  # drawing takes the interpreter from the thread that understands rows
    )


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def print_runs(runs: Sequence[Run], out: TextIO, *, as_json: bool = False) -> None:
    """The report of some runs, with their sum: a table, or JSON."""
    whole = added(runs, site="合计")
    if as_json:
        report = {"runs": runs, "total": whole}
        print(msgspec.json.encode(report).decode(), file=out)
        return
    table = Table("站点", "来源", *HEADINGS, "秒")
    for run in runs:
        table.add_row(run.site, run.origin, *_cells(run))
    if len(runs) > 1:
        table.add_row("合计", "", *_cells(whole))
    Console(file=out, width=120 if not out.isatty() else None).print(table)
    for run in runs:
        if run.error:
            print(f"{run.site} {run.origin}: {run.error}", file=out)
        if run.withheld:
            words = f"名单里少了 {run.withheld} 条,少得太多,先没有撤回;连续几次都没有时才撤回"
            print(f"{run.site} {run.origin}: {words}", file=out)
    if whole.quarantined:
        print(f"{whole.quarantined} 行没有导入,原因和改法: kuaizhao quarantine", file=out)


def _cells(run: Run) -> list[str]:
    return [str(getattr(run, name)) for name in COUNTS] + [f"{run.seconds:.1f}"]
