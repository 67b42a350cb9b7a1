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
from typing import Final

SLICE_NS: Final = 100_000
"""The shortest that the kernel gives."""
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
"""The system call's number; few C libraries have a name for it."""
_RESET_ON_FORK: Final = 0x01
_SIZE: Final = 48


def be_prompt() -> bool:
    """Short slices for the thread that calls, not for the threads and processes that it starts. Answers whether the
    system knows of such; where it does not, or an operator has chosen a policy, everything is as it was."""
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    asked = struct.pack("=IIQiIQQQ", _SIZE, os.SCHED_OTHER, _RESET_ON_FORK, nice, 0, SLICE_NS, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, asked, 0) == 0)
