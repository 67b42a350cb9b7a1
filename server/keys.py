"""What hangs on the application and on a request: typed keys, one for each part."""

from __future__ import annotations

import time
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from aiohttp import web

from ingest.consent import ConsentText
from ingest.persons import Box, Vault
from matcher.settings import Settings
from matcher.store import Store
from server.boards import Boards
from server.cards import Cards
from server.encoding import Encoding
from server.gate import Gate
from server.ingest_desk import IngestDesk
from server.market import Market
from server.metrics import Metrics
from server.outbox import Outbox
from server.passwords import Passwords
from server.push import Push
from server.recognising import Recognising
from server.sessions import Caller, Sessions

SETTINGS: Final = web.AppKey("settings", Settings)
STORE: Final = web.AppKey("store", Store)
VAULT: Final = web.AppKey("vault", Vault)
INGEST: Final = web.AppKey("ingest", IngestDesk)
ENCODING: Final = web.AppKey("encoding", Encoding)
RECOGNISING: Final = web.AppKey("recognising", Recognising)
CONSENT: Final = web.AppKey("consent", ConsentText)
DOORS: Final = "doors"
"""What the doors' box is for: secrets, messages, complaints."""
SEAL: Final = web.AppKey("seal", Box)
OUTBOX: Final = web.AppKey("outbox", Outbox)
PASSWORDS: Final = web.AppKey("passwords", Passwords)
PROXIES: Final = web.AppKey("proxies", tuple[IPv4Network | IPv6Network, ...])
SESSIONS: Final = web.AppKey("sessions", Sessions)
MARKET: Final = web.AppKey("market", Market)
BOARDS: Final = web.AppKey("boards", Boards)
CARDS: Final = web.AppKey("cards", Cards)
PUSH: Final = web.AppKey("push", Push)
GATE: Final = web.AppKey("gate", Gate)
METRICS: Final = web.AppKey("metrics", Metrics)
CALLER: Final = web.RequestKey("caller", Caller)


def now_ms() -> int:
    """This machine's clock; what decides is the store's clock, inside its functions."""
    return time.time_ns() // 1_000_000
