"""Somebody who uses everything that there is, and is erased: what is kept of them before, and who they are."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import aiohttp

from ingest.persons import Vault
from loadtest.clients import Api
from loadtest.demo import EMPLOYER
from loadtest.stage import Stage
from matcher.errors import KuaizhaoError
from matcher.model import HOUR_MS
from matcher.store import Store, opened
from server import retention, sessions
from tests import builders
from tests.api import plain
from tests.intake import id_number

NAME: Final = "虚构被抹去"
TELEPHONE: Final = "19900777002"
ID_NUMBER: Final = id_number("19800305", 777)
PLAIN: Final = ("样本只会的手艺", "样本申诉的话", "样本拉黑的话")
"""What they said of themselves, or others of them, that lies open in their records."""
SEALED: Final = ("样本名单李沧", "样本名单即墨", "样本名单市南", "样本投诉", "样本答复", "验证码")
"""A word of everything that names them and is sealed: rows of lists (taken in, merged, kept out), a complaint with its
answer, and a message."""
THEIRS: Final = "样本别人的投诉"
"""Of a complaint of somebody else's that names them: it is not theirs, and stays with whoever wrote it."""


def listed(place: str, **over: str) -> dict[str, str]:
    """Their row in a list; the same person in each."""
    cells = {"编号": "901", "姓名": NAME, "身份证号": ID_NUMBER, "电话": TELEPHONE, "工种": "搬运工", "技能": PLAIN[0]}
    cells |= {"住址": "李沧区浮山路街道", "期望工资(元/天)": "200", "上班时间": "白天", "同意书版本": "2026-01"}
    return cells | {"名单": place} | over


async def _idle(store: Store) -> str:
    """Somebody of the sample who waits for no seat and has none."""
    for id_ in await store.ids("profile"):
        if not await store.commands.exists(store.key("mine", id_)):
            return id_
    raise AssertionError("everybody has a seat")


async def _pushed(api: Api, store: Store, site: str, row: dict[str, str]) -> None:
    """Pushes a row and waits until the queue is empty."""
    manager = await sessions.issue(store, "manager", "demo")
    await api.call("POST", "/v1/ingest", manager, {"site": site, "source": "pushed", "rows": [row]})
    async with asyncio.timeout(60):
        while await store.commands.xlen(store.key("ingest")):  # noqa: ASYNC110 - it can only be looked at
            await asyncio.sleep(0.02)


async def lists_name_them(api: Api, store: Store) -> None:
    """Three sites' lists: the first is taken in, the second merged, the third lacks the consent and is kept."""
    await _pushed(api, store, "licang", listed(SEALED[0]))
    await _pushed(api, store, "jimo", listed(SEALED[1]))
    await _pushed(api, store, "shinan", listed(SEALED[2], 同意书版本=""))


async def _seated(api: Api, store: Store, posting: str, id_: str, starts_in_ms: int) -> None:
    """A posting of an hour in which they have a seat."""
    start_ms = await store.now_ms() + starts_in_ms
    times = {"start_ms": start_ms, "end_ms": start_ms + HOUR_MS, "valid_until_ms": start_ms}
    doc = builders.posting(start_ms, employer=EMPLOYER, site="licang", **times)
    employer = await sessions.issue(store, "employer", EMPLOYER)
    await api.call("POST", "/v1/postings", employer, {"id": posting, "posting": plain(doc) | {"award": "instant"}})
    async with asyncio.timeout(10):
        while id_ not in await store.entries(posting):
            with suppress(KuaizhaoError):  # the matcher was quicker with its wave: ours is the next
                await builders.offer(store, posting, [id_])
    await builders.accept(store, posting, id_)


async def work(api: Api, store: Store, id_: str) -> None:
    """They have worked once and been paid, and left once too late; they objected, and the employer blocked them."""
    await _seated(api, store, "j_left", id_, 2 * HOUR_MS)
    await store.release("j_left", id_, "worker")
    await store.call("appeal", "profile", id_, "late_release.j_left", PLAIN[1])
    await _seated(api, store, "j_past", id_, 2_000)
    await store.check_in("j_past", id_)
    await store.block(EMPLOYER, id_, "employer", True, PLAIN[2])
    async with asyncio.timeout(10):
        while await store.now_ms() < (await store.posting("j_past")).start_ms:  # noqa: ASYNC110 - the store's clock
            await asyncio.sleep(0.05)
    await store.done("j_past", id_)
    await store.paid("j_past", id_)


async def complain(api: Api, store: Store, id_: str, another: str) -> None:
    """Two complaints name them: their own, which is answered, and another's."""
    worker, clerk = await sessions.issue(store, "worker", id_), await sessions.issue(store, "clerk", "demo")
    body = {"category": "treatment", "text": f"{SEALED[3]}:我是{NAME}"}
    own = await api.call("POST", "/v1/complaints", worker, body)
    answer = {"answer": f"{SEALED[4]}:{NAME},{TELEPHONE}"}
    await api.call("POST", f"/v1/complaints/{own['id']}/answer", clerk, answer)
    body = {"category": "treatment", "text": f"{THEIRS}:{NAME}"}
    await api.call("POST", "/v1/complaints", await sessions.issue(store, "worker", another), body)


async def lived(stage: Stage, vault: Vault) -> tuple[str, str]:
    """They come, work, complain and ask for a code that nobody takes; answers with their id, and with the id of another
    who complains of them."""
    id_ = vault.profile_id("licang:901")
    async with opened(stage.settings.store_url, stage.settings.market) as store, aiohttp.ClientSession() as session:
        api = Api(session, stage.url)
        another = await _idle(store)
        await lists_name_them(api, store)
        await work(api, store, id_)
        await complain(api, store, id_, another)
        kiosk = await sessions.issue(store, "kiosk", "kiosk-demo", site="licang")
        await api.call("POST", "/v1/login/code", kiosk, {"telephone": TELEPHONE})
        assert await store.commands.zcard(store.key("outbox"))
        assert await store.commands.exists(store.key("kept", f"m.{vault.profile_id('jimo:901')}"))
    return id_, another


async def _rewritten(store: Store) -> None:
    """Waits until the file has been rewritten after the last erasure, by us or by the service."""
    async with asyncio.timeout(60):
        while len({*await store.commands.mget(store.key("erased"), store.key("rewritten"))}) > 1:
            await retention.rewrite(store)
            await asyncio.sleep(0.02)


async def erase(stage: Stage, id_: str) -> None:
    """Somebody asks for it, as people do, and the files are rewritten."""
    async with opened(stage.settings.store_url, stage.settings.market) as store, aiohttp.ClientSession() as session:
        worker = await sessions.issue(store, "worker", id_)
        gone = await Api(session, stage.url).call("DELETE", f"/v1/profiles/{id_}", worker)
        assert gone["erased"], gone
        await _rewritten(store)


async def listed_again(stage: Stage) -> None:
    """The lists still name who was erased, and come once more."""
    async with opened(stage.settings.store_url, stage.settings.market) as store, aiohttp.ClientSession() as session:
        await lists_name_them(Api(session, stage.url), store)
        await _rewritten(store)
