"""The command line's arguments: every subcommand of `kuaizhao`, by what it is about."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from server.audit_commands import add_audit_log
from server.doors.arguments import add_master_key_parser, add_parsers


def parser() -> argparse.ArgumentParser:
    """All subcommands and their options."""
    top = argparse.ArgumentParser(prog="kuaizhao", description="即时快招: 零工市场的快速撮合引擎")
    sub = top.add_subparsers(dest="command", required=True)
    for add in (_service, _records, _texts, _market, _operators, _checks):
        add(sub)
    return top


def _service(sub: Any) -> None:
    up = sub.add_parser("up", help="everything on one machine: store, matcher, web server")
    up.add_argument("--sample", action="store_true", help="load the sample of ten sites when there are no profiles yet")
    sub.add_parser("serve", help="the web server")
    sub.add_parser("match", help="the matcher")


def _records(sub: Any) -> None:
    ingest = sub.add_parser("ingest", help="import profiles and postings from CSV or JSONL files")
    ingest.add_argument("files", nargs="+", type=Path, metavar="FILE")
    ingest.add_argument("--site", help="the site whose records these are (required unless --check)")
    ingest.add_argument("--complete", action="store_true", help="each file lists all that the site has now")
    ingest.add_argument("--json", action="store_true", help="print the report as JSON")
    ingest.add_argument("--check", action="store_true", help="only say what is understood; store nothing")

    collect = sub.add_parser("collect", help="fetch every site's records by schedule and take them in")
    collect.add_argument("--once", action="store_true", help="run each once, show what came of it, and end")
    collect.add_argument("--site", action="append", default=[], help="with --once: only this site (may be repeated)")
    collect.add_argument("--json", action="store_true", help="with --once: print the report as JSON")

    runs = sub.add_parser("runs", help="what the last imports read and what became of the rows")
    runs.add_argument("--count", type=int, default=30)
    runs.add_argument("--json", action="store_true", help="print the report as JSON")

    quarantine = sub.add_parser("quarantine", help="rows that stayed out: why, mend and replay, discard")
    quarantine.add_argument("--site", default="")
    quarantine.add_argument("--count", type=int, default=100)
    quarantine.add_argument("--json", action="store_true")
    quarantine.add_argument("--replay", metavar="ID", help="take this row in again")
    quarantine.add_argument("changes", nargs="*", metavar="COLUMN=VALUE", help="with --replay: cells to replace")
    quarantine.add_argument("--discard", nargs="+", metavar="ID", help="take these rows out for good")

    merges = sub.add_parser("merges", help="rows found to be the same person or shift as another's")
    merges.add_argument("--site", default="")
    merges.add_argument("--count", type=int, default=100)
    merges.add_argument("--json", action="store_true")
    merges.add_argument("--undo", metavar="ID", help="they are not the same: take the row in by itself")

    sample = sub.add_parser("sample", help="write the sample records of ten sites, visibly invented")
    sample.add_argument("folder", type=Path)
    sample.add_argument("--profiles", type=int, default=12_000)
    sample.add_argument("--postings", type=int, default=600)
    sample.add_argument("--load", action="store_true", help="and import them")
    sample.add_argument("--json", action="store_true", help="with --load: print the report as JSON")


def _texts(sub: Any) -> None:
    embed = sub.add_parser("embed", help="encode texts from standard input, one a line")
    embed.add_argument("--kind", required=True, choices=["posting", "profile", "query"])
    embed.add_argument("--out", required=True, type=Path, help="a .npy file of float32 unit vectors")

    sub.add_parser("trades", help="recognise trades in texts from standard input, one a line; answers in JSON lines")

    sub.add_parser("reencode", help="after a change of model: rewrite every vector while the service goes on")


def _market(sub: Any) -> None:
    heat = sub.add_parser("heat", help="show the temperatures entered, or enter a day's highest in a district")
    heat.add_argument("district", nargs="?", default="", help="e.g. 城阳区")
    heat.add_argument("celsius", nargs="?", type=int)
    heat.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD; today without it")

    market = sub.add_parser("market", help="show or change the market's settings")
    market.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="e.g. window_ms=30000")


def _operators(sub: Any) -> None:
    add_parsers(sub)
    add_master_key_parser(sub)
    sub.add_parser("gateway", help="a simulated gateway of short messages at KUAIZHAO_GATEWAY_URL")

    token = sub.add_parser("token", help="issue a token for operators and samples")
    token.add_argument(
        "--role", required=True, choices=["worker", "employer", "kiosk", "clerk", "manager", "integration"]
    )
    token.add_argument("--subject", default="", help="profile id of a worker, employer id of an employer")
    token.add_argument("--site", default="", help="site of a kiosk")
    token.add_argument("--hours", type=float, default=12.0)


def _checks(sub: Any) -> None:
    add_audit_log(sub)
    explain = sub.add_parser("explain", help="why who was asked for a posting, and whether its award follows")
    explain.add_argument("posting")
    explain.add_argument("--profile", default="", help="how this worker stands with it")
    explain.add_argument("--json", action="store_true")

    audit = sub.add_parser("audit", help="count double bookings, overfilled postings, lost answers, illegal states")
    audit.add_argument("--clients", nargs="*", type=Path, default=[], help="JSONL records of what clients were told")
    audit.add_argument("--json", action="store_true", help="print the report as JSON")

    sub.add_parser("bench", help="time and check the matching on invented cities; writes reports/bench.json")
    sub.add_parser("demo", help="a scripted morning on a store of its own; writes reports/demo.json")
