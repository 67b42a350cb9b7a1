"""How the walk asks: about what is the asking role's own, with the token in the header or in the cookie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from matcher.model import DAY_MS, Heat, Role
from matcher.store import Store
from server import complaint_views, kiosks, people_views, posting_views, staff, views, worker_views
from server.auth import COOKIE, CSRF_HEADER, SAFE, csrf_of
from server.doors import views as doors
from server.keys import CONSENT, SEAL, VAULT
from server.route import PARAMETER, Route
from tests import builders
from tests.api import Api, Reply, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market
from tests.samples import least

Way = Literal["header", "cookie", "cookie without csrf"]
OWN_IDS = {
    "profile": "w1",
    "offer": "j1:w1:1",
    "assignment": "j1:w1",
    "posting": "j1",
    "employer": builders.EMPLOYER,
    "site": builders.SITE,
    "crew": "c1",
    "series": "s1",
    "complaint": "m1",
    "kiosk": "k1",
    "account": "boss",
}
WORKER = builders.person(1, id_number="370202198005010018")
NEWCOMER = builders.person(9, id_number="370202198005010026")
DISTRICT = "城阳区"
REASON = "虚构的原因"
QUERY = {"profile": "w1", "reason": REASON, "q": "da"}


@dataclass
class Walker:
    """Asks about what is the asking role's own. `bodies`: what it sends, by type; `sessions`: those it has."""

    api: Api
    bodies: dict[type, Any]
    sessions: dict[tuple[Any, ...], str] = field(default_factory=dict)

    async def own(self, role: Role) -> str:
        """A worker's session is one at a kiosk; an integration's key has every scope."""
        proved = self.api.app[VAULT].keyed_hash(f"worker log-in {NEWCOMER.telephone}")[:32]
        subject = {"worker": "w1", "employer": builders.EMPLOYER, "newcomer": proved}.get(role, f"own-{role}")
        return await self._session(role, subject, builders.SITE if role in ("kiosk", "worker") else "")

    async def foreign(self, role: Role) -> str:
        """One of the same role, whose own is something else."""
        subject = {"worker": "w2", "employer": "firm-2"}.get(role, f"foreign-{role}")
        return await self._session(role, subject, "elsewhere" if role == "kiosk" else "")

    async def _session(self, *whose: Any) -> str:
        if whose not in self.sessions:
            self.sessions[whose] = await self.api.token(*whose)
        return self.sessions[whose]

    async def ask(self, route: Route, token: str | None, way: Way = "header") -> Reply:
        """The route, about what is w1's, their employer's and their site's."""
        body = None if route.body is None else self.bodies.get(route.body) or _least(route.body)
        if route.body is not None and "reason" in route.body.__struct_fields__:
            body |= {"reason": REASON}
        return await self.api.send(route.method, _path(route), body, headers=self._headers(token, way))

    def _headers(self, token: str | None, way: Way) -> dict[str, str]:
        if token is None:
            return {}
        if way == "header":
            return {"Authorization": f"Bearer {token}"}
        cookie = {"Cookie": f"{COOKIE}={token}"}
        page = str(self.api.session._base_url).rstrip("/")
        return cookie | ({CSRF_HEADER: csrf_of(token), "Origin": page} if way == "cookie" else {})


def needs_csrf(route: Route) -> bool:
    """Whether the cookie alone opens nothing: it changes something, or is a socket."""
    return route.method not in SAFE or not route.bounded


def _path(route: Route) -> str:
    path = route.path.format(**{name: OWN_IDS.get(name, "nothing") for name in PARAMETER.findall(route.path)})
    fields = route.query.__struct_fields__ if route.query is not None else ()
    asked = [f"{name}={value}" for name, value in QUERY.items() if name in fields]
    return f"{path}?{'&'.join(asked)}" if asked else path


_least = cache(least)


@asynccontextmanager
async def one_of_everything(valkey_url: str, folder: Path) -> AsyncIterator[Walker]:
    """A market in which there is one of everything: w1 seated and in a crew, w2 beside them."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await store.put_site("elsewhere", builders.site(name="虚构别处"))
    await store.put_employer("firm-2", builders.employer(name="虚构另一家公司"))
    async with running(store, folder) as api:
        new = {"id": "w1", "profile": plain(builders.profile()), "person": plain(WORKER)}
        await api.post("/v1/profiles", new, token=await api.token("clerk"))
        await builders.register(store, "w2")
        await builders.post(store, "j1")
        await builders.offer(store, "j1", ["w1", "w2"])
        await builders.accept(store, "j1", "w1")
        await store.form_crew("c1", "w1", [])
        await staff.add(store, api.app[SEAL], "boss", "clerk", "an invented password")
        await kiosks.add(store, "own-kiosk", builders.SITE, card_reader=True)
        bodies = await _bodies(api)
        clerk = await api.token("clerk")
        await api.post("/v1/series", bodies[posting_views.NewSeries] | {"id": "s1"}, token=clerk)
        await api.post("/v1/complaints", bodies[complaint_views.NewComplaint] | {"id": "m1"}, token=clerk)
        yield Walker(api, bodies)
    await store.close()


async def _bodies(api: Api) -> dict[type, Any]:
    """Those about what is the own role's; of every other type the least that it asks for is sent."""
    posting, profile = plain((await api.store.posting("j1")).doc), plain(builders.profile())
    times, version = ("start_ms", "end_ms", "valid_until_ms"), api.app[CONSENT].version
    two_days = [posting | {name: posting[name] + days * DAY_MS for name in times} for days in (2, 3)]
    return {
        Heat: {"district": DISTRICT, "day": (date.today() + timedelta(days=1)).isoformat(), "celsius": 30},
        views.SiteChange: {"site": plain(builders.site())},
        views.NewProfile: {"profile": profile, "person": plain(builders.person(3)), "id": "w9"},
        views.ProfileChange: {"profile": profile},
        views.NewEmployer: {"employer": plain(builders.employer(verified=False))},
        views.EmployerChange: {"employer": plain(builders.employer())},
        posting_views.NewPosting: {"posting": posting},
        posting_views.NewSeries: {"id": "s2", "postings": two_days},
        posting_views.PostingChange: {"posting": posting},
        complaint_views.NewComplaint: {"category": "other", "text": "虚构的话", "profile": "w1"},
        people_views.ConsentGiven: {"version": version},
        worker_views.NewCrew: {"leader": "w1"},
        worker_views.Member: {"profile": "w1"},
        doors.NewKiosk: {"id": "k1", "site": builders.SITE},
        doors.CardLogin: {"id_number": WORKER.id_number},
        doors.Registration: plain(NEWCOMER) | {"consent": version, "profile": profile},
        doors.Ending: {},
    }
