"""`make attack` in short: every attack, smaller, against a server in this process; and what its rulers measure."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from loadtest.attack import bodies, connections, logins, timing
from loadtest.attack.run import ATTACKS
from loadtest.attack.target import Outcome, Target
from loadtest.attack.turns import Attack, Turn, compared, rows, taken
from matcher.settings import Settings
from matcher.store import Store
from server.app import create_app
from server.keys import METRICS
from server.lines import Lines
from server.serving import listen, runner_of
from server.simulated_gateway import SimulatedGateway, Weather
from tests.api import HashEncoder
from tests.conftest import TEST_CLOCK, new_market

SMALL = {
    logins: {"GUESSES": 20},
    timing: {"SAMPLES": 40, "ERROR_RATE": 1e-7},
    bodies: {"BOMB_BYTES": 16 << 20},
    connections: {"SLOW": 6, "FLOOD": 400, "PER_ADDRESS": 100, "UPGRADES": 50},
}


@pytest.fixture
async def target(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Target]:
    for module, values in SMALL.items():
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    gateway = SimulatedGateway(Weather(longest_delay_s=0.0))
    phones = TestServer(gateway.app(), host="127.0.0.1")
    await phones.start_server()
    url = str(phones.make_url("/messages"))
    settings = Settings(market=store.market, data_dir=str(tmp_path), port=0, gateway_url=url, request_timeout_s=1.0)
    app = create_app(settings, store=store, encoder=HashEncoder())
    runner = runner_of(app, keepalive_s=2.0, lingering_s=0.2, shutdown_s=1.0)
    await runner.setup()
    server = await listen(runner, settings, Lines(connections.PER_ADDRESS, (), app[METRICS]))
    try:
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1], store, gateway, os.getpid())
        await target.populate(registered=480)
        yield target
    finally:
        server.close()
        await runner.cleanup()
        await phones.close()
        await store.close()


async def test_every_attack_is_refused(target: Target) -> None:
    for attack in ATTACKS:
        turn = await taken(target, attack)
        (row,) = rows([turn], [])
        assert row["refused"], row
        assert row["name"] == attack.__name__
        assert row["tries"] > 0
        assert turn.ended_s > turn.began_s
        assert turn.server_cpu_s >= 0


@pytest.mark.parametrize("attack", [logins.another_employers_posting, bodies.mass_assignment], ids=lambda a: a.__name__)
async def test_an_open_door_would_be_seen(target: Target, attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.limits.check_role", lambda *_: None)
    for module in ("postings", "employers"):
        monkeypatch.setattr(f"server.api.{module}.check_employer", lambda *_: None)
    assert not (await attack(target)).refused


def test_one_turn_that_was_not_refused_is_enough() -> None:
    kept, broken = (Outcome(name="a", refused=refused, tries=3, detail=str(refused)) for refused in (True, False))
    turns = [Turn(kept, 0, 10, 1, 1), Turn(broken, 10, 20, 1, 1), Turn(kept, 20, 30, 1, 1)]
    (row,) = rows(turns, [(5, 1.0), (15, 2.0), (31, 9.0)])
    assert (row["refused"], row["detail"], row["tries"], row["turns"]) == (False, "False", 9, 3)
    assert (row["normal_requests"], row["normal_p99_ms"]) == (2, 2.0)
    assert rows([Turn(kept, 40, 41, 0, 0)], [(5, 1.0)])[0]["normal_p99_ms"] is None


def test_the_normal_client_must_not_feel_more_than_twice() -> None:
    assert compared([1.0] * 99 + [5.0], [1.0] * 99 + [10.0])["within"] is True
    assert compared([1.0] * 99 + [5.0], [1.0] * 99 + [10.1])["within"] is False
