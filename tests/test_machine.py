"""What every report says of the machine."""

from __future__ import annotations

from loadtest.machine import machine


def test_a_report_says_how_quick_its_machine_was() -> None:
    told = machine("redis", "aiohttp")
    assert list(told["versions"]) == ["redis", "aiohttp"]
    assert set(told["speed"]) == {"python_ms", "memory_ns", "sync_ms"}
    for spread in told["speed"].values():
        assert 0 < spread["min"] <= spread["median"] <= spread["max"]
    assert told["cpus"] >= 1
    assert len(told["load_average"]) == 3
