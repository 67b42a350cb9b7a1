"""The one writer of the audit log: takes entries from the store's stream and chains them into the files.

An entry leaves the stream only after its line was synced. A writer that was killed in between finds the line in its
file and the entry still in the stream, and goes on after it: no line is lost, none comes twice.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop
from msgspec import Struct

from matcher.connection import guarded
from matcher.errors import StoreUnavailable
from matcher.settings import Settings
from matcher.store import Store, opened
from server.audit_files import FOLDER, AuditFiles, rows
from server.audit_log import Deed, Head, Line, Verdict, after, chained, verify

AT_ONCE: Final = 500
BLOCK_MS: Final = 5_000
AGAIN_S: Final = 1.0

log = structlog.get_logger()


class LogBroken(RuntimeError):
    """The files are not the ones that the store's head speaks of."""


async def head_of(store: Store) -> Head:
    """What the store says of the last line in the files."""
    async with guarded():
        n, hash_, id_ = await store.commands.hmget(store.key("audit_head"), "n", "hash", "id")
    return Head(int(n), hash_.decode(), id_.decode()) if n else Head()


class AuditWriter:
    """Follows one market's stream into the files of one folder."""

    def __init__(self, store: Store, files: AuditFiles) -> None:
        self._store, self._files = store, files
        self._head = Head()

    async def begin(self) -> None:
        """Finds the place to go on from. Raises LogBroken when the files lack what the store says is there."""
        told, self._head = await head_of(self._store), self._files.head()
        if told.n > self._head.n or (told.n == self._head.n and told.hash != self._head.hash):
            raise LogBroken(f"审计日志缺了行:库里记着 {told.n} 行,文件里有 {self._head.n} 行;请从备份放回 {FOLDER}/")
        if told.n < self._head.n:  # written, and killed before the store was told
            await self._tell(told, self._head)

    async def step(self, block_ms: int = BLOCK_MS) -> int:
        """Takes what is in the stream, waiting for it at most `block_ms`; answers with the number of lines written."""
        key = self._store.key("audit_log")
        async with guarded(block_ms / 1000 + BLOCK_MS / 1000):
            reply = await self._store.blocking.xread({key: self._head.id}, count=AT_ONCE, block=block_ms)
        lines: list[Line] = []
        before = self._head
        for entry, fields in reply[0][1] if reply else []:
            lines.append(chained(self._head, entry.decode(), _deed(fields)))
            self._head = after(lines[-1])
        if lines:
            await asyncio.to_thread(self._files.append, lines)
            await self._tell(before, self._head)
        return len(lines)

    async def _tell(self, before: Head, now: Head) -> None:
        await self._store.call("audit_chained", str(before.n), before.hash, str(now.n), now.hash, now.id)


def _deed(fields: dict[bytes, bytes]) -> Deed:
    text: dict[str, Any] = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
    return Deed(int(text["at_ms"]), text["by"], text["what"], text["on"], text["why"])


class Checked(Struct, frozen=True):
    """A verdict, and how many entries wait in the store for being written."""

    verdict: Verdict
    waiting: int


def folder_of(settings: Settings) -> Path:
    """Where the files of the log lie."""
    return Path(settings.data_dir) / FOLDER


def follow(settings: Settings) -> None:
    """Writes the log until the process is ended. A lost store is waited for. Raises LogInUse, LogBroken."""
    uvloop.run(_follow(settings))


async def _follow(settings: Settings) -> None:
    while True:
        try:
            async with opened(settings.store_url, settings.market) as store:
                zone = (await store.market_settings()).zone_offset_ms
                with AuditFiles(folder_of(settings), zone) as files:
                    writer = AuditWriter(store, files)
                    await writer.begin()
                    while True:
                        await writer.step()
        except StoreUnavailable as exc:
            log.warning("audit_log_again", why=repr(exc))
            await asyncio.sleep(AGAIN_S)


async def check(store: Store, folder: Path) -> Checked:
    """Verifies the files, with what the store says of them. Raises StoreUnavailable."""
    async with guarded():
        waiting = int(await store.commands.xlen(store.key("audit_log")))
    told = await head_of(store)  # before the files are read: they may only have more
    return Checked(await asyncio.to_thread(verify, rows(folder), told), waiting)
