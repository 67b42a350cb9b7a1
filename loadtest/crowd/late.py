"""Refusals that are part of the trade: while somebody thought about it, the seat or the offer went.

Whether it had gone is read in the store's records after the run; a refusal that they do not bear out is a failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from loadtest.crowd.diary import Refused
from loadtest.crowd.findings import entries_of
from matcher.model import Entry
from matcher.store import Store

LATE: Final[Mapping[str, frozenset[str]]] = {
    "accept": frozenset({"offer_withdrawn", "offer_expired"}),
    "decline": frozenset({"offer_withdrawn", "offer_expired"}),
    "confirm": frozenset({"illegal_move"}),
    "reconfirm": frozenset({"offer_expired", "illegal_move"}),
}
"""Codes by operation that an honest race explains."""
READ_AT_ONCE: Final = 2_000
EXAMPLES: Final = 10


def borne_out(refused: Refused, entry: Entry | None) -> bool:
    """Whether what the store has of somebody explains the refusal; whoever was asked anew has lost its traces."""
    if entry is None:
        return False
    if entry.wave > refused.wave:
        return True
    match refused.operation, refused.code:
        case "confirm", _:
            return entry.assignment not in ("seated", "confirmed")
        case "reconfirm", _:
            return entry.acceptance not in ("called", "seated")
        case _, "offer_withdrawn":
            return entry.offer == "withdrawn"
        case _:
            return entry.offer == "expired"


async def judged(store: Store, refusals: Sequence[Refused]) -> dict[str, Any]:
    """How many refusals there were by operation and code, and those that the store does not bear out."""
    wrong: list[Refused] = []
    for first in range(0, len(refusals), READ_AT_ONCE):
        some = refusals[first : first + READ_AT_ONCE]
        entries = await entries_of(store, {refused.posting for refused in some})
        wrong += [r for r in some if not borne_out(r, entries[r.posting].get(r.profile))]
    return {
        "refused_late": dict(Counter(f"{r.operation} {r.code}" for r in refusals)),
        "refused_wrongly": len(wrong),
        "refused_wrongly_examples": [f"{r.posting}:{r.profile} {r.operation} {r.code}" for r in wrong[:EXAMPLES]],
    }
