"""Crews among those who may be asked: found as units, kept whole (pure).

A crew is given beside each row that is asked with it; None for whoever is asked alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.model import Crew
from matcher.score import Scores

Crews = tuple[Crew | None, ...]
"""Empty where no crew is asked."""
Positions = NDArray[np.int64]


def crews_among(people: Sequence[str], crew_of: Mapping[str, str], crews: Mapping[str, Crew], most: int) -> Crews:
    """The crews of whom everybody is among the people and that are no larger than `most`."""
    named = [crew_of.get(profile) for profile in people]
    size = Counter(crew for crew in named if crew is not None)
    asked = {crew for crew, n in size.items() if 1 < n <= most and n == len(crews[crew].consented)}
    return tuple(crews[crew] if crew in asked else None for crew in named) if asked else ()


def shared_scores(crews: Crews, totals: Scores) -> Scores:
    """A crew has the mean of its members' scores, each of them the same."""
    totals = totals.copy()
    for positions in _positions(crews).values():
        totals[positions] = totals[positions].mean()
    return totals


def with_mates(crews: Crews, chosen: Positions) -> Positions:
    """The chosen positions, each crew whole in the place of its first member."""
    if not crews:
        return chosen
    mates = _positions(crews)
    whole: dict[int, None] = {}
    for at in chosen.tolist():
        crew = crews[at]
        whole.update(dict.fromkeys([at] if crew is None else mates[crew.id]))
    return np.array(list(whole), dtype=np.int64)


def without_parts(crews: Crews) -> Crews:
    """A crew of whom not everybody is there any more is none: whoever is left is asked alone."""
    whole = {id_ for id_, positions in _positions(crews).items() if len(positions) == len(_crew(crews, positions))}
    return tuple(crew if crew is not None and crew.id in whole else None for crew in crews)


def _crew(crews: Crews, positions: list[int]) -> list[str]:
    crew = crews[positions[0]]
    return [] if crew is None else crew.consented


def _positions(crews: Crews) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, crew in enumerate(crews):
        if crew is not None:
            found.setdefault(crew.id, []).append(at)
    return found
