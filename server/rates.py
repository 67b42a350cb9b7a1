"""How often: counts in the store, so that all servers count together. Keys are keyed hashes, never a telephone.

Every count is a write that the store syncs, and everybody's reads wait for it meanwhile. So who has had too many is
remembered here for a second: to go on guessing costs the store nothing.
"""

from __future__ import annotations

from time import monotonic
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.store import Store

MINUTE_S: Final = 60
HOUR_S: Final = 3600


class Rate(NamedTuple):
    """At most so many of this kind within so long, counted from the first."""

    name: str
    most: int
    within_s: int


CODES_A_MINUTE: Final = Rate("code_minute", 1, MINUTE_S)
CODES_A_DAY: Final = Rate("code_day", 8, 24 * HOUR_S)
TRIES_FOR_A_CODE: Final = Rate("code_tries", 5, HOUR_S)
WRONG_CODES_A_DAY: Final = Rate("wrong_codes_day", 15, 24 * HOUR_S)
"""Across all codes of a telephone, of 10 ** 6 each: somebody who guesses every day is right once in 66,000 days.
What is asked and tried through a kiosk is counted apart: nobody elsewhere locks a person out of the hall."""
REGISTRATIONS_A_DAY: Final = Rate("registrations_day", 5, 24 * HOUR_S)
"""By one telephone: who has proved one cannot try through whose ID numbers are registered."""
STAFF_TRIES: Final = Rate("staff_tries", 8, HOUR_S // 4)
TICKET_TRIES: Final = Rate("ticket_tries", 5, 12 * HOUR_S)
PASS_TRIES: Final = Rate("pass_tries", 20, HOUR_S // 4)
"""For one who asks, at one posting; a right code begins anew."""
COMPLAINTS: Final = Rate("complaints", 20, 24 * HOUR_S)
KIOSK_TRIES: Final = Rate("kiosk_tries", 60, HOUR_S // 6)
KEYS_TYPED: Final = Rate("keys_typed", 900, MINUTE_S)
"""Fifteen keys a second, each asking for candidates: more than fingers do."""
ADDRESS_TRIES: Final = Rate("address_tries", 240, HOUR_S // 6)
"""Generous: a whole hall, or a mobile network, may share one address. Guessing is stopped by the limits above."""


REMEMBERED_S: Final = 1.0
"""How long a refusal is repeated without asking the store; another server may have forgotten the tries meanwhile."""
REMEMBERED_MOST: Final = 10_000


class Locked(NamedTuple):
    """A count that is full: until when that is remembered (monotonic), and when to come again."""

    until_s: float
    wait_s: int


_locked: WeakKeyDictionary[Store, dict[str, Locked]] = WeakKeyDictionary()


async def count(store: Store, *tries: tuple[Rate, str]) -> None:
    """Counts one try of each. Raises `too_many_requests` where that is more than the rate allows, with when to come
    again; StoreUnavailable."""
    locked, now_s = _locked.setdefault(store, {}), monotonic()
    keys = [_key(store, *one) for one in tries]
    remembered = [locked[key].wait_s for key in keys if key in locked and locked[key].until_s > now_s]
    if remembered:
        raise KuaizhaoError("too_many_requests", retry_after_s=max(remembered))
    pipe = store.commands.pipeline(transaction=True)
    for key, (rate, _) in zip(keys, tries, strict=True):
        pipe.incr(key)
        pipe.expire(key, rate.within_s, nx=True)
        pipe.ttl(key)
    async with guarded():
        replies = await pipe.execute()
    waits = {
        key: Locked(now_s + REMEMBERED_S, int(ttl))
        for key, (rate, _), n, ttl in zip(keys, tries, replies[::3], replies[2::3], strict=True)
        if int(n) > rate.most
    }
    if waits:
        if len(locked) > REMEMBERED_MOST:
            locked.clear()
        locked |= waits
        raise KuaizhaoError("too_many_requests", retry_after_s=max(one.wait_s for one in waits.values()))


async def forget(store: Store, *tries: tuple[Rate, str]) -> None:
    """The tries ended well: they do not count any more."""
    keys = [_key(store, *one) for one in tries]
    for key in keys:
        _locked.get(store, {}).pop(key, None)
    async with guarded():
        await store.commands.delete(*keys)


def _key(store: Store, rate: Rate, who: str) -> str:
    return store.key("rate", f"{rate.name}:{who}")
