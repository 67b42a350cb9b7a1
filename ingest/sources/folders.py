"""A watched folder: files that are whole are taken in, and moved out of the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SETTLED_S: Final = 3.0
"""A file that has not been written to for so long is taken for whole."""
TAKEN, REFUSED = "taken", "refused"
KEPT_DAYS: Final = 30
"""How long files that were taken lie in the folder: they hold personal data."""
_UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".swp")


def whole_files(folder: Path) -> list[Path]:
    """Files that are ready, oldest first. A folder that is not there is made."""
    folder.mkdir(parents=True, exist_ok=True)
    settled = time.time() - SETTLED_S
    found = [path for path in folder.iterdir() if path.is_file() and not _is_unfinished(path.name)]
    stats = [(path.stat(), path) for path in found]
    return [path for stat, path in sorted(stats, key=lambda p: (p[0].st_mtime, p[1].name)) if stat.st_mtime <= settled]


def _is_unfinished(name: str) -> bool:
    return name.startswith((".", "~$")) or name.endswith(_UNFINISHED)


def put_away(path: Path, into: str) -> Path:
    """Moves a file into `taken` or `refused` beside it; an older one of its name is replaced."""
    folder = path.parent / into
    folder.mkdir(exist_ok=True)
    return path.replace(folder / path.name)


def forget_old(folder: Path) -> None:
    """Deletes files that were taken or refused long ago."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for path in _put_away(folder):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _put_away(folder: Path) -> Iterator[Path]:
    for name in (TAKEN, REFUSED):
        if (folder / name).is_dir():
            yield from (path for path in (folder / name).iterdir() if path.is_file())
