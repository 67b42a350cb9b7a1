"""Qdrant Edge: Qdrant's own engine in this process, every field indexed, the payload graph built as by default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as qd

from loadtest.bench.open_postings import DIMENSION
from loadtest.bench.timing import Json
from loadtest.peers.city import RADIUS_CLASSES, City, K, Question

AT_ONCE = 2_000
M, EF_CONSTRUCT, FULL_SCAN_KB = 16, 100, 10_000
INTEGERS = {"trades": (True, False), "hours": (True, False), "free": (True, False), "radius_m": (True, True),
            "pay_fen": (False, True), "born": (False, True)}  # fmt: skip
"""Field -> (looked up, ranged over)."""


def _match(key: str, values: list[int]) -> qd.FieldCondition:
    return qd.FieldCondition(key=key, match=qd.MatchAny(any=values))


def _range(key: str, **bounds: float) -> qd.FieldCondition:
    return qd.FieldCondition(key=key, range=qd.RangeFloat(**bounds))


def _circle(q: Question, radius_m: float) -> qd.FieldCondition:
    return qd.FieldCondition(key="place", geo_radius=qd.GeoRadius(qd.GeoPoint(q.lon, q.lat), float(radius_m)))


def place(q: Question) -> list[Any]:
    """Within the posting's circle and how far each will go: a circle for each class of people who go less far."""
    nearer = [r for r in RADIUS_CLASSES if r < q.radius_m]
    if not nearer:
        return [_circle(q, q.radius_m)]
    farther = qd.Filter(must=[_range("radius_m", gte=q.radius_m), _circle(q, q.radius_m)])
    return [qd.Filter(should=[farther, *(qd.Filter(must=[_match("radius_m", [r]), _circle(q, r)]) for r in nearer)])]


def condition(q: Question) -> qd.Filter:
    """All six."""
    return qd.Filter(
        must=[
            *place(q),
            _match("trades", q.trades),
            _match("hours", q.hours),
            qd.FieldCondition(key="free", match=qd.MatchValue(value=1)),
            _range("pay_fen", lte=q.pay_fen),
            _range("born", gte=q.born_from, lte=q.born_until),
        ]
    )


class Qdrant:
    """One shard. Without a graph the planner has the indexes of the fields alone: it takes them first anyhow where few
    people fit. `ef` asks the graph for more where it is taken."""

    def __init__(self, folder: Path, *, graph: bool = True, ef: int = 128) -> None:
        m = M if graph else 0
        self._params = qd.SearchParams(hnsw_ef=ef)
        self.settings: Json = {
            "distance": "Dot", "m": m, "ef_construct": EF_CONSTRUCT, "full_scan_threshold_kb": FULL_SCAN_KB,
            "payload_m": "default (as m)", "hnsw_ef": ef, "vectors": "in memory", "payload": "in memory",
            "indexed": ["place (geo)", *INTEGERS], "segments": 1, "threads": "its own",
        }  # fmt: skip
        config = qd.EdgeConfig(
            vectors=qd.EdgeVectorParams(size=DIMENSION, distance=qd.Distance.Dot, memory=qd.Memory.Cached),
            hnsw_config=qd.HnswIndexConfig(m=m, ef_construct=EF_CONSTRUCT, full_scan_threshold=FULL_SCAN_KB),
            payload_memory=qd.Memory.Cached,
            optimizers=qd.EdgeOptimizersConfig(
                default_segment_number=1, indexing_threshold=10_000, max_segment_size=10_000_000
            ),
        )
        folder.mkdir(parents=True)
        self._shard = qd.EdgeShard.create(str(folder), config)

    def build(self, c: City) -> None:
        """Indexes first, so that the graph is built along them; all points; the optimizer until it is done."""
        update = self._shard.update
        for field, (lookup, ranged) in INTEGERS.items():
            update(qd.UpdateOperation.create_field_index(field, qd.IntegerIndexParams(lookup=lookup, range=ranged)))
        update(qd.UpdateOperation.create_field_index("place", qd.GeoIndexParams()))
        for first in range(0, len(c), AT_ONCE):
            some = range(first, min(first + AT_ONCE, len(c)))
            update(qd.UpdateOperation.upsert_points([self._point(c, n) for n in some]))
        self._shard.optimize()
        self._shard.flush()

    def _point(self, c: City, n: int) -> qd.Point:
        payload = {
            "place": {"lat": float(c.lat[n]), "lon": float(c.lon[n])},
            "trades": c.trades[n],
            **{name: int(getattr(c, name)[n]) for name in INTEGERS if name != "trades"},
        }
        return qd.Point(id=n, vector=c.vectors[n].tolist(), payload=payload)

    def hold(self, some: Sequence[Question]) -> None:
        """Writes the requests."""
        self._requests = {q.posting.id: self._request(q) for q in some}

    def _request(self, q: Question) -> qd.SearchRequest:
        nearest = qd.Query.Nearest(q.vector.tolist())
        return qd.SearchRequest(query=nearest, limit=K, filter=condition(q), params=self._params)

    def search(self, q: Question) -> list[int]:
        """Numbers of the best K."""
        return [point.id for point in self._shard.search(self._requests[q.posting.id])]

    def toggle(self, c: City, n: int, free: int) -> None:
        """Status of one person, into memory and the write-ahead log."""
        self._shard.update(qd.UpdateOperation.set_payload([n], {"free": free}))

    def toggle_durably(self, c: City, n: int, free: int) -> None:
        """The same, on disk when it returns."""
        self.toggle(c, n, free)
        self._shard.flush()

    def close(self) -> None:
        """Ends it."""
        self._shard.close()
