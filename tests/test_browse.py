"""The other way round: what one person can do, what is missing, how many fit; always as the rules of a wave say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from loadtest import population
from loadtest.bench import memories, open_postings
from loadtest.population import NOON_MS
from matcher import missing, plan, process, questions, score, search, waves
from matcher.ask import Ask, ask_of, terms_at, terms_of
from matcher.browse import AGES, BEFORE, CITY_M, OF_OFFERS, Desk
from matcher.errors import KuaizhaoError
from matcher.missing import MISSING
from matcher.model import DAY_MS, HOUR_MS, Block, Certificate, Entry, Pay, Place, PostingRecord, ProfileRecord, Tie
from matcher.questions import HowMany, Today, Why
from matcher.replica import HeldPosting, Replica
from matcher.rules import RULES
from matcher.score import Weights
from matcher.settings import Settings
from matcher.store import Store
from tests import builders
from tests.memory import answering

SEED = 17
CROWD = list(population.workers(300, SEED))
POSTINGS = open_postings.posting_records(40, SEED, open_postings.Kind(ages=True))


def desk_of(memory: Replica, now_ms: int = NOON_MS) -> Desk:
    return Desk(memory, Weights(), lambda: now_ms)


def town_hall(*people: ProfileRecord, postings: list[PostingRecord]) -> Replica:
    """A memory of these people and postings."""
    memory = memories.empty()
    for person in people:
        row = memory.columns.put(person)
        memory.index.put(row, builders.vector(row), population.MODEL)
    for posting in postings:
        memory.postings[posting.id] = HeldPosting(posting, builders.vector(7), 1)
    return memory


def offered(over: dict[str, object]) -> PostingRecord:
    """One open posting at HERE, tomorrow."""
    known = POSTINGS[0]
    doc = builders.posting(NOON_MS, starts_in_ms=20 * HOUR_MS, **over)
    times = {name: getattr(doc, name) for name in ("start_ms", "end_ms", "valid_until_ms")}
    return structs.replace(known, id="j", doc=doc, wave=0, headcount=doc.headcount, **times)


def worker(**over: object) -> ProfileRecord:
    return ProfileRecord(id="w", v=1, schema=1, doc=builders.profile(**over))


def at_noon(p: PostingRecord) -> Ask:
    """What the posting asks for, in the whole city."""
    return ask_of(p.id, p.doc, radius_m=CITY_M, asked=frozenset(), now_ms=NOON_MS, settings=memories.SETTINGS)


@settings(max_examples=30)
@given(st.sampled_from(CROWD), st.integers(0, 23), st.sets(st.integers(0, 39), max_size=5))
def test_what_one_person_can_do_is_what_the_rules_of_a_wave_say(
    person: ProfileRecord, hour: int, asked: set[int]
) -> None:
    now_ms = NOON_MS + hour * HOUR_MS
    memory = town_hall(person, postings=POSTINGS)
    for i in asked:
        entry = Entry(offer="declined", wave=1, terms=1, offered_ms=now_ms, deadline_ms=now_ms)
        memory.ledger.put(POSTINGS[i].id, person.id, entry, (0, 0, 0.0, 0.0))
    row = memory.columns.row_of[person.id]
    told = desk_of(memory, now_ms).today(Today(person.id, 1_000))
    fits, near = {f.posting: f for f in told.fits}, {o.posting: o for o in told.out_of_reach}
    for held in memory.postings.values():
        if held.record.start_ms <= now_ms:
            assert held.record.id not in fits
            continue
        ask = plan.question(memory, held, now_ms).ask.within(CITY_M)
        codes = [code for code, _ in search.excluded_by(memory.columns, ask, row)]
        able = [code for code in codes if code not in OF_OFFERS]
        assert (held.record.id in fits) == (not able)
        if held.record.id in fits:
            assert [r.code for r in fits[held.record.id].waits] == codes
            assert fits[held.record.id].reasons
        if held.record.id in near:
            assert {r.code for r in near[held.record.id].missing} <= set(able) <= set(MISSING)
            assert len({"age" if code in AGES else code for code in able}) == 1


@pytest.mark.parametrize(
    ("person", "asks", "words"),
    [
        ({}, {"certificates": ["forklift"]}, "差一个叉车证"),
        ({"certificates": [Certificate(kind="forklift", expires=date(2026, 1, 1))]}, {"certificates": ["forklift"]},
         "叉车证到期了"),
        ({"pay": Pay(fen=26_25)}, {}, "工资要求每天高10元"),
        ({"pay": Pay(fen=25_50)}, {"pay": Pay(fen=25_00)}, "工资要求每小时高0.5元"),
        ({"place": Place(lat=builders.HERE.lat + 13_000 / 111_195, lon=builders.HERE.lon)}, {}, "远了3公里"),
        ({"born": date(2009, 5, 1)}, {"age_min": 18}, "要18岁以上"),
        ({"born": date(1960, 5, 1)}, {"age_max": 60}, "要60岁以下"),
        ({"born": date(2009, 5, 1)}, {"hazards": ["heights"]}, "要18岁以上"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_missing_is_told_with_its_amount(
    person: dict[str, object], asks: dict[str, object], words: str
) -> None:
    memory = town_hall(worker(**person), postings=[offered(asks)])
    told = desk_of(memory).today(Today("w", 5))
    assert told.fits == []
    assert [r.words for o in told.out_of_reach for r in o.missing] == [words]


@pytest.mark.parametrize(
    ("person", "asks"),
    [
        ({"trades": ["cleaner"]}, {}),
        ({"pay": Pay(fen=9_000)}, {}),
        ({"place": Place(lat=builders.HERE.lat + 0.5, lon=builders.HERE.lon)}, {}),
        ({"pay": Pay(fen=2_600)}, {"certificates": ["forklift"]}),
    ],
)
def test_what_is_far_out_of_reach_is_not_shown(person: dict[str, object], asks: dict[str, object]) -> None:
    memory = town_hall(worker(**person), postings=[offered(asks)])
    told = desk_of(memory).today(Today("w", 5))
    assert (told.fits, told.out_of_reach) == ([], [])


def test_a_full_hand_of_offers_does_not_hide_the_work() -> None:
    memory = town_hall(structs.replace(worker(), paused=True), postings=[offered({})])
    (fit,) = desk_of(memory).today(Today("w", 5)).fits
    assert [r.code for r in fit.waits] == ["paused"]


def test_terms_compiled_together_are_those_of_each_at_that_moment() -> None:
    some, settings_, at_ms, chances = POSTINGS[:5], memories.SETTINGS, NOON_MS + 11 * HOUR_MS + DAY_MS, (0.2,) * 5
    together = terms_at([terms_of(p.doc, settings_) for p in some], 900, at_ms, settings_, chances)
    for i, p in enumerate(some):
        ask = ask_of(p.id, p.doc, radius_m=1, asked=frozenset(), now_ms=at_ms, settings=settings_, answers=chances)
        assert together[i] == ask.within(900).terms[0]
        assert (ask.terms["now_ms"], ask.terms["is_quiet"], ask.radius_m) == (at_ms, True, 1)
        assert ask.terms["answers"].tolist() == [[0.2] * 5]


def test_one_row_over_many_postings_scores_as_many_rows_over_one() -> None:
    memory = town_hall(*CROWD[:20], postings=POSTINGS)
    c, row = memory.columns, 3
    similarity = np.linspace(0, 1, len(POSTINGS), dtype=np.float32)
    asks = [at_noon(p) for p in POSTINGS]
    terms = np.concatenate([ask.terms for ask in asks])
    metres, totals = score.across(c.town(()), terms, Weights(), row, similarity)
    for i, ask in enumerate(asks):
        rows = np.array([row], dtype=np.int64)
        assert totals[i] == score.totals(c.town(()), ask, Weights(), rows, similarity[i : i + 1])[0]
        assert metres[i] == score.parts(c.town(()), ask, rows, similarity[i : i + 1]).metres[0]


def test_every_part_and_every_rule_has_its_words() -> None:
    assert set(BEFORE) == {part.name for part in score.PARTS}
    assert set(MISSING) | OF_OFFERS <= {rule.code for rule in RULES}
    assert missing.UNITS


async def test_how_many_fit_is_whom_a_wave_would_find() -> None:
    memory = town_hall(*CROWD, postings=[])
    for posting in POSTINGS[:10]:
        ask = at_noon(posting)
        found = await desk_of(memory).how_many(posting.doc)
        assert found.people == len(search.everybody(memory.columns, ask))
        assert found.asked <= min(found.people, waves.LARGEST_WAVE)
        assert (found.minutes is None) == (found.people * 0.3 < posting.doc.headcount - 0.5)


async def test_who_holds_an_offer_is_told_that_others_come_first() -> None:
    near = structs.replace(worker(), id="near")
    far = structs.replace(worker(place=Place(lat=builders.HERE.lat + 0.05, lon=builders.HERE.lon)), id="far")
    memory = town_hall(near, far, postings=[offered({})])
    memories.tell(memory, "near", memories.Told(live=1))
    told = await desk_of(memory).why(Why("j", "near"))
    assert (told.rank, told.among, told.before[0].code) == (2, 2, "spare")
    assert "没有待回复的派单" in told.before[0].words


async def test_how_somebody_stands() -> None:
    near = structs.replace(worker(), id="near", last_work_ms=NOON_MS - DAY_MS)
    far = structs.replace(
        worker(place=Place(lat=builders.HERE.lat + 0.05, lon=builders.HERE.lon)),
        id="far",
        last_work_ms=NOON_MS - DAY_MS,
    )
    dear = structs.replace(worker(pay=Pay(fen=5_000)), id="dear")
    memory = town_hall(near, far, dear, postings=[offered({})])
    for record in (near, far, dear):
        memory.index.put(memory.columns.row_of[record.id], builders.vector(7), population.MODEL)
    desk = desk_of(memory)
    first, second, out = [await desk.why(Why("j", who)) for who in ("near", "far", "dear")]
    assert (first.rank, first.among, first.before) == (1, 2, [])
    assert (second.rank, second.among) == (2, 2)
    assert "离得更近" in [r.words for r in second.before]
    assert (out.rank, [r.code for r in out.excluded]) == (None, ["pay"])
    with pytest.raises(KuaizhaoError, match="no_posting"):
        await desk.why(Why("nothing", "near"))
    with pytest.raises(KuaizhaoError, match="no_profile"):
        await desk.why(Why("j", "nobody"))


async def test_neither_side_is_told_of_a_block() -> None:
    memory = town_hall(worker(), postings=[offered({})])
    memory.ties.put(builders.EMPLOYER, "w", Tie(employer_block=Block(at_ms=NOON_MS)))
    desk = desk_of(memory)
    assert desk.today(Today("w", 5)).fits == []
    assert (await desk.why(Why("j", "w"))).excluded == []
    assert [r.code for r in (await desk.why(Why("j", "w", untold=True))).excluded] == ["not_blocked"]
    assert (await desk.how_many(offered({}).doc)).people == 0


# -- over the store ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def asked(market: Store) -> AsyncIterator[Store]:
    """A market whose matcher answers questions."""
    await builders.register(market, "w1", "w2")
    await builders.post(market, "j", headcount=1)
    async with answering(market):
        yield market


async def test_questions_are_answered_over_the_store(asked: Store) -> None:
    today, many, why = await asyncio.gather(
        questions.ask(asked, Today("w1", 5), questions.TodayAnswer),
        questions.ask(asked, HowMany((await asked.posting("j")).doc), questions.HowManyAnswer),
        questions.ask(asked, Why("j", "w2"), questions.WhyAnswer),
    )
    assert [f.posting for f in today.fits] == ["j"]
    assert (many.people, many.asked) == (2, 2)
    assert why.among == 2


async def test_a_refusal_comes_back_as_one(asked: Store) -> None:
    with pytest.raises(KuaizhaoError, match="no_profile"):
        await questions.ask(asked, Today("nobody", 5), questions.TodayAnswer)


async def test_what_cannot_be_read_is_passed_over(asked: Store) -> None:
    await asked.commands.publish(asked.key(questions.CHANNEL), b"\xc1 no question")
    assert await questions.ask(asked, Today("w1", 5), questions.TodayAnswer)


async def test_without_a_matcher_it_is_told_at_once(market: Store) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(KuaizhaoError, match="no_matcher"):
            await questions.ask(market, Today("w1", 5), questions.TodayAnswer, time_limit_s=60.0)


async def test_a_matcher_that_does_not_answer_in_time(market: Store) -> None:
    deaf = market.blocking.pubsub()
    await deaf.subscribe(market.key(questions.CHANNEL))
    await deaf.get_message(timeout=1)
    with pytest.raises(KuaizhaoError, match="no_matcher"):
        await questions.ask(market, Today("w1", 5), questions.TodayAnswer, time_limit_s=0.05)
    await deaf.aclose()


async def test_a_whole_matcher_answers_questions(market: Store, tmp_path: Path) -> None:
    await builders.register(market, "w1")
    await builders.post(market, "j", headcount=1)
    plan.warm()
    settings_ = Settings(market=market.market, data_dir=str(tmp_path))
    work = asyncio.create_task(process.serve_market(market, settings_))
    try:
        async with asyncio.timeout(10):
            while (await market.commands.pubsub_numsub(market.key(questions.CHANNEL)))[0][1] == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        today = await questions.ask(market, Today("w1", 5), questions.TodayAnswer)
        assert [f.posting for f in today.fits] == ["j"]
    finally:
        work.cancel()
        await asyncio.wait([work])
