"""`kuaizhao audit-log`: write, verify and show the audit log."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from datetime import UTC, datetime
from typing import Any

import uvloop

from matcher.settings import Settings
from matcher.store import opened
from server.audit_files import LogInUse, rows
from server.audit_log import decoded
from server.audit_writer import Checked, LogBroken, check, folder_of, follow


def add_audit_log(sub: Any) -> None:
    """Adds the subcommand to the parser."""
    parser = sub.add_parser("audit-log", help="who saw, decided or deleted what: write, verify or show the log")
    parser.add_argument(
        "do",
        nargs="?",
        choices=["follow", "verify", "show"],
        default="follow",
        help="follow: write it (what `up` starts); verify: every line and the end; show: the last lines",
    )
    parser.add_argument("--count", type=int, default=20, help="lines to show")


def run_audit_log(settings: Settings, args: argparse.Namespace) -> int:
    """0 when it was done and the log is whole; 1 when it is broken or somebody else writes it."""
    if args.do == "verify":
        return _verify(settings)
    if args.do == "show":
        return _show(settings, args.count)
    try:
        follow(settings)
    except (LogInUse, LogBroken) as exc:
        print(f"kuaizhao: {exc}", file=sys.stderr)
    return 1


def _verify(settings: Settings) -> int:
    async def look() -> Checked:
        async with opened(settings.store_url, settings.market) as store:
            return await check(store, folder_of(settings))

    found = uvloop.run(look())
    if found.verdict.ok:
        print(f"审计日志完整:{found.verdict.head.n} 行,还有 {found.waiting} 条等待写入")
        return 0
    print(f"审计日志有问题:{found.verdict.broken_at}:{found.verdict.why}")
    return 1


def _show(settings: Settings, count: int) -> int:
    last = deque((row for _, row in rows(folder_of(settings))), maxlen=count)
    for line in decoded(last):
        deed = line.deed
        at = datetime.fromtimestamp(deed.at_ms / 1000, UTC).astimezone()
        print(f"{line.n} {at:%Y-%m-%d %H:%M:%S} {deed.by} {deed.what} {deed.on} {deed.why}".rstrip())
    return 0
