"""What ends by itself: shifts that nobody marked, and postings of which the time to be kept is over."""

from __future__ import annotations

from msgspec import structs

from loadtest.audit import audit
from matcher.model import DAY_MS, HOUR_MS
from matcher.settings import MarketSettings
from matcher.store import Store
from tests.builders import SEED, accept, dump, in_play, market_now_ms, offer, post, posting, register, write
from tests.conftest import move_clock
from tests.memory import rebuilt
from tests.test_series import DAYS, seated

KEPT_MS = MarketSettings().history_kept_ms


async def swept(store: Store) -> None:
    """Everything that is due."""
    while (await store.sweep()).done:
        pass


async def test_a_shift_that_nobody_marked_counts_as_worked(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob", "cat"], headcount=3)
    await accept(store, "p", "ann", "bob", "cat")
    await store.confirm("p", "bob")
    await move_clock(store, 11 * HOUR_MS)
    await store.no_show("p", "cat")
    p = await store.posting("p")
    await move_clock(store, 6 * HOUR_MS + DAY_MS)
    await swept(store)
    assert (await store.entries("p"))["ann"].assignment == "seated"
    await move_clock(store, 2 * HOUR_MS)
    await swept(store)
    found = {who: (e.assignment, e.ended_by) for who, e in (await store.entries("p")).items()}
    assert found == {"ann": ("done", "unmarked"), "bob": ("done", "unmarked"), "cat": ("no_show", "employer")}
    record = await store.profile("ann")
    assert (record.done, record.last_work_ms) == (1, p.end_ms)
    assert (await store.messages("ann"))[-1].kind == "completed"
    assert (await store.paid("p", "ann")).assignment == "paid"
    assert (await audit(store)).ok


async def test_a_moved_shift_ends_by_itself_after_its_new_end(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    later = structs.replace(doc, start_ms=doc.start_ms + 2 * DAY_MS, end_ms=doc.end_ms + 2 * DAY_MS)
    await store.amend("p", write(later), material=True, warns=False)
    await store.reconsent("p", "ann", 2, True)
    await move_clock(store, 2 * DAY_MS)
    await swept(store)
    assert (await store.entries("p"))["ann"].assignment == "seated"


async def test_a_posting_is_forgotten_with_everything_that_hangs_on_it(store: Store) -> None:
    await register(store, "ann", "bob", "cat")
    before = set(await dump(store))
    await post(store, "p", award="fair", headcount=1)
    await offer(store, "p", ["ann", "bob", "cat"])
    await accept(store, "p", "ann", "bob")
    await move_clock(store, HOUR_MS)
    await swept(store)
    await move_clock(store, KEPT_MS)
    await swept(store)
    assert (await store.posting("p")).state == "expired"
    assert list(await store.calendar("ann")) or list(await store.calendar("bob"))
    await move_clock(store, DAY_MS)
    await swept(store)
    left = {key.decode().split(":", 1)[1] for key in set(await dump(store)) - before}
    gone = ("ids:posting", "in:", "postings_of:", "due", "live:", "mine:", "calendar:")
    assert not {key for key in left if key.endswith(":p") or key.startswith(gone)}
    assert await store.calendar("ann") == await store.calendar("bob") == {}
    assert (await audit(store)).ok
    memory = await rebuilt(store)
    assert memory.postings == {}


async def test_the_id_of_a_forgotten_posting_is_free_again(store: Store) -> None:
    await post(store, "p")
    await move_clock(store, KEPT_MS + 2 * DAY_MS)
    await swept(store)
    doc = posting(await market_now_ms(store))
    done = await store.post("p", write(doc), verdict="open", reason="", award="fair", seed=SEED)
    assert (done.v, done.replay) == (1, False)
    assert (await audit(store)).ok


async def test_the_days_of_a_series_are_forgotten_one_by_one(store: Store) -> None:
    await seated(store, "ann")
    ends = (await store.posting(DAYS[1])).end_ms
    await move_clock(store, ends + KEPT_MS - await market_now_ms(store) + HOUR_MS)
    await swept(store)
    assert [p.id for p in await store.series("s")] == ["d3"]
    assert (await audit(store)).ok
    await move_clock(store, 3 * DAY_MS)
    await swept(store)
    assert not await store.commands.exists(store.key("series", "s"))
    assert (await audit(store)).ok


async def test_the_sweep_forgets_a_bounded_number_at_once(store: Store) -> None:
    for n in range(6):
        await post(store, f"p{n}")
    await move_clock(store, 3 * DAY_MS)
    await swept(store)  # they have expired and completed
    await move_clock(store, KEPT_MS)
    assert [(await store.sweep(4)).done for _ in range(3)] == [4, 2, 0]
    assert await store.ids("posting") == []
