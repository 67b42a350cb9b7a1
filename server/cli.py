"""The `kuaizhao` command. Each subcommand imports what it needs, so that the matcher never loads the encoder."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
from msgspec import structs

from matcher.errors import KuaizhaoError
from matcher.settings import Settings, from_environment
from server.embedded import StoreFailed
from server.supervisor import Supervisor, run_once


def parser() -> argparse.ArgumentParser:
    """All subcommands and their options."""
    top = argparse.ArgumentParser(prog="kuaizhao", description="即时快招: 零工市场的快速撮合引擎")
    sub = top.add_subparsers(dest="command", required=True)

    up = sub.add_parser("up", help="everything on one machine: store, matcher, web server")
    up.add_argument("--sample", action="store_true", help="load the sample of ten sites when there are no profiles yet")
    sub.add_parser("serve", help="the web server")
    sub.add_parser("match", help="the matcher")

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

    embed = sub.add_parser("embed", help="encode texts from standard input, one a line")
    embed.add_argument("--kind", required=True, choices=["posting", "profile", "query"])
    embed.add_argument("--out", required=True, type=Path, help="a .npy file of float32 unit vectors")

    sub.add_parser("trades", help="recognise trades in texts from standard input, one a line; answers in JSON lines")

    sub.add_parser("reencode", help="after a change of model: rewrite every vector while the service goes on")

    market = sub.add_parser("market", help="show or change the market's settings")
    market.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="e.g. window_ms=30000")

    token = sub.add_parser("token", help="issue a bearer token")
    token.add_argument(
        "--role", required=True, choices=["worker", "employer", "kiosk", "clerk", "manager", "integration"]
    )
    token.add_argument("--subject", default="", help="profile id of a worker, employer id of an employer")
    token.add_argument("--site", default="", help="site of a kiosk")
    token.add_argument("--hours", type=float, default=12.0)

    audit = sub.add_parser("audit", help="count double bookings, overfilled postings, lost answers, illegal states")
    audit.add_argument("--clients", nargs="*", type=Path, default=[], help="JSONL records of what clients were told")
    audit.add_argument("--json", action="store_true", help="print the report as JSON")

    sub.add_parser("bench", help="time and check the matching on invented cities; writes reports/bench.json")
    sub.add_parser("demo", help="a scripted morning on a store of its own; writes reports/demo.json")
    return top


def configure_logging() -> None:
    """JSON lines on standard error; errors of libraries included."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand; the exit status is 0 when it did what it was asked to."""
    args = parser().parse_args(argv)
    try:
        settings = from_environment()
    except ValueError as exc:
        print(f"kuaizhao: {exc}", file=sys.stderr)
        return 2
    configure_logging()
    try:
        return int(_COMMANDS[args.command](settings, args))
    except KuaizhaoError as exc:
        print(f"kuaizhao: {exc.message} ({exc})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(settings: Settings, args: argparse.Namespace) -> int:
    def prepare() -> None:
        if args.sample:
            _load_sample_once(settings)

    if not _port_is_free(settings):
        where = f"{settings.host}:{settings.port}"
        print(f"kuaizhao: 端口 {where} 已被占用,请停掉那个程序,或换一个 KUAIZHAO_PORT", file=sys.stderr)
        return 1
    try:
        return Supervisor(settings, _say).run(prepare, lambda: _print_welcome(settings, tokens=args.sample))
    except StoreFailed as exc:
        print(f"kuaizhao: {exc}", file=sys.stderr)
        return 1


def _port_is_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server does
        try:
            probe.bind((settings.host, settings.port))
        except OSError as exc:
            return exc.errno != errno.EADDRINUSE
    return True


def _say(line: str) -> None:
    print(line, flush=True)


def _load_sample_once(settings: Settings) -> None:
    from matcher.store import opened

    async def profiles() -> int:
        async with opened(settings.store_url, settings.market) as store:
            return await store.count("profile")

    unfinished = Path(settings.data_dir) / "sample.unfinished"
    if unfinished.exists() or asyncio.run(profiles()) == 0:
        unfinished.touch()
        _say("第一次启动:导入十个站点的示例登记(人员均为虚构) ...")
        if run_once(settings, "sample", str(Path(settings.data_dir) / "sample"), "--load") == 0:
            unfinished.unlink()
        else:
            _say("示例没有导完,下次启动会再导")


def _print_welcome(settings: Settings, *, tokens: bool) -> None:
    base = f"http://{settings.host}:{settings.port}"
    _say(f"\n快招已启动: {base}    接口: {base}/openapi.json    状态: {base}/readyz    指标: {base}/metrics")
    if tokens:  # of invented people only: tokens of real ones have no place on a screen or in a journal
        issued = asyncio.run(_sample_tokens(settings))
        for role, token in issued.items():
            _say(f"  {role:<10} {token}")
        _say(f"试一试: curl -H 'Authorization: Bearer {issued['manager']}' {base}/v1/sites")
    _say("按 Ctrl-C 停止。")


async def _sample_tokens(settings: Settings) -> dict[str, str]:
    from matcher.store import opened
    from server import auth

    async with opened(settings.store_url, settings.market) as store:
        sites = sorted(await store.ids("site"))
        tokens = {
            "manager": await auth.issue(store, "manager", "sample"),
            "clerk": await auth.issue(store, "clerk", "sample"),
        }
        if sites:
            tokens["kiosk"] = await auth.issue(store, "kiosk", f"kiosk-{sites[0]}", site=sites[0])
        for role, kind in (("worker", "profile"), ("employer", "employer")):
            if first := await store.any_id(kind):
                tokens[role] = await auth.issue(store, role, first)  # type: ignore[arg-type]  # two of the roles
        return tokens


def _serve(settings: Settings, args: argparse.Namespace) -> int:
    from server.app import main as serve

    serve(settings)
    return 0


def _match(settings: Settings, args: argparse.Namespace) -> int:
    from matcher.process import main as match

    match(settings)
    return 0


def _ingest(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import commands

    if args.check:
        return commands.check(settings, args.files, sys.stdout)
    if not args.site:
        print("kuaizhao ingest: --site 是哪个站点的记录?(或用 --check 只看不存)", file=sys.stderr)
        return 2
    return commands.ingest_files(settings, args.files, args.site, sys.stdout, complete=args.complete, as_json=args.json)


def _collect(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import collect_command

    if args.once:
        return collect_command.once(settings, args.site, sys.stdout, as_json=args.json)
    return collect_command.forever(settings)


def _runs(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import desk

    return desk.show_runs(settings, sys.stdout, count=args.count, as_json=args.json)


def _quarantine(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import desk

    if args.discard:
        return desk.discard(settings, sys.stdout, args.discard)
    if not args.replay:
        return desk.show_kept(settings, sys.stdout, "quarantine", site=args.site, count=args.count, as_json=args.json)
    changes = dict(change.partition("=")[::2] for change in args.changes)
    return desk.replay(settings, sys.stdout, args.replay, changes)


def _merges(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import desk

    if args.undo:
        return desk.unmerge(settings, sys.stdout, args.undo)
    return desk.show_kept(settings, sys.stdout, "merges", site=args.site, count=args.count, as_json=args.json)


def _sample(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import commands

    if args.load:
        return commands.load_sample(settings, args.folder, profiles=args.profiles, postings=args.postings)
    return commands.write_sample_files(args.folder, profiles=args.profiles, postings=args.postings)


def _embed(settings: Settings, args: argparse.Namespace) -> int:
    from embeddings.commands import embed

    return embed(settings, sys.stdin, args.kind, args.out)


def _trades(settings: Settings, args: argparse.Namespace) -> int:
    from embeddings.commands import recognise

    return recognise(settings, sys.stdin, sys.stdout)


def _reencode(settings: Settings, args: argparse.Namespace) -> int:
    from ingest.commands import reencode_records

    return reencode_records(settings, sys.stdout)


def _token(settings: Settings, args: argparse.Namespace) -> int:
    from matcher.store import opened
    from server import auth

    async def issue() -> str:
        async with opened(settings.store_url, settings.market) as store:
            if args.role == "worker":
                await store.profile(args.subject)
            elif args.role == "employer":
                await store.employer(args.subject)
            elif args.role == "kiosk":
                await store.site(args.site)
            return await auth.issue(store, args.role, args.subject, args.site, int(args.hours * 3600))

    print(asyncio.run(issue()))
    return 0


def _market(settings: Settings, args: argparse.Namespace) -> int:
    from matcher.store import opened

    changes: dict[str, int] = {}
    for change in args.changes:
        name, _, value = change.partition("=")
        try:
            changes[name] = int(value)
        except ValueError:
            print(f"kuaizhao market: {change}: 写成 NAME=整数", file=sys.stderr)
            return 2

    async def change_and_show() -> dict[str, int]:
        async with opened(settings.store_url, settings.market) as store:
            if changes:
                await store.configure(changes)
            return structs.asdict(await store.market_settings())

    for name, value in asyncio.run(change_and_show()).items():
        _say(f"{name:<22} {value}")
    return 0


def _audit(settings: Settings, args: argparse.Namespace) -> int:
    from loadtest.audit import AuditReport, audit, read_clients, report_lines
    from loadtest.audit_checks import ClientRecord
    from matcher.store import opened

    told: list[ClientRecord] = []
    for path in args.clients:
        with path.open("rb") as lines:
            told += read_clients(lines)

    async def look() -> AuditReport:
        async with opened(settings.store_url, settings.market) as store:
            return await audit(store, told)

    report = asyncio.run(look())
    print(json.dumps(structs.asdict(report), ensure_ascii=False) if args.json else "\n".join(report_lines(report)))
    return 0 if report.ok else 1


def _demo(settings: Settings, args: argparse.Namespace) -> int:
    from loadtest.demo import main as demo

    return demo()


def _bench(settings: Settings, args: argparse.Namespace) -> int:
    from loadtest.bench.matching import main as bench

    return bench()


_COMMANDS = {
    "up": _up,
    "serve": _serve,
    "match": _match,
    "ingest": _ingest,
    "collect": _collect,
    "runs": _runs,
    "quarantine": _quarantine,
    "merges": _merges,
    "sample": _sample,
    "embed": _embed,
    "trades": _trades,
    "reencode": _reencode,
    "market": _market,
    "token": _token,
    "audit": _audit,
    "bench": _bench,
    "demo": _demo,
}

if __name__ == "__main__":
    sys.exit(main())
