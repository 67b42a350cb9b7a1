"""How likely people say yes, and how soon: learned from the offers that have ended (pure).

Counts are kept by channel, trade and hour of the day. What is seldom seen leans on what is seen more often (Bayesian
shrinkage): a cell on its trade and its hour, these on their channel, the channel on DOMAIN's table. Everything follows
from the postings' entries of the last days, so it can be learned anew from the records at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import exp, log
from typing import Any, Final

from matcher.model import CHANNELS, DAY_MS, HOUR_MS, Channel, Entry

PRIOR_RATE: Final[Mapping[Channel, float]] = {"inbox": 0.30, "push": 0.30, "sms": 0.20, "call": 0.30, "kiosk": 0.30}
"""DOMAIN: 35 % of those who see an offer nearby say yes; fewer see a message on a plain phone in time."""
PRIOR_ANSWERED: Final[Mapping[Channel, float]] = {"inbox": 0.70, "push": 0.70, "sms": 0.40, "call": 0.70, "kiosk": 0.90}
"""DOMAIN: who sees it within the time for an answer."""
PRIOR_ANSWER_S: Final[Mapping[Channel, float]] = {"inbox": 30, "push": 30, "sms": 90, "call": 300, "kiosk": 30}
"""Median time until a yes: until it is seen, and 15 s to think."""
PRIOR_OFFERS: Final = 40.0
"""What a prior weighs, in offers."""
LEAST, MOST = 0.02, 0.95
"""A rate is never taken to be surer than this."""
LEARNED_DAYS: Final = 14
"""Offers of postings that ended longer ago are forgotten."""

Cell = tuple[str, str, int]
"""Channel, trade, local hour in which the offer was made; "" and -1 stand for any."""


class Tally:
    """Offers that ended, and what became of them."""

    __slots__ = ("answered", "log_ms", "offers", "yes")

    def __init__(self, offers: int = 0, answered: int = 0, yes: int = 0, log_ms: int = 0) -> None:
        self.offers = offers
        self.answered = answered
        self.yes = yes
        self.log_ms = log_ms
        """Sum over the yeses of a thousand times the logarithm of the seconds they took; whole, so that taking away
        leaves nothing behind."""

    def add(self, other: Tally, sign: int = 1) -> None:
        """Adds another's counts, or takes them away."""
        self.offers += sign * other.offers
        self.answered += sign * other.answered
        self.yes += sign * other.yes
        self.log_ms += sign * other.log_ms

    def plain(self) -> list[int]:
        """The counts, as the constructor takes them."""
        return [self.offers, self.answered, self.yes, self.log_ms]


NOTHING: Final = Tally()


def tally_of(entry: Entry) -> Tally | None:
    """What one entry tells; None while its offer is open, where it was taken back, which was not the person's no, or
    where the person asked for it, who says yes anyway."""
    if entry.offer not in ("accepted", "declined", "expired") or not entry.wave:  # wave 0: one yes for many days
        return None
    if entry.wished:
        return None
    yes = entry.offer == "accepted"
    took_s = max((entry.answered_ms or entry.offered_ms) - entry.offered_ms, 1_000) / 1000
    return Tally(1, int(entry.offer != "expired"), int(yes), round(1000 * log(took_s)) if yes else 0)


class Rates:
    """Counts of one market. `learn` follows the entries in memory; `keep` takes over those that leave it."""

    def __init__(self, zone_offset_ms: int) -> None:
        self.zone_offset_ms = zone_offset_ms
        self._seen: dict[Cell, Tally] = {}
        """Everything counted, by cell and by its margins."""
        self._told: dict[object, Any] = {}
        """Answers given since anything was counted last: a batch of postings asks the same few things."""
        self._past: dict[int, dict[Cell, Tally]] = {}
        """What came from postings that have left memory: by the day on which they ended."""
        self.through_ms = 0
        """Postings that ended until then are in `_past` and are not learned again."""

    def begin(self, now_ms: int) -> None:
        """Without a past from a snapshot: everything of the last days is still to be learned."""
        self.through_ms = now_ms - LEARNED_DAYS * DAY_MS

    def learn(self, trade: str, end_ms: int, old: Entry | None, new: Entry) -> None:
        """An entry of a posting in memory has changed."""
        if end_ms > self.through_ms:
            if old is not None:
                self._count(trade, old, -1)
            self._count(trade, new, 1)

    def move(self, old_trade: str, trade: str, end_ms: int, entries: Iterable[Entry]) -> None:
        """A posting in memory has become one of another trade."""
        for entry in entries if end_ms > self.through_ms else ():
            self._count(old_trade, entry, -1)
            self._count(trade, entry, 1)

    def unlearn(self, trade: str, end_ms: int, entries: Iterable[Entry]) -> None:
        """A posting was taken back and leaves memory, and with it what it taught."""
        for entry in entries if end_ms > self.through_ms else ():
            self._count(trade, entry, -1)

    def keep(self, trade: str, end_ms: int, entries: Iterable[Entry]) -> None:
        """A posting leaves memory: what it taught stays, until it is too old."""
        if end_ms <= self.through_ms:
            return
        day = self._past.setdefault(end_ms // DAY_MS, {})
        for entry in entries:
            tally = tally_of(entry)
            if tally is not None:
                day.setdefault(self._cell(trade, entry), Tally()).add(tally)

    def forget_before(self, through_ms: int, now_ms: int) -> None:
        """Every posting that ended until `through_ms` has been kept; what is too old is forgotten."""
        self.through_ms = max(self.through_ms, through_ms)
        oldest = (now_ms - LEARNED_DAYS * DAY_MS) // DAY_MS
        for day in [d for d in self._past if d < oldest]:
            for cell, tally in self._past.pop(day).items():
                self._add(cell, tally, -1)

    # -- what is asked of it ----------------------------------------------------------------------------------------

    def yes(self, channel: Channel, trade: str, hour: int) -> float:
        """The chance that somebody who is offered this trade at this hour on this channel says yes."""
        base = _shrunk(self._tally(channel), "yes", PRIOR_RATE[channel])
        of_trade = _shrunk(self._tally(channel, trade), "yes", base)
        of_hour = _shrunk(self._tally(channel, "", hour), "yes", base)
        together = of_trade * of_hour / base  # as if trade and hour had nothing to do with each other
        return _shrunk(self._tally(channel, trade, hour), "yes", min(max(together, LEAST), MOST))

    def usual_yes(self, trade: str, hour: int) -> float:
        """The chance of a yes whatever the channel, as the channels were used lately; in whole percents."""
        asked = trade, hour
        if asked not in self._told:
            self._told[asked] = self._over_channels(lambda channel: self.yes(channel, trade, hour), digits=2)
        return float(self._told[asked])

    def usual_answer_s(self) -> float:
        """The median time until a yes whatever the channel, in seconds."""
        return self._over_channels(self.answer_s, digits=1)

    def _over_channels(self, value: Callable[[Channel], float], digits: int) -> float:
        used = {channel: float(self._tally(channel).offers) for channel in CHANNELS}
        used["inbox"] += PRIOR_OFFERS
        return round(sum(n * value(channel) for channel, n in used.items() if n) / sum(used.values()), digits)

    def answered(self, channel: Channel) -> float:
        """The chance that somebody answers at all on this channel."""
        return _shrunk(self._tally(channel), "answered", PRIOR_ANSWERED[channel])

    def answer_chances(self) -> tuple[float, ...]:
        """`answered` of every channel, in the order of CHANNELS."""
        chances: tuple[float, ...] | None = self._told.get("answered")
        if chances is None:
            chances = self._told["answered"] = tuple(self.answered(channel) for channel in CHANNELS)
        return chances

    def answer_s(self, channel: Channel) -> float:
        """The median time until a yes on this channel, in seconds (the geometric mean)."""
        seen = self._tally(channel)
        prior = PRIOR_OFFERS * log(PRIOR_ANSWER_S[channel])
        return exp((seen.log_ms / 1000 + prior) / (seen.yes + PRIOR_OFFERS))

    def hour(self, at_ms: int) -> int:
        """The local hour of an instant."""
        return (at_ms + self.zone_offset_ms) // HOUR_MS % 24

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """What cannot be read back from the postings in memory, as plain values."""
        past = {str(day): [[*cell, *t.plain()] for cell, t in cells.items()] for day, cells in self._past.items()}
        return {"through_ms": self.through_ms, "past": past}

    def restore(self, held: Mapping[str, Any]) -> None:
        """Takes over what `dump` gave. Raises KeyError, TypeError or ValueError for anything else."""
        self.through_ms = int(held["through_ms"])
        for day, lines in held["past"].items():
            for channel, trade, hour, *counts in lines:
                cell, tally = (str(channel), str(trade), int(hour)), Tally(*counts)
                self._past.setdefault(int(day), {})[cell] = tally
                self._add(cell, tally)

    def counts(self) -> dict[Cell, list[int]]:
        """Everything counted, comparable between two that learned the same."""
        return {cell: tally.plain() for cell, tally in self._seen.items() if tally.offers}

    def _cell(self, trade: str, entry: Entry) -> Cell:
        return entry.channel, trade, self.hour(entry.offered_ms)

    def _count(self, trade: str, entry: Entry, sign: int) -> None:
        tally = tally_of(entry)
        if tally is not None:
            self._add(self._cell(trade, entry), tally, sign)

    def _add(self, cell: Cell, tally: Tally, sign: int = 1) -> None:
        channel, trade, hour = cell
        self._told.clear()
        for margin in (cell, (channel, trade, -1), (channel, "", hour), (channel, "", -1)):
            if margin not in self._seen:
                self._seen[margin] = Tally()
            self._seen[margin].add(tally, sign)

    def _tally(self, channel: str, trade: str = "", hour: int = -1) -> Tally:
        return self._seen.get((channel, trade, hour), NOTHING)


def _shrunk(seen: Tally, what: str, prior: float) -> float:
    """The share of `what` among the offers, leaning on a prior; within what is believed."""
    share: float = (getattr(seen, what) + PRIOR_OFFERS * prior) / (seen.offers + PRIOR_OFFERS)
    return min(max(share, LEAST), MOST)
