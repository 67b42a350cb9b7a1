"""The end of a run: what a complete list does not name any more is taken back, and the run is closed.

Half a file or an empty answer must not take back a site's whole market: when more than half of what was there vanishes
at once, it is believed only after it has been said several times in a row, and an empty list is never believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ingest.batches import Ending
from ingest.kept_rows import KeptRows
from ingest.ledger import NOTHING, Ledger, Note
from ingest.runs import Runs
from matcher import records
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.model import PostingState
from matcher.store import Store

BELIEVED_AFTER: Final = 3
"""Complete lists in a row that must lack rows before these count as withdrawn although there was doubt."""
LIVING: Final[frozenset[PostingState]] = frozenset({"draft", "blocked", "awaiting_review", "open", "filled"})
_BATCH: Final = 500
_SHOWN: Final = (b"v", b"state", b"counts", b"end_ms")
"""Fields of a record that tell whether it lives; the last is where a posting kept its end before `counts`."""


class Missing(Struct):
    """Rows that a complete list does not name: those whose records live, and those that are over anyway."""

    living: list[tuple[str, Note]]
    over: list[tuple[str, Note]]


def believed(listed: int, missing: int, unread: int, doubts: int) -> bool:
    """Whether missing rows are withdrawn: not at once when more than half are missing, or when rows could not be read,
    which may be the missing ones. `doubts` is how many lists in a row were not believed before this one."""
    if missing == 0 or listed == 0:
        return missing == 0
    return (missing <= listed and not unread) or doubts + 1 >= BELIEVED_AFTER


class Ender:
    """Closes runs."""

    def __init__(self, store: Store, kept: KeptRows) -> None:
        self._store, self._kept = store, kept
        self._ledger, self._runs = Ledger(store), Runs(store)

    async def end(self, ending: Ending) -> tuple[Counter[str], dict[str, str | int]]:
        """What the end of a run counts, and the fields of the run it sets. Doing it again does nothing more."""
        counts: Counter[str] = Counter()
        if not ending.error and not ending.same:
            await self._kept.discard(await self._kept.of_origin(ending.origin, not_of_run=ending.run))
        if ending.complete and not ending.error:
            await self._withdraw(ending, counts)
        if ending.known_by:
            async with guarded():
                await self._store.commands.hset(self._store.key("known_by"), ending.source, ending.known_by)
        state = "failed" if ending.error else "same" if ending.same else "done"
        return counts, {"state": state, "error": ending.error, "finished_ms": await self._store.now_ms()}

    async def _withdraw(self, ending: Ending, counts: Counter[str]) -> None:
        notes = await self._ledger.all_notes(ending.source)
        listed = sum(note.run == ending.run for note in notes.values())
        kinds = {row[:2] for row, note in notes.items() if note.run == ending.run}  # postings say nothing of profiles
        others = [(row, note) for row, note in notes.items() if note.run != ending.run and row[:2] in kinds]
        missing = await self._missing(others, await self._store.now_ms())
        doubts = await self._doubts(ending)
        if believed(listed, len(missing.living), ending.unread, doubts):
            await self._settle(ending, reset=True)
            counts["withdrawn"] += await self._gone(ending.source, missing.living)
        else:
            await self._settle(ending, reset=False)
            counts["withheld"] += len(missing.living)
        if listed:
            await self._gone(ending.source, missing.over)

    async def _missing(self, rows: Sequence[tuple[str, Note]], now_ms: int) -> Missing:
        """Rows whose records live, and rows whose records have ended or never were. A row that was withdrawn before is
        remembered, in case it comes back, until its shift has passed."""
        found = Missing([], [])
        for at in range(0, len(rows), _BATCH):
            some = rows[at : at + _BATCH]
            async with guarded():
                pipe = self._store.commands.pipeline(transaction=False)
                for row, note in some:
                    kind = "posting" if row.startswith("j_") else "profile"
                    pipe.hmget(self._store.key(kind, note.record), *_SHOWN)
                found_fields = await pipe.execute()
            for (row, note), values in zip(some, found_fields, strict=True):
                raw = {name: value for name, value in zip(_SHOWN, values, strict=True) if value is not None}
                if note.outcome == "withdrawn" and raw and (records.counts(raw)["end_ms"] or now_ms + 1) > now_ms:
                    continue
                lives = bool(raw) and (b"state" not in raw or raw[b"state"].decode() in LIVING)
                (found.living if lives and note.record != NOTHING else found.over).append((row, note))
        return found

    async def _gone(self, source: str, rows: Sequence[tuple[str, Note]]) -> int:
        withdrawn = 0
        for at in range(0, len(rows), _BATCH):
            calls = [
                ("gone", [source, row, "posting" if row.startswith("j_") else "profile", note.record, note.outcome])
                for row, note in rows[at : at + _BATCH]
            ]
            for answer in await self._store.call_many(calls):
                if isinstance(answer, KuaizhaoError):
                    raise answer
                withdrawn += answer.outcome == "withdrawn"
        return withdrawn

    async def _doubts(self, ending: Ending) -> int:
        async with guarded():
            said = await self._store.commands.hget(self._store.key("doubts"), ending.source)
        run, _, count = (said or b"").decode().partition(" ")
        return max(0, int(count or 0) - (run == ending.run))  # this very end, begun once before

    async def _settle(self, ending: Ending, *, reset: bool) -> None:
        doubts = 0 if reset else await self._doubts(ending) + 1
        async with guarded():
            await self._store.commands.hset(self._store.key("doubts"), ending.source, f"{ending.run} {doubts}")
