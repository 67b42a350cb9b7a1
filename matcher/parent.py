"""Children that end with their parent, also when the parent is killed."""

from __future__ import annotations

import ctypes
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel sends SIGTERM when the thread that started the child ends (Linux), and the child
    hears signals that its parent may hold back.

    Start such children from the main thread, and before other threads run.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
