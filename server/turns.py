"""Who is heard next: strangers one at a time, each address in its turn.

To parse, route and refuse a request takes the one thread a third of a millisecond, and fifty that come together
hold up everybody for fifteen. So a connection on which nobody has shown a session is heard when a turn is free; until
then what it sends stays unread. Turns go round the addresses, so that a crowd from one waits behind the one who comes
from another. Whoever has shown a session is heard at once, and until they are answered no stranger's turn begins. They
find the thread free for the most part: after turns in which nobody showed a session the strangers rest.

Where somebody has waited long, the latest are heard first. In a line of thousands who all give up after some seconds
and come again, those in front are about to leave: each turn would go to one who is not there for the answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Protocol

AT_ONCE: Final = 1
LONGEST_S: Final = 0.005
"""A turn ends with the answer or when a session is shown, and after so long anyway: who waits for the store, for a
password or for the rest of their own body takes nothing from the others."""

REST: Final = 2.0
"""Strangers rest so many times as long as their turns took, each of `AT_ONCE`."""
SAVED_S: Final = 0.03
"""So much rest can be saved up: a page's first visit, or a few people who log in together, hardly wait."""
LEAST_S: Final = 0.001
"""No shorter pause: uvloop would ask again and again instead of sleeping. What is slept too long is saved."""
AHEAD_S: Final = 0.002
"""So long at most do strangers wait for the answers of those who are in."""
LONG_S: Final = 0.5
"""Whoever has waited longer than this may soon leave."""


class Stranger(Protocol):
    """Somebody who wants to be heard."""

    address: str

    def is_gone(self) -> bool:
        """Whether they have left."""

    def speak(self) -> None:
        """It is their turn."""


class Turns:
    """Gives turns. Those who wait are kept by address, the address whose turn is next first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: OrderedDict[str, deque[tuple[float, Stranger]]] = OrderedDict()
        self._speaking: dict[Stranger, float] = {}
        self._rested_at_s = 0.0
        self._ahead: set[object] = set()
        self._ahead_until_s = 0.0
        self._look_again: asyncio.Handle | None = None
        self._looks_at_s = 0.0

    def ask(self, who: Stranger) -> None:
        """Lets them speak, at once where a turn is free."""
        self._waiting.setdefault(who.address, deque()).append((self._clock(), who))
        self._give()

    def goes_ahead(self, who: Stranger) -> None:
        """Somebody has shown a session, now or before, and asks for something."""
        self._speaking.pop(who, None)
        if not self._ahead:
            self._ahead_until_s = self._clock() + AHEAD_S
        self._ahead.add(who)
        if self._waiting:  # of thousands who come at dawn each gives up their turn here, and then listens at a socket
            self._look_again_in(AHEAD_S)

    def over(self, who: Stranger) -> None:
        """They were answered, or have gone."""
        since_s = self._speaking.pop(who, None)
        if since_s is not None:
            self._tire(since_s, self._clock())
        self._ahead.discard(who)
        if self._waiting:
            self._give()

    def _tire(self, since_s: float, now_s: float) -> None:
        begins_s = max(self._rested_at_s, now_s - SAVED_S)
        self._rested_at_s = begins_s + REST * min(now_s - since_s, LONGEST_S) / AT_ONCE

    def _give(self) -> None:
        now_s = self._clock()
        while self._waiting and now_s >= self._next_at_s(now_s):
            if len(self._speaking) >= AT_ONCE and not self._end_the_longest(now_s):
                break
            who = self._next(now_s)
            if not who.is_gone():
                self._speaking[who] = now_s
                who.speak()
        if self._waiting:
            self._look_again_in(max(self._next_at_s(now_s) - now_s, 0.0) or LONGEST_S)

    def _next(self, now_s: float) -> Stranger:
        """Takes out of the line whose turn it is; their address is the last one whose turn it will be again."""
        address, line = next(iter(self._waiting.items()))
        latest_first = line[0][0] < now_s - LONG_S
        if latest_first:
            address, line = next(reversed(self._waiting.items()))
        _, who = line.pop() if latest_first else line.popleft()
        if line:
            self._waiting.move_to_end(address, last=not latest_first)
        else:
            del self._waiting[address]
        return who

    def _next_at_s(self, now_s: float) -> float:
        """When the next turn may begin."""
        if now_s >= self._ahead_until_s:
            self._ahead.clear()  # somebody always asks, or waits long, or listens at a socket
        return max(self._rested_at_s, self._ahead_until_s if self._ahead else 0.0)

    def _look_again_in(self, pause_s: float) -> None:
        loop, pause_s = asyncio.get_running_loop(), max(pause_s, LEAST_S)
        at_s = loop.time() + pause_s  # uvloop's handle of a pause below a millisecond does not tell it
        if self._look_again is None or self._looks_at_s > at_s:
            if self._look_again is not None:
                self._look_again.cancel()
            self._look_again, self._looks_at_s = loop.call_later(pause_s, self._later), at_s

    def _end_the_longest(self, now_s: float) -> bool:
        """Ends the turn that began first, if it has lasted long enough."""
        who, since_s = next(iter(self._speaking.items()))
        if now_s - since_s < LONGEST_S:
            return False
        del self._speaking[who]
        self._tire(since_s, now_s)
        return True

    def _later(self) -> None:
        self._look_again = None
        self._give()
