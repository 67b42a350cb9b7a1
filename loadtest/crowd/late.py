"""Refusals that are part of the trade: while somebody thought about it, the seat or the offer went.

Whether it had gone, and by then, is read in the store's records after the run, and in those of the firms, who alone
know when they took a posting back; a refusal that they do not bear out is a failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
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
    "wish": frozenset({"posting_not_open", "does_not_fit"}),
}
"""Codes by operation that an honest race explains."""
HEARD_WITHIN_MS: Final = 5_000.0
"""A refusal is not older when it is heard."""
READ_AT_ONCE: Final = 2_000
EXAMPLES: Final = 10


def borne_out(refused: Refused, entry: Entry | None, filled_ms: int = 0, withdrawn_ms: float = 0.0) -> bool:
    """Whether what the store has of somebody explains the refusal, and had come about by then. `filled_ms` is when the
    posting's seats were taken, `withdrawn_ms` when its firm began to take it back; 0: not, or not known.

    Whoever was asked anew has lost the traces of the offer before, though not when that one ended. Who asks for a
    posting themselves need not have an entry: only that all its seats are spoken for, or that it is gone, explains it.
    """
    if refused.operation == "wish":
        return 0 < min(filter(None, (filled_ms, withdrawn_ms)), default=0) <= refused.at_ms
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


def spoken_for_ms(entries: Iterable[Entry], headcount: int) -> int:
    """When as many had said yes as there are seats, though perhaps nobody was seated yet; 0 where so many have not.
    Nobody of this crowd takes a yes back."""
    said_yes = sorted(e.answered_ms for e in entries if e.acceptance is not None and e.answered_ms)
    return said_yes[headcount - 1] if len(said_yes) >= headcount else 0


def in_hand(entries: Iterable[Entry], at_ms: float) -> int:
    """How many offers of one person were open, as far as the store tells, shortly before a refusal was heard. When one
    ended that was taken back is not told: at its deadline at the latest."""
    since_ms = at_ms - HEARD_WITHIN_MS
    return sum(e.offered_ms <= at_ms and (e.answered_ms or e.deadline_ms) >= since_ms for e in entries)


async def judged(store: Store, crowd: Seen) -> dict[str, Any]:
    """How many refusals there were by operation and code, and those that the store does not bear out.

    All on one machine, by one clock. Nobody of this crowd gives a seat back, so that a posting fills once. Whoever asks
    for a posting that they have just been shown does not fit it only where offers have filled their hand since; each
    such person is looked up in all postings.
    """
    live_cap = (await store.market_settings()).live_cap
    wrong: list[Refused] = []
    for first in range(0, len(crowd.refused), READ_AT_ONCE):
        some = crowd.refused[first : first + READ_AT_ONCE]
        ids = sorted({refused.posting for refused in some})
        entries, raws = await entries_of(store, ids), await store.hashes("posting", ids)
        counts = {id_: records.counts(raw) for id_, raw in zip(ids, raws, strict=True)}
        for r in some:
            if (r.operation, r.code) == ("wish", "does_not_fit"):
                if in_hand((await store.entries_of_profile(r.profile)).values(), r.at_ms) < live_cap:
                    wrong.append(r)
                continue
            held, count = entries[r.posting], counts[r.posting]
            full_ms = spoken_for_ms(held.values(), count["headcount"]) if r.operation == "wish" else count["filled_ms"]
            if not borne_out(r, held.get(r.profile), full_ms, crowd.withdrawn_ms.get(r.posting, 0.0)):
                wrong.append(r)
    return {
        "refused_late": dict(Counter(f"{r.operation} {r.code}" for r in crowd.refused)),
        "refused_wrongly": len(wrong),
        "refused_wrongly_examples": [f"{r.posting}:{r.profile} {r.operation} {r.code}" for r in wrong[:EXAMPLES]],
    }
