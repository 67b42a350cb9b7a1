"""What ended offers teach: shrinkage from the table, margins, forgetting, and learning anew from the records."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from matcher import snapshot
from matcher.model import DAY_MS, HOUR_MS, Entry
from matcher.rates import LEARNED_DAYS, LEAST, MOST, PRIOR_ANSWERED, PRIOR_RATE, Rates
from matcher.store import Store
from tests import builders
from tests.conftest import move_clock
from tests.memory import empty, rebuilt
from tests.test_rules import NOON_MS

ZONE_MS = 8 * HOUR_MS
NOON = 12


def entry(offer: str, took_s: float = 30, **over: object) -> Entry:
    answered = NOON_MS + int(took_s * 1000) if offer in ("accepted", "declined") else None
    known = Entry(offer=offer, wave=1, terms=1, offered_ms=NOON_MS, deadline_ms=NOON_MS, answered_ms=answered)  # type: ignore[arg-type]
    return structs.replace(known, **over)


def learned(*entries: Entry, trade: str = "porter") -> Rates:
    rates = Rates(ZONE_MS)
    for one in entries:
        rates.learn(trade, NOON_MS + DAY_MS, None, one)
    return rates


def test_before_anything_is_seen_the_table_counts() -> None:
    rates = Rates(ZONE_MS)
    assert [rates.yes(channel, "porter", NOON) for channel in PRIOR_RATE] == pytest.approx(list(PRIOR_RATE.values()))
    assert rates.answered("sms") == pytest.approx(PRIOR_ANSWERED["sms"])
    assert rates.usual_yes("porter", NOON) == 0.3


def test_what_is_seen_often_outweighs_the_table() -> None:
    rates = learned(*[entry("accepted")] * 900, *[entry("declined")] * 100)
    assert 0.85 < rates.yes("inbox", "porter", NOON) < 0.91
    assert 0.3 < rates.yes("inbox", "welder", 3) < 0.9, "another trade leans on the channel"
    assert rates.yes("sms", "porter", NOON) == pytest.approx(PRIOR_RATE["sms"]), "another channel is not concerned"


def test_whoever_asked_for_the_offer_teaches_nothing() -> None:
    assert learned(*[entry("accepted", wished=True)] * 900).counts() == {}


def test_a_few_offers_move_little() -> None:
    assert abs(learned(*[entry("declined")] * 3).yes("inbox", "porter", NOON) - 0.3) < 0.08


def test_trade_and_hour_count_together_where_both_were_seen_apart() -> None:
    night = NOON_MS - 9 * HOUR_MS
    rates = learned(*[entry("declined", offered_ms=night, answered_ms=night + 1_000)] * 300)
    for _ in range(300):
        rates.learn("cleaner", NOON_MS + DAY_MS, None, entry("accepted"))
    assert rates.yes("inbox", "porter", 3) < rates.yes("inbox", "cleaner", 3) < rates.yes("inbox", "cleaner", NOON)


def test_open_and_withdrawn_offers_teach_nothing() -> None:
    assert learned(entry("open"), entry("withdrawn")).counts() == {}


def test_the_time_until_a_yes() -> None:
    rates = learned(*[entry("accepted", 10)] * 4_000)
    assert 10 <= rates.answer_s("inbox") < 11
    assert rates.answer_s("call") == pytest.approx(300)


ENTRIES = st.builds(
    entry,
    st.sampled_from(["open", "accepted", "declined", "expired", "withdrawn"]),
    st.floats(0, 1_000),
    channel=st.sampled_from(list(PRIOR_RATE)),
)


@given(st.lists(ENTRIES, max_size=30))
def test_a_corrected_entry_leaves_no_trace(entries: list[Entry]) -> None:
    rates = Rates(ZONE_MS)
    before: Entry | None = None
    for one in entries:
        rates.learn("porter", NOON_MS + DAY_MS, before, one)
        before = one
    assert rates.counts() == learned(*entries[-1:]).counts()


@given(st.lists(ENTRIES, max_size=60), st.sampled_from(list(PRIOR_RATE)), st.integers(0, 23))
def test_a_rate_is_a_chance(entries: list[Entry], channel: str, hour: int) -> None:
    assert LEAST <= learned(*entries).yes(channel, "porter", hour) <= MOST  # type: ignore[arg-type]


def test_what_left_memory_is_forgotten_after_two_weeks() -> None:
    rates, end_ms = learned(entry("accepted")), NOON_MS + DAY_MS
    rates.keep("porter", end_ms, [entry("accepted")])
    rates.forget_before(end_ms, end_ms + DAY_MS)
    rates.learn("porter", end_ms, None, entry("accepted"))
    assert rates.counts()[("inbox", "", -1)][0] == 1, "it is not learned twice"
    rates.forget_before(end_ms, end_ms + (LEARNED_DAYS + 1) * DAY_MS)
    assert rates.counts() == {}


async def past_work(store: Store, id_: str) -> None:
    """A shift of three people of whom one said yes, over for two days."""
    await builders.in_play(store, id_, [f"{id_}-{n}" for n in range(3)], headcount=1)
    await builders.accept(store, id_, f"{id_}-0")
    await store.decline(id_, f"{id_}-1", 1)


@pytest.mark.parametrize("saved_before", [True, False])
async def test_rates_follow_from_the_records_and_outlast_memory(
    market: Store, tmp_path: Path, saved_before: bool
) -> None:
    await past_work(market, "j1")
    memory = await rebuilt(market)
    seen = memory.rates.counts()
    assert seen[("inbox", "porter", -1)][:3] == [2, 2, 1]
    ended = (await market.posting("j1")).end_ms + 2 * DAY_MS
    if saved_before:
        await snapshot.save(memory, tmp_path / "s")
    memory.forget_ended(ended)
    assert "j1" not in memory.postings
    assert memory.rates.counts() == seen
    if not saved_before:
        await snapshot.save(memory, tmp_path / "s")
    again = empty(market)
    assert await snapshot.load(again, tmp_path / "s")
    assert again.rates.counts() == seen, "neither lost nor learned twice"


async def test_a_matcher_without_a_snapshot_learns_from_postings_that_are_over(market: Store) -> None:
    await past_work(market, "j1")
    await move_clock(market, 0)
    doc = builders.posting(await builders.market_now_ms(market))
    long_ago = doc.start_ms - 3 * DAY_MS
    await builders.set_counts(market, "j1", end_ms=long_ago)
    memory = await rebuilt(market)
    assert "j1" not in memory.postings
    assert memory.rates.counts()[("inbox", "porter", -1)][:3] == [2, 2, 1]
