"""Passwords are verified by a process of its own, which gets what all others leave of the processors.

To verify one takes a core for 20 ms, and anybody may ask for it. A thread of the web server, of whatever niceness, is
in the way of the store: Linux shares processors among sessions first. `python -m server.passwords` reads a hash and a
password in each line and answers with a line; it ends when its standard input does.

The lowest niceness is not enough: once Linux has given it a processor, others may wait there until the next tick of the
clock, 4 ms. So it offers the processor ten times a millisecond. And it rests after its work: guessing takes at most a
quarter of a core.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import Final

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from matcher.errors import Overloaded

WAITING_MOST: Final = 32
LAST: Final = 19
"""Niceness of the process, and of its session (autogroup)."""
OFFERS_EVERY_S: Final = 0.0001
REST_S: Final = 0.06
"""It rests so long after each, three times what one takes where nobody else wants the processor."""
SAVED_S: Final = 0.3
"""So much rest can be saved up: five clerks who log in together do not wait for it."""


def hashed(password: str) -> str:
    """Argon2id in PHC form, at OWASP's least (Password Storage Cheat Sheet): 19 MiB, two passes, one lane; 20 ms."""
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return kdf.derive_phc_encoded(password.encode())


NOBODY: Final = hashed("nobody has this password")
"""Verified against where there is no such account, so that both take the same time."""


class Passwords:
    """Verifies passwords, one after the other. The process begins with the first, and anew where it has ended."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "password")
        self._waiting = 0
        self._rested_at_s = 0.0
        self._verifier: subprocess.Popen[bytes] | None = None

    async def verify(self, hash_: str, password: str) -> bool:
        """Whether it is the password. Raises `overloaded` when too many wait, or the process ended meanwhile."""
        if self._waiting >= WAITING_MOST:
            raise Overloaded("password")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_turn, hash_, password)
        finally:
            self._waiting -= 1

    def _in_turn(self, hash_: str, password: str) -> bool:
        time.sleep(max(self._rested_at_s - time.monotonic(), 0.0))
        try:
            return self._ask(hash_, password)
        finally:
            self._rested_at_s = max(self._rested_at_s, time.monotonic() - SAVED_S) + REST_S

    def _ask(self, hash_: str, password: str) -> bool:
        if self._verifier is None:
            command = [sys.executable, "-m", "server.passwords"]
            self._verifier = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, start_new_session=True)
            _let_others_go_first(self._verifier.pid)
        assert self._verifier.stdin is not None
        assert self._verifier.stdout is not None
        try:
            self._verifier.stdin.write(msgspec.json.encode((hash_, password)) + b"\n")
            self._verifier.stdin.flush()
            answer = self._verifier.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            self._end()
            raise Overloaded("password")
        return answer == b"yes\n"

    def _end(self) -> None:
        if self._verifier is not None:
            verifier, self._verifier = self._verifier, None
            verifier.kill()
            with suppress(BrokenPipeError):  # what was not written is nobody's any more
                verifier.communicate()

    async def close(self) -> None:
        """Ends the process."""
        await asyncio.to_thread(self._thread.shutdown)
        self._end()


def _let_others_go_first(pid: int) -> None:
    with suppress(ProcessLookupError):  # whoever asks it will find out
        os.setpriority(os.PRIO_PROCESS, pid, LAST)
    with suppress(OSError):  # not every system has it, not everybody may write it
        Path(f"/proc/{pid}/autogroup").write_text(str(LAST))


def _is_password(hash_: str, password: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), hash_)
    except InvalidKey:
        return False
    return True


def _alarms_offer_the_processor() -> None:
    """At each alarm, by the C library itself: a hash is one long call, and Python's own handlers wait for its end."""
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = ctypes.c_int, ctypes.c_void_p
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGALRM, ctypes.cast(libc.sched_yield, ctypes.c_void_p))


def main() -> None:
    """Verifies until nothing more comes."""
    _alarms_offer_the_processor()
    for line in sys.stdin.buffer:
        hash_, password = msgspec.json.decode(line, type=tuple[str, str])
        signal.setitimer(signal.ITIMER_REAL, OFFERS_EVERY_S, OFFERS_EVERY_S)
        is_it = _is_password(hash_, password)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        sys.stdout.buffer.write(b"yes\n" if is_it else b"no\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
