"""A real award of each mode, explained: every place follows from what was published, and what was bent is found."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
from msgspec import structs

from matcher import questions
from matcher.browse import Desk
from matcher.explain import Explanation, circle, explained, lines, own_words
from matcher.model import HOUR_MS, Entry, Reason
from matcher.questions import WhyAnswer
from matcher.score import Weights
from matcher.settings import Settings
from matcher.store import Store
from server.explaining import explain
from tests import builders
from tests.api import plain, prepared, running
from tests.conftest import move_clock
from tests.memory import rebuilt
from tests.test_dispatch import matcher, until_event

ZONE_MS = 8 * HOUR_MS
PEOPLE = [f"p{n}" for n in range(6)]


async def awarded(store: Store, award: str) -> None:
    """Six are asked for three seats; one says no, four yes; the award is made."""
    await builders.in_play(store, "j", PEOPLE, headcount=3, award=award)
    await store.decline("j", PEOPLE[5], 1, "太远")
    await builders.accept(store, "j", *PEOPLE[:4])
    await move_clock(store, 31_000)
    await store.sweep()


async def told(store: Store) -> Explanation:
    return explained(await store.posting("j"), await store.entries("j"))


@pytest.mark.parametrize("award", ["fair", "instant"])
async def test_an_award_follows_from_what_was_published(market: Store, award: str) -> None:
    await awarded(market, award)
    story = await told(market)
    assert story.faults == []
    assert (story.taken, story.rounds) == (3, 1 if award == "fair" else 0)
    assert [p.acceptance for p in story.order] == ["seated"] * 3 + ["standby"]
    (wave,) = story.waves
    assert [a.profile for a in wave.asked] == PEOPLE
    text = "\n".join(lines(story, ZONE_MS))
    assert story.commitment in text or award == "instant"
    assert ("已用公布的种子重算:承诺、每个签和每个名次都一致" in text) == (award == "fair")
    assert text.count("录用") >= 3
    assert "p5" in text
    assert "不去" in text


async def test_a_bent_award_is_found(market: Store) -> None:
    await awarded(market, "fair")
    record, entries = await market.posting("j"), await market.entries("j")
    first, second = sorted((e.order or 0, p) for p, e in entries.items() if e.order)[:2]
    swapped = entries | {
        first[1]: structs.replace(entries[first[1]], order=second[0]),
        second[1]: structs.replace(entries[second[1]], order=first[0]),
    }
    assert any("stands before" in fault for fault in explained(record, swapped).faults)
    forged = entries | {first[1]: structs.replace(entries[first[1]], ticket="0" * 40)}
    assert any("ticket" in fault for fault in explained(record, forged).faults)
    other_seed = structs.replace(record, seed="ab" * 32)
    assert any("commitment" in fault for fault in explained(other_seed, entries).faults)
    assert "不一致" in "\n".join(lines(explained(record, forged), ZONE_MS))


async def test_who_came_first_is_seated_first(market: Store) -> None:
    await awarded(market, "instant")
    record, entries = await market.posting("j"), await market.entries("j")
    late = structs.replace(entries["p0"], answered_ms=(entries["p0"].answered_ms or 0) + HOUR_MS)
    assert explained(record, entries | {"p0": late}).faults


async def test_a_posting_that_nobody_has_accepted(market: Store) -> None:
    await builders.post(market, "j")
    text = "\n".join(lines(await told(market), ZONE_MS))
    assert "还没有人接单" in text


@pytest.mark.parametrize(("within_m", "words"), [(0, "大厅"), (3_000, "3公里内"), (60_000, "全市")])
def test_circles_in_words(within_m: int, words: str) -> None:
    assert circle(within_m) == words


def test_what_a_worker_is_told_about_themselves() -> None:
    entry = Entry(offer="expired", wave=2, terms=1, offered_ms=0, deadline_ms=0, rank=3, within_m=6_000)
    out = WhyAnswer(
        excluded=[Reason("pay", "工钱低于期望"), Reason("place", "离得太远")], rank=None, among=9, before=[]
    )
    waits = WhyAnswer(excluded=[], rank=12, among=40, before=[Reason("near", "离得更近")])
    assert own_words(entry, waits) == "第2批问过你,先问6公里内的人,你排第3位;你没来得及答复"
    assert own_words(None, out) == "没有问你,因为:工钱低于期望;离得太远"
    assert own_words(None, waits) == "还没有问到你:合适的40人里你排第12位,前面的人多半离得更近"


async def test_the_command_prints_it_and_its_status_tells(
    market: Store, valkey_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await awarded(market, "fair")
    settings = Settings(redis_url=valkey_url, market=market.market)
    out = io.StringIO()
    assert await asyncio.to_thread(explain, settings, "j", "", out, as_json=False) == 0
    assert "一致" in out.getvalue()
    as_json = io.StringIO()
    assert await asyncio.to_thread(explain, settings, "j", "", as_json, as_json=True) == 0
    assert json.loads(as_json.getvalue())["explanation"]["faults"] == []
    await market.commands.hset(market.key("posting", "j"), "seed", "ab" * 32)
    assert await asyncio.to_thread(explain, settings, "j", "", io.StringIO(), as_json=False) == 1


async def test_over_http_clerks_see_it_all_and_workers_themselves(market: Store, tmp_path: Path) -> None:
    await prepared(market)
    await builders.register(market, *PEOPLE)
    await builders.register(market, "out", pay=builders.Pay(fen=9_000))
    async with running(market, tmp_path) as api, matcher(market) as dispatcher:
        clerk, out, asked = await api.token("clerk"), await api.worker("out"), await api.worker("p1")
        doc = builders.posting(await builders.market_now_ms(market), headcount=1)
        end, _ = await market.stream_end()
        await api.post("/v1/postings", {"posting": plain(doc), "id": "j"}, token=clerk)
        await until_event(market, "posting.offered", end)
        assert (await api.get("/v1/today", token=asked)).code == "no_matcher", "nobody answers questions yet"

        desk = Desk(dispatcher.memory, Weights(), dispatcher.now_ms)
        answering = asyncio.create_task(questions.answer_questions(market, desk.answer))
        async with asyncio.timeout(10):
            while (await market.commands.pubsub_numsub(market.key(questions.CHANNEL)))[0][1] == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        whole = (await api.get("/v1/postings/j/explanation", token=clerk)).data
        assert {a["profile"] for a in whole["waves"][0]["asked"]} == set(PEOPLE)
        assert (await api.get("/v1/postings/j/explanation", token=asked)).code == "forbidden"
        mine = (await api.get("/v1/postings/j/why", token=asked)).data
        assert (mine["wave"], mine["offer"]) == (1, "open")
        assert mine["words"].startswith("第1批问过你")
        theirs = (await api.get("/v1/postings/j/why", token=out)).data
        assert [r["code"] for r in theirs["excluded"]] == ["pay"]
        assert theirs["words"] == "没有问你,因为:工钱低于期望"
        assert not any(p in json.dumps(theirs) for p in PEOPLE), "nothing about anybody else"
        assert (await api.get("/v1/postings/j/why?profile=p1", token=out)).code == "forbidden"
        assert (await api.get("/v1/postings/j/why?profile=out", token=clerk)).data["excluded"] == theirs["excluded"]
        assert (await api.get("/v1/postings/nothing/why", token=out)).code == "no_posting"

        today = (await api.get("/v1/today", token=asked)).data
        assert [f["posting"]["id"] for f in today["fits"]] == ["j"]
        assert [r["code"] for r in today["fits"][0]["waits"]] == ["not_asked"]
        assert not today["fits"][0]["favourite"]
        many = (await api.post("/v1/postings/outlook", {"posting": plain(doc)}, token=clerk)).data
        assert many["people"] == 6
        assert many["words"].startswith("现在有6人合适,约")
        await market.put_employer("liked", builders.employer())
        await builders.post(market, "k", employer="liked", headcount=1)
        async with asyncio.timeout(10):
            while len(fits := (await api.get("/v1/today", token=asked)).data["fits"]) < 2:  # noqa: ASYNC110 - only asked
                await asyncio.sleep(0.01)
        last = fits[-1]["posting"]["id"]
        path = f"/v1/profiles/p1/favourites/{'liked' if last == 'k' else builders.EMPLOYER}"
        assert (await api.put(path, {}, token=out)).code == "forbidden"
        assert (await api.put(path, {}, token=asked)).status == 200
        fits = (await api.get("/v1/today", token=asked)).data["fits"]
        assert [(f["posting"]["id"] == last, f["favourite"]) for f in fits] == [(True, True), (False, False)]
        known = (await api.get("/v1/profiles/p1/employers", token=asked)).data["employers"]
        assert [e["favourite"] for e in known] == [True]
        answering.cancel()
        await asyncio.wait([answering])


async def test_how_somebody_stands_follows_their_changes(market: Store) -> None:
    await builders.register(market, "p0")
    await builders.post(market, "j", headcount=1)
    memory = await rebuilt(market)
    now_ms = await market.now_ms()
    desk = Desk(memory, Weights(), lambda: now_ms)
    assert (await desk.why(questions.Why("j", "p0"))).rank == 1
    await market.pause("p0", True)
    await memory.apply(await market.changes(memory.stream_id))
    assert [r.code for r in (await desk.why(questions.Why("j", "p0"))).excluded] == ["paused"]
