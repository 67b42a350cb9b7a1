"""What every report says of the machine."""

from __future__ import annotations

import os
import subprocess

import pytest

from loadtest.machine import machine, two_cores


def test_a_report_says_how_quick_its_machine_was() -> None:
    told = machine("redis", "aiohttp")
    assert list(told["versions"]) == ["redis", "aiohttp"]
    assert set(told["speed"]) == {"python_ms", "memory_ns", "sync_ms"}
    for spread in told["speed"].values():
        assert 0 < spread["min"] <= spread["median"] <= spread["max"]
    assert told["cpus"] >= told["cores_used"] >= 1
    assert len(told["load_average"]) == 3


def test_a_run_and_whatever_it_starts_keep_to_two_cores_and_no_longer_than_it_lasts() -> None:
    before = os.sched_getaffinity(0)
    with two_cores():
        assert len(os.sched_getaffinity(0)) == min(2, len(before))
        assert int(subprocess.check_output(["nproc"])) == min(2, len(before))
        assert machine()["cores_used"] == min(2, len(before))
    assert os.sched_getaffinity(0) == before


def test_of_many_cores_the_first_two_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[list[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 3, 5, 9})
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cores: kept.append(sorted(cores)))
    with two_cores():
        pass
    assert kept == [[3, 5], [3, 5, 7, 9]]
