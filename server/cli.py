"""The `kuaizhao` command. Each subcommand imports what it needs, so that the matcher never loads the encoder."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import logging
import os
import socket
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from msgspec import structs

from ingest.masking import mask_text
from matcher.errors import KuaizhaoError
from matcher.settings import Settings, from_environment
from server import tls
from server.arguments import parser
from server.audit_commands import run_audit_log
from server.embedded import StoreFailed
from server.production import NotFit, settings_refused
from server.production import check as check_production
from server.supervisor import Supervisor
from server.welcome import load_sample_once, welcome


def configure_logging() -> None:
    """JSON lines on standard error; errors of libraries included."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_numbers,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def without_numbers(_: object, __: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What failed unexpectedly may quote what it failed on: a row's telephone or ID number."""
    if "exception" in told:
        told["exception"] = mask_text(told["exception"])
    return told


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
        status = int(_COMMANDS[args.command](settings, args))
        sys.stdout.flush()
        return status
    except KuaizhaoError as exc:
        print(f"kuaizhao: {exc.message} ({exc})", file=sys.stderr)
        return 1
    except NotFit as exc:
        print(f"kuaizhao: 还不能正式运行\n{exc}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who read has gone: kuaizhao trades | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as exc:
        print(f"kuaizhao: 文件打不开或写不了:{exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(settings: Settings, args: argparse.Namespace) -> int:
    def prepare() -> None:
        check_production(settings)
        if args.sample:
            load_sample_once(settings, _say)

    if refused := settings_refused(settings):
        raise NotFit("\n".join(refused))
    if args.sample and settings.production:
        raise NotFit("正式运行不装示例:请去掉 --sample")
    if wrong := tls.problem(settings):
        print(f"kuaizhao: {wrong}", file=sys.stderr)
        return 1
    if not _port_is_free(settings):
        where = f"{settings.host}:{settings.port}"
        print(f"kuaizhao: 端口 {where} 已被占用,请停掉那个程序,或换一个 KUAIZHAO_PORT", file=sys.stderr)
        return 1
    simulated = args.sample and not settings.gateway_url
    if simulated:
        settings = structs.replace(settings, gateway_url=f"http://127.0.0.1:{_free_port()}/messages")
    try:
        supervisor = Supervisor(settings, _say, ["gateway"] if simulated else [])
        return supervisor.run(prepare, lambda: welcome(settings, _say, sample=args.sample, simulated=simulated))
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(line: str) -> None:
    print(line, flush=True)


def _serve(settings: Settings, args: argparse.Namespace) -> int:
    from server.app import main as serve

    check_production(settings)
    serve(settings)
    return 0


def _gateway(settings: Settings, args: argparse.Namespace) -> int:
    from server.simulated_gateway import main as gateway

    url = urlsplit(settings.gateway_url)
    if not url.hostname or not url.port:
        print("kuaizhao gateway: KUAIZHAO_GATEWAY_URL 应写成 http://127.0.0.1:端口/messages", file=sys.stderr)
        return 2
    gateway(url.hostname, url.port)
    return 0


def _doors(settings: Settings, args: argparse.Namespace) -> int:
    from server.doors import commands

    return commands.run(settings, args, sys.stdout)


def _master_key(settings: Settings, args: argparse.Namespace) -> int:
    from server import master_key_command

    return master_key_command.run(settings, args, sys.stdout)


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
        return commands.load_sample(
            settings, args.folder, profiles=args.profiles, postings=args.postings, as_json=args.json
        )
    return commands.write_sample_files(args.folder, profiles=args.profiles, postings=args.postings)


def _embed(settings: Settings, args: argparse.Namespace) -> int:
    from embeddings.commands import embed

    return embed(settings, sys.stdin.buffer, args.kind, args.out)


def _trades(settings: Settings, args: argparse.Namespace) -> int:
    from embeddings.commands import recognise

    return recognise(settings, sys.stdin.buffer, sys.stdout.buffer)


def _reencode(settings: Settings, args: argparse.Namespace) -> int:
    from ingest.commands import reencode_records

    return reencode_records(settings, sys.stdout)


def _token(settings: Settings, args: argparse.Namespace) -> int:
    from ingest import operator
    from matcher.store import opened
    from server import sessions

    async def issue() -> str:
        async with opened(settings.store_url, settings.market) as store:
            if args.role == "worker":
                await store.profile(args.subject)
            elif args.role == "employer":
                await store.employer(args.subject)
            elif args.role == "kiosk":
                await store.site(args.site)
            await operator.tell(store, "token", [f"{args.role}:{args.subject}"])
            return await sessions.issue(store, args.role, args.subject, args.site, int(args.hours * 3600))

    print(asyncio.run(issue()))
    return 0


def _heat(settings: Settings, args: argparse.Namespace) -> int:
    from ingest.fields.days import local_day
    from ingest.gazetteer import districts
    from ingest.heat import enter
    from matcher.model import Heat
    from matcher.store import opened

    if args.district and (args.celsius is None or args.district not in districts()):
        print(f"kuaizhao heat: 写成 区名 温度,区名是 {'、'.join(districts())} 之一", file=sys.stderr)
        return 2

    async def enter_and_show() -> None:
        async with opened(settings.store_url, settings.market) as store:
            now = await store.now_ms()
            if args.district:
                heat = Heat(district=args.district, day=args.day or local_day(now), celsius=args.celsius)
                done = await enter(store, heat, now)
                _say(f"暂停派单 {len(done.held)} 个岗位,恢复 {len(done.freed)} 个")
            for entered in await store.heat(local_day(now)):
                _say(f"{entered.day} {entered.district} {entered.celsius}℃")

    asyncio.run(enter_and_show())
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


def _explain(settings: Settings, args: argparse.Namespace) -> int:
    from server.explaining import explain

    return explain(settings, args.posting, args.profile, sys.stdout, as_json=args.json)


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
    from loadtest.bench.report import main as bench

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
    "heat": _heat,
    "market": _market,
    "token": _token,
    "gateway": _gateway,
    "staff": _doors,
    "kiosk": _doors,
    "key": _doors,
    "master-key": _master_key,
    "explain": _explain,
    "audit": _audit,
    "audit-log": run_audit_log,
    "bench": _bench,
    "demo": _demo,
}

if __name__ == "__main__":
    sys.exit(main())
