"""A new version of the master key: everything sealed in the store is wrapped by it, while the service goes on.

One walk over the market's keys finds all that is sealed; each is replaced in one step, and only while it is what was
read: who was erased or changed in the meantime is left as they are. What waits in the queue of imports cannot be
rewritten and is only counted: it is gone once it has been taken in. Running it again does what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from ingest.batches import ROWS
from ingest.employers import CONTACTS
from ingest.persons import Vault
from matcher.connection import Done, guarded
from matcher.store import Store
from server.keys import DOORS

BATCH_KEYS: Final = 500
_QUEUE: Final = "ingest"
Progress = Callable[[int, int], None]
"""Told the keys seen, and about how many there are."""
_BOXES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "staff": {"secret": (DOORS, "totp {}"), "pending": (DOORS, "totp {}")},
    "message": {"sealed": (DOORS, "{}")},
    "complaint": {"text": (DOORS, "complaint {}"), "answer": (DOORS, "answer {}")},
    "kept": {"sealed": (ROWS, "")},
    "employer": {"contact": (CONTACTS, "{}")},
}
"""By kind of key, its sealed fields: what for, and about what."""


def _ignore(seen: int, total: int) -> None:
    """Progress that nobody looks at."""


async def in_use(store: Store, progress: Progress = _ignore) -> Counter[int]:
    """How much is sealed under each version of the master key. Raises StoreUnavailable."""
    found: Counter[int] = Counter()
    async for some in _sealed(store, progress):
        found.update(_version(kind, sealed) for kind, _, _, sealed in some)
    async with guarded():
        waiting = await store.commands.xrange(store.key(_QUEUE))
    found.update(fields[b"body"][0] for _, fields in waiting)
    return found


async def rewrap(store: Store, vault: Vault, progress: Progress = _ignore) -> int:
    """Wraps all that is sealed under an older version by the newest; answers with how much that was. Raises SealError
    where a version is missing, StoreUnavailable; what was rewrapped stays so."""
    rewrapped = 0
    async for some in _sealed(store, progress):
        calls: list[tuple[str, list[Any]]] = [
            ("rewrap", [kind, id_, field, sealed, _anew(vault, kind, id_, field, sealed)])
            for kind, id_, field, sealed in some
            if _version(kind, sealed) != vault.keys.newest
        ]
        answers = await store.call_many(calls) if calls else []
        rewrapped += sum(isinstance(answer, Done) and not answer.replay for answer in answers)
    return rewrapped


async def _sealed(store: Store, progress: Progress) -> AsyncIterator[list[tuple[str, str, str, bytes]]]:
    """Kind, id, field and bytes of all that is sealed, some at a time."""
    async with guarded():
        total = await store.commands.dbsize()
        keys: list[tuple[str, str]] = []
        seen, prefix = 0, store.key("")
        async for raw in store.commands.scan_iter(match=f"{prefix}*", count=BATCH_KEYS):
            seen += 1
            kind, _, id_ = raw.decode("utf-8", "replace").removeprefix(prefix).partition(":")
            if id_ and (kind == "person" or kind in _BOXES):
                keys.append((kind, id_))
            if len(keys) == BATCH_KEYS:
                yield await _read(store, keys)
                keys = []
            if seen % BATCH_KEYS == 0:
                progress(min(seen, total), total)
        if keys:
            yield await _read(store, keys)
        progress(total, total)


async def _read(store: Store, keys: list[tuple[str, str]]) -> list[tuple[str, str, str, bytes]]:
    places = [(kind, id_, field) for kind, id_ in keys for field in _BOXES.get(kind, [""])]
    pipe = store.commands.pipeline(transaction=False)
    for kind, id_, field in places:
        pipe.hget(store.key(kind, id_), field) if field else pipe.get(store.key(kind, id_))
    found = zip(places, await pipe.execute(), strict=True)
    return [(*place, sealed) for place, sealed in found if sealed]


def _version(kind: str, sealed: bytes) -> int:
    return sealed[1] if kind == "person" else sealed[0]


def _anew(vault: Vault, kind: str, id_: str, field: str, sealed: bytes) -> bytes:
    if kind == "person":
        return vault.rewrap(sealed)
    purpose, about = _BOXES[kind][field]
    box = vault.box(purpose)
    return box.close(box.open(sealed, about.format(id_)), about.format(id_))
