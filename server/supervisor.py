"""`kuaizhao up`: everything on one machine. Starts the store, the matcher and the web server, and restarts what dies.

The supervisor does nothing else. It sleeps until a child ends or somebody asks it to stop; the store is started first
and stopped last.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from matcher.settings import PREFIX, Settings
from server.embedded import DataDirectoryBusy, EmbeddedStore, StoreFailed
from server.parent import die_with_parent

AGAIN_FIRST_S: Final = 0.2
AGAIN_MOST_S: Final = 10.0
STEADY_AFTER_S: Final = 30.0
"""A child that ran this long has recovered: its back-off starts anew."""
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


class Child:
    """One process of ours, and how patiently it is started again."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self._again_s = AGAIN_FIRST_S

    def start(self) -> None:
        """Starts `kuaizhao NAME` with its log in the data directory."""
        logs = Path(self.settings.data_dir) / "log"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", self.name],
                env=os.environ | environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # safe: the supervisor has no threads
            )
        self.started_at = time.monotonic()

    def has_ended(self) -> bool:
        """Whether it ran and runs no more."""
        return self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> float:
        """Notes when to start it again; answers with the wait in seconds."""
        now = time.monotonic()
        if now - self.started_at > STEADY_AFTER_S:
            self._again_s = AGAIN_FIRST_S
        wait_s, self._again_s = self._again_s, min(self._again_s * 2, AGAIN_MOST_S)
        self.process, self.start_at = None, now + wait_s
        return wait_s

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

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say
        self.store = None if settings.redis_url else EmbeddedStore(settings.data_dir)
        self.children = [Child("match", settings), Child("serve", settings)]
        self.stopping = False
        self._store_at = 0.0
        self._store_again_s = AGAIN_FIRST_S

    def run(self, prepare: Callable[[], None], ready: Callable[[], None]) -> int:
        """Starts everything, calls `ready` when the children run, and returns when it was asked to stop.

        `prepare` runs with the store up and before the children (the first load of the sample).
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            if self.store is not None:
                self.store.start()
            prepare()
            for child in self.children:
                child.start()
            ready()
            while not self.stopping:
                self._watch()
            self.say("正在停止 ...")
            return 0
        finally:
            for child in reversed(self.children):
                child.stop()
            if self.store is not None:
                self.store.stop()

    def _watch(self) -> None:
        waiting = [child.start_at for child in self.children if child.process is None]
        waiting += [self._store_at] if self._store_is_down() else []
        wait_s = max(0.0, min(waiting) - time.monotonic()) if waiting else STEADY_AFTER_S
        heard = signal.sigtimedwait(_WATCHED, wait_s)
        if heard is not None and heard.si_signo != signal.SIGCHLD:
            self.stopping = True
            return
        self._restart_store()
        for child in self._ended(self.children):
            assert child.process is not None
            code = child.process.returncode
            wait_s = child.plan_restart()
            self.say(f"{child.name} 停了(代码 {code}),{wait_s:.1f} 秒后重启")
        for child in self.children:
            if child.process is None and child.start_at <= time.monotonic():
                child.start()

    def _store_is_down(self) -> bool:
        return self.store is not None and (self.store.process is None or self.store.process.poll() is not None)

    def _restart_store(self) -> None:
        """Starts a store that has ended; one that cannot start (a full disk, say) is tried again with a back-off."""
        if self.store is None or not self._store_is_down() or self._store_at > time.monotonic():
            return
        try:
            self.say("store 停了,正在重启")
            self.store.start()
            self._store_again_s = AGAIN_FIRST_S
        except (StoreFailed, DataDirectoryBusy, OSError) as exc:
            self.say(f"store 起不来:{exc};{self._store_again_s:.1f} 秒后再试")
            self._store_at = time.monotonic() + self._store_again_s
            self._store_again_s = min(self._store_again_s * 2, AGAIN_MOST_S)

    @staticmethod
    def _ended(children: Iterable[Child]) -> list[Child]:
        return [child for child in children if child.has_ended()]
