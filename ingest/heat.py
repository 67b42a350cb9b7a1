"""What an entered temperature does to postings that are out: those that break rule 9 are held until changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from ingest.fields.days import local_day
from ingest.gazetteer import district_of
from ingest.heat_rule import days_of, heat_findings
from matcher.model import Heat, Posting
from matcher.store import Store

READ_AT_ONCE = 500


class Held(Struct):
    """Postings that were held, and those that no longer have to be."""

    held: list[str]
    freed: list[str]


def in_district(heat: Iterable[Heat], posting: Posting) -> dict[date, int]:
    """The temperatures entered where a posting's work is, by day."""
    district = district_of(posting.place)
    return {entered.day: entered.celsius for entered in heat if entered.district == district}


async def heat_for(store: Store, posting: Posting) -> dict[date, int]:
    """The temperatures that a review of this posting has to know: none for work under a roof."""
    return in_district(await store.heat(days_of(posting)[0]), posting) if posting.outdoor else {}


async def enter(store: Store, heat: Heat, now_ms: int) -> Held:
    """Writes a day's temperature and looks at every posting that is out; the same again looks again."""
    await store.put_heat(heat)
    return await hold_hot(store, now_ms)


async def hold_hot(store: Store, now_ms: int) -> Held:
    """Holds what cannot be worked as it stands, and frees what can again."""
    result = Held([], [])
    heat = await store.heat(local_day(now_ms))
    if not heat:
        return result
    ids = [*await store.postings_in("open"), *await store.postings_in("filled")]
    for first in range(0, len(ids), READ_AT_ONCE):
        for record in await store.postings(ids[first : first + READ_AT_ONCE]):
            if not record.doc.outdoor or record.start_ms <= now_ms:
                continue
            broken = list(heat_findings(record.doc, in_district(heat, record.doc)))
            if bool(broken) != record.held:
                words = ";".join(f"{f.message}({f.words}),{f.mend}" for f in broken)
                await store.hold(record.id, bool(broken), words)
                (result.held if broken else result.freed).append(record.id)
    return result
