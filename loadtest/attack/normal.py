"""The normal client: a worker's phone that looks and says where its owner is, at a steady pace, a process of its own.

`python -m loadtest.attack.normal URL TOKEN PROFILE` writes a line for each request: when it was sent (seconds since the
epoch), how many milliseconds its answer took, and how many milliseconds this process had woken late for it, which tells
how much of that is for want of a core of its own; it ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import Final

import aiohttp

EVERY_S: Final = 0.01


async def go_on(url: str, token: str, profile: str) -> None:
    """Three looks for each change, as phones do."""
    loop = asyncio.get_running_loop()
    over = loop.run_in_executor(None, sys.stdin.read)
    asked = [("GET", "/v1/offers", None), ("GET", f"/v1/profiles/{profile}", None), ("GET", "/v1/assignments", None)]
    asked.append(("PUT", f"/v1/profiles/{profile}/presence", {"state": "available"}))  # type: ignore[arg-type]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        n, due = 0, loop.time()
        gc.collect()
        gc.disable()  # no pause of ours is to be taken for one of theirs
        while not over.done():
            late_ms = (loop.time() - due) * 1000
            method, path, body = asked[n % len(asked)]
            sent_at, began = time.time(), time.perf_counter()
            async with session.request(method, url + path, json=body) as answer:
                await answer.read()
                assert answer.status == 200, await answer.text()
            print(f"{sent_at:.3f} {(time.perf_counter() - began) * 1000:.3f} {late_ms:.3f}", flush=True)
            n, due = n + 1, max(due + EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())


if __name__ == "__main__":
    asyncio.run(go_on(*sys.argv[1:4]))
