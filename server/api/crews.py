"""班组: people who are offered work together. Everybody consents for themselves; who forms a crew leads it."""

from __future__ import annotations

from aiohttp import web

from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import Crew
from server.api.ids import given_or_new
from server.api.offers import whose
from server.auth import STAFF, check_profile
from server.keys import CALLER, STORE
from server.views import Written
from server.worker_views import CrewList, Member, NewCrew, OwnQuery


async def post_crew(request: web.Request, new: NewCrew) -> Written:
    """Forms a crew: the leader consents by it, the others are invited."""
    check_profile(request[CALLER], new.leader)
    id_ = given_or_new(request, new.id, "b")
    return _written(id_, await request.app[STORE].form_crew(id_, new.leader, new.invited))


async def list_crews(request: web.Request, query: OwnQuery) -> CrewList:
    """The crew that a worker is in, and those that they are invited to."""
    return CrewList(await request.app[STORE].crews_of(await whose(request, query)))


async def get_crew(request: web.Request, _: None) -> Crew:
    """One crew, for who is in it or acts for its leader."""
    crew, caller = await _crew(request), request[CALLER]
    if caller.role not in STAFF and caller.subject not in crew.members:
        check_profile(caller, crew.leader)
    return crew


async def invite(request: web.Request, member: Member) -> Written:
    """The leader asks one more person."""
    crew = await _crew(request)
    check_profile(request[CALLER], crew.leader)
    return _written(crew.id, await request.app[STORE].invite(crew.id, _named(member)))


async def join_crew(request: web.Request, member: Member) -> Written:
    """Who was invited consents."""
    id_, profile = request.match_info["crew"], await whose(request, OwnQuery(member.profile))
    return _written(id_, await request.app[STORE].join_crew(id_, profile))


async def leave_crew(request: web.Request, member: Member) -> Written:
    """Takes one's consent back, or declines the invitation; a leader may also remove a member."""
    crew, caller = await _crew(request), request[CALLER]
    profile = member.profile or caller.subject
    if caller.role == "worker" and caller.subject == crew.leader and profile in crew.members:
        return _written(crew.id, await request.app[STORE].leave_crew(crew.id, profile))
    profile = await whose(request, OwnQuery(member.profile))
    return _written(crew.id, await request.app[STORE].leave_crew(crew.id, profile))


async def dissolve_crew(request: web.Request, _: None) -> Written:
    """The leader ends the crew."""
    crew = await _crew(request)
    check_profile(request[CALLER], crew.leader)
    return _written(crew.id, await request.app[STORE].leave_crew(crew.id, crew.leader))


async def _crew(request: web.Request) -> Crew:
    return await request.app[STORE].crew(request.match_info["crew"])


def _named(member: Member) -> str:
    if member.profile is None:
        raise KuaizhaoError("bad_field", "profile 请指明是谁")
    return member.profile


def _written(id_: str, done: Done) -> Written:
    return Written(id=id_, v=done.v, replay=done.replay)
