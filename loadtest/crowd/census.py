"""What a store holds, by kind of key: how many keys, and how large; what the store itself will end is counted apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from matcher.connection import guarded
from matcher.reading import SCAN_TIMEOUT_S
from matcher.store import Store

READ_AT_ONCE: Final = 5_000


class Kind(Struct):
    """The keys of one kind: how many, and their bytes with all that the store needs around them."""

    keys: int = 0
    bytes: int = 0


class Census(Struct, frozen=True):
    """One count."""

    used_bytes: int
    """Everything, but for the table of keys: it shrinks only when it is almost empty."""
    table_bytes: int
    """The table of keys."""
    kinds: dict[str, Kind]
    passing_bytes: int
    """Of it, keys that have an end which the store brings about by itself: sessions, counters of a day or an hour."""

    @property
    def lasting_mb(self) -> float:
        """What stays until somebody takes it away."""
        return (self.used_bytes - self.passing_bytes) / 2**20

    @property
    def people(self) -> int:
        """How many are registered."""
        return self.of("profile").keys

    def of(self, kind: str) -> Kind:
        """The keys of a kind."""
        return self.kinds.get(kind, Kind())


async def take(store: Store) -> Census:
    """Counts everything in the store. Raises StoreUnavailable."""
    kinds: defaultdict[str, Kind] = defaultdict(Kind)
    passing = 0
    async with guarded(SCAN_TIMEOUT_S):
        found = [key async for key in store.commands.scan_iter(count=READ_AT_ONCE)]
        keys = list(dict.fromkeys(found))  # a scan may name a key twice
        for first in range(0, len(keys), READ_AT_ONCE):
            some = keys[first : first + READ_AT_ONCE]
            for key, (size, left_ms) in zip(some, await _sizes(store, some), strict=True):
                kind = kinds[key.decode().split(":")[1]]
                kind.keys += 1
                kind.bytes += size or 0  # it may have ended since
                passing += (size or 0) if left_ms > 0 else 0
        memory = {str(name): value for name, value in (await store.commands.memory_stats()).items()}
    table = int(memory["overhead.db.hashtable.lut"])
    return Census(int(memory["total.allocated"]) - table, table, dict(kinds), passing)


async def _sizes(store: Store, keys: Sequence[bytes]) -> list[tuple[int | None, int]]:
    pipe = store.commands.pipeline(transaction=False)
    for key in keys:
        pipe.memory_usage(key, samples=0)
        pipe.pttl(key)
    flat = await pipe.execute()
    return list(zip(flat[::2], flat[1::2], strict=True))


def grown_kb(before: Census, after: Census) -> dict[str, float]:
    """Kind of key -> by how much it has grown or shrunk (kB), the most first; changes below a kB left out."""
    kinds = before.kinds.keys() | after.kinds.keys()
    grown = {kind: (after.of(kind).bytes - before.of(kind).bytes) / 1000 for kind in kinds}
    return {k: round(grown[k], 1) for k in sorted(grown, key=lambda k: -grown[k]) if abs(grown[k]) >= 1}
