"""What a run shows: the crowd's diaries against the store's records (pure but for reading)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from loadtest.audit_checks import ClientRecord
from loadtest.crowd import diary
from loadtest.crowd.diary import Line, Posted, Received, Refused, Told, Withdrawn
from matcher import records
from matcher.model import Entry
from matcher.store import Store

LEAVING_MS: Final = 5_000
"""Offers written so shortly before everybody left are not asked for: they were on their way. Whoever was dropped has
them with the next hello."""
READ_AT_ONCE: Final = 200

Json = dict[str, Any]


class Seen(Struct):
    """Everything that the generators noted."""

    lines: dict[str, list[Line]] = {}
    offers: dict[str, Received] = {}
    posted: dict[str, Posted] = {}
    withdrawn_ms: dict[str, float] = {}
    """When the firms began to take their postings back."""
    refused: list[Refused] = field(default_factory=list)
    told: list[ClientRecord] = field(default_factory=list)


def seen(folder: Path, *, offers: bool = True) -> Seen:
    """Reads the diaries; without the offers, which are most of a long run."""
    found = Seen()
    for entry in diary.read(folder):
        if isinstance(entry, Line):
            found.lines.setdefault(entry.profile, []).append(entry)
        elif isinstance(entry, Received) and offers:
            found.offers.setdefault(f"{entry.offer}/{entry.wave}", entry)
        elif isinstance(entry, Posted):
            found.posted[entry.posting] = entry
        elif isinstance(entry, Withdrawn):
            found.withdrawn_ms[entry.posting] = entry.at_ms
        elif isinstance(entry, Refused):
            found.refused.append(entry)
        elif isinstance(entry, Told):
            found.told.append(entry.record)
    return found


async def entries_of(store: Store, postings: Iterable[str]) -> dict[str, dict[str, Entry]]:
    """Posting -> profile -> entry, as the store has them."""
    ids, found = list(postings), {}
    for first in range(0, len(ids), READ_AT_ONCE):
        some = ids[first : first + READ_AT_ONCE]
        for id_, flat in zip(some, await store.hashes("offers", some), strict=True):
            found[id_] = {profile.decode(): records.entry(packed) for profile, packed in flat.items()}
    return found


def delivered(crowd: Seen, entries: Mapping[str, Mapping[str, Entry]]) -> Json:
    """Of the offers that the store made to people whose line was open, how many reached them, and which did not."""
    made = due = 0
    missing: list[Json] = []
    for posting, profiles in entries.items():
        for profile, entry in profiles.items():
            made += 1
            spans = crowd.lines.get(profile, ())
            open_then = [s for s in spans if s.from_ms <= entry.offered_ms < s.to_ms - (0 if s.dropped else LEAVING_MS)]
            if not open_then:
                continue
            due += 1
            offer = f"{posting}:{profile}:{entry.terms}"
            if f"{offer}/{entry.wave}" not in crowd.offers:
                into_s, left_s = (entry.offered_ms - open_then[0].from_ms, open_then[0].to_ms - entry.offered_ms)
                missing.append(
                    {"offer": offer, "after_s": round(into_s / 1000, 2), "before_end_s": round(left_s / 1000, 2)}
                )
    return {
        "offers": made,
        "offers_to_connected": due,
        "offers_received": len(crowd.offers),
        "offers_missing": len(missing),
        "missing_examples": missing[:10],
    }


def notified_ms(crowd: Seen) -> list[float]:
    """From the moment when a posting was meant to be sent (its first wave) or a later wave was written, until each
    offer was there; offers that waited for somebody to connect apart."""
    times = []
    for offer in crowd.offers.values():
        if offer.with_hello:
            continue
        posted = crowd.posted.get(offer.posting)
        begun_ms = posted.due_ms if posted is not None and offer.wave == 1 else offer.offered_ms
        times.append(offer.at_ms - begun_ms)
    return sorted(times)


def written_ms(crowd: Seen) -> list[float]:
    """From the writing of a wave, by the store's clock, until each offer was there."""
    return sorted(o.at_ms - o.offered_ms for o in crowd.offers.values() if not o.with_hello)


def percentile(ordered: list[float], share: float) -> float | None:
    """The value that so large a share of them does not exceed; None of nothing."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else None


def connected_within_s(crowd: Seen, workers: int) -> float | None:
    """Seconds from the first open line to the `workers`-th; None where there were not so many at once."""
    moments = sorted(
        [(line.from_ms, 1) for lines in crowd.lines.values() for line in lines]
        + [(line.to_ms, -1) for lines in crowd.lines.values() for line in lines]
    )
    open_now = 0
    for at_ms, change in moments:
        open_now += change
        if open_now >= workers:
            return round((at_ms - moments[0][0]) / 1000, 1)
    return None


def most_connected(crowd: Seen) -> int:
    """How many lines were open at the same time."""
    moments = sorted(
        [(line.from_ms, 1) for lines in crowd.lines.values() for line in lines]
        + [(line.to_ms, -1) for lines in crowd.lines.values() for line in lines]
    )
    open_now = most = 0
    for _, change in moments:
        open_now += change
        most = max(most, open_now)
    return most
