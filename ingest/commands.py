"""What the `kuaizhao` command does with files and records: import, check, rewrite vectors, load the sample."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from embeddings.commands import configured_encoder
from embeddings.encoder import Encoder
from ingest.check import check_files
from ingest.inference import TradeInference
from ingest.persons import MasterKeyError, Vault, check_key
from ingest.pipeline import FileReport, Report, UnknownSite, ingest
from ingest.reencode import Reencoded, reencode
from ingest.sample import write_sample
from matcher.settings import Settings
from matcher.store import opened

_COLUMNS = ("read", "accepted", "changed", "unchanged", "blocked", "quarantined")
_HEADINGS = ("读入", "新增", "更新", "未变", "不合规", "隔离")


def ingest_files(settings: Settings, paths: Sequence[Path], site: str, out: TextIO) -> int:
    """Imports files of one site.

    Returns 0 when every file was read, whatever became of its rows; 2 when one could not be opened or the site is
    unknown. Raises StoreUnavailable.
    """
    return _import(settings, [(site, list(paths))], out)


def check(settings: Settings, paths: Sequence[Path], out: TextIO) -> int:
    """Says what would be understood of files; stores nothing. The model is loaded when a row needs it.

    Returns 0, or 2 when a file could not be opened.
    """
    return check_files(paths, out, infer=TradeInference(lambda: configured_encoder(settings)))


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
    with _progress() as bar:
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
    settings: Settings, folder: Path, *, profiles: int = 12_000, postings: int = 600, out: TextIO | None = None
) -> int:
    """Writes the sample into a folder and imports it."""
    by_site: dict[str, list[Path]] = {}
    for site, path in write_sample(folder, profiles=profiles, postings=postings, now_ms=_now_ms()):
        by_site.setdefault(site, []).append(path)
    return _import(settings, list(by_site.items()), out or sys.stdout)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _import(settings: Settings, work: list[tuple[str, list[Path]]], out: TextIO) -> int:
    for _, paths in work:
        for path in paths:
            if not path.is_file():
                print(f"没有这个文件:{path}", file=sys.stderr)
                return 2
    try:
        reports = uvloop.run(_run(settings, work))
    except (UnknownSite, MasterKeyError, OSError) as exc:
        print(f"kuaizhao ingest: {exc}", file=sys.stderr)
        return 2
    _print_reports(reports, out)
    return 0


async def _run(settings: Settings, work: list[tuple[str, list[Path]]]) -> list[Report]:
    vault = Vault.open(settings.data_dir)
    quarantine_dir = Path(settings.data_dir) / "quarantine"
    reports = []
    with _progress() as bar:
        encoder = await _encoder(settings, bar)
        infer = TradeInference(lambda: encoder)
        async with opened(settings.store_url, settings.market) as store:
            await check_key(store, vault)
            in_force = await store.propose_model(encoder.model_id, encoder.dimension)
            if in_force != encoder.model_id:
                words = f"市场现在用的模型是 {in_force},不是 {encoder.model_id}:导入后请运行 kuaizhao reencode"
                bar.console.print(words)
            for site, paths in work:
                task = bar.add_task(site, total=sum(_lines(path) for path in paths))
                advance = partial(bar.advance, task)
                report = await ingest(
                    store, encoder, vault, paths, site, advance, quarantine_dir=quarantine_dir, infer=infer
                )
                reports.append(report)
                bar.update(task, total=report.total().read, completed=report.total().read)
    return reports


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _print_reports(reports: list[Report], out: TextIO) -> None:
    table = Table("站点", "文件", *_HEADINGS, "秒")
    for report in reports:
        for each in report.files:
            table.add_row(report.site, each.file, *_cells(each))
    if sum(len(report.files) for report in reports) > 1:
        total = [report.total() for report in reports]
        whole = FileReport(file="", seconds=sum(t.seconds for t in total))
        for name in _COLUMNS:
            setattr(whole, name, sum(getattr(t, name) for t in total))
        table.add_row("合计", "", *_cells(whole))
    Console(file=out, width=110 if not out.isatty() else None).print(table)
    for report in reports:
        for each in report.files:
            if each.quarantine_file:
                print(f"{report.site}: {each.quarantined} 行未能导入,原因见 {each.quarantine_file}", file=out)


def _cells(report: FileReport) -> list[str]:
    return [str(getattr(report, name)) for name in _COLUMNS] + [f"{report.seconds:.1f}"]
