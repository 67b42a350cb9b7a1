"""A store whose disk fills up: a small file system of its own where one may be mounted, else a limit on file sizes.

Both are the kernel's: writes fail with ENOSPC, or with SIGXFSZ as under a quota. The limit is set on the running store
and on its supervisor, whose later children inherit it.
"""

from __future__ import annotations

import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from loadtest.stage import Stage

IMAGE_MB: Final = 1024
SLACK_BYTES: Final = 4096
FILLED_IN: Final = 20
"""Looks at most until a disk is full whose store goes on writing."""


class Disk(Protocol):
    """Where the store lies."""

    name: str

    def fill(self, stage: Stage) -> None:
        """From now on there is no room. Raises RuntimeError when that cannot be brought about."""

    def free(self, stage: Stage) -> None:
        """There is room again."""

    def close(self) -> None:
        """Ends it."""


class SmallFileSystem:
    """ext4 in a file, mounted over the store's directory. Raises OSError where that is not allowed."""

    name = "ext4 of its own, filled up"

    def __init__(self, data_dir: Path) -> None:
        self._at, image = data_dir / "store", data_dir / "store.img"
        self._at.mkdir(parents=True)
        with image.open("wb") as file:
            file.truncate(IMAGE_MB << 20)
        for command in (("mkfs.ext4", "-q", "-m", "0", str(image)), ("mount", "-o", "loop", str(image), str(self._at))):
            try:
                subprocess.run(command, check=True, capture_output=True)
            except subprocess.CalledProcessError as exc:
                raise PermissionError(exc.stderr.decode(errors="replace")) from exc
        self._ballast = self._at / "ballast"

    def fill(self, stage: Stage) -> None:
        """A file takes what is left; what the store takes or frees at the same moment is looked at again."""
        with self._ballast.open("wb") as file:
            for _ in range(FILLED_IN):
                if (room := self._room_bytes() - SLACK_BYTES) <= 0:
                    return
                with suppress(OSError):
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, room)
        raise RuntimeError(f"{self._at} is not full: {room} bytes are left")

    def _room_bytes(self) -> int:
        disk = os.statvfs(self._at)
        return disk.f_bavail * disk.f_frsize

    def free(self, stage: Stage) -> None:
        """The file goes."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmounted, whoever still looks at it."""
        subprocess.run(["umount", "-l", self._at], check=False, capture_output=True)


class SizeLimit:
    """RLIMIT_FSIZE: no file of the store may grow beyond what its append-only file is now."""

    name = "RLIMIT_FSIZE at the append-only file's size"

    def __init__(self, data_dir: Path) -> None:
        self._files = data_dir / "store" / "appendonlydir"

    def fill(self, stage: Stage) -> None:
        """The limit is the largest file's size."""
        largest = max(file.stat().st_size for file in self._files.glob("*.aof"))
        self._limit(stage, largest)

    def free(self, stage: Stage) -> None:
        """No limit."""
        self._limit(stage, resource.RLIM_INFINITY)

    def _limit(self, stage: Stage, size: int) -> None:
        assert stage.process is not None
        for pid in (stage.process.pid, *stage.pids()):
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def close(self) -> None:
        """Nothing is left of it."""


def store_disk(data_dir: Path) -> Disk:
    """The best that this machine allows; before the stage is started."""
    try:
        return SmallFileSystem(data_dir)
    except OSError:
        return SizeLimit(data_dir)
