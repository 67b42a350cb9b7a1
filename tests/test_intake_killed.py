"""kill -9 at random points of an import, again and again: what is finished then is what an undisturbed import gives."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ingest.batches import Sealer
from matcher import codec, homes, records
from matcher.store import Store
from tests import killed
from tests.conftest import new_market
from tests.intake import POSTINGS, PROFILES, VAULT, posting_line, profile_line

KILLS = 20
PEOPLE = 900
SHIFTS = 60

pytestmark = pytest.mark.timeout(240)


def lists(folder: Path, now_ms: int, round_: int) -> list[tuple[str, str]]:
    """Two sites' lists; the second site has people and shifts of the first. In the second round rows have changed, are
    mended, and are gone."""
    pay, gone = ("200", 0) if round_ == 0 else ("230", 20)
    people = [profile_line(str(n), pay=pay if n % 10 else "") for n in range(gone, PEOPLE)]
    others = [profile_line(str(n)).replace(f"{n},", f"B{n},", 1) for n in range(400, 500)]
    shifts = [posting_line(str(n), now_ms, headcount=f"{2 + round_}人") for n in range(gone, SHIFTS)]
    again = [posting_line(str(n), now_ms).replace(f"{n},", f"B{n},", 1) for n in range(SHIFTS - 20, SHIFTS + 20)]
    written = []
    for name, site, head, rows in (
        ("people", "licang", PROFILES, people), ("others", "jimo", PROFILES, others),
        ("shifts", "licang", POSTINGS, shifts), ("again", "jimo", POSTINGS, again),
    ):  # fmt: skip
        path = folder / f"{name}{round_}.csv"
        path.write_text(head + "".join(rows), "utf-8")
        written.append((site, str(path)))
    return written


async def dump(store: Store) -> dict[str, Any]:
    """Everything that the market holds, but for what differs by its nature: times, runs, draws and sealing."""
    sealer = Sealer(VAULT)
    found: dict[str, Any] = {}
    for kind in ("profile", "posting", "employer", "site"):
        ids = sorted(await store.ids(kind))
        for id_, raw in zip(ids, await store.hashes(kind, ids), strict=True):
            kept = (b"v", b"digest", b"doc", b"state", b"marks", b"paused", b"vec", b"person_mark")
            found[f"{kind} {id_}"] = {name: raw.get(name) for name in kept}
            if kind == "posting":
                found[f"{kind} {id_}"] |= {name: records.counts(raw)[name] for name in ("v", "headcount")}
            if kind == "profile":
                found[f"person {id_}"] = VAULT.unseal(await store.person(id_))
    for source in ("licang/files", "jimo/files"):
        notes = await store.commands.hgetall(store.key("rows", source))
        for row, note in notes.items():
            digest, outcome, record, _, _ = note.decode().split(" ")
            found[f"{source} {row.decode()}"] = digest, outcome in ("merged", "withdrawn", "quarantined"), record
    for name in ("quarantine", "merges"):
        ids = [id_.decode() for id_ in await store.commands.zrange(store.key(name), 0, -1)]
        for id_, raw in zip(ids, await store.hashes("kept", ids), strict=True):
            found[f"{name} {id_}"] = codec.unpack(raw[b"doc"]), sealer.line(raw[b"sealed"])
    events = await store.commands.xrange(store.key("events"))
    found["events"] = Counter((f[b"kind"], f[b"id"], f[b"v"]) for _, f in events)
    found["waiting"] = await store.commands.xlen(store.key("ingest"))
    found["marks"] = await store.commands.hgetall(store.key("marks"))
    return found


@pytest.fixture
async def two(valkey_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two empty markets."""
    stores = Store(valkey_url, new_market()), Store(valkey_url, new_market())
    for store in stores:
        await store.load()
    yield stores
    for store in stores:
        await store.close()


async def test_killed_twenty_times_and_finished_is_as_undisturbed(
    valkey_url: str, two: tuple[Store, Store], tmp_path: Path
) -> None:
    undisturbed, disturbed = two
    now_ms = await undisturbed.now_ms()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([killed.__name__])
    draw, kills, at_work = random.Random(20), 0, 0
    for round_ in (0, 1):
        some = lists(tmp_path, now_ms, round_)
        await undisturbed.commands.delete(homes.KEY)  # the same people live in both markets, in turn
        whole = context.Process(target=killed.run, args=(valkey_url, undisturbed.market, some, True))
        began = time.monotonic()
        whole.start()
        whole.join(60)
        longest_s = 2 * (time.monotonic() - began) / (KILLS // 2)  # all of them together get as far as one undisturbed
        assert whole.exitcode == 0
        await undisturbed.commands.delete(homes.KEY)
        for _ in range(KILLS // 2):
            victim = context.Process(target=killed.run, args=(valkey_url, disturbed.market, some, True))
            victim.start()
            victim.join(draw.uniform(0.02, longest_s))
            at_work += victim.exitcode is None
            victim.kill()
            victim.join()
            kills += 1
        last = context.Process(target=killed.run, args=(valkey_url, disturbed.market, some, True))
        last.start()
        last.join(60)
        assert last.exitcode == 0
        one, other = await dump(undisturbed), await dump(disturbed)
        assert one.keys() == other.keys()
        assert {name: (value, other[name]) for name, value in one.items() if value != other[name]} == {}
    assert (kills, at_work >= KILLS // 2) == (KILLS, True), "the test must have killed processes at work"
