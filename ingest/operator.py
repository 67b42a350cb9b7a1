"""Whoever works at the machine itself, in the audit log: by the number of their account there, which names nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable

from matcher.store import Store


async def tell(store: Store, what: str, on: Iterable[str]) -> None:
    """Writes that the operator does this, before it is done or shown. Raises StoreUnavailable."""
    await store.call("audit_log", f"operator:{os.getuid()}", what, " ".join(on), "")
