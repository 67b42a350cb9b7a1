"""Refusals that are part of the trade: while somebody thought about it, the seat or the offer went.

Whether it had gone, and by then, is read in the store's records after the run, and in those of the firms, who alone
know when they took a posting back; a refusal that they do not bear out is a failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from loadtest.crowd.diary import Refused
from loadtest.crowd.findings import Seen, entries_of
from matcher import records
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


def borne_out(refused: Refused, entry: Entry | None, filled_ms: int = 0, withdrawn_ms: float = 0.0) -> bool:
    """Whether what the store has of somebody explains the refusal, and had come about by then. `filled_ms` is when the
    posting's seats were taken, `withdrawn_ms` when its firm began to take it back; 0: not, or not known.

    Whoever was asked anew has lost the traces of the offer before, though not when that one ended.
    """
    if entry is None:
        return False
    match refused.operation, refused.code:
        case "confirm", _:
            gone, since_ms = entry.assignment not in ("seated", "confirmed"), withdrawn_ms
        case "reconfirm", code:
            gone = entry.acceptance not in ("called", "seated")
            since_ms = refused.deadline_ms if code == "offer_expired" else withdrawn_ms
        case _, "offer_withdrawn":
            gone, since_ms = entry.offer == "withdrawn", min(filter(None, (filled_ms, withdrawn_ms)), default=0)
        case _:  # expired; it may have been taken back before the sweep came by
            gone, since_ms = entry.offer in ("expired", "withdrawn"), refused.deadline_ms
    return (gone or entry.wave > refused.wave) and refused.at_ms >= since_ms


async def judged(store: Store, crowd: Seen) -> dict[str, Any]:
    """How many refusals there were by operation and code, and those that the store does not bear out.

    All on one machine, by one clock. Nobody of this crowd gives a seat back, so that a posting fills once.
    """
    wrong: list[Refused] = []
    for first in range(0, len(crowd.refused), READ_AT_ONCE):
        some = crowd.refused[first : first + READ_AT_ONCE]
        ids = sorted({refused.posting for refused in some})
        entries, raws = await entries_of(store, ids), await store.hashes("posting", ids)
        filled_ms = {id_: records.counts(raw)["filled_ms"] for id_, raw in zip(ids, raws, strict=True)}
        wrong += [
            r
            for r in some
            if not borne_out(
                r, entries[r.posting].get(r.profile), filled_ms[r.posting], crowd.withdrawn_ms.get(r.posting, 0.0)
            )
        ]
    return {
        "refused_late": dict(Counter(f"{r.operation} {r.code}" for r in crowd.refused)),
        "refused_wrongly": len(wrong),
        "refused_wrongly_examples": [f"{r.posting}:{r.profile} {r.operation} {r.code}" for r in wrong[:EXAMPLES]],
    }
