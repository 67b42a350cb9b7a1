"""A stage: `kuaizhao up` on a data directory and a port of its own, for the demo and for crash tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from msgspec import structs

from matcher.parent import die_with_parent
from matcher.settings import PREFIX, Settings
from server.embedded import EmbeddedStore
from server.ready import is_ready

READY_WITHIN_S: Final = 120.0
STOP_WITHIN_S: Final = 60.0
POLL_S: Final = 0.02


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stage:
    """Everything on one machine, as a user starts it. Enter it to start, leave it to stop."""

    def __init__(self, data_dir: Path, **settings: str | int | float) -> None:
        self.ready_within_s = READY_WITHIN_S
        self.settings = structs.replace(Settings(data_dir=str(data_dir), port=free_port()), **settings)
        self.url = f"http://{self.settings.host}:{self.settings.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = (
            os.environ
            | {
                f"{PREFIX}DATA_DIR": str(data_dir),
                f"{PREFIX}PORT": str(self.settings.port),
                f"{PREFIX}MARKET": self.settings.market,
                f"{PREFIX}REDIS_URL": "",
            }
            | {PREFIX + name.upper(): str(value) for name, value in settings.items()}
        )
        """What the processes are started with; may be added to before the stage is entered."""

    def run(self, *arguments: str) -> str:
        """Runs `kuaizhao ARGUMENTS` to its end and answers with what it printed. Raises CalledProcessError."""
        return subprocess.run(
            [sys.executable, "-m", "server.cli", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout

    def __enter__(self) -> Stage:
        Path(self.settings.data_dir).mkdir(parents=True, exist_ok=True)
        with (Path(self.settings.data_dir) / "up.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "up"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        try:
            self.wait_until_ready(self.ready_within_s)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_until_ready(self, within_s: float = READY_WITHIN_S) -> float:
        """Waits until /readyz says yes; answers with the seconds it took. Raises TimeoutError."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(
                    f"kuaizhao up ended with {self.process.returncode}; see {self.settings.data_dir}/up.log"
                )
            if is_ready(self.settings):
                return time.monotonic() - began
            time.sleep(POLL_S)
        raise TimeoutError(f"not ready within {within_s:.0f} s; see {self.settings.data_dir}/log")

    def pids(self) -> list[int]:
        """Process ids of the supervisor's children."""
        assert self.process is not None
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def pid_of(self, part: str) -> int | None:
        """Process id of `store`, `match` or `serve` among the supervisor's children, or None while it is down."""
        sign = "valkey-server" if part == "store" else part
        for pid in self.pids():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            # the store writes its title over its arguments: "…/valkey-server unixsocket:…"
            if any(sign == word.decode(errors="replace").partition(" ")[0].rpartition("/")[2] for word in words):
                return pid
        return None

    def kill(self, part: str) -> None:
        """kill -9 of one part. Raises ProcessLookupError when it is down."""
        pid = self.pid_of(part)
        if pid is None:
            raise ProcessLookupError(part)
        os.kill(pid, signal.SIGKILL)

    def stop(self) -> int:
        """Asks for a clean end, as Ctrl-C does, and answers with the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextmanager
def store_alone(stage: Stage) -> Iterator[None]:
    """The stage's store without the rest: nothing changes while it is read."""
    store = EmbeddedStore(stage.settings.data_dir)
    store.start()
    try:
        yield
    finally:
        store.stop()
