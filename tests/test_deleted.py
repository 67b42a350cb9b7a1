"""Large files of a data directory are freed in steps once they are deleted, and never while they have a name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.deleted import LOOK_S, REST_S, STEP_BYTES, Deleted

LARGE = b"x" * (2 * STEP_BYTES + 5)


@pytest.fixture
def deleted(tmp_path: Path) -> Iterator[Deleted]:
    held = Deleted(tmp_path, "aof/*", "snapshot-*.bin")
    yield held
    held.close()


def a_file(path: Path, content: bytes = LARGE) -> int:
    """A file, and a descriptor that sees it when it has no name any more."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


def test_a_deleted_file_shrinks_step_by_step(tmp_path: Path, deleted: Deleted) -> None:
    fd = a_file(tmp_path / "aof" / "1.aof")
    assert deleted.step() == LOOK_S
    (tmp_path / "aof" / "1.aof").unlink()
    sizes = []
    while deleted.step() == REST_S:
        sizes.append(os.fstat(fd).st_size)
    assert sizes == [STEP_BYTES + 5, 5, 5]  # the last step closes it, which frees the rest
    assert deleted.step() == LOOK_S
    os.close(fd)


def test_a_file_with_a_name_stays_whole(tmp_path: Path, deleted: Deleted) -> None:
    fd = a_file(tmp_path / "aof" / "1.aof")
    os.link(tmp_path / "aof" / "1.aof", tmp_path / "backup")
    deleted.step()
    (tmp_path / "aof" / "1.aof").unlink()
    assert [deleted.step() for _ in range(3)] == [LOOK_S] * 3
    assert (tmp_path / "backup").read_bytes() == LARGE
    os.close(fd)


def test_what_takes_the_place_of_another_is_not_touched(tmp_path: Path, deleted: Deleted) -> None:
    old = a_file(tmp_path / "snapshot-q.bin")
    deleted.step()
    os.close(a_file(tmp_path / "snapshot-q.new", LARGE + b"new"))
    os.replace(tmp_path / "snapshot-q.new", tmp_path / "snapshot-q.bin")
    while deleted.step() == REST_S:
        pass
    assert os.fstat(old).st_size < STEP_BYTES
    assert (tmp_path / "snapshot-q.bin").read_bytes() == LARGE + b"new"
    os.close(old)


def test_small_files_and_others_are_not_held(tmp_path: Path, deleted: Deleted) -> None:
    fds = [a_file(tmp_path / "aof" / "manifest", b"small"), a_file(tmp_path / "other.bin")]
    deleted.step()
    for path in (tmp_path / "aof" / "manifest", tmp_path / "other.bin"):
        path.unlink()
    assert deleted.step() == LOOK_S
    assert [os.fstat(fd).st_size for fd in fds] == [5, len(LARGE)]
    for fd in fds:
        os.close(fd)
