"""Real parts for the tests: an embedded Valkey, Debian's Redis 7, and a clock that only tests can move."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from matcher.store import Store
from server.embedded import EmbeddedStore

TEST_CLOCK = """
local function now_ms(m) -- the store's clock, moved by a key that only tests write
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000) + (tonumber(redis.call('GET', m .. 'test_clock_ms')) or 0)
end
"""

_markets = itertools.count(1)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The embedded store, as `kuaizhao up` starts it."""
    with tempfile.TemporaryDirectory(prefix="kz-") as folder:
        store = EmbeddedStore(folder)
        store.start()
        yield store.url
        store.stop()


@pytest.fixture(scope="session")
def redis7_url() -> Iterator[str]:
    """Debian's redis-server (7.0), started on a Unix socket."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.fail(
            "redis-server is missing: `make test` installs it where apt-get may; otherwise install redis-server 7"
        )
    with tempfile.TemporaryDirectory(prefix="kz-") as folder:
        socket = Path(folder) / "redis.sock"
        process = subprocess.Popen(
            [binary, "--port", "0", "--unixsocket", str(socket), "--dir", folder, "--save", "", "--appendonly", "yes",
             "--appendfsync", "always"],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        client = redis.Redis(unix_socket_path=str(socket))
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert process.poll() is None, "redis-server ended"
                time.sleep(0.02)
        client.close()
        yield f"unix://{socket}"
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(params=["valkey", "redis7"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs on both servers."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def new_market() -> str:
    """A market of a test's own: tests on one server do not see each other."""
    return f"test{next(_markets)}"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A loaded store with an empty market and the test clock, on both servers."""
    opened = Store(store_url, new_market(), clock=TEST_CLOCK)
    await opened.load()
    yield opened
    await opened.close()


async def move_clock(store: Store, by_ms: int) -> None:
    """Moves this market's clock."""
    await store.commands.incrby(store.key("test_clock_ms"), by_ms)
