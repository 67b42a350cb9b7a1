"""What a clerk does at the command line: look at runs, at the quarantine and at merges; mend, discard, undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from ingest import operator
from ingest.batches import Sealer
from ingest.commands import print_runs
from ingest.fields.days import local_time
from ingest.kept_rows import Kept, KeptList, KeptRows
from ingest.persons import Vault
from ingest.readers.rows import line_in_words
from ingest.runs import Runs
from matcher.settings import Settings
from matcher.store import Store, opened

_WIDTH = 120


def show_runs(settings: Settings, out: TextIO, *, count: int, as_json: bool) -> int:
    """The last runs, newest first. Raises StoreUnavailable."""

    async def look() -> None:
        async with opened(settings.store_url, settings.market) as store:
            print_runs(await Runs(store).latest(count), out, as_json=as_json)

    uvloop.run(look())
    return 0


def show_kept(settings: Settings, out: TextIO, list_: KeptList, *, site: str, count: int, as_json: bool) -> int:
    """Rows in the quarantine, or merges, newest first. Raises StoreUnavailable."""

    async def look() -> list[Kept]:
        async with opened(settings.store_url, settings.market) as store:
            rows = await _desk(settings, store).listed(list_, site=site, limit=count)
            if rows:
                await operator.tell(store, f"list_{list_}", [row.record or row.id for row in rows])
            return rows

    rows = uvloop.run(look())
    if as_json:
        print(msgspec.json.encode(rows).decode(), file=out)
        return 0
    table = Table("编号", "站点", "来源", "行", "原因", "时间")
    for row in rows:
        why = row.message if list_ == "quarantine" else _merge_in_words(row)
        table.add_row(
            row.id, row.site, row.origin, line_in_words(row.line), why, f"{local_time(row.at_ms):%m-%d %H:%M}"
        )
    Console(file=out, width=None if out.isatty() else _WIDTH).print(table)
    return 0


def _merge_in_words(row: Kept) -> str:
    differs = f",不同之处:{'、'.join(row.differs)}" if row.differs else ""
    undone = f"(已由 {row.undone_by} 分开)" if row.undone_ms else ""
    return row.message + differs + undone


def replay(settings: Settings, out: TextIO, id_: str, changes: Mapping[str, str]) -> int:
    """Sends a row from the quarantine through the intake again. Raises `not_found`, StoreUnavailable."""

    async def send() -> str:
        async with opened(settings.store_url, settings.market) as store:
            await operator.tell(store, "replay_row", [id_])
            return await _desk(settings, store).replay(id_, changes)

    print(f"已重新送入,结果见 kuaizhao runs(批次 {uvloop.run(send())})", file=out)
    return 0


def discard(settings: Settings, out: TextIO, ids: Sequence[str]) -> int:
    """Takes rows out of the quarantine for good. Raises StoreUnavailable."""

    async def forget() -> None:
        async with opened(settings.store_url, settings.market) as store:
            await operator.tell(store, "discard_row", ids)
            await _desk(settings, store).discard(ids)

    uvloop.run(forget())
    print(f"已丢弃 {len(ids)} 行", file=out)
    return 0


def unmerge(settings: Settings, out: TextIO, id_: str) -> int:
    """Undoes a merge. Raises `not_found`, StoreUnavailable."""

    async def undo() -> str:
        async with opened(settings.store_url, settings.market) as store:
            await operator.tell(store, "undo_merge", [id_])
            return await _desk(settings, store).unmerge(id_, "command line")

    print(f"已分开,重新送入(批次 {uvloop.run(undo())})", file=out)
    return 0


def _desk(settings: Settings, store: Store) -> KeptRows:
    return KeptRows(store, Sealer(Vault.open(settings.data_dir)))
