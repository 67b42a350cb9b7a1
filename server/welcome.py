"""What `kuaizhao up` says when everything runs, and the sample that it loads the first time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from matcher.settings import Settings
from matcher.store import opened
from server import sessions
from server.supervisor import run_once

Say = Callable[[str], None]
PAGES: Final[dict[str, str]] = {
    "manager": "/desk",
    "clerk": "/desk",
    "kiosk": "/kiosk",
    "worker": "/worker",
    "employer": "/employer",
}
"""Where each role works."""


def load_sample_once(settings: Settings, say: Say) -> None:
    """Imports the sample where there are no profiles yet."""

    async def profiles() -> int:
        async with opened(settings.store_url, settings.market) as store:
            return await store.count("profile")

    unfinished = Path(settings.data_dir) / "sample.unfinished"
    if unfinished.exists() or asyncio.run(profiles()) == 0:
        unfinished.touch()
        say("第一次启动:导入十个站点的示例登记(人员均为虚构) ...")
        if run_once(settings, "sample", str(Path(settings.data_dir) / "sample"), "--load") == 0:
            unfinished.unlink()
        else:
            say("示例没有导完,下次启动会再导")


def welcome(settings: Settings, say: Say, *, sample: bool, simulated: bool) -> None:
    """Where things are; with the sample, tokens of invented people in each role."""
    base = f"{'https' if settings.tls_cert else 'http'}://{settings.host}:{settings.port}"
    say(f"\n快招已启动: {base}    接口: {base}/openapi.json    状态: {base}/readyz    指标: {base}/metrics")
    if sample:  # of invented people only: tokens of real ones have no place on a screen or in a journal
        issued = asyncio.run(_sample_tokens(settings))
        say("各页面和示例口令(登录处点“用口令登录”,粘贴):")
        for role, token in issued.items():
            say(f"  {base}{PAGES[role]:<10} {role:<9} {token}")
        say(f"试一试: curl -H 'Authorization: Bearer {issued['manager']}' {base}/v1/sites")
    if simulated:
        say(f"短信验证码不会真的发出,都在这里看: {settings.gateway_url}")
    say("按 Ctrl-C 停止。")


async def _sample_tokens(settings: Settings) -> dict[str, str]:
    async with opened(settings.store_url, settings.market) as store:
        sites = sorted(await store.ids("site"))
        tokens = {
            "manager": await sessions.issue(store, "manager", "sample"),
            "clerk": await sessions.issue(store, "clerk", "sample"),
        }
        if sites:
            tokens["kiosk"] = await sessions.issue(store, "kiosk", f"kiosk-{sites[0]}", site=sites[0])
        for role, kind in (("worker", "profile"), ("employer", "employer")):
            if first := await store.any_id(kind):
                tokens[role] = await sessions.issue(store, role, first)  # type: ignore[arg-type]  # two of the roles
        return tokens
