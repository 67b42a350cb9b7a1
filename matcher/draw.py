"""The committed draw: a chain of seeds, one a round, and the published order that follows from them (pure).

Every round of a fair award that has to choose between several draws with a seed of its own. The seeds form a chain:
each is the SHA-256 of the next one. The posting publishes the SHA-256 of the first seed before its first offer, and
every round reveals its seed when it is settled; so each seed was fixed before the posting had an offer, and is unknown
until its round is over. Whoever holds the last revealed seed computes all earlier ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from typing import Final

from matcher.model import Entry

ROUNDS: Final = 64
"""Seeds of a chain. In rounds after the last seed, people who are otherwise equal are seated in order of arrival."""
NO_QUEUE: Final = 1_000_000
"""Stands for no queue number: behind every one."""
Place = tuple[int, int, str]


def sha256(text: str) -> str:
    """SHA-256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def chain(secret: str) -> list[str]:
    """The seeds of rounds 1 to ROUNDS that follow from a secret."""
    seeds = [sha256(secret)]
    while len(seeds) < ROUNDS:
        seeds.append(sha256(seeds[-1]))
    return seeds[::-1]


def commitment(seeds: list[str]) -> str:
    """What is published with the posting: the SHA-256 of the first round's seed; empty where nothing is drawn."""
    return sha256(seeds[0]) if seeds else ""


def packed(seeds: list[str]) -> bytes:
    """The chain as the store keeps it: 32 bytes a round, the first round first."""
    return bytes.fromhex("".join(seeds))


def ticket(seed: str, unit: str) -> str:
    """A place in the draw: SHA-1 of seed and pseudonym (of the crew where one stays together), as the store computes it
    (it has no SHA-256)."""
    return hashlib.sha1(f"{seed}:{unit}".encode(), usedforsecurity=False).hexdigest()


def seeds_from(last: str, rounds: int) -> list[str]:
    """The seeds of rounds 1 to `rounds`, from the last one that was revealed."""
    seeds = [last] if rounds else []
    while len(seeds) < rounds:
        seeds.append(sha256(seeds[-1]))
    return seeds[::-1]


def units(entries: Mapping[str, Entry]) -> dict[str, list[tuple[str, Entry]]]:
    """Who stands in line together: crew or person -> its (profile, entry) pairs."""
    found: dict[str, list[tuple[str, Entry]]] = {}
    for profile, entry in entries.items():
        found.setdefault(entry.crew if entry.together else profile, []).append((profile, entry))
    return found


def place(members: list[tuple[str, Entry]]) -> Place:
    """What decides a place in a round: who waited longest, then the hall's queue number, then the draw. A crew stands
    where its member stands who worked last and whose number is highest: nobody gets ahead by taking somebody along."""
    return (
        max(e.last_work_ms or 0 for _, e in members),
        max(e.queue_no or NO_QUEUE for _, e in members),
        members[0][1].ticket,
    )


def faults(published: str, seed: str, rounds: int, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Whatever is wrong with an award: a seed that was not committed to, a ticket or a place that does not follow.

    Args:
        published: the posting's commitment.
        seed: the last revealed seed.
        rounds: how many rounds have drawn.
        entries: everybody who accepted.
    """
    seeds = seeds_from(seed, min(rounds, ROUNDS))
    if seeds and sha256(seeds[0]) != published:
        yield "the seeds do not lead back to the commitment"
    drawn = [(unit, pairs) for unit, pairs in units(entries).items() if pairs[0][1].round]
    for unit, pairs in drawn:
        of_round = pairs[0][1].round or 0
        if of_round <= len(seeds) and any(e.ticket != ticket(seeds[of_round - 1], unit) for _, e in pairs):
            yield f"the ticket of {unit} does not follow from the seed of round {of_round}"
    for of_round, some in groupby(sorted(drawn, key=lambda item: item[1][0][1].round or 0), lambda i: i[1][0][1].round):
        line = sorted(some, key=lambda item: min(e.order or 0 for _, e in item[1]))
        for (ahead, before), (unit, after) in pairwise(line):
            if place(before) > place(after):
                yield f"round {of_round}: {ahead} stands before {unit}"
