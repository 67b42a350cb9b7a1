"""The audit: zeros over a busy market, and every kind of fault found when it is planted in a real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from loadtest.audit import audit, read_clients, report_lines
from loadtest.audit_checks import FAULTS, ClientRecord
from matcher import codec
from matcher.model import HOUR_MS
from matcher.store import Store
from tests.builders import accept, in_play, offer, post, register, set_counts
from tests.conftest import move_clock


async def busy_market(store: Store) -> list[ClientRecord]:
    """Every state of the tables at least touched; returns what the clients were told."""
    told = []
    await in_play(store, "p-work", ["ann", "bob", "cat", "dan", "eve"], starts_in_ms=3 * HOUR_MS)
    await store.decline("p-work", "dan", 1, "太远")
    told.append(ClientRecord(operation="decline", posting="p-work", profile="dan", terms=1))
    for who in ("ann", "bob", "cat"):
        (done,) = await accept(store, "p-work", who)
        told.append(
            ClientRecord(
                operation="accept", posting="p-work", profile=who, answer=done.acceptance or "", terms=1, v=done.v
            )
        )
    await store.confirm("p-work", "ann")
    await store.release("p-work", "bob", "worker")
    told.append(ClientRecord(operation="release", posting="p-work", profile="bob"))
    await post(store, "p-fair", award="fair", headcount=1, starts_in_ms=30 * HOUR_MS)
    await offer(store, "p-fair", ["ann", "bob", "cat"])
    await accept(store, "p-fair", "ann", "bob")
    told.append(ClientRecord(operation="accept", posting="p-fair", profile="bob", answer="waiting", terms=1))
    await move_clock(store, 31_000)
    await store.sweep()
    await post(store, "p-gone", starts_in_ms=60 * HOUR_MS)
    await store.withdraw("p-gone")
    told.append(ClientRecord(operation="withdraw", posting="p-gone", answer="withdrawn"))
    await move_clock(store, 3 * HOUR_MS)
    await store.sweep()
    for step in (store.check_in, store.done, store.paid):
        answer = await step("p-work", "ann")
        told.append(
            ClientRecord(operation=step.__name__, posting="p-work", profile="ann", answer=answer.assignment or "")
        )
    told.append(ClientRecord(operation="register", profile="ann", v=1))
    return told


async def test_a_clean_market_gives_zeros(store: Store) -> None:
    told = await busy_market(store)
    report = await audit(store, told)
    assert report.counts() == dict.fromkeys(FAULTS, 0), report.examples
    assert report.ok
    assert report.records["profile"] == 5
    assert report.records["posting"] == 3
    assert report.records["seated"] == 3
    assert report_lines(report)[-1] == "ok"


async def test_an_empty_market_gives_zeros(store: Store) -> None:
    report = await audit(store)
    assert report.ok
    assert set(report.records.values()) == {0}


async def edit_entry(store: Store, posting: str, who: str, **over: object) -> None:
    """Writes into an entry behind the functions' back."""
    key = store.key("offers", posting)
    entry = codec.unpack(await store.commands.hget(key, who))
    await store.commands.hset(key, who, codec.pack(entry | over))


async def overlapping_seats(store: Store) -> None:
    await in_play(store, "p-one", ["ann"])
    await accept(store, "p-one", "ann")
    await store.commands.hdel(store.key("calendar", "ann"), "p-one")
    await in_play(store, "p-two", ["ann"])
    await accept(store, "p-two", "ann")
    await store.commands.hset(
        store.key("calendar", "ann"), "p-one", b"%d %d" % await times(store, "p-one")
    )  # so that only the entries tell


async def times(store: Store, posting: str) -> tuple[int, int]:
    record = await store.posting(posting)
    return record.start_ms, record.end_ms


async def seated_one(store: Store) -> None:
    await in_play(store, "p-one", ["ann", "bob", "cat"])
    await accept(store, "p-one", "ann")


async def calendar_forgets(store: Store) -> None:
    await seated_one(store)
    await store.commands.delete(store.key("calendar", "ann"))


async def calendar_invents(store: Store) -> None:
    await seated_one(store)
    await store.commands.hset(store.key("calendar", "bob"), "p-one", "1 2")


async def one_seat_too_many(store: Store) -> None:
    await seated_one(store)
    await accept(store, "p-one", "bob", "cat")  # two seats, cat stands by
    await edit_entry(store, "p-one", "cat", acceptance="seated", assignment="seated")
    await store.commands.hset(store.key("calendar", "cat"), "p-one", b"%d %d" % await times(store, "p-one"))


async def wrong_counter(store: Store) -> None:
    await seated_one(store)
    p = await store.posting("p-one")
    await set_counts(store, "p-one", open_offers=p.open_offers + 1)


async def unknown_posting_state(store: Store) -> None:
    await seated_one(store)
    await store.commands.hset(store.key("posting", "p-one"), "state", "paused")


async def filled_with_open_seats(store: Store) -> None:
    await seated_one(store)
    await store.commands.hset(store.key("posting", "p-one"), "state", "filled")
    await store.commands.smove(store.key("in", "open"), store.key("in", "filled"), "p-one")


async def unknown_entry_state(store: Store) -> None:
    await seated_one(store)
    await edit_entry(store, "p-one", "ann", assignment="asleep")


async def seat_without_acceptance(store: Store) -> None:
    await seated_one(store)
    await edit_entry(store, "p-one", "ann", offer="expired")


async def stranger_in_the_list(store: Store) -> None:
    await seated_one(store)
    await store.commands.zadd(store.key("queue", "p-one"), {"bob": 9})


async def offer_of_a_closed_posting(store: Store) -> None:
    await seated_one(store)
    await store.close_posting("p-one")
    await edit_entry(store, "p-one", "bob", offer="open")


async def listed_in_two_states(store: Store) -> None:
    await seated_one(store)
    await store.commands.sadd(store.key("in", "filled"), "p-one")


async def forgotten_live_offer(store: Store) -> None:
    await seated_one(store)
    await store.commands.delete(store.key("live", "bob"))


async def record_ahead_of_its_events(store: Store) -> None:
    await seated_one(store)
    p = await store.posting("p-one")
    await set_counts(store, "p-one", v=p.v + 1)


async def event_missing(store: Store) -> None:
    await seated_one(store)
    rows = await store.commands.xrange(store.key("events"))
    (sid,) = [sid for sid, fields in rows if fields[b"kind"] == b"posting.offered"]
    await store.commands.xdel(store.key("events"), sid)


async def event_twice(store: Store) -> None:
    await seated_one(store)
    last = await store.commands.xrevrange(store.key("events"), count=1)
    await store.commands.xadd(store.key("events"), last[0][1])


@dataclass
class Planted:
    """A fault, how to plant it and under which count it must appear."""

    fault: str
    plant: Callable[[Store], Awaitable[None]]


PLANTED = [
    Planted("double_booked", overlapping_seats),
    Planted("double_booked", calendar_forgets),
    Planted("double_booked", calendar_invents),
    Planted("overfilled", one_seat_too_many),
    Planted("overfilled", wrong_counter),
    Planted("illegal_states", unknown_posting_state),
    Planted("illegal_states", filled_with_open_seats),
    Planted("illegal_states", unknown_entry_state),
    Planted("illegal_states", seat_without_acceptance),
    Planted("illegal_states", stranger_in_the_list),
    Planted("illegal_states", offer_of_a_closed_posting),
    Planted("illegal_states", listed_in_two_states),
    Planted("illegal_states", forgotten_live_offer),
    Planted("version_gaps", record_ahead_of_its_events),
    Planted("version_gaps", event_missing),
    Planted("version_gaps", event_twice),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.plant.__name__)
async def test_a_planted_fault_is_found(store: Store, planted: Planted) -> None:
    await planted.plant(store)
    report = await audit(store)
    assert getattr(report, planted.fault) > 0
    assert report.examples[planted.fault]
    assert not report.ok
    assert report_lines(report)[-1] == "NOT OK"


def told(operation: str, **over: object) -> ClientRecord:
    """An acknowledgement for ann at p-one that the store does not bear out."""
    return ClientRecord(**{"operation": operation, "posting": "p-one", "profile": "ann", **over})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [
        told("accept", profile="nobody", answer="seated"),
        told("accept", profile="bob", answer="standby", terms=1),
        told("accept", answer="passed_over"),
        told("accept", posting="p-unknown", answer="seated"),
        told("confirm", answer="confirmed"),
        told("release"),
        told("decline"),
        told("withdraw_acceptance"),
        told("close", profile="", answer="closed"),
        told("post", posting="p-unknown", profile=""),
        told("post", profile="", v=99),
        told("register", posting="", profile="nobody"),
        told("amend_profile", posting="", v=2),
    ],
    ids=lambda r: f"{r.operation}-{r.posting}-{r.profile}",
)
async def test_what_was_acknowledged_and_is_not_there_is_lost(store: Store, record: ClientRecord) -> None:
    await seated_one(store)
    report = await audit(store, [record])
    assert report.lost == (2 if record.posting == "p-unknown" and record.profile else 1), report.examples
    assert report.illegal_states == report.overfilled == report.double_booked == report.version_gaps == 0


async def test_what_followed_from_the_answer_is_not_lost(store: Store) -> None:
    await seated_one(store)
    assert (await audit(store, [told("accept", answer="standby"), told("review", answer="open")])).lost == 0


async def test_a_lost_entry_is_found_by_its_client_alone(store: Store) -> None:
    """Even a store that is consistent in itself is found out when it forgets what it acknowledged."""
    await register(store, "ann")
    report = await audit(store, [told("accept", answer="waiting", terms=1)])
    assert report.lost == 2  # neither the posting nor the entry
    assert not report.ok


async def test_an_answer_under_older_terms_is_not_missed(store: Store) -> None:
    await seated_one(store)
    await edit_entry(store, "p-one", "bob", terms=2)
    assert (await audit(store, [told("accept", profile="bob", answer="standby", terms=1)])).lost == 0


async def test_a_trimmed_stream_is_checked_from_where_it_begins(store: Store) -> None:
    await busy_market(store)
    await store.commands.xtrim(store.key("events"), maxlen=5, approximate=False)
    assert (await audit(store)).ok
    await store.commands.xtrim(store.key("events"), maxlen=0, approximate=False)
    assert (await audit(store)).ok


async def test_examples_are_bounded_and_counts_are_not(store: Store) -> None:
    await register(store, *(f"w{n}" for n in range(25)))
    for n in range(25):
        await store.commands.hset(store.key("profile", f"w{n}"), "presence", "asleep")
    report = await audit(store)
    assert report.illegal_states == 25
    assert len(report.examples["illegal_states"]) == 10


def test_client_records_are_read_from_lines() -> None:
    line = '{"operation":"accept","posting":"p","profile":"w","answer":"seated","terms":1,"v":4,"at_ms":5}'
    assert list(read_clients([line, "", "\n"])) == [
        ClientRecord(operation="accept", posting="p", profile="w", answer="seated", terms=1, v=4, at_ms=5)
    ]
