"""`kuaizhao up`: everything on one machine. Starts the store, the matcher, the web server, the collector of records
and the writer of the audit log, and restarts what dies.

The supervisor does little else: it frees large deleted files in steps. It sleeps until a child ends or somebody asks it
to stop; the store is started first and stopped last.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from matcher.parent import die_with_parent
from matcher.settings import PREFIX, Settings
from server.deleted import Deleted
from server.embedded import EmbeddedStore, NoRoom, StoreFailed
from server.ready import is_ready

AGAIN_S: Final = 0.2
"""The wait before the second start in a row; the first is at once."""
AGAIN_MOST_S: Final = 10.0
STORE_AGAIN_MOST_S: Final = 1.0
"""The store is the one that everything waits for: after a full disk there is room again at any moment."""
STEADY_AFTER_S: Final = 10.0
"""A child that ran this long had started well: what ended it was something new, and its back-off starts anew."""
LOOK_S: Final = 0.1
"""How often /readyz is asked until it says yes for the first time, and a full disk whether there is room."""
STOP_WITHIN_S: Final = 15.0
_WATCHED: Final = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def stop_requested() -> bool:
    """Whether somebody has asked us to stop while the signals are held back."""
    return bool(signal.sigpending() & (_WATCHED - {signal.SIGCHLD}))


def run_once(settings: Settings, *arguments: str) -> int:
    """Runs `kuaizhao ARGUMENTS` in the foreground and waits for it; Ctrl-C reaches it."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        env=os.environ | environment(settings),
        preexec_fn=die_with_parent,  # safe: the supervisor has no threads
        check=False,
    ).returncode


class Patience:
    """When to start again what has ended: at once at first, later each time, at once again after it ran for a while."""

    def __init__(self, most_s: float = AGAIN_MOST_S) -> None:
        self.at = 0.0
        self._most_s = most_s
        self._started_at = 0.0
        self._again_s = 0.0

    def started(self) -> None:
        """It was started now."""
        self._started_at = time.monotonic()

    def plan(self) -> float:
        """Notes when to start it again; answers with the wait in seconds."""
        now = time.monotonic()
        if now - self._started_at > STEADY_AFTER_S:
            self._again_s = 0.0
        wait_s, self._again_s = self._again_s, min(max(AGAIN_S, self._again_s * 2), self._most_s)
        self.at = now + wait_s
        return wait_s


class Child:
    """One process of ours, and how patiently it is started again."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.patience = Patience()

    @property
    def log(self) -> Path:
        """Where it writes what happens."""
        return Path(self.settings.data_dir) / "log" / f"{self.name}.log"

    def start(self) -> None:
        """Starts `kuaizhao NAME` with its log in the data directory."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", self.name],
                env=os.environ | environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # safe: the supervisor has no threads
            )
        self.patience.started()

    def has_ended(self) -> bool:
        """Whether it ran and runs no more."""
        return self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> float:
        """Notes when to start it again; answers with the wait in seconds."""
        self.process = None
        return self.patience.plan()

    def stop(self) -> None:
        """Asks it to end, and insists after a while."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for the children."""
    return {PREFIX + name.upper(): str(getattr(settings, name)) for name in settings.__struct_fields__}


class Supervisor:
    """Owns the store and the children. Use from the main thread only."""

    def __init__(self, settings: Settings, say: Callable[[str], None], also: Sequence[str] = ()) -> None:
        self.settings = settings
        self.say = say
        self.store = None if settings.redis_url else EmbeddedStore(settings.data_dir)
        self.store_patience = Patience(STORE_AGAIN_MOST_S)
        self.deleted = Deleted(Path(settings.data_dir), "store/appendonlydir/*", "snapshot-*.bin")
        self._disk_is_full = False
        self.children = [Child(name, settings) for name in ("match", "serve", "collect", "audit-log", *also)]
        self.stopping = False

    def run(self, prepare: Callable[[], None], greet: Callable[[], None]) -> int:
        """Starts everything, calls `greet` once the web server is ready, and returns when it was asked to stop.

        `prepare` runs with the store up and before the children (the first load of the sample). Raises StoreFailed
        when the store cannot be started the first time; later it is tried again.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            if self.store is not None:
                self.store.start()
                self.store_patience.started()
            prepare()
            self.stopping = stop_requested()
            for child in [] if self.stopping else self.children:
                child.start()
            greeted = False
            while not self.stopping:
                self._watch(self.deleted.step() if greeted else LOOK_S)
                if not greeted and not self.stopping and is_ready(self.settings):
                    greet()
                    greeted = True
            self.say("正在停止 ...")
            return 0
        finally:
            for child in reversed(self.children):
                child.stop()
            if self.store is not None:
                self.store.stop()
            self.deleted.close()

    def _watch(self, most_s: float) -> None:
        heard = signal.sigtimedwait(_WATCHED, max(0.0, min([most_s, *self._waits()])))
        if heard is not None and heard.si_signo != signal.SIGCHLD:
            self.stopping = True
            return
        self._restart_store()
        for child in self._ended(self.children):
            assert child.process is not None
            code = child.process.returncode
            when = f"{wait_s:.1f} 秒后" if (wait_s := child.plan_restart()) else "马上"
            self.say(f"{child.name} 停了(代码 {code}),{when}重启;原因见 {child.log}")
        for child in self.children:
            if child.process is None and child.patience.at <= time.monotonic():
                child.start()

    def _waits(self) -> list[float]:
        """Seconds until each thing that is down is to be started again."""
        ends = [child.patience.at for child in self.children if child.process is None]
        if self.store is not None and not self.store.is_running():
            ends.append(self.store_patience.at)
        return [at - time.monotonic() for at in ends]

    def _restart_store(self) -> None:
        if self.store is None or self.store.is_running() or time.monotonic() < self.store_patience.at:
            return
        self.store_patience.plan()  # at once the first time; if it does not last, not before this
        self.store_patience.started()
        if not self._disk_is_full:
            self.say("store 停了,正在重启")
        try:
            self.store.start()
            self._disk_is_full = False
        except NoRoom as exc:
            if not self._disk_is_full:
                self.say(f"{exc};有空间后马上重启")
            self._disk_is_full = True
            self.store_patience.at = time.monotonic() + LOOK_S
        except (StoreFailed, OSError) as exc:
            self._disk_is_full = False
            self.say(f"{exc};{self.store_patience.plan():.1f} 秒后再试")

    @staticmethod
    def _ended(children: Iterable[Child]) -> list[Child]:
        return [child for child in children if child.has_ended()]
