"""Who answers somebody that waits goes before who computes.

On Linux a thread that wakes takes the processor from one that runs only where it has asked for a shorter slice (EEVDF,
kernel 6.12 or newer); otherwise it waits until the other's slice is over, which the kernel looks at by its clock, every
4 ms mostly. Ten requests take less. It is no privilege: who uses more than a fair share still waits.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import threading
from typing import Final

STORE_NS: Final = 100_000
"""The shortest that the kernel gives: the store's answers take less, and everybody waits for them."""
SERVER_NS: Final = 300_000
"""Longer than the store's, for the store to go before the web server and its threads too."""
LATER: Final = 10
"""Niceness of what a request waits for without all others waiting for it: texts are recognised."""
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
"""The system call's number; few C libraries have a name for it."""
_RESET_ON_FORK: Final = 0x01
_SIZE: Final = 48


def be_prompt(slice_ns: int) -> bool:
    """Short slices for the thread that calls, not for the threads and processes that it starts. Answers whether the
    system knows of such; where it does not, or an operator has chosen a policy, everything is as it was."""
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    asked = struct.pack("=IIQiIQQQ", _SIZE, os.SCHED_OTHER, _RESET_ON_FORK, nice, 0, slice_ns, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, asked, 0) == 0)


def give_way(niceness: int) -> None:
    """For a thread that computes: all others of the process go first. The more so the greater its niceness: after each
    stretch that another has run, this one is owed a share of it, and until it has had that nobody takes its place."""
    if sys.platform == "linux":  # where each thread has a niceness of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
