"""A source's ledger: what became of each of its rows. The store keeps it (matcher/functions/rows.lua).

A row is known by an id of its own, which follows from the site and the row's own number: the id that its profile or
posting gets unless the row is merged into another's. A note says which row was last taken in, by its digest, and what
it became; so a row that has not changed is passed over, and never undoes what a worker or a clerk changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgpack
import msgspec
from msgspec import Struct

from ingest.persons import Vault
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.store import Store

Outcome = Literal["accepted", "changed", "unchanged", "blocked", "merged", "quarantined", "series"]
NOTHING: Final = "-"
SERIES: Final = "series"
"""Outcome of a row that became one posting a day; its note's record is the day (ISO) from which its days count."""
ROWS_A_CALL: Final = 50
"""Rows that one atomic call takes: about a millisecond of the store's time, which nobody else notices."""
_SCAN: Final = 5_000
_sorted: Final = msgspec.msgpack.Encoder(order="sorted")


class Note(Struct, frozen=True):
    """What a ledger says of a row. `digest` and `record` are `-` where there is none."""

    digest: str
    outcome: str
    record: str
    run: str
    line: str

    @property
    def leads(self) -> bool:
        """Whether changes of the row are changes of the record."""
        return self.record != NOTHING and self.outcome not in ("merged", SERIES)


class Step(Struct):
    """One row's step: the operation on its record, and the note. Without an id (`row` "") nothing is noted."""

    row: str
    line: int
    digest: str
    outcome: Outcome
    record: str = NOTHING
    operation: str = ""
    args: Sequence[Any] = ()


def row_digest(cells: Mapping[str, str], vault: Vault) -> str:
    """20 hexadecimal characters that stand for a row as it was written, whatever the order of its columns. The hash is
    keyed: whoever has the store alone cannot guess a telephone and see whether it is the row's."""
    return vault.keyed_hash(f"row {_sorted.encode(cells).hex()}")[:20]


def plain_digest(cells: Mapping[str, str]) -> str:
    """The digest, without a key, in notes from before there were keyed ones. A row that it is right for has not
    changed: its note gets the keyed one the next time that its source lists it."""
    return hashlib.blake2b(_sorted.encode(cells), digest_size=8).hexdigest()


def _note(raw: bytes | None) -> Note | None:
    return Note(*raw.decode().split(" ")) if raw else None


class Ledger:
    """The ledgers of a market's sources."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def notes(self, source: str, rows: Sequence[str]) -> dict[str, Note]:
        """The notes of those rows that have one. Raises StoreUnavailable."""
        if not rows:
            return {}
        async with guarded():
            raws = await self._store.commands.hmget(self._store.key("rows", source), list(rows))
        return {row: note for row, raw in zip(rows, raws, strict=True) if (note := _note(raw)) is not None}

    async def all_notes(self, source: str) -> dict[str, Note]:
        """Every note of a source that lists all it has."""
        found: dict[str, Note] = {}
        async with guarded(None):
            async for row, raw in self._store.commands.hscan_iter(self._store.key("rows", source), count=_SCAN):
                if (note := _note(raw)) is not None:
                    found[row.decode()] = note
        return found

    async def take(self, source: str, run: str, steps: Sequence[Step]) -> list[str | KuaizhaoError]:
        """Does the steps, each atomic with its note; for each its outcome or refusal. Raises StoreUnavailable."""
        calls = [
            ("rows", [source, run, _packed(steps[at : at + ROWS_A_CALL])]) for at in range(0, len(steps), ROWS_A_CALL)
        ]
        answers: list[str | KuaizhaoError] = []
        for said in await self._store.call_many(calls) if calls else []:
            if isinstance(said, KuaizhaoError):
                raise said
            answers += (a if isinstance(a, str) else KuaizhaoError(a["no"], a["detail"]) for a in said.answers)
        return answers


def _packed(steps: Sequence[Step]) -> bytes:
    """Bytes and texts alike as raw strings, which is all that the store's reader of msgpack knows."""
    return bytes(msgpack.packb([_arguments(step) for step in steps], use_bin_type=False))


def _arguments(step: Step) -> list[str | bytes]:
    """As the function reads them: numbers as text, as they come from the wire."""
    noted = [step.row, str(step.line), step.digest, step.outcome, step.record, step.operation]
    return noted + [part if isinstance(part, str | bytes) else str(part) for part in step.args]
