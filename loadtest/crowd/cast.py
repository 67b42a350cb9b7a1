"""Who plays: people, firms, kiosks and clerks of a running service with a session each, in one file for generators.

    python -m loadtest.crowd.cast cast.json --workers 8000

writes it for the service that the settings (KUAIZHAO_...) name.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from loadtest import moving_in
from matcher.model import ProfileRecord, Role, age_on, hourly_fen
from matcher.settings import from_environment
from matcher.store import Store, opened
from server import sessions

AT_ONCE: Final = 48
"""Sessions written at the same time, below a store client's connections."""
HOURS_A_DAY: Final = 8.0


class Worker(Struct, frozen=True):
    """Somebody with a phone; `wished_fen` is fen an hour."""

    profile: str
    token: str
    age: int
    wished_fen: int


class Subject(Struct, frozen=True):
    """A firm, a kiosk or a clerk; `site` is the kiosk's."""

    id: str
    token: str
    site: str = ""


class Cast(Struct):
    """Everybody, and the seed of what they will do."""

    seed: int
    workers: list[Worker]
    employers: list[Subject]
    kiosks: list[Subject]
    clerks: list[Subject]

    def save(self, path: Path) -> None:
        """Writes the file; it holds tokens."""
        path.touch(0o600)
        path.write_bytes(msgspec.json.encode(self))


def load(path: Path) -> Cast:
    """Raises OSError, msgspec.DecodeError."""
    return msgspec.json.decode(path.read_bytes(), type=Cast)


async def gather(store: Store, workers: int, seed: int = 1) -> Cast:
    """Sessions for `workers` people at random, for every firm, for a kiosk at each site and for as many clerks."""
    people = await moving_in.people_drawn(store, workers, seed)
    today_ms, sites = await store.now_ms(), sorted(await store.ids("site"))
    tokens = await issue(store, "worker", [person.id for person in people])
    firms = sorted(await store.ids("employer"))
    clerks = [f"loadtest-{n}" for n in range(len(sites))]
    return Cast(
        seed,
        [_worker(person, token, today_ms) for person, token in zip(people, tokens, strict=True)],
        [Subject(id_, token) for id_, token in zip(firms, await issue(store, "employer", firms), strict=True)],
        [Subject(f"loadtest-{s}", await sessions.issue(store, "kiosk", f"loadtest-{s}", site=s), s) for s in sites],
        [Subject(id_, token) for id_, token in zip(clerks, await issue(store, "clerk", clerks), strict=True)],
    )


async def issue(store: Store, role: Role, subjects: Sequence[str]) -> list[str]:
    """A token for each subject, in their order."""
    tokens: list[str] = []
    for first in range(0, len(subjects), AT_ONCE):
        some = subjects[first : first + AT_ONCE]
        tokens += await asyncio.gather(*(sessions.issue(store, role, subject) for subject in some))
    return tokens


def _worker(person: ProfileRecord, token: str, now_ms: int) -> Worker:
    age = age_on(person.doc.born, moving_in.day_of(now_ms))
    return Worker(person.id, token, age, hourly_fen(person.doc.pay, HOURS_A_DAY))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.crowd.cast", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--workers", type=int, default=8_000)
    options, settings = parser.parse_args(), from_environment()

    async def write() -> None:
        async with opened(settings.store_url, settings.market) as store:
            (await gather(store, options.workers)).save(options.file)

    asyncio.run(write())
    return 0


if __name__ == "__main__":
    sys.exit(main())
