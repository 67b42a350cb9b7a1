"""The supervisor over a real embedded store: what dies comes back, what cannot start is tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from matcher.parent import die_with_parent
from matcher.settings import Settings
from server.embedded import DataDirectoryBusy, EmbeddedStore, StoreFailed
from server.supervisor import (
    AGAIN_MOST_S,
    AGAIN_S,
    LOOK_S,
    STEADY_AFTER_S,
    STORE_AGAIN_MOST_S,
    Patience,
    Supervisor,
    environment,
)


def test_children_get_every_setting_through_the_environment() -> None:
    settings = Settings(port=9999, data_dir="somewhere")
    told = environment(settings)
    assert told["KUAIZHAO_PORT"] == "9999"
    assert len(told) == len(Settings.__struct_fields__)


def test_back_off_doubles_and_starts_anew_after_a_steady_time() -> None:
    patience = Patience()
    patience.started()
    waits = [patience.plan() for _ in range(12)]
    assert waits[:4] == [0.0, AGAIN_S, AGAIN_S * 2, AGAIN_S * 4]
    assert waits[-1] == AGAIN_MOST_S
    store_patience = Supervisor(Settings(), str).store_patience
    store_patience.started()
    assert max(store_patience.plan() for _ in range(12)) == STORE_AGAIN_MOST_S
    patience._started_at = time.monotonic() - STEADY_AFTER_S - 1
    assert patience.plan() == 0.0


def test_a_killed_store_comes_back_with_everything_acknowledged(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(Settings(data_dir=str(tmp_path)), said.append)
    assert supervisor.store is not None
    supervisor.store.start()
    try:
        client = redis.Redis.from_url(supervisor.store.url)
        client.set("kept", "yes")
        assert supervisor.store.process is not None
        supervisor.store.process.send_signal(signal.SIGKILL)
        supervisor.store.process.wait()
        supervisor._restart_store()
        assert client.get("kept") == b"yes"
        client.close()
        assert said == ["store 停了,正在重启"]
    finally:
        supervisor.store.stop()


def test_a_store_that_cannot_start_is_tried_again_later(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(Settings(data_dir=str(tmp_path)), said.append)
    assert supervisor.store is not None
    broken = tmp_path / "store" / "appendonlydir"
    broken.parent.mkdir()
    broken.write_text("in the way")
    supervisor._restart_store()
    assert not supervisor.store.is_running()
    assert "再试" in said[-1]
    supervisor._restart_store()
    assert len(said) == 2, "it waits before it tries again"
    broken.unlink()
    supervisor.store_patience.at = 0.0
    supervisor._restart_store()
    assert supervisor.store.is_running()
    supervisor.store.stop()


def test_a_store_whose_disk_is_full_is_started_as_soon_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    supervisor = Supervisor(Settings(data_dir=str(tmp_path)), said.append)
    assert supervisor.store is not None
    disk = os.statvfs(tmp_path)
    monkeypatch.setattr("server.embedded.ROOM_BYTES", disk.f_blocks * disk.f_frsize + 1)
    for _ in range(3):
        supervisor.store_patience.at = 0.0
        supervisor._restart_store()
        assert not supervisor.store.is_running()
        assert supervisor.store_patience.at <= time.monotonic() + LOOK_S, "it is looked at often"
    assert said == ["store 停了,正在重启", f"磁盘满了,数据库写不进去,请腾出空间:{tmp_path / 'store'};有空间后马上重启"]
    monkeypatch.setattr("server.embedded.ROOM_BYTES", 0)
    supervisor.store_patience.at = 0.0
    supervisor._restart_store()
    assert supervisor.store.is_running()
    supervisor.store.stop()


def test_a_data_directory_belongs_to_one_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.embedded.LOCK_WITHIN_S", 0.1)
    first = EmbeddedStore(tmp_path)
    first.start()
    second = EmbeddedStore(tmp_path)
    try:
        with pytest.raises(DataDirectoryBusy):
            second.start()
        second.stop()
        assert first.socket.exists(), "the second one leaves the first alone"
        redis.Redis.from_url(first.url).close()
    finally:
        first.stop()


def test_a_data_directory_with_a_space_and_one_that_is_too_long(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "with a space")
    store.start()
    store.stop()
    with pytest.raises(StoreFailed, match="路径太长"):
        EmbeddedStore(tmp_path / ("long" * 30)).start()


def test_the_lock_is_held_until_the_server_itself_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.embedded.LOCK_WITHIN_S", 0.1)
    first = EmbeddedStore(tmp_path)
    first.start()
    process, lock = first.process, first._lock
    assert process is not None
    assert lock is not None
    lock.close()  # as when our process is killed
    with pytest.raises(DataDirectoryBusy):
        EmbeddedStore(tmp_path).start()
    assert process.poll() is None
    process.terminate()
    process.wait()
    second = EmbeddedStore(tmp_path)
    second.start()
    second.stop()


def test_a_first_start_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "appendonlydir").write_text("in the way")
    store = EmbeddedStore(tmp_path)
    with pytest.raises(StoreFailed, match=r"store\.log"):
        store.start()
    store.stop()


def test_children_end_with_their_parent_and_hear_signals_that_it_holds_back(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "from matcher.parent import die_with_parent\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], preexec_fn=die_with_parent)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, preexec_fn=die_with_parent)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ends = time.monotonic() + 10
    while _alive(child) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_is_left_running(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.start()
    assert store.process is not None
    pid = store.process.pid
    store.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
