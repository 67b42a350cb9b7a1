"""The crowd: how load comes and goes, what diaries tell, how memory is judged; and a short dawn and soak for real."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

import pytest
import uvloop

from loadtest.audit_checks import ClientRecord
from loadtest.crowd import cast, census, diary, findings, processes, run, soak
from loadtest.crowd.census import Census, Kind
from loadtest.crowd.diary import Diary, Line, Posted, Received, Told
from loadtest.crowd.processes import slope
from loadtest.crowd.shapes import Shape
from loadtest.stage import Stage, free_port
from matcher.model import Entry
from matcher.store import Store

# -- shapes ------------------------------------------------------------------------------------------------------------


def test_dawn_rises_to_everybody_by_six_and_posts_until_seven() -> None:
    dawn = Shape("dawn", 8_000, 500, 90.0, 75.0)
    at = [dawn.workers_at(second) for second in range(165)]
    assert at[0] == 0
    assert at == sorted(at)
    assert at[27] == 4_000
    assert at[54:] == [8_000] * (165 - 54)
    posted = dawn.postings_at()
    assert len(posted) == 500
    assert posted == sorted(posted) == dawn.postings_at()
    assert 0 <= posted[0] < posted[-1] <= 90
    assert not dawn.over(164)
    assert dawn.over(165)


def test_spike_brings_the_other_half_and_most_postings_at_once() -> None:
    spike = Shape("spike", 1_000, 1_000, 300.0, 30.0)
    assert spike.workers_at(149) == 500
    assert spike.workers_at(150) == 1_000
    in_rush = [at for at in spike.postings_at() if 150 <= at <= 180]
    assert len(in_rush) == pytest.approx(820, abs=50)


@pytest.mark.parametrize("kind", ["steady", "soak"])
def test_steady_load_is_even_after_everybody_has_come(kind: str) -> None:
    steady = Shape(kind, 1_000, 2_000, 250.0, 30.0)  # type: ignore[arg-type]  # two of the kinds
    assert steady.workers_at(25) == 500
    assert steady.workers_at(50) == steady.workers_at(280) == 1_000
    posted = steady.postings_at()
    assert posted[0] >= 50
    assert len([at for at in posted if at < 150]) == pytest.approx(1_000, abs=100)


# -- findings ----------------------------------------------------------------------------------------------------------


def offered(at_ms: int, wave: int = 1) -> Entry:
    return Entry(offer="open", wave=wave, terms=1, offered_ms=at_ms, deadline_ms=at_ms + 1)


def received(posting: str, profile: str, at_ms: float, wave: int = 1, offered_ms: int = 0) -> Received:
    return Received(posting, profile, f"{posting}:{profile}:1", wave, offered_ms, at_ms, False)


def crowd(folder: Path, *entries: diary.Entry) -> findings.Seen:
    book = Diary(folder, "generator-0")
    for entry in entries:
        book.note(entry)
    book.close()
    return findings.seen(folder)


def test_an_offer_that_did_not_reach_an_open_line_is_missed(tmp_path: Path) -> None:
    seen = crowd(
        tmp_path,
        Line("w1", 1_000, 20_000),
        Line("w2", 1_000, 20_000),
        Line("w3", 5_000, 20_000),
        received("j1", "w1", 2_100),
    )
    entries = {"j1": {"w1": offered(2_000), "w2": offered(2_000), "w3": offered(4_000), "w4": offered(2_000)}}
    told = findings.delivered(seen, entries)
    assert (told["offers"], told["offers_to_connected"], told["offers_missing"]) == (4, 2, 1)
    assert told["missing_examples"] == [{"offer": "j1:w2:1", "after_s": 1.0, "before_end_s": 18.0}]
    late = {"j1": {"w1": offered(2_000, wave=2), "w2": offered(20_000 - findings.LEAVING_MS)}}
    told = findings.delivered(seen, late)  # the second wave's offer is another one; who is leaving is not asked
    assert (told["offers_to_connected"], told["offers_missing"]) == (1, 1)


def test_whoever_was_dropped_has_every_offer_with_the_next_hello(tmp_path: Path) -> None:
    seen = crowd(tmp_path, Line("w1", 1_000, 20_000, dropped=True), Line("w2", 1_000, 20_000))
    told = findings.delivered(seen, {"j1": {"w1": offered(19_900), "w2": offered(19_900)}})
    assert (told["offers_to_connected"], told["offers_missing"]) == (1, 1)


def test_notification_counts_from_the_intended_sending_or_the_writing_of_a_later_wave(tmp_path: Path) -> None:
    seen = crowd(
        tmp_path,
        Posted("j1", due_ms=1_000, sent_ms=1_400, answered_ms=1_410, state="open"),
        received("j1", "w1", 1_500, offered_ms=1_480),
        received("j1", "w2", 9_030, wave=2, offered_ms=9_000),
        Received("j1", "w3", "j1:w3:1", 1, 1_480, 60_000, True),
        Told(ClientRecord(operation="accept", posting="j1", profile="w1")),
    )
    assert findings.notified_ms(seen) == [30, 500]
    assert findings.written_ms(seen) == [20, 30]
    assert [record.operation for record in seen.told] == ["accept"]
    assert findings.percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert findings.percentile([], 0.5) is None


def test_connected_counts_those_at_the_same_time(tmp_path: Path) -> None:
    seen = crowd(tmp_path, Line("w1", 0, 5_000), Line("w2", 2_000, 9_000), Line("w3", 6_000, 9_000))
    assert findings.most_connected(seen) == 2
    assert findings.connected_within_s(seen, 2) == 2.0
    assert findings.connected_within_s(seen, 3) is None


def test_a_cast_comes_back_from_its_file(tmp_path: Path) -> None:
    whole = cast.Cast(3, [cast.Worker("w1", "t", 50, 2_500)], [cast.Subject("f1", "t")], [], [])
    whole.save(tmp_path / "cast.json")
    assert cast.load(tmp_path / "cast.json") == whole
    assert (tmp_path / "cast.json").stat().st_mode & 0o077 == 0


# -- memory ------------------------------------------------------------------------------------------------------------


def series(
    mb_h: float = 0.0, noise_mb: float = 0.5, *, seed: int = 1, alike: float = 0.0, steps: Sequence[int] = ()
) -> list[tuple[float, float]]:
    """Twelve minutes of samples, with steps of 4 MB; noise of which each value is partly the one before."""
    draw, wave, held = Random(seed), 0.0, []
    for i in range(144):
        wave = alike * wave + math.sqrt(1 - alike**2) * draw.gauss(0, noise_mb)
        held.append((5.0 * i, 300 + mb_h * 5 * i / 3600 + 4.0 * sum(i >= step for step in steps) + wave))
    return held


def flat(**over: Any) -> int:
    """How many of forty are flat."""
    return sum(slope(series(seed=seed, **over)).is_flat for seed in range(40))


def test_a_slow_leak_is_told_from_noise() -> None:
    leak = slope(series(60))
    assert leak.mb_h == pytest.approx(60, abs=4 * leak.error_mb_h)
    assert leak.step_mb == 0
    assert not leak.is_flat
    for mb_h, noise_mb, alike in ((2, 0.05, 0.0), (10, 0.5, 0.0), (20, 0.5, 0.8), (60, 2.0, 0.8)):
        assert flat(mb_h=mb_h, noise_mb=noise_mb, alike=alike) <= 2, mb_h
    assert slope([(0, 1.0), (1, 1.0), (2, 1.0)]) == (0, 0, 0)


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("noise_mb", [0.01, 0.5, 3.0])
def test_noise_is_flat(noise_mb: float, alike: float) -> None:
    assert flat(noise_mb=noise_mb, alike=alike) >= 39


@pytest.mark.parametrize("at", [20, 72, 130])
def test_a_single_step_is_flat_whatever_the_noise(at: int) -> None:
    assert slope(series(noise_mb=0.0, steps=[at])).is_flat
    for noise_mb in (0.05, 0.5, 2.0):
        assert flat(noise_mb=noise_mb, steps=[at]) >= 36
    assert slope(series(noise_mb=0.05, steps=[72])).step_mb == pytest.approx(4, abs=0.2)


def test_a_step_hides_no_leak() -> None:
    for noise_mb in (0.0, 0.05, 0.5):
        assert flat(noise_mb=noise_mb, steps=range(7, 144, 14)) == 0  # a leak by an allocator's pieces
        assert flat(noise_mb=noise_mb, steps=[48, 96]) == 0
        assert flat(noise_mb=noise_mb, steps=[72], mb_h=20) == 0


def test_samples_that_follow_one_another_tell_less() -> None:
    draw, walk = Random(1), [300.0]
    for _ in range(199):
        walk.append(walk[-1] + draw.gauss(0, 0.1))
    steps = [(5.0 * i, mb) for i, mb in enumerate(walk)]
    shuffled = [(at, mb) for (at, _), mb in zip(steps, draw.sample(walk, len(walk)), strict=True)]
    assert slope(steps).error_mb_h > 2 * slope(shuffled).error_mb_h


# -- for real ----------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_a_short_dawn(tmp_path: Path) -> None:
    words = "--people 1500 --workers 400 --postings 60 --seconds 6 --drain 7 --processes 2"
    options = run.arguments([*words.split(), "--reports", str(tmp_path)])
    found = run.play(options, tmp_path)
    broken = run.problems_of(found, 400, 60)
    assert [p for p in broken if not re.search("a socket|within", p)] == []  # how fast it is, is for `make load` to say
    assert found["offers_received"] > 0
    assert found["acknowledged"] >= 60
    assert found["failures"] == 0
    assert {p.name for p in (tmp_path / "diaries").iterdir()} == {"generator-0.diary", "generator-1.diary"}
    assert "locust" in (tmp_path / "load.html").read_text("utf-8").lower()


@pytest.mark.timeout(120)
def test_a_spike_with_locusts_page(tmp_path: Path) -> None:
    words = "--shape spike --web --people 150 --workers 40 --postings 20 --seconds 2 --drain 0.5"
    options, port = run.arguments([*words.split(), "--reports", str(tmp_path)]), free_port()
    with Stage(tmp_path / "data", **run.settings_for(40)) as stage:
        uvloop.run(run.settle(stage, options.people, options.workers, tmp_path))
        crowd = run.locust(stage, tmp_path, options, "--web-port", port, "--autostart", "--autoquit", 0)
        page = retried(lambda: urlopen(f"http://127.0.0.1:{port}/stats/requests").read())
        assert {"stats", "user_count"} <= json.loads(page).keys()
        assert crowd.wait(60) == 0
    seen = findings.seen(tmp_path / "diaries")
    assert (findings.most_connected(seen), len(seen.posted)) == (40, 20)


def retried(ask: Callable[[], bytes], within_s: float = 30.0) -> bytes:
    """The answer, as soon as there is one."""
    until = time.monotonic() + within_s
    while True:
        try:
            return ask()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.timeout(300)
def test_a_short_soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "WITHDRAWN_AFTER_S", 2.0)
    monkeypatch.setattr(soak, "LOOK_S", 0.5)
    (tmp_path / "latency.json").write_text(json.dumps({"max_rate_100k": 20.0}))
    words = "--people 300 --workers 40 --minutes 0.15"
    options = soak.arguments([*words.split(), "--reports", str(tmp_path)])
    assert (options.rate, options.rate_from) == (10.0, str(tmp_path / "latency.json"))
    options.drain = 4.0
    found = soak.play(options, tmp_path)
    warm = re.compile("memory is flat|would be seen|sockets")  # in seconds nothing is warm, and few have come
    assert [p for p in soak.problems_of(found, options.workers, options.postings) if not warm.search(p)] == []
    assert found["postings"] == options.postings == 90
    assert found["postings_kept"] == 90
    assert found["postings_after_retention"] == 0
    assert len(found["machine"]["load_average_after"]) == 3
    assert set(found["rss_slope_mb_h"]) == {"store", "match", "serve", "collect", "audit-log"}


def test_retention_is_judged_by_what_lasts_and_by_who_has_registered() -> None:
    def counted(mb: float, people: int, postings: int = 0, passing_mb: float = 0.0) -> Census:
        kinds = {"profile": Kind(people, people * 1_000), "posting": Kind(postings, postings * 3_000)}
        return Census(int(mb * 2**20), 0, kinds, int(passing_mb * 2**20))

    first, last = counted(100, 50_000), counted(1_000, 51_000, 200_000)
    fine, leaky = counted(112, 51_000, passing_mb=7.5), counted(112, 51_000)
    found = soak.bounded(first, last, fine)
    assert found["store_mb_after_retention"] == 104.5 <= found["store_mb_allowed"] == 106.1
    assert (found["postings_kept"], found["postings_after_retention"]) == (200_000, 0)
    assert found["left_over_kb"] == {"profile": 1_000.0}
    leaked = soak.bounded(first, last, leaky)
    assert leaked["store_mb_after_retention"] > leaked["store_mb_allowed"]


async def test_a_census_knows_kinds_and_what_ends_by_itself(market: Store) -> None:
    async def ours() -> Census:
        found = await census.take(market)
        return Census(
            found.used_bytes, found.table_bytes, {k: found.of(k) for k in ("lasting", "passing")}, found.passing_bytes
        )

    before = await ours()
    await market.commands.mset({market.key("lasting", str(n)): b"x" * 1_000_000 for n in range(3)})
    await market.commands.set(market.key("passing", "1"), b"x" * 100_000, ex=3_600)
    after = await ours()
    assert (after.of("lasting").keys, after.of("passing").keys) == (3, 1)
    grown = census.grown_kb(before, after)
    assert list(grown) == ["lasting", "passing"]
    assert 100 <= grown["passing"] <= 140
    assert after.passing_bytes - before.passing_bytes >= 100_000
    assert 3 * 0.9 <= after.lasting_mb - before.lasting_mb <= 6  # with the buffer that they came through


def test_what_is_not_as_promised_is_said() -> None:
    good = {
        "sockets": 10, "connected_within_s": 5.0, "postings": 2, "postings_open": 2, "offers_missing": 0,
        "offers_to_connected": 3, "notify_p99_ms": 10.0, "kb_per_socket": 20.0, "failures": 0, "double_booked": 0,
        "overfilled": 0, "lost": 0, "illegal_states": 0, "version_gaps": 0, "locust_exit": 0, "refused_wrongly": 0,
    }  # fmt: skip
    assert run.problems_of(good, 10, 2) == []
    for name, value in (
        ("sockets", 9), ("connected_within_s", None), ("postings_open", 1), ("offers_missing", 1),
        ("offers_to_connected", 0), ("notify_p99_ms", None), ("kb_per_socket", 31.0), ("failures", 1), ("lost", 1),
        ("locust_exit", 1), ("refused_wrongly", 1),
    ):  # fmt: skip
        assert len(run.problems_of(good | {name: value}, 10, 2)) == 1, name


def test_what_a_soak_did_not_show_is_said() -> None:
    fine = {"flat": True, "error_mb_h": 10.0}
    good = {
        "processes": dict.fromkeys(processes.PARTS, fine) | {"store": {"flat": False, "error_mb_h": 90.0}},
        "leak_seen_mb_h": 68.7, "sockets": 40, "postings": 90, "postings_after_retention": 0,
        "store_mb_after_retention": 10.0, "store_mb_allowed": 10.0, "failures": 0, "locust_exit": 0,
        "refused_wrongly": 0, "double_booked": 0, "overfilled": 0, "lost": 0, "illegal_states": 0, "version_gaps": 0,
    }  # fmt: skip
    assert soak.problems_of(good, 40, 90) == []
    for line in (fine | {"flat": False}, fine | {"error_mb_h": 34.5}):
        (problem,) = soak.problems_of(good | {"processes": good["processes"] | {"match": line}}, 40, 90)
        assert problem.endswith(": match")
    for name, value in (
        ("processes", {"store": fine}), ("sockets", 39), ("postings", 89), ("postings_after_retention", 1),
        ("locust_exit", 1), ("store_mb_after_retention", 10.1), ("failures", 1), ("refused_wrongly", 1), ("lost", 1),
    ):  # fmt: skip
        assert len(soak.problems_of(good | {name: value}, 40, 90)) == 1, name


@pytest.mark.parametrize("held", ["{}", "no json", '{"max_rate_100k": 0}'])
def test_a_soak_does_not_invent_its_rate(tmp_path: Path, held: str) -> None:
    with pytest.raises(SystemExit, match="make latency"):
        soak.arguments(["--reports", str(tmp_path)])
    (tmp_path / "latency.json").write_text(held)
    with pytest.raises(SystemExit, match="name a --rate"):
        soak.arguments(["--reports", str(tmp_path)])
    assert soak.arguments(["--rate", "3", "--reports", str(tmp_path)]).rate == 3


def test_a_limit_of_files_that_is_too_low_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1_024, 4_096))
    with pytest.raises(SystemExit, match="ulimit -Hn 9024"):
        run.allow_files(8_000)
