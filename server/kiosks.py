"""Kiosks: devices that a manager has bound to a site. Their token is a session of its own, which the kiosk rotates."""

from __future__ import annotations

from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.store import Store
from server import sessions


async def add(store: Store, id_: str, site: str, *, card_reader: bool) -> str:
    """A kiosk, or a new token for one there is: every earlier token ends. Raises `no_site`."""
    await store.site(site)
    async with guarded():
        await store.commands.hset(store.key("kiosk", id_), mapping={"site": site, "card_reader": int(card_reader)})
        await store.commands.sadd(store.key("ids", "kiosk"), id_)
    await store.end_sessions(f"kiosk:{id_}")
    return await sessions.log_in(store, "kiosk", id_, site)


async def remove(store: Store, id_: str) -> int:
    """Ends a kiosk and its sessions; answers with how many ended. Raises `no_kiosk`."""
    async with guarded():
        gone = await store.commands.delete(store.key("kiosk", id_))
        await store.commands.srem(store.key("ids", "kiosk"), id_)
    if not gone:
        raise KuaizhaoError("no_kiosk")
    return (await store.end_sessions(f"kiosk:{id_}")).done


async def has_card_reader(store: Store, id_: str) -> bool:
    """Whether what the kiosk sends as an ID number was read from a card."""
    (raw,) = await store.hashes("kiosk", [id_])
    return bool(raw) and raw[b"card_reader"] == b"1"
