"""Python's cyclic garbage collector, told what a server that holds very much for long is like."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (2_000, 50, 50)
"""New objects that outlive their statement before a collection looks at them, and so many small collections before a
larger one; Python's own 700, 10, 10 is for scripts. Almost everything here is freed by its reference count, and a full
collection holds up 10,000 open sockets for 0.7 s: with these it comes after millions of objects that stayed. With five
times as many objects a small one, too, held everybody up for 1 to 16 ms."""


def spare_what_is_loaded() -> None:
    """What is loaded by now stays: no later collection goes through it, and later ones come seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
