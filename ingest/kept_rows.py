"""Rows that are kept for a person: in the quarantine until somebody mends them, or merged into another's record until a
clerk says that they are apart (matcher/functions/kept.lua)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from ingest.batches import Batch, Line, Sealer
from ingest.problems import Problem
from ingest.queue import new_run
from ingest.runs import Runs
from matcher import codec
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.store import Store

KeptList = Literal["quarantine", "merges"]


class Kept(Struct, kw_only=True):
    """A kept row as it may be shown: personal values are hidden.

    `row` has the row's cells by header, and a problem's `field` is the header it lies under; `record` is the id that a
    merged row was merged into, `differs` says in what the two differ; `undone_ms` is when a clerk said that they are
    apart.
    """

    id: str
    kind: str
    site: str
    source: str
    origin: str
    day: str
    line: int
    problems: list[Problem] = []
    row: dict[str, str] = {}
    digest: str = ""
    record: str = ""
    differs: list[str] = []
    at_ms: int = 0
    undone_ms: int = 0
    undone_by: str = ""

    @property
    def message(self) -> str:
        """Why it is kept, in one sentence."""
        return ";".join(dict.fromkeys(problem.message for problem in self.problems))


def nameless(origin: str, line: int) -> str:
    """The id of a kept row that has no id of its own: where it lies."""
    return "q_" + hashlib.blake2b(f"{origin}\0{line}".encode(), digest_size=10).hexdigest()


def merge_id(row: str) -> str:
    """The id under which a row's merge is kept."""
    return f"m.{row}"


def keep_args(list_: KeptList, kept: Kept, run: str, sealed: bytes, marks: Sequence[str] = ()) -> list[Any]:
    """The arguments of the operation `keep`; for `merge` they follow the record. `marks` are of whom a row in the
    quarantine names: it is erased with them, and no row of who was erased is kept (`erased`)."""
    return [kept.id, list_, kept.source, _origin_key(kept.origin), run, codec.pack(kept), sealed, " ".join(marks)]


def _origin_key(origin: str) -> str:
    return hashlib.blake2b(origin.encode(), digest_size=8).hexdigest()


class KeptRows:
    """The kept rows of a market, and what a person can do with them."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store, self._sealer = store, sealer

    async def count(self, list_: KeptList) -> int:
        """How many there are."""
        async with guarded():
            return int(await self._store.commands.zcard(self._store.key(list_)))

    async def listed(self, list_: KeptList, *, site: str = "", after: int = 0, limit: int = 100) -> list[Kept]:
        """The newest first, from number `after`; with a site, those of that site among them."""
        async with guarded():
            pairs = await self._store.commands.zrevrange(
                self._store.key(list_), after, after + limit - 1, withscores=True
            )
        raws = await self._store.hashes("kept", [id_.decode() for id_, _ in pairs])
        rows = [_kept(raw, int(at)) for (_, at), raw in zip(pairs, raws, strict=True) if raw]
        return [row for row in rows if not site or row.site == site]

    async def get(self, id_: str) -> Kept:
        """Raises `not_found`, StoreUnavailable."""
        raw, at_ms = await self._raw(id_)
        return _kept(raw, at_ms)

    async def _raw(self, id_: str) -> tuple[dict[bytes, bytes], int]:
        (raw,) = await self._store.hashes("kept", [id_])
        if not raw:
            raise KuaizhaoError("not_found", id_)
        async with guarded():
            at_ms = await self._store.commands.zscore(self._store.key(raw[b"list"].decode()), id_)
        return raw, int(at_ms or 0)

    async def replay(self, id_: str, changes: Mapping[str, str]) -> str:
        """Sends a row from the quarantine through the intake once more, with cells replaced (by header).

        Answers with the run that says what becomes of it. Raises `not_found`, `bad_field` for a row without cells,
        StoreUnavailable.
        """
        raw, _ = await self._raw(id_)
        if raw[b"list"] != b"quarantine":
            raise KuaizhaoError("not_found", id_)
        kept, line = _kept(raw, 0), self._sealer.line(raw[b"sealed"])
        if line.cells is None:
            raise KuaizhaoError("bad_field", "这一行没能读出来,请在原表里改好再导入")
        mended = Line(line.line, {**line.cells, **changes}, taken_for=line.taken_for or kept.digest)
        return await self._again(kept, mended, "replay", [])

    async def unmerge(self, id_: str, by: str) -> str:
        """Undoes a merge: the row becomes a record of its own. Answers with the run. Raises `not_found`."""
        raw, _ = await self._raw(id_)
        kept = _kept(raw, 0)
        if raw[b"list"] != b"merges" or kept.undone_ms:
            raise KuaizhaoError("not_found", id_)
        line = self._sealer.line(raw[b"sealed"])
        return await self._again(kept, line, "unmerge", [by])

    async def _again(self, kept: Kept, line: Line, operation: str, more: list[str]) -> str:
        run = new_run()
        await Runs(self._store).begin(run, kept.site, kept.source, kept.origin)
        undoes = operation == "unmerge"
        batch = Batch(run, kept.source, kept.site, kept.origin, kept.day, [line], kept="" if undoes else kept.id)
        middle = [kept.record] if undoes else []
        await self._store.call(operation, kept.id, *middle, run, self._sealer.seal(batch), *more)
        return run

    async def discard(self, ids: Sequence[str]) -> None:
        """Takes rows out of the quarantine for good."""
        if ids:
            await self._store.call("forget", *ids)

    async def of_origin(self, origin: str, *, not_of_run: str) -> list[str]:
        """Rows of a file or address that an older run put into the quarantine."""
        async with guarded():
            members = await self._store.commands.smembers(self._store.key("kept_of", _origin_key(origin)))
        ids = sorted(member.decode() for member in members)
        raws = await self._store.hashes("kept", ids)
        return [id_ for id_, raw in zip(ids, raws, strict=True) if raw.get(b"run", b"").decode() != not_of_run]


def _kept(raw: Mapping[bytes, bytes], at_ms: int) -> Kept:
    kept = codec.decode(raw[b"doc"], Kept)
    kept.at_ms = at_ms
    kept.undone_ms = int(raw.get(b"undone_ms", b"0"))
    kept.undone_by = raw.get(b"undone_by", b"").decode()
    return kept
