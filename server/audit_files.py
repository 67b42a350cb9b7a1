"""The audit log's files: one a month in `audit-log/` of the data directory, appended to by one writer and synced."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Final

from server.audit_log import Head, Line, after, decoded, encoded

FOLDER: Final = "audit-log"


class LogInUse(RuntimeError):
    """Another process writes this log."""


def files(folder: Path) -> list[Path]:
    """The log's files, oldest first."""
    return sorted(folder.glob("????-??.jsonl"))


def rows(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every row with where it stands, oldest first."""
    for path in files(folder):
        with path.open("rb") as file:
            for number, row in enumerate(file, 1):
                yield f"{path.name}:{number}", row


class AuditFiles:
    """The files, open for appending. Enter it to lock them; raises LogInUse."""

    def __init__(self, folder: Path, zone_offset_ms: int) -> None:
        self._folder, self._zone = folder, timedelta(milliseconds=zone_offset_ms)
        self._lock = -1

    def __enter__(self) -> AuditFiles:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._lock)
            raise LogInUse(f"另一个进程正在写审计日志:{self._folder}") from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    def head(self) -> Head:
        """The last line. Half a row, which a crash left and nobody was told of, is cut off."""
        for path in reversed(files(self._folder)):
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                os.truncate(path, len(whole))
            if whole:
                (line,) = decoded([whole.rstrip(b"\n").rpartition(b"\n")[2]])
                return after(line)
        return Head()

    def append(self, lines: Sequence[Line]) -> None:
        """Writes the lines and syncs them."""
        for month, some in groupby(lines, self._month):
            path = self._folder / f"{month}.jsonl"
            new = not path.exists()
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(encoded(some))
                file.flush()
                os.fsync(file.fileno())
            if new:
                self._sync_folder()

    def _month(self, line: Line) -> str:
        return f"{datetime.fromtimestamp(line.deed.at_ms / 1000, UTC) + self._zone:%Y-%m}"

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
