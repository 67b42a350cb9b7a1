"""Production mode: what must be right before real people's data is taken, each with one sentence on how to mend it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from redis.exceptions import ResponseError

from ingest.master_keys import KEY_FILE, KEY_VARIABLE
from matcher.connection import guarded
from matcher.settings import Settings
from matcher.store import Store, opened

SAMPLE: Final = "sample"
"""Name of the market's mark that sample records were loaded."""
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class NotFit(RuntimeError):
    """A server in production must not start like this; the text says why, a line each."""


def settings_refused(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What the settings lack; nothing when not in production."""
    if not settings.production:
        return []
    refused = []
    if not environ.get(KEY_VARIABLE) and not (Path(settings.data_dir) / KEY_FILE).exists():
        refused.append(
            f"没有主密钥:请用 head -c 32 /dev/urandom | base64 生成一把,"
            f"放进 {KEY_VARIABLE} 或 {settings.data_dir}/{KEY_FILE},并另外备份"
        )
    if not settings.tls_cert and not settings.trusted_proxies:
        refused.append("前面没有 TLS:请设 KUAIZHAO_TLS_CERT,或把加密的代理写进 KUAIZHAO_TRUSTED_PROXIES")
    if not settings.gateway_url:
        refused.append("没有短信网关,没人能用手机号登录:请设 KUAIZHAO_GATEWAY_URL")
    if urlsplit(settings.redis_url).scheme == "redis" and urlsplit(settings.redis_url).hostname not in _THIS_MACHINE:
        refused.append("到数据库的线路没有加密:请把 KUAIZHAO_REDIS_URL 写成 rediss://")
    return refused


async def store_refused(store: Store) -> list[str]:
    """What the store lacks. Raises StoreUnavailable."""
    refused = []
    async with guarded():
        try:
            kept = await store.commands.config_get("append*")
        except ResponseError:  # managed services hide their configuration
            kept = {}
        sample = await store.commands.exists(store.key(SAMPLE))
    if kept.get("appendonly") != "yes" or kept.get("appendfsync") != "always":
        refused.append("数据库没有每次写入都落盘:请在配置里写 appendonly yes 和 appendfsync always")
    if sample:
        refused.append("这里装过示例数据,示例令牌谁都见过:请换一个空的 KUAIZHAO_DATA_DIR 或 KUAIZHAO_MARKET")
    return refused


def check(settings: Settings) -> None:
    """Raises NotFit with everything that keeps a server from starting in production; the store must be up."""

    async def ask() -> list[str]:
        async with opened(settings.store_url, settings.market) as store:
            return await store_refused(store)

    if not settings.production:
        return
    if refused := settings_refused(settings) or asyncio.run(ask()):
        raise NotFit("\n".join(refused))
