"""What it costs to change one person's status: in memory beside in memory, on disk beside on disk.

Ours in memory is what a matcher does with a record that it has read back; on disk it is the operation on the store,
which writes the record and its event and is synced before it answers. FAISS keeps nothing on disk, LanceDB nothing
elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest.bench.cold import running_store
from loadtest.bench.open_postings import DIMENSION
from loadtest.bench.timing import Json, spread
from loadtest.peers.city import City
from loadtest.population import MODEL
from matcher.store import opened

ROUNDS: Final = 5
IN_MEMORY: Final = 200
DURABLE: Final = 20
Toggle = Callable[[City, int, int], object]


@contextmanager
def our_store(c: City, folder: Path) -> Iterator[Toggle]:
    """The operation `pause` on a real store that holds the people to be changed."""
    with running_store(folder) as running, asyncio.Runner() as loop:
        opening = opened(running.url, "peers", connections=1)
        store = loop.run(opening.__aenter__())
        loop.run(store.put_model(MODEL, DIMENSION))
        some = list(c.records(DURABLE))
        calls = [store.register_call(r.id, r.doc, b"", c.vectors[n], MODEL) for n, r in enumerate(some)]
        loop.run(store.call_many(calls))
        yield lambda _, n, free: loop.run(store.pause(some[n].id, not free))
        loop.run(opening.__aexit__(None, None, None))


def _timed(c: City, toggles: Mapping[str, Toggle], times: int) -> Json:
    """Milliseconds a change: the median of each round, over the rounds."""
    rounds: dict[str, list[float]] = {name: [] for name in toggles}
    for n in range(ROUNDS):
        for name, toggle in toggles.items():
            took_ms = []
            for person in range(times):
                begun = time.perf_counter_ns()
                toggle(c, person, n % 2)
                took_ms.append((time.perf_counter_ns() - begun) / 1e6)
            rounds[name].append(float(np.median(took_ms)))
    return {name: _fine(values) for name, values in rounds.items()}


def _fine(values_ms: Sequence[float]) -> Json:
    """A spread in microseconds, which some of the changes take a few of."""
    return spread([value * 1000 for value in values_ms])


def measure(c: City, peers: Mapping[str, Any], ours: Toggle) -> Json:
    """Microseconds by name. `peers` are all that are here, ours among them, with `toggle`, `toggle_durably` or both;
    `ours` is the operation on the store."""
    in_memory = {name: peer.toggle for name, peer in peers.items() if hasattr(peer, "toggle")}
    on_disk = {name: peer.toggle_durably for name, peer in peers.items() if hasattr(peer, "toggle_durably")}
    return {
        "in_memory_us": _timed(c, in_memory, IN_MEMORY),
        "durable_us": _timed(c, {"ours": ours} | on_disk, DURABLE),
    }
