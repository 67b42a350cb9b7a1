"""`kuaizhao staff`, `kiosk` and `key`: who gets in by what an operator hands them."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import TextIO

from ingest import operator
from ingest.persons import Vault
from matcher.errors import KuaizhaoError
from matcher.settings import Settings
from matcher.store import Store, opened
from server import kiosks, sessions, staff
from server.api.ids import ID
from server.keys import DOORS


def run(settings: Settings, args: argparse.Namespace, out: TextIO) -> int:
    """Does one of them; the exit status is 1 where there is nothing of that name."""
    if args.what != "list" and ID.fullmatch(args.name) is None:
        print(f"kuaizhao {args.command}: {args.name}: 名称只用字母、数字、点、横线和下划线", file=sys.stderr)
        return 2
    work: Callable[..., Awaitable[int]] = _COMMANDS[args.command, args.what]

    async def do() -> int:
        async with opened(settings.store_url, settings.market) as store:
            if args.what != "list":
                await operator.tell(store, f"{args.command} {args.what}", [args.name])
            return await work(settings, store, args, out)

    return asyncio.run(do())


async def _add_staff(settings: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    password = sys.stdin.readline().rstrip("\n") if args.password_stdin else getpass.getpass("密码: ")
    secret = await staff.add(store, Vault.open(settings.data_dir).box(DOORS), args.name, args.role, password)
    _show(secret, args.name, out)
    return 0


async def _new_authenticator(settings: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    try:
        secret = await staff.new_authenticator(store, Vault.open(settings.data_dir).box(DOORS), args.name)
    except KuaizhaoError as exc:
        print(f"{args.name}: {exc.message}", file=out)
        return 1
    _show(secret, args.name, out)
    return 0


def _show(secret: bytes, name: str, out: TextIO) -> None:
    print(f"请 {name} 在24小时内用身份验证器扫描或输入(只显示这一次),并用它登录一次,验证器才生效:", file=out)
    print(staff.enrolment(secret, name), file=out)


async def _remove_staff(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    found = await staff.remove(store, args.name)
    print(f"{args.name} 已停用" if found else f"没有 {args.name}", file=out)
    return 0 if found else 1


async def _list_staff(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    for name in sorted(await store.ids("staff")):
        account = await staff.find(store, name)
        print(f"{name:<24} {account.role if account else ''}", file=out)
    return 0


async def _add_kiosk(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    print(await kiosks.add(store, args.name, args.site, card_reader=args.card_reader), file=out)
    return 0


async def _remove_kiosk(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    ended = await kiosks.remove(store, args.name)
    print(f"{args.name} 已停用,结束登录 {ended} 个", file=out)
    return 0


async def _list_kiosks(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    names = sorted(await store.ids("kiosk"))
    for name, raw in zip(names, await store.hashes("kiosk", names), strict=True):
        print(f"{name:<24} {raw.get(b'site', b'').decode()}", file=out)
    return 0


async def _add_key(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    life = sessions.LIVES["integration"]
    token = await sessions.issue(
        store, "integration", args.name, ttl_s=life.most_s, idle_s=life.idle_s, scopes=args.scope
    )
    print(token, file=out)
    return 0


async def _remove_key(_: Settings, store: Store, args: argparse.Namespace, out: TextIO) -> int:
    ended = (await store.end_sessions(f"integration:{args.name}")).done
    print(f"结束 {ended} 个", file=out)
    return 0 if ended else 1


_COMMANDS = {
    ("staff", "add"): _add_staff,
    ("staff", "authenticator"): _new_authenticator,
    ("staff", "remove"): _remove_staff,
    ("staff", "list"): _list_staff,
    ("kiosk", "add"): _add_kiosk,
    ("kiosk", "remove"): _remove_kiosk,
    ("kiosk", "list"): _list_kiosks,
    ("key", "add"): _add_key,
    ("key", "remove"): _remove_key,
}
