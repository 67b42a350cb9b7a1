"""The web server: its parts, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
import uvloop
from aiohttp import web

from ingest import consent
from ingest.persons import Vault, check_key
from matcher.allocator import give_back_large_pieces
from matcher.errors import StoreUnavailable
from matcher.garbage import spare_what_is_loaded
from matcher.settings import Settings
from matcher.store import Store
from server import openapi, retention
from server.assets import add_pages
from server.boards import Boards
from server.browser import protect, stay_encrypted
from server.cards import Cards
from server.encoding import Encoding, NamedEncoder
from server.gate import Gate
from server.gateway import HttpGateway
from server.ingest_desk import IngestDesk
from server.keys import (
    BOARDS,
    CARDS,
    CONSENT,
    DOORS,
    ENCODING,
    GATE,
    INGEST,
    MARKET,
    METRICS,
    OUTBOX,
    PASSWORDS,
    PROXIES,
    PUSH,
    RECOGNISING,
    SEAL,
    SESSIONS,
    SETTINGS,
    STORE,
    VAULT,
    now_ms,
)
from server.limits import endpoint, refusals
from server.lines import Lines
from server.market import Market
from server.metrics import Metrics
from server.outbox import Outbox
from server.passwords import Passwords
from server.peers import networks
from server.pinyin import lexicon
from server.promptness import SERVER_NS, be_prompt
from server.push import Push
from server.recognising import Recognising
from server.routes import ROUTES
from server.serving import serve
from server.sessions import Sessions
from server.warm import warm_rules
from server.wire import JSON_TYPE

log = structlog.get_logger()


def create_app(
    settings: Settings, *, store: Store | None = None, encoder: NamedEncoder | None = None
) -> web.Application:
    """The application. A given store is used as it is, and left open; a given encoder replaces the configured one."""
    app = web.Application(middlewares=[refusals], client_max_size=settings.body_limit_bytes)
    app[SETTINGS] = settings
    app[STORE] = store or Store(settings.store_url, settings.market, connections=settings.store_connections)
    app[VAULT] = Vault.open(settings.data_dir)
    app[INGEST] = IngestDesk(settings, app[STORE], app[VAULT])
    app[METRICS] = Metrics()
    app[SESSIONS] = Sessions(app[STORE])
    app[CONSENT] = consent.read(settings.consent_file)
    app[SEAL] = app[VAULT].box(DOORS)
    gateway = HttpGateway(settings.gateway_url, settings.gateway_key) if settings.gateway_url else None
    app[OUTBOX] = Outbox(app[STORE], app[SEAL], gateway, app[METRICS])
    app[PASSWORDS] = Passwords()
    app[PROXIES] = networks(settings.trusted_proxies)
    app[MARKET] = Market(app[STORE])
    app[CARDS] = Cards(app[STORE])
    app[ENCODING] = Encoding(settings, app[STORE], encoder)
    app[RECOGNISING] = Recognising(app[ENCODING])
    app[BOARDS] = Boards(app[STORE], app[METRICS], settings.socket_queue)
    app[PUSH] = Push(app[STORE], app[CARDS], app[BOARDS], app[SESSIONS], app[METRICS], settings.socket_queue)
    if store is None:
        app.cleanup_ctx.append(_store)
    app.cleanup_ctx.extend([_rules, _keyboard, _passwords, _encoding, _recognising])
    app.cleanup_ctx.extend([_boards, _push, _outbox, _retention])
    app.on_response_prepare.append(protect)
    if settings.tls_cert or app[PROXIES]:
        app.on_response_prepare.append(stay_encrypted)
    app.on_shutdown.append(_end_sockets)
    app[GATE] = Gate(settings, app[METRICS].working)
    _add_routes(app)
    return app


def _add_routes(app: web.Application) -> None:
    for route in ROUTES:
        app.router.add_route(route.method, route.path, endpoint(route, app[GATE]))

    async def openapi_json(_: web.Request) -> web.Response:
        return web.Response(body=openapi.encoded(), content_type=JSON_TYPE)

    app.router.add_get("/openapi.json", openapi_json)
    add_pages(app)


async def _store(app: web.Application) -> AsyncIterator[None]:
    try:
        await app[STORE].load()
        await check_key(app[STORE], app[VAULT])
    except StoreUnavailable as exc:  # it is loaded again with the first call that misses a function
        log.warning("store_not_there_yet", detail=exc.detail)
    yield
    await app[STORE].close()


async def _rules(_: web.Application) -> AsyncIterator[None]:
    await asyncio.to_thread(warm_rules, now_ms())
    yield


async def _keyboard(_: web.Application) -> AsyncIterator[None]:
    building = asyncio.create_task(asyncio.to_thread(lexicon.tree), name="keyboard")
    yield
    await building


async def _encoding(app: web.Application) -> AsyncIterator[None]:
    app[ENCODING].start()
    sparing = asyncio.create_task(_spare_when_loaded(app[ENCODING]), name="spare")
    yield
    sparing.cancel()
    await app[ENCODING].close()


async def _spare_when_loaded(encoding: Encoding) -> None:
    await encoding.encoder()
    spare_what_is_loaded()


async def _recognising(app: web.Application) -> AsyncIterator[None]:
    app[RECOGNISING].start()
    yield
    await app[RECOGNISING].close()


async def _boards(app: web.Application) -> AsyncIterator[None]:
    telling = asyncio.create_task(app[BOARDS].run(), name="boards")
    yield
    telling.cancel()
    await asyncio.wait([telling])


async def _push(app: web.Application) -> AsyncIterator[None]:
    following = asyncio.create_task(app[PUSH].run(), name="push")
    yield
    following.cancel()
    await asyncio.wait([following])


async def _outbox(app: web.Application) -> AsyncIterator[None]:
    sending = asyncio.create_task(app[OUTBOX].run(), name="outbox")
    yield
    sending.cancel()
    await asyncio.wait([sending])
    await app[OUTBOX].close()


async def _passwords(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[PASSWORDS].close()


async def _retention(app: web.Application) -> AsyncIterator[None]:
    keeping = asyncio.create_task(retention.run(app[STORE], app[VAULT]), name="retention")
    yield
    keeping.cancel()
    await asyncio.wait([keeping])


async def _end_sockets(app: web.Application) -> None:
    app[PUSH].end_all()


def main(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM."""
    be_prompt(SERVER_NS)
    give_back_large_pieces()
    app = create_app(settings)
    lines = Lines(settings.lines_per_address, app[PROXIES], app[METRICS])
    uvloop.run(serve(app, settings, lines))
