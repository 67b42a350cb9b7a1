"""站点: the ten homes, as configuration."""

from __future__ import annotations

from aiohttp import web

from matcher.records import site_record
from server.keys import STORE
from server.views import SiteChange, SiteList, SiteView, Written, site_view


async def list_sites(request: web.Request, _: None) -> SiteList:
    """Every site, by id."""
    store = request.app[STORE]
    ids = sorted(await store.ids("site"))
    raws = await store.hashes("site", ids)
    return SiteList([site_view(site_record(i, raw)) for i, raw in zip(ids, raws, strict=True) if raw])


async def get_site(request: web.Request, _: None) -> SiteView:
    """One site."""
    return site_view(await request.app[STORE].site(request.match_info["site"]))


async def put_site(request: web.Request, change: SiteChange) -> Written:
    """Writes a site as a whole."""
    id_ = request.match_info["site"]
    done = await request.app[STORE].put_site(id_, change.site, change.expected_v)
    return Written(id=id_, v=done.v, replay=done.replay)
