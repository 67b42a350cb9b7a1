"""Ties between workers and employers: who worked where, favourites, and blocks that the other side is not told of."""

from __future__ import annotations

from aiohttp import web

from matcher.errors import KuaizhaoError
from matcher.model import Posting
from matcher.records import employer_record
from matcher.store import Store
from server.auth import STAFF, check_employer, check_profile
from server.keys import CALLER, STORE
from server.tie_views import (
    BlockChange,
    EmployersPeople,
    FavouriteChange,
    WorkersEmployers,
    employers_view,
    people_view,
)
from server.views import Written


async def list_people(request: web.Request, _: None) -> EmployersPeople:
    """An employer's past workers, favourites and blocks, by pseudonym: the last who worked there first."""
    caller, employer = request[CALLER], request.match_info["employer"]
    check_employer(caller, employer)
    await request.app[STORE].employer(employer)
    ties = (await request.app[STORE].ties({employer: None}))[employer]
    return people_view(ties, staff=caller.role in STAFF)


async def favour(request: web.Request, change: FavouriteChange) -> Written:
    """The employer marks a favourite, who is then asked early, or takes that back."""
    employer, profile = request.match_info["employer"], request.match_info["profile"]
    check_employer(request[CALLER], employer)
    done = await request.app[STORE].favour(employer, profile, change.favourite)
    return Written(id=employer, v=done.v, replay=done.replay)


async def block_worker(request: web.Request, change: BlockChange) -> Written:
    """The employer wants somebody no more, or takes that back; the worker is not told. Only staff read the reason."""
    employer, profile = request.match_info["employer"], request.match_info["profile"]
    check_employer(request[CALLER], employer)
    done = await request.app[STORE].block(employer, profile, "employer", change.blocked, change.reason)
    return Written(id=employer, v=done.v, replay=done.replay)


async def list_employers_of(request: web.Request, _: None) -> WorkersEmployers:
    """Employers that a worker has worked for or blocked; staff see the employers' blocks too."""
    caller, profile = request[CALLER], request.match_info["profile"]
    check_profile(caller, profile)
    store = request.app[STORE]
    ties = await store.ties(dict.fromkeys(await store.employers_of(profile), (profile,)))
    own = {e: held[profile] for e, held in ties.items() if held}
    raws = zip(own, await store.hashes("employer", list(own)), strict=True)
    names = {e: employer_record(e, raw).doc.name for e, raw in raws if raw}
    return employers_view(own, names, staff=caller.role in STAFF)


async def favour_employer(request: web.Request, change: FavouriteChange) -> Written:
    """A worker marks an employer as a favourite, to see its postings first, or takes that back; it is not told."""
    employer, profile = request.match_info["employer"], request.match_info["profile"]
    check_profile(request[CALLER], profile)
    done = await request.app[STORE].favour(employer, profile, change.favourite, "worker")
    return Written(id=employer, v=done.v, replay=done.replay)


async def block_employer(request: web.Request, change: BlockChange) -> Written:
    """A worker wants nothing more from an employer, or takes that back; the employer is not told."""
    employer, profile = request.match_info["employer"], request.match_info["profile"]
    check_profile(request[CALLER], profile)
    done = await request.app[STORE].block(employer, profile, "worker", change.blocked, change.reason)
    return Written(id=employer, v=done.v, replay=done.replay)


async def check_first(store: Store, doc: Posting) -> None:
    """Only people who have worked for the employer, or are its favourites, are asked first. Raises `bad_field`."""
    if not doc.first:
        return
    ties = (await store.ties({doc.employer: doc.first}))[doc.employer]
    for profile in doc.first:
        if profile not in ties or not ties[profile].known:
            raise KuaizhaoError("bad_field", f"first 只能点名在你这里干过活的人,或你收藏的人:{profile}")
