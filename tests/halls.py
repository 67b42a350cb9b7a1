"""A morning at an invented site, for what is shown on the hall's screen."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from matcher.model import HOUR_MS, Pay, Place
from matcher.store import Store
from server import kiosks
from tests import builders
from tests.browser import asked
from tests.builders import MINUTE_MS

SITE = builders.SITE
MORNING = (
    # trade, place, pay (yuan), unit, headcount, taken, starts in minutes
    ("porter", "城阳区流亭街道", 200, "day", 5, 3, 25),
    ("home_cleaner", "城阳区正阳中路", 25, "hour", 5, 4, 55),
    ("kitchen_helper", "城阳区夏庄街道", 180, "day", 2, 0, 70),
    ("forklift_driver", "虚构物流园", 32, "hour", 1, 1, 85),
    ("construction_labourer", "城阳区惜福镇街道", 260, "day", 24, 9, 115),
    ("express_sorter", "虚构快递中心", 22, "hour", 12, 7, 145),
    ("security_guard", "城阳区世纪公园", 170, "shift", 3, 1, 175),
    ("fruit_picker", "即墨区温泉街道", 150, "day", 10, 2, 205),
    ("waiter", "虚构海鲜酒楼", 20, "hour", 4, 1, 12 * 60),
    ("mover", "城阳区城阳街道", 300, "shift", 3, 0, 24 * 60),
)


async def morning(store: Store, numbers: int = 23) -> None:
    """Ten postings, some with people seated; so many queue numbers given, the last of them called."""
    for n, (trade, place, yuan, unit, headcount, taken, minutes) in enumerate(MORNING):
        people = [f"h{n}-{seat}" for seat in range(taken)]
        await builders.register(store, *people, trades=["tailor"])  # nobody whom the matcher would ask by itself
        await builders.post(
            store,
            f"hall-{n}",
            trade=trade,
            place=Place(lat=36.3071, lon=120.3963, text=place),
            pay=Pay(fen=yuan * 100, unit=unit),  # type: ignore[arg-type]
            headcount=headcount,
            settlement="daily",
            starts_in_ms=minutes * MINUTE_MS,
            lasts_ms=6 * HOUR_MS,
        )
        if people:
            await asked(store, f"hall-{n}", people)
            await builders.accept(store, f"hall-{n}", *people)
    await give_numbers(store, numbers)
    for number in (numbers - 6, numbers - 3, numbers - 1):
        await call(store, number)


async def today(store: Store) -> str:
    """The market's day."""
    zone = timezone(timedelta(hours=8))
    return datetime.fromtimestamp(await store.now_ms() / 1000, zone).date().isoformat()


async def give_numbers(store: Store, numbers: int) -> None:
    """So many queue numbers have been given out today."""
    await store.commands.set(store.key("queue_no", f"{SITE}:{await today(store)}"), numbers)


async def call(store: Store, number: int) -> None:
    """A number is called."""
    await store.call_number(SITE, await today(store), number)


async def bound(store: Store, name: str = "hall-1") -> str:
    """The token of a screen that is bound to the site."""
    return await kiosks.add(store, name, SITE, card_reader=False)
