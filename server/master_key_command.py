"""`kuaizhao master-key`: a new version of the master key, everything wrapped by it, the old one taken out."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import TextIO

from ingest import master_keys
from ingest.commands import progress_bars
from ingest.master_keys import KEY_VARIABLE, MasterKeyError, MasterKeys
from ingest.persons import LOOK_S, SealError, Vault, check_key
from matcher.settings import Settings
from matcher.store import Store, opened
from server import rotation


def run(settings: Settings, args: argparse.Namespace, out: TextIO) -> int:
    """Does one of them; 1 where it cannot be done yet, 2 where the keys do not fit."""
    try:
        return asyncio.run(_run(settings, args, out))
    except (MasterKeyError, SealError) as exc:
        print(f"kuaizhao master-key: {exc}", file=sys.stderr)
        return 2


async def _run(settings: Settings, args: argparse.Namespace, out: TextIO) -> int:
    keys, file = master_keys.load(settings.data_dir)
    async with opened(settings.store_url, settings.market) as store:
        await check_key(store, Vault(keys))
        if args.what == "status":
            return _show(keys, await _in_use(store), out)
        if args.what == "remove":
            return await _remove(store, keys, file, args.version, out)
        if args.what == "rotate":
            keys = keys.with_new()
            if file is None:
                print(f"请在每台机器的 {KEY_VARIABLE} 里加上下面这一把,重启服务,再执行 master-key rewrap:", file=out)
                print(keys.text().splitlines()[-1], file=out)
                return 0
            master_keys.write(file, keys)
            print(f"{file} 有了第 {keys.newest} 版,请另外备份", file=out)
            await asyncio.sleep(2 * LOOK_S)  # every process looks at the file once in LOOK_S, then seals by the new one
        return await _rewrap(store, keys, out)


async def _rewrap(store: Store, keys: MasterKeys, out: TextIO) -> int:
    with progress_bars() as bar:
        task = bar.add_task("换用新主密钥")
        done = await rotation.rewrap(
            store, Vault(keys), lambda seen, total: bar.update(task, completed=seen, total=total)
        )
    print(f"换到第 {keys.newest} 版 {done} 份", file=out)
    return _show(keys, await _in_use(store), out)


async def _remove(store: Store, keys: MasterKeys, file: Path | None, version: int, out: TextIO) -> int:
    left = keys.without(version)
    if used := (await _in_use(store))[version]:
        print(f"还有 {used} 份用第 {version} 版封着:请先执行 master-key rewrap,等导入的队列取完再试", file=out)
        return 1
    if file is None:
        print(f"没有东西用第 {version} 版了:请把 {KEY_VARIABLE} 换成下面这些,重启服务:", file=out)
        print(left.text(), end="", file=out)
        return 0
    master_keys.write(file, left)
    print(f"第 {version} 版已从 {file} 去掉;含有它的备份到期之前请另外留着", file=out)
    return 0


async def _in_use(store: Store) -> Counter[int]:
    with progress_bars() as bar:
        task = bar.add_task("清点")
        return await rotation.in_use(store, lambda seen, total: bar.update(task, completed=seen, total=total))


def _show(keys: MasterKeys, used: Counter[int], out: TextIO) -> int:
    for version in sorted(set(keys.versions) | set(used)):
        state = "在用" if version == keys.newest else "只用来打开" if version in keys.versions else "缺失"
        print(f"第 {version} 版  {state}  封着 {used[version]} 份", file=out)
    return 0 if set(used) <= set(keys.versions) else 1
