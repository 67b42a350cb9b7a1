"""What is attacked: a running service with a small invented market in it, and ways to reach it."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp import web
from msgspec import Struct

from loadtest.stage import Stage
from matcher.model import HOUR_MS, Employer, Site
from matcher.model import Place as ModelPlace
from matcher.store import Store, opened
from server import kiosks, sessions
from server.simulated_gateway import SimulatedGateway, Weather

Json = dict[str, Any]
SITE: Final = "attack-site"
OTHER_SITE: Final = "attack-other-site"
FIRM: Final = "attack-firm"
OTHER_FIRM: Final = "attack-other-firm"
NAMED: Final = 320
"""Registered people that attacks may name; those after them are for attacks that need somebody untouched."""
REGISTERED: Final = 7_500
"""More than all turns of all attacks need."""


class Pairs(NamedTuple):
    """In how many of so many pairs the first was the slower one."""

    slower: int
    of: int


class Outcome(Struct, kw_only=True):
    """What became of one attack: refused or not, in how many tries, and what was seen. `pairs`, by door: what is judged
    of all turns together."""

    name: str
    refused: bool
    tries: int
    detail: str = ""
    pairs: dict[str, Pairs] = {}


class Answer(Struct):
    """One HTTP answer."""

    status: int
    body: Any
    headers: dict[str, str]
    ms: float

    @property
    def code(self) -> str:
        """The error's code; empty when there is none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error["code"]) if isinstance(error, dict) and "code" in error else ""


class Target:
    """A service under attack. Each attacker has an address of its own: 127.0.0.2, 127.0.0.3, ..."""

    def __init__(self, host: str, port: int, store: Store, gateway: SimulatedGateway, pid: int) -> None:
        self.host, self.port, self.store, self.gateway, self.pid = host, port, store, gateway, pid
        self.url = f"http://{host}:{port}"
        self._addresses = itertools.count(2)
        self._untouched = iter(range(0))
        self.other_kiosk = self.clerk = ""

    @asynccontextmanager
    async def attacker(self) -> AsyncIterator[Attacker]:
        """Somebody with an address of their own."""
        number = next(self._addresses)
        address = f"127.0.{number // 250}.{number % 250 + 1}"
        connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield Attacker(self, session)

    def telephone(self, number: int) -> str:
        """Telephone of registered person `number`; from `REGISTERED` on nobody has it."""
        return f"100{number:08d}"

    def untouched(self, count: int = 1) -> list[int]:
        """Numbers of registered people whom no attack has touched. Raises RuntimeError where there are no more."""
        some = list(itertools.islice(self._untouched, count))
        if len(some) < count:
            raise RuntimeError("every registered person has been touched: raise REGISTERED")
        return some

    def cpu_s(self) -> float:
        """Seconds of processor time that the web server has used."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident memory of the web server."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            (line,) = [row for row in status if row.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024

    async def populate(self, registered: int = REGISTERED) -> None:
        """Two sites, two employers, a posting and some registered people, all invented."""
        self._untouched = iter(range(NAMED, registered))
        place = ModelPlace(lat=36.3, lon=120.4, text="样本街")
        for id_ in (SITE, OTHER_SITE):
            await self.store.put_site(id_, Site(name=f"虚构站点 {id_}", district="城阳", place=place))
        for id_ in (FIRM, OTHER_FIRM):
            await self.store.put_employer(id_, Employer(name=f"虚构公司 {id_}", verified=True))
        self.clerk = await sessions.issue(self.store, "clerk", "attack-clerk")
        self.other_kiosk = await kiosks.add(self.store, "attack-other-kiosk", OTHER_SITE, card_reader=True)
        async with self.attacker() as clerk:
            for first in range(0, registered, 40):
                await asyncio.gather(*(self._register(clerk, n) for n in range(first, min(first + 40, registered))))
            done = await clerk.send("POST", "/v1/postings", {"id": "attack-job", "posting": posting()}, self.clerk)
            assert done.status == 201, done.body
            await self._warmed(clerk)

    async def _warmed(self, clerk: Attacker) -> None:
        """Waits until the recogniser is built, beside which nothing is quiet."""
        async with asyncio.timeout(120):
            while (await clerk.send("POST", "/v1/recognise", {"text": "搬运工"}, self.clerk)).status != 200:
                pass  # each try waits for it, as long as a request may take

    async def _register(self, clerk: Attacker, number: int) -> None:
        person = {"name": f"样本受害者{number}", "telephone": self.telephone(number), "consent": "2026-01"}
        body = {"id": f"victim-{number}", "profile": profile(), "person": person}
        done = await clerk.send("POST", "/v1/profiles", body, self.clerk)
        assert done.status == 201, done.body

    async def code_of(self, number: int, count: int = 1) -> str:
        """The count-th code that came to a registered person's telephone."""
        async with asyncio.timeout(30):
            while len(self.gateway.of(self.telephone(number))) < count:  # noqa: ASYNC110 - it can only be looked at
                await asyncio.sleep(0.01)
        return str(re.findall(r"\d{6}", self.gateway.of(self.telephone(number))[count - 1])[0])


class Attacker:
    """Sends requests from one address."""

    def __init__(self, target: Target, session: aiohttp.ClientSession) -> None:
        self.target = target
        self.session = session

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """One request; a connection that is ended counts as status 0."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            more["json"] = body
        began = time.perf_counter()
        try:
            async with self.session.request(
                method, self.target.url + path, headers=sent | (headers or {}), **more
            ) as answer:
                raw = await answer.read()
                ms = (time.perf_counter() - began) * 1000
                is_json = answer.content_type == "application/json"
                content = await answer.json() if is_json else raw
                return Answer(answer.status, content, dict(answer.headers), ms)
        except (aiohttp.ClientError, ConnectionError):
            return Answer(0, None, {}, (time.perf_counter() - began) * 1000)

    async def raw(self, sent: bytes, within_s: float = 5.0) -> bytes:
        """Bytes on a plain socket, and what comes back until it is closed or `within_s` have passed."""
        reader, writer = await asyncio.open_connection(self.target.host, self.target.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(within_s):
                return await reader.read(65_536)
        except (TimeoutError, ConnectionError):
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def standing(stage: Stage, gateway_port: int) -> AsyncIterator[Target]:
    """The running service with its market in it, and a simulated gateway where it looks for one."""
    gateway = SimulatedGateway(Weather(longest_delay_s=0.02))
    runner = web.AppRunner(gateway.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", gateway_port).start()
    pid = stage.pid_of("serve")
    assert pid is not None
    try:
        async with opened(stage.settings.store_url, stage.settings.market) as store:
            target = Target(stage.settings.host, stage.settings.port, store, gateway, pid)
            await target.populate()
            yield target
    finally:
        await runner.cleanup()


def profile(**over: Any) -> Json:
    """An invented profile."""
    return {
        "site": SITE,
        "trades": ["porter"],
        "skills": "搬货",
        "born": "1980-05-01",
        "place": {"lat": 36.3, "lon": 120.4, "text": "样本小区"},
        "pay": {"fen": 2_000, "unit": "hour"},
    } | over


def posting(**over: Any) -> Json:
    """An invented posting."""
    start = time.time_ns() // 1_000_000 + 20 * HOUR_MS
    return {
        "employer": FIRM,
        "site": SITE,
        "trade": "porter",
        "text": "卸货,一车纸箱",
        "headcount": 2,
        "start_ms": start,
        "end_ms": start + 8 * HOUR_MS,
        "valid_until_ms": start - HOUR_MS,
        "place": {"lat": 36.3, "lon": 120.4, "text": "流亭"},
        "pay": {"fen": 30_000, "unit": "day"},
    } | over
