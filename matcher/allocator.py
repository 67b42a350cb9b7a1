"""C's allocator (glibc), told what a server is like that runs for months and now and then needs much for a moment."""

from __future__ import annotations

import ctypes
from typing import Final

MMAP_FROM_BYTES: Final = 4 << 20
KEPT_AT_THE_TOP_BYTES: Final = 16 << 20
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def give_back_large_pieces() -> None:
    """From now on pieces of `MMAP_FROM_BYTES` and more go back to the system when they are freed.

    By itself glibc learns from the first large piece that is freed to keep the next of its size (mallopt(3)): a
    snapshot of 100,000 profiles left 25 MB behind. Once told, it would trim its heap after each 128 kB: it may keep
    `KEPT_AT_THE_TOP_BYTES`. Does nothing where the C library is another one.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, MMAP_FROM_BYTES)
        mallopt(_M_TRIM_THRESHOLD, KEPT_AT_THE_TOP_BYTES)
