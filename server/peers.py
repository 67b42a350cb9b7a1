"""Who is at the other end of the line: the client's address, and whether the line is encrypted, also behind a proxy."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiohttp import web

from server.keys import PROXIES

Networks = tuple[IPv4Network | IPv6Network, ...]


def networks(text: str) -> Networks:
    """`10.0.0.0/8, 127.0.0.1` as networks. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_trusted(address: str, proxies: Networks) -> bool:
    """Whether the address is a proxy's of ours."""
    try:
        return any(ip_address(address) in network for network in proxies)
    except ValueError:
        return False


def address_of(request: web.Request) -> str:
    """The client's address. What `X-Forwarded-For` says counts only as far as trusted proxies have said it."""
    address, proxies = request.remote or "", request.app[PROXIES]
    for said in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not said.strip() or not is_trusted(address, proxies):
            break
        address = said.strip()
    return address


def is_secure(request: web.Request) -> bool:
    """Whether the client's line is encrypted: by this server, or by a trusted proxy in front."""
    if request.transport is not None and request.transport.get_extra_info("ssl_object") is not None:
        return True
    behind = is_trusted(request.remote or "", request.app[PROXIES])
    return behind and request.headers.get("X-Forwarded-Proto", "").lower() == "https"
