"""Everything that can happen in a small market, in any order, against the real store.

Hypothesis drives every operation with five people and five postings that overlap in time, in both award modes, with the
clock stopped and moved by hand. After each step the whole market is judged from its records alone: tests/market_view.py
holds what must be true from one step to the next, the audit what must be true at any time, and each operation in
tests/settling says by itself which refusals are right; anything else, refused or done, is a fault.

How long it searches is a Hypothesis profile: `HYPOTHESIS_PROFILE=long pytest tests/test_settle_stateful.py` takes about
a quarter of an hour; without it some twenty to thirty seconds.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.builders import dump
from tests.conftest import running_redis7, running_valkey
from tests.market_view import view
from tests.settling.clock import Clock
from tests.settling.crews import Crews
from tests.settling.machine import DAWN_MS, POSTINGS, WORKERS, modes
from tests.settling.offers import Offers
from tests.settling.people import People
from tests.settling.postings import Postings
from tests.settling.seats import Seats

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
PHASES = (Phase.generate, Phase.shrink)  # explaining a failure would trace every line of every step: minutes


class City(People, Crews, Postings, Offers, Seats, Clock):
    """A market with people and postings in it, and every operation on them."""

    @initialize(n=st.integers(3, 5))
    def first_people(self, n: int) -> None:
        for number, who in enumerate(WORKERS[:n]):
            self.register(who, 0)
            if number % 2:
                self.presence(who, "in_hall", 9 - number)
            if number % 3 == 0:
                self.run(self.worked_before(who, DAWN_MS - number))
        if n > 3:
            self.form_crew("c0", WORKERS[0], list(WORKERS[1 : n - 2]))
            for who in WORKERS[1 : n - 2]:
                self.join_crew("c0", who)

    async def worked_before(self, who: str, at_ms: int) -> None:
        """A past that the fair order looks at, without the days that it takes to earn it."""
        await self.store.commands.hset(self.store.key("profile", who), "last_work_ms", at_ms)
        self.view, self.dump = await view(self.store, self.now_ms), await dump(self.store)

    @initialize(
        awards=st.lists(st.sampled_from(["instant", "fair"]), min_size=2, max_size=3),
        headcount=st.integers(1, 3),
        mode=modes,
    )
    def first_postings(self, awards: list[str], headcount: int, mode: Any) -> None:
        for n, award in enumerate(awards):
            self.post(POSTINGS[n], award, headcount, (90, 200, 180)[n], 240, 100, "open", mode)


def search(url: str, examples: int, steps: int) -> None:
    """Runs the machine against a server of its own."""
    with redis.Redis.from_url(url) as client:
        client.config_set("appendonly", "no")  # what is on disk is another test's subject
    machine = type("Market", (City,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=PHASES,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.timeout(3_600 if LONG else 300)
def test_any_order_of_operations_on_valkey() -> None:
    with running_valkey() as server:
        search(server.url, 1_500 if LONG else 40, 60)


@pytest.mark.timeout(3_600 if LONG else 300)
def test_any_order_of_operations_on_redis7() -> None:
    with running_redis7() as url:
        search(url, 500 if LONG else 12, 50)
