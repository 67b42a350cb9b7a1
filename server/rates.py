"""How often: counts in the store, so that all servers count together. Keys are keyed hashes, never a telephone."""

from __future__ import annotations

from typing import Final, NamedTuple

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


async def count(store: Store, *tries: tuple[Rate, str]) -> None:
    """Counts one try of each. Raises `too_many_requests` where that is more than the rate allows, with when to come
    again; StoreUnavailable."""
    pipe = store.commands.pipeline(transaction=True)
    for rate, who in tries:
        key = store.key("rate", f"{rate.name}:{who}")
        pipe.incr(key)
        pipe.expire(key, rate.within_s, nx=True)
        pipe.ttl(key)
    async with guarded():
        replies = await pipe.execute()
    waits = [
        int(ttl) for (rate, _), n, ttl in zip(tries, replies[::3], replies[2::3], strict=True) if int(n) > rate.most
    ]
    if waits:
        raise KuaizhaoError("too_many_requests", retry_after_s=max(waits))


async def forget(store: Store, *tries: tuple[Rate, str]) -> None:
    """The tries ended well: they do not count any more."""
    async with guarded():
        await store.commands.delete(*(store.key("rate", f"{rate.name}:{who}") for rate, who in tries))
