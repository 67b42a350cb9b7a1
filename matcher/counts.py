"""What a matcher has done and holds: it tells the store with every heartbeat, and a web server's /metrics shows it."""

from __future__ import annotations

from msgspec import Struct


class Counts(Struct):
    """Since the matcher began, but for the last four, which are so now."""

    alone: int = 0
    """Postings decided alone."""
    together: int = 0
    """Postings decided with others of the same moment."""
    wide: int = 0
    """Postings decided on the thread for wide questions."""
    wide_cut: int = 0
    """Wide questions whose time was up before everybody had been looked at."""
    deciding_us: int = 0
    """Time spent deciding on the loop, microseconds."""
    waves: int = 0
    refused: int = 0
    """Waves that the store refused: the posting had changed, or another matcher was first."""
    offers: int = 0
    events: int = 0
    profiles: int = 0
    postings: int = 0
    strays: int = 0
    """Rows that the index does not describe."""
    tombstones: int = 0
    """Rows of erased profiles, until the next compaction."""
