"""What must not be kept: erasures that waited, people who have not been here for long, what was remembered of those
erased, and the store's old bytes.

Runs in every web server: each step is an operation that may be done twice. Rewriting the append-only file drops what
was deleted from it; a store that does not let us (a managed one) is rewritten by whoever runs it.
"""

from __future__ import annotations

import asyncio
from itertools import compress
from typing import Final

import structlog
from redis.exceptions import ResponseError

from ingest.employers import seal_contacts
from ingest.persons import Vault
from matcher import homes
from matcher.connection import guarded
from matcher.errors import KuaizhaoError, StoreUnavailable
from matcher.model import DAY_MS
from matcher.store import Store

EVERY_S: Final = 60.0
AT_ONCE: Final = 500
ERASED_KEPT_MS: Final = 366 * DAY_MS

log = structlog.get_logger()


async def run(store: Store, vault: Vault) -> None:
    """Does it now and then, for ever; what fails is tried again the next time."""
    while True:
        try:
            await seal_contacts(store, vault)
            await erase_what_waited(store)
            now_ms = await store.now_ms()
            if await begins_day(store, now_ms):
                await erase_unused(store, now_ms)
                await forget_erased(store, now_ms)
                await homes.tidy(store)
            await rewrite(store)
        except StoreUnavailable as exc:
            log.warning("retention_waits_for_store", detail=exc.detail)
        except Exception:
            log.exception("retention_failed")
        await asyncio.sleep(EVERY_S)


async def erase_what_waited(store: Store) -> int:
    """Erases those whose last seat or wage is settled now; answers with how many were."""
    async with guarded():
        asked = [id_.decode() for id_ in await store.commands.zrange(store.key("erasures"), 0, AT_ONCE - 1)]
    return await _erase(store, asked, "本人要求删除,事情已办完")


async def begins_day(store: Store, now_ms: int) -> bool:
    """Whether this is the market's first call of the day."""
    day = (now_ms + (await store.market_settings()).zone_offset_ms) // DAY_MS
    async with guarded():
        return bool(await store.commands.set(store.key("retention_day", str(day)), 1, nx=True, px=2 * DAY_MS))


async def forget_erased(store: Store, now_ms: int) -> int:
    """Forgets the marks of people who were erased `ERASED_KEPT_MS` ago; answers with how many that were."""
    async with guarded():
        marks = store.key("erased_marks")
        return int(await store.commands.zremrangebyscore(marks, "-inf", now_ms - ERASED_KEPT_MS))


async def erase_unused(store: Store, now_ms: int) -> int:
    """Erases people who have not changed, worked or been here for `person_kept_days`, or withdrew their consent
    `withdrawn_kept_days` ago; answers with how many were."""
    settings = await store.market_settings()
    unseen_ms, withdrawn_ms = (now_ms - d * DAY_MS for d in (settings.person_kept_days, settings.withdrawn_kept_days))
    erased = 0
    ids = await store.ids("profile")
    for some in (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE)):
        async with guarded():
            pipe = store.commands.pipeline(transaction=False)
            for id_ in some:
                pipe.hmget(store.key("profile", id_), "seen_ms", "last_work_ms", "withdrawn_ms")
            over = [
                max(int(seen or now_ms), int(worked or 0)) < unseen_ms or int(withdrawn or now_ms) < withdrawn_ms
                for seen, worked, withdrawn in await pipe.execute()
            ]
        erased += await _erase(store, list(compress(some, over)), "保存期满")
    return erased


async def _erase(store: Store, ids: list[str], why: str) -> int:
    erased = 0
    for id_ in ids:
        try:
            done = await store.erase(id_, "retention", why)
        except KuaizhaoError as exc:
            if exc.code != "no_profile":
                raise
            continue
        erased += done.state == "erased"
    return erased


async def rewrite(store: Store) -> bool:
    """Has the append-only file rewritten where somebody was erased since the last time."""
    async with guarded():
        erased, rewritten = await store.commands.mget(store.key("erased"), store.key("rewritten"))
        if erased is None or erased == rewritten:
            return False
        try:
            await store.commands.bgrewriteaof()
        except ResponseError as exc:  # one is at work already, or it is not ours to ask for
            log.warning("file_not_rewritten", why=str(exc))
            return False
    if not await _rewritten(store):
        log.warning("file_not_rewritten", why="failed")
        return False
    async with guarded():
        await store.commands.set(store.key("rewritten"), erased)
    return True


async def _rewritten(store: Store) -> bool:
    """Whether the rewrite that goes on succeeded; answers when it has ended."""
    while True:
        async with guarded():
            state = await store.commands.info("persistence")
        if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
            return bool(state["aof_last_bgrewrite_status"] == "ok")
        await asyncio.sleep(0.05)
