"""人员: shown to whom and when, copied, erased without a trace that leads back, and kept no longer than allowed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import date
from pathlib import Path

import pytest

from ingest.duplicates import person_marks
from loadtest.audit import audit
from matcher.model import DAY_MS, HOUR_MS
from matcher.store import Store
from server import retention
from server.keys import VAULT
from tests import builders
from tests.api import Api, audit_lines
from tests.conftest import move_clock, new_market, running_valkey

ANN = builders.person(1, name="虚构安", telephone="13800000001", id_number="110101199001011237")


@pytest.fixture
async def api(api: Api) -> Api:
    vault = api.app[VAULT]
    await api.store.register(
        "p_ann",
        builders.profile(born=date(1990, 1, 1)),
        vault.seal(ANN),
        builders.vector(),
        builders.MODEL,
        vault.mark(ANN),
        marks=person_marks(ANN, vault),
    )
    return api


async def seated(api: Api, posting: str, profile: str) -> None:
    await builders.post(api.store, posting)
    await builders.offer(api.store, posting, [profile])
    await builders.accept(api.store, posting, profile)


async def keys_naming(store: Store, id_: str) -> set[bytes]:
    """Keys that name the id, in themselves or in what they hold; events and the audit log may."""
    told = {store.key(name).encode() for name in ("events", "audit_log")}
    everything = await builders.dump(store)
    return {k for k, v in everything.items() if k not in told and id_.encode() in k + repr(v).encode()}


async def test_people_see_their_own_and_staff_say_why(api: Api) -> None:
    ann, clerk = await api.token("worker", "p_ann"), await api.token("clerk", "c1")
    own = await api.get("/v1/profiles/p_ann/person", token=ann)
    assert own.data == {
        "profile": "p_ann",
        "name": "虚构安",
        "telephone": "13800000001",
        "id_number": "110101**********37",
        "consent": ANN.consent,
    }
    assert (await api.get("/v1/profiles/p_ann/person", token=clerk)).code == "bad_field"
    seen = await api.get("/v1/profiles/p_ann/person?reason=本人来电核对", token=clerk)
    assert seen.data["name"] == "虚构安"
    told = await audit_lines(api.store)
    assert ("clerk:c1", "get_person", "p_ann", "本人来电核对") in told
    assert ("worker:p_ann", "get_person", "p_ann", "") in told


async def test_telephones_are_masked_until_both_sides_have_confirmed(api: Api) -> None:
    await seated(api, "j1", "p_ann")
    ann, firm = await api.token("worker", "p_ann"), await api.token("employer", builders.EMPLOYER)
    before = (await api.get("/v1/assignments/j1:p_ann/contact", token=firm)).data
    assert (before["confirmed"], before["worker"], before["worker_telephone"]) == (False, "虚**", "138****0001")
    await api.store.confirm("j1", "p_ann")
    after = (await api.get("/v1/assignments/j1:p_ann/contact", token=firm)).data
    assert (after["confirmed"], after["worker"], after["worker_telephone"]) == (True, "虚构安", "13800000001")
    own = (await api.get("/v1/assignments/j1:p_ann/contact", token=ann)).data
    assert (own["employer"], own["worker_telephone"]) == (builders.employer().name, "")
    assert (await api.get("/v1/assignments/j1:bob/contact", token=firm)).code == "no_assignment"


async def test_a_copy_has_everything(api: Api) -> None:
    await seated(api, "j1", "p_ann")
    copy = (await api.get("/v1/profiles/p_ann/copy", token=await api.token("worker", "p_ann"))).data
    assert copy["person"]["id_number"] == "110101199001011237"
    assert copy["profile"]["profile"]["trades"] == list(builders.profile().trades)
    assert copy["entries"]["j1"]["assignment"] == "seated"
    assert [message["kind"] for message in copy["messages"]] == ["seated"]


async def test_an_erased_person_leaves_nothing_that_leads_back(api: Api) -> None:
    store, ann = api.store, await api.token("worker", "p_ann")
    start_ms = await builders.market_now_ms(store) + 3 * HOUR_MS
    await builders.post(store, "j0", start_ms=start_ms, end_ms=start_ms + HOUR_MS, valid_until_ms=start_ms)
    await builders.offer(store, "j0", ["p_ann"])
    await builders.accept(store, "j0", "p_ann")
    await store.release("j0", "p_ann", "worker")
    await store.call("appeal", "profile", "p_ann", "late_release.j0", "病了")
    await builders.register(store, "bob")
    await store.form_crew("c1", "p_ann", ["bob"])
    await builders.post(store, "j1", headcount=2)
    await builders.offer(store, "j1", ["p_ann"])
    await store.block(builders.EMPLOYER, "p_ann", "worker", True)
    reply = await api.send("DELETE", "/v1/profiles/p_ann", None, token=ann)
    assert reply.data == {"profile": "p_ann", "erased": True, "waits": ""}
    assert await keys_naming(store, "p_ann") == {store.key("offers", posting).encode() for posting in ("j0", "j1")}
    assert (await api.get("/v1/profiles/p_ann", token=ann)).code == "bad_token"
    assert (await audit(store)).ok
    vault = api.app[VAULT]
    marks = person_marks(ANN, vault)
    assert await store.marked(marks[-1]) == []
    again = await store.register("new", builders.profile(), vault.seal(ANN), builders.vector(), "", marks=marks)
    assert again.v == 1
    assert await store.commands.zcard(store.key("erased_marks")) == 0  # they have come back by themselves


async def test_erasing_waits_for_seats_and_wages(api: Api) -> None:
    store, ann = api.store, await api.token("worker", "p_ann")
    await seated(api, "j1", "p_ann")
    reply = await api.send("DELETE", "/v1/profiles/p_ann", None, token=ann)
    assert (reply.data["erased"], "工钱" in reply.data["waits"]) == (False, True)
    assert (await store.profile("p_ann")).withdrawn_ms
    assert await retention.erase_what_waited(store) == 0
    await move_clock(store, (await store.posting("j1")).start_ms - await store.now_ms() - HOUR_MS)
    await store.check_in("j1", "p_ann")
    await move_clock(store, 30 * HOUR_MS)
    await store.done("j1", "p_ann")
    assert await retention.erase_what_waited(store) == 0
    await store.paid("j1", "p_ann")
    assert await retention.erase_what_waited(store) == 1
    assert await store.count("profile") == 0
    assert (await audit_lines(store))[-1] == ("retention", "erase_profile", "p_ann", "本人要求删除,事情已办完")
    assert (await audit(store)).ok


async def test_who_has_not_been_here_for_long_is_erased_once_a_day(store: Store) -> None:
    await builders.register(store, "p_ann")
    now_ms = await builders.market_now_ms(store)
    assert await retention.begins_day(store, now_ms)
    assert await retention.erase_unused(store, now_ms) == 0
    assert not await retention.begins_day(store, now_ms + 1)
    await move_clock(store, 731 * DAY_MS)
    await builders.register(store, "bob")
    now_ms = await builders.market_now_ms(store)
    assert await retention.begins_day(store, now_ms)
    assert await retention.erase_unused(store, now_ms) == 1
    assert await store.ids("profile") == ["bob"]
    assert await audit_lines(store) == [("retention", "erase_profile", "p_ann", "保存期满")]


async def test_who_was_erased_is_remembered_for_a_year(api: Api) -> None:
    store, marks = api.store, person_marks(ANN, api.app[VAULT])
    await store.erase("p_ann")
    now_ms = await store.now_ms()
    assert await retention.forget_erased(store, now_ms + 365 * DAY_MS) == 0
    listed = ("x", builders.profile(), b"", builders.vector(), "", "", marks)
    name, args = store.register_call(*listed, listed=True)
    await builders.refused(store, "erased", store.call(name, *args))
    assert await retention.forget_erased(store, now_ms + 367 * DAY_MS) == 2
    assert await store.commands.zcard(store.key("erased_marks")) == 0


def first_child(pid: int) -> int:
    """The first process that another one starts, once it has."""
    while not (children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        time.sleep(0.01)
    return int(children[0])


async def test_a_rewrite_that_failed_is_tried_again() -> None:
    with running_valkey() as server:
        store = Store(server.url, new_market())
        try:
            await store.load()
            await builders.register(store, "p_ann", "bob")
            await store.erase("p_ann")
            await store.commands.config_set("rdb-key-save-delay", 1_000_000)  # us a key: time to be killed
            rewriting = asyncio.create_task(retention.rewrite(store))
            pid = (await store.commands.info("server"))["process_id"]
            os.kill(await asyncio.to_thread(first_child, pid), signal.SIGKILL)
            assert not await rewriting
            await store.commands.config_set("rdb-key-save-delay", 0)
            assert await retention.rewrite(store)
            assert not await retention.rewrite(store)
        finally:
            await store.close()


async def test_the_file_is_rewritten_after_an_erasure() -> None:
    sealed = b"sealed bytes that only one person has"

    def holds_them(folder: Path) -> bool:
        return any(sealed in path.read_bytes() for path in folder.rglob("*") if path.is_file())

    with running_valkey() as server:
        store = Store(server.url, new_market())
        try:
            await store.load()
            await store.register("p_ann", builders.profile(), sealed, builders.vector(), builders.MODEL)
            assert not await retention.rewrite(store)
            assert holds_them(server.data_dir)
            await store.erase("p_ann")
            assert await retention.rewrite(store)
            assert not holds_them(server.data_dir)
            assert not await retention.rewrite(store)
        finally:
            await store.close()
