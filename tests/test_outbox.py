"""Messages that wait: handed over together, but each begins in a turn of the loop of its own; gone with whom they are
for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ingest.persons import Vault
from matcher.store import Store
from server.gateway import Gateway, NotSent
from server.metrics import Metrics
from server.outbox import Outbox
from tests import builders
from tests.conftest import new_market

MESSAGES = 20


class Slow(Gateway):
    """Takes messages once all are there, and notes in which turn of the loop each came."""

    def __init__(self) -> None:
        self.turn = 0
        self.came: dict[str, int] = {}
        self._all = asyncio.Event()

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turn += 1

    async def send(self, id_: str, telephone: str, text: str) -> None:
        self.came[telephone] = self.turn
        if len(self.came) == MESSAGES:
            self._all.set()
        await self._all.wait()

    async def close(self) -> None:
        self._all.set()


async def test_messages_go_out_together_and_each_begins_in_a_turn_of_its_own(valkey_url: str, tmp_path: Path) -> None:
    store = Store(valkey_url, new_market())
    gateway = Slow()
    outbox = Outbox(store, Vault.open(tmp_path, {}).box("test"), gateway, Metrics())
    for n in range(MESSAGES):
        await outbox.put(f"100{n:08d}", "样本", mark="t:", for_s=60)
    counting, sending = asyncio.create_task(gateway.count()), asyncio.create_task(outbox.run())
    async with asyncio.timeout(20):
        while await store.commands.zcard(store.key("outbox")):  # noqa: ASYNC110 - it can only be looked at
            await asyncio.sleep(0.01)
    for task in (counting, sending):
        task.cancel()
    assert len(set(gateway.came.values())) == MESSAGES
    await store.close()


class Failing(Gateway):
    """Fails, once it is told to."""

    def __init__(self) -> None:
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, id_: str, telephone: str, text: str) -> None:
        self.began.set()
        await self.go_on.wait()
        raise NotSent("busy", again=True)

    async def close(self) -> None:
        self.go_on.set()


async def test_who_is_erased_has_no_message_waiting(store: Store, tmp_path: Path) -> None:
    outbox = Outbox(store, Vault.open(tmp_path, {}).box("test"), gateway := Failing(), Metrics())
    doc = builders.profile()
    await store.register("ann", doc, b"sealed", builders.vector(), builders.MODEL, marks=["n:ann", "t:1"])
    await outbox.put("10000000001", "样本", mark="t:1", for_s=60)
    sending = asyncio.create_task(outbox.run())
    await gateway.began.wait()
    await outbox.put("10000000001", "样本", mark="t:1", for_s=60)
    await outbox.put("10000000002", "样本", mark="t:2", for_s=60)
    await store.erase("ann")
    gateway.go_on.set()  # the one that was under way fails
    async with asyncio.timeout(20):
        while not await store.commands.zcount(store.key("outbox"), await store.now_ms(), "+inf"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # until the other one has failed too
    sending.cancel()
    (left,) = await store.commands.zrange(store.key("outbox"), 0, -1)
    found = await store.commands.keys(store.key("message", "*"))
    assert found == [store.key("message", left.decode()).encode()]
    assert await store.commands.hget(found[0], "to") == b"t:2"
