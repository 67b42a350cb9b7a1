"""Real parts for the tests: an embedded Valkey, Debian's Redis 7, and a clock that only tests can move."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
import redis
from playwright.async_api import Browser
from redis.backoff import NoBackoff
from redis.retry import Retry

from matcher import homes
from matcher.store import Store
from server.embedded import EmbeddedStore
from tests import browser, builders, employers_page, kiosk_page
from tests.api import Api, prepared, running
from tests.memory import DAYLIGHT

pytest.register_assert_rewrite("tests.settling")

# How long an example takes is for the benches to say: here it would fail when the machine does something else.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")

TEST_CLOCK = """
local function now_ms(m) -- the store's clock, moved by one key and stopped by another; only tests write them
  local moved = tonumber(redis.call('GET', m .. 'test_clock_ms')) or 0
  local stopped = redis.call('GET', m .. 'test_stopped_ms')
  if stopped then return tonumber(stopped) + moved end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000) + moved
end
"""

_markets = itertools.count(1)


@contextmanager
def running_valkey() -> Iterator[EmbeddedStore]:
    """The embedded store, as `kuaizhao up` starts it, on an empty directory."""
    with tempfile.TemporaryDirectory(prefix="kz-") as folder:
        store = EmbeddedStore(folder)
        store.start()
        try:
            yield store
        finally:
            store.stop()


@contextmanager
def running_redis7() -> Iterator[str]:
    """Debian's redis-server (7.0) on a Unix socket and an empty directory; gives its address."""
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
        try:
            _wait_for(socket, process)
            yield f"unix://{socket}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 20
    with redis.Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0)) as client:
        while time.monotonic() < ends:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                assert process.poll() is None, "redis-server ended"
                time.sleep(0.02)
    pytest.fail("redis-server did not answer within 20 s")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The embedded store that the tests share; each test has a market of its own."""
    with running_valkey() as store:
        yield store.url


@pytest.fixture(scope="session")
def redis7_url() -> Iterator[str]:
    """The Redis 7 that the tests share."""
    with running_redis7() as url:
        yield url


@pytest.fixture(params=["valkey", "redis7"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs on both servers."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(autouse=True)
def _nobody_at_home(request: pytest.FixtureRequest) -> None:
    """Home markets belong to no market: one test's people must not live in another's."""
    for name in {"valkey_url", "store_url"} & set(request.fixturenames):
        with redis.Redis.from_url(request.getfixturevalue(name)) as client:
            client.delete(homes.KEY)


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


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The web server over a market of its own that holds a site and a verified employer."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


@pytest.fixture
async def market(valkey_url: str) -> AsyncIterator[Store]:
    """A market on the embedded store whose model is the builders', without quiet hours."""
    opened = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await opened.load(DAYLIGHT)
    await opened.put_model(builders.MODEL, builders.DIMENSION)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser that the tests of the pages share; each page has a context of its own."""
    async with browser.chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_service(
    chromium: Browser, valkey_url: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[browser.Service]:
    """One market, server and matcher for a module; with the shipped model where the module says `REAL_MODEL = True`."""
    encoder = await browser.real_encoder() if getattr(request.module, "REAL_MODEL", False) else None
    async with browser.serving(chromium, valkey_url, tmp_path_factory.mktemp("pages"), encoder) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def service(module_service: browser.Service) -> AsyncIterator[browser.Service]:
    """The module's service, for one test: its pages are closed after it, and none of them may have logged an error."""
    yield module_service
    await module_service.close_pages()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_hall(
    chromium: Browser, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[kiosk_page.Hall]:
    """What a hall has, for a module."""
    async with kiosk_page.open_hall(chromium, valkey_url, tmp_path_factory.mktemp("kiosk")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def hall(module_hall: kiosk_page.Hall) -> AsyncIterator[kiosk_page.Hall]:
    """The module's hall, for one test; what it posted is over afterwards."""
    yield module_hall
    await module_hall.over()


@pytest_asyncio.fixture(loop_scope="session")
async def cast(service: browser.Service) -> employers_page.Cast:
    """An invented firm and its porters, one test's own."""
    return await employers_page.new_cast(service)


async def move_clock(store: Store, by_ms: int) -> None:
    """Moves this market's clock."""
    await store.commands.incrby(store.key("test_clock_ms"), by_ms)


async def stop_clock(store: Store, at_ms: int) -> None:
    """Stops this market's clock at an instant; from then on only `move_clock` moves it."""
    await store.commands.set(store.key("test_stopped_ms"), at_ms)
