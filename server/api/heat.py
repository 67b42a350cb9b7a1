"""Heat: a manager enters the day's temperature by district; outdoor work that breaks rule 9 is held."""

from __future__ import annotations

from aiohttp import web

from ingest.gazetteer import districts
from ingest.heat import Held, enter
from matcher.errors import KuaizhaoError
from matcher.model import Heat
from server.keys import MARKET, STORE, now_ms
from server.views import HeatList


async def put_heat(request: web.Request, heat: Heat) -> Held:
    """The highest temperature of a day. Postings that are out and break the rule are held, others freed."""
    if heat.district not in districts():
        raise KuaizhaoError("bad_field", f"district 没有“{heat.district}”这个区")
    return await enter(request.app[STORE], heat, now_ms())


async def list_heat(request: web.Request, _: None) -> HeatList:
    """Temperatures entered for today and later."""
    return HeatList(await request.app[STORE].heat(await request.app[MARKET].today(now_ms())))
