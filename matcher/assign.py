"""Who is asked for which posting when postings compete for the same people: a sparse auction (pure).

Postings and people are two sides with room for so many each, and every pair that the rules allow has a score. One side
bids: each bidder with room left takes those that give most above their price, and raises the price to where the next
best would be as good, and a little more. Whoever is outbid bids again. When nobody wants to bid, the sum of the scores
is within `RAISE` a pair of the greatest possible, for prices begin at 0 and only what somebody holds has another one
(Bertsekas, "Auction algorithms", 1991; the case of unequal sides). The side with less room bids: prices then stay low.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matcher.compiled import inner, kernel, stage

RAISE: Final = 0.018
"""Smallest raise of a price. Scores are within 0..1; measured, the sum stays within 0.07 % of the optimum, and
less takes longer (0.01: 0.02 %, a fifth more time)."""
PEOPLE_BID_UP_TO: Final = 1.2
"""People bid while there is at most so much room of people for each one wanted."""

NONE: Final = -1
"""Stands for the pair of a place that nobody holds."""

Chosen = NDArray[np.int64]


@inner
def _outbid(prices: Any, holders: Any, first: int, size: int, price: float, pair: int) -> int:
    """Replaces the cheapest place of a heap that begins at `first`; answers with the pair that held it, or NONE."""
    out, at = holders[first], 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and prices[first + below + 1] < prices[first + below]:
            below += 1
        if prices[first + below] >= price:
            break
        prices[first + at], holders[first + at] = prices[first + below], holders[first + below]
        at = below
    prices[first + at], holders[first + at] = price, pair
    return out  # type: ignore[no-any-return]


@stage
def _auction(starts: Any, of: Any, scores: Any, wants: Any, room: Any) -> Any:
    """Which pairs are taken. Bidder b wants at most `wants[b]` of the pairs from `starts[b]` to `starts[b + 1]`; pair p
    is with side `of[p]`, which has room for `room[of[p]]`."""
    bidders, sides, pairs = len(wants), len(room), len(of)
    places = np.zeros(sides + 1, dtype=np.int64)
    for side in range(sides):
        places[side + 1] = places[side] + room[side]
    prices, holders = np.zeros(places[sides], dtype=np.float32), np.full(places[sides], NONE, dtype=np.int32)
    lowest = np.where(room > 0, np.float32(0), np.float32(np.inf))
    bidder_of, taken = np.empty(pairs, dtype=np.int32), np.zeros(pairs, dtype=np.bool_)
    for bidder in range(bidders):
        bidder_of[starts[bidder] : starts[bidder + 1]] = bidder
    gains, best = np.empty(wants.max() + 1, dtype=np.float32), np.empty(wants.max() + 1, dtype=np.int32)
    left, queue, queued = wants.copy(), np.arange(bidders), np.ones(bidders, dtype=np.bool_)
    head, waiting = 0, bidders
    while waiting > 0:
        bidder = queue[head]
        head, waiting, queued[bidder] = (head + 1) % bidders, waiting - 1, False
        looking = left[bidder] + 1  # the last of the heap, at its head, is the next best
        gains[:looking], best[:looking] = 0, NONE
        for pair in range(starts[bidder], starts[bidder + 1]):
            gain = scores[pair] - lowest[of[pair]]
            if gain > gains[0] and not taken[pair]:
                _outbid(gains, best, 0, looking, gain, pair)
        next_best = gains[0]
        for pair in best[1:looking]:
            if pair == NONE:
                continue
            left[bidder] -= 1
            side = of[pair]
            price = scores[pair] - next_best + RAISE
            size = places[side + 1] - places[side]
            out = _outbid(prices, holders, places[side], size, price, pair)
            lowest[side], taken[pair] = prices[places[side]], True
            if out != NONE:
                loser = bidder_of[out]
                taken[out] = False
                left[loser] += 1
                if not queued[loser]:
                    queue[(head + waiting) % bidders] = loser
                    waiting, queued[loser] = waiting + 1, True
    return taken


@stage
def _turned(starts: Any, of: Any, scores: Any, sides: int) -> Any:
    """The same pairs from the other side: (starts, of, scores, number that each pair had)."""
    begins = np.zeros(sides + 2, dtype=np.int64)
    for side in of:
        begins[side + 2] += 1
    begins = np.cumsum(begins)
    turned_of, turned_scores = np.empty(len(of), dtype=np.int32), np.empty(len(of), dtype=np.float32)
    numbers = np.empty(len(of), dtype=np.int32)
    for bidder in range(len(starts) - 1):
        for pair in range(starts[bidder], starts[bidder + 1]):
            at = begins[of[pair] + 1]
            begins[of[pair] + 1] += 1
            turned_of[at], turned_scores[at], numbers[at] = bidder, scores[pair], pair
    return begins[: sides + 1], turned_of, turned_scores, numbers


@kernel
def _assigned(starts: Any, rows: Any, scores: Any, wanted: Any, room: Any) -> Any:
    """What each posting gets, one after the other, and where the next one's begins."""
    number, people = np.full(rows.max() + 1, -1, dtype=np.int32), 0
    of, room_of = np.empty(len(rows), dtype=np.int32), np.empty(len(rows), dtype=np.int64)
    for pair in range(len(rows)):
        if number[rows[pair]] < 0:
            number[rows[pair]], room_of[people] = people, room[pair]
            people += 1
        of[pair] = number[rows[pair]]
    room_of = room_of[:people]
    if room_of.sum() > PEOPLE_BID_UP_TO * wanted.sum():
        taken = _auction(starts, of, scores, wanted, room_of)
    else:
        begins, posting_of, turned_scores, numbers = _turned(starts, of, scores, people)
        turned = _auction(begins, posting_of, turned_scores, room_of, wanted)
        taken = np.empty(len(rows), dtype=np.bool_)
        for at in range(len(rows)):
            taken[numbers[at]] = turned[at]
    chosen, ends, n = np.empty(taken.sum(), dtype=np.int64), np.zeros(len(starts), dtype=np.int64), 0
    for posting in range(len(wanted)):
        for pair in range(starts[posting], starts[posting + 1]):
            if taken[pair]:
                chosen[n] = pair - starts[posting]
                n += 1
        ends[posting + 1] = n
    return chosen, ends


def assigned(
    rows: Sequence[NDArray[np.int64]],
    scores: Sequence[NDArray[np.float32]],
    wanted: Sequence[int],
    room: Sequence[NDArray[np.uint8]],
) -> list[Chosen]:
    """For each posting the positions in its rows of those whom it gets, in the rows' order.

    Args:
        rows: people who may be asked, by posting; one person has the same row everywhere, and comes once in a posting.
        scores: their scores with it, 0..1.
        wanted: how many each posting wants at most.
        room: how many more offers each of these people may get.
    """
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(some) for some in rows], out=starts[1:])
    if not starts[-1]:
        return [np.zeros(0, dtype=np.int64) for _ in rows]
    chosen, ends = _assigned(
        starts, np.concatenate(rows), np.concatenate(scores), np.array(wanted, dtype=np.int64), np.concatenate(room)
    )
    return [chosen[first:last] for first, last in pairwise(ends.tolist())]
