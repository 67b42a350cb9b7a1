"""From a site's files into the store: reader -> fields -> validate -> review -> embed -> store.

A row is accepted, changed, unchanged or blocked, or lies in the quarantine with its reason. Ids follow from the site
and its own number for the row, and the store's operations are idempotent by id and document: twice is the same as once,
and a run that was cut off is finished by running it again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from ingest.changes import material
from ingest.fields.days import local_day
from ingest.inference import TradeInference
from ingest.persons import Vault
from ingest.postings import employer_id
from ingest.prepare import Batch, Encodes, Preparer, ReadyPosting, ReadyProfile, Refused
from ingest.problems import Problem
from ingest.quarantine import Quarantine
from ingest.readers import read
from ingest.sites import sites
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import Employer, Site
from matcher.store import PostingWrite, Store
from matcher.waves import default_award

BATCH_ROWS = 500
"""Rows a round trip: large enough that the store's fsync is shared, small enough that nobody else waits long."""
_MUST_BE_NEW = -1


class FileReport(Struct, kw_only=True):
    """What became of one file's rows. `read` is the sum of the others."""

    file: str
    read: int = 0
    accepted: int = 0
    changed: int = 0
    unchanged: int = 0
    blocked: int = 0
    quarantined: int = 0
    quarantine_file: str = ""
    seconds: float = 0.0


class Report(Struct, kw_only=True):
    """What became of a site's files."""

    site: str
    files: list[FileReport]

    def total(self) -> FileReport:
        """All files together."""
        names = ("read", "accepted", "changed", "unchanged", "blocked", "quarantined", "seconds")
        return FileReport(file="合计", **{name: sum(getattr(each, name) for each in self.files) for name in names})


class UnknownSite(ValueError):
    """A site that sites.toml does not name."""


async def ingest(
    store: Store,
    encoder: Encodes,
    vault: Vault,
    files: Sequence[Path],
    site: str,
    progress: Callable[[int], None] = lambda rows: None,
    *,
    quarantine_dir: Path,
    now_ms: int | None = None,
    infer: TradeInference | None = None,
) -> Report:
    """Takes a site's files into the store.

    Args:
        progress: called with the number of rows done since the last call.
        quarantine_dir: where `<site>.<file>.jsonl` is written for files with rows that stay out.
        now_ms: the moment of the import, the store's clock when left out. Texts like 明早 count from the day on which
            the file was written, so that importing it again tomorrow does not move a shift.
        infer: guesses trades where the lexicon's words are not found; made from the encoder when left out.

    Raises UnknownSite, OSError for a file that cannot be read, StoreUnavailable when the store is gone.
    """
    place = sites().get(site)
    if place is None:
        raise UnknownSite(f"没有这个站点:{site}(可用:{'、'.join(sites())})")
    await _put_when_missing(store.put_site(site, place, _MUST_BE_NEW))
    moment = await store.now_ms() if now_ms is None else now_ms
    guess = infer or TradeInference(lambda: encoder)
    reports = []
    for path in files:
        with Quarantine(quarantine_dir, f"{site}.{path.name}") as quarantine:
            taking = _FileIngest(store, encoder, quarantine, progress, moment, guess)
            reports.append(await taking.run(path, site, place, vault))
    return Report(site=site, files=reports)


async def _put_when_missing(call: Any) -> None:
    try:
        await call
    except KuaizhaoError as exc:
        if exc.code != "key_reused":
            raise


class _FileIngest:
    """One file on its way into the store."""

    def __init__(
        self,
        store: Store,
        encoder: Encodes,
        quarantine: Quarantine,
        progress: Callable[[int], None],
        now_ms: int,
        infer: TradeInference,
    ) -> None:
        self._store, self._model = store, encoder.model_id
        self._encoder = encoder
        self._quarantine, self._progress = quarantine, progress
        self._now_ms, self._infer = now_ms, infer
        self._employers: set[str] = set()
        self._out: list[Refused] = []
        self._report = FileReport(file="")

    async def run(self, path: Path, site_id: str, site: Site, vault: Vault) -> FileReport:
        """The next batch is prepared in a thread while the store writes the last one; two are held at most."""
        began = time.perf_counter()
        self._report.file = path.name
        changed = await asyncio.to_thread(path.stat)
        today = local_day(min(self._now_ms, changed.st_mtime_ns // 1_000_000))
        preparer = Preparer(read(path), site_id, site, vault, self._encoder, self._now_ms, today, self._infer)
        batch = await asyncio.to_thread(preparer.next_batch, BATCH_ROWS)
        while batch is not None:
            ahead = asyncio.create_task(asyncio.to_thread(preparer.next_batch, BATCH_ROWS))
            try:
                await self._write(batch)
            finally:  # a thread cannot be cancelled: its batch is waited for even when the store is gone
                batch = await ahead
        self._report.quarantined = self._quarantine.count
        self._report.quarantine_file = str(self._quarantine.path) if self._quarantine.count else ""
        self._report.seconds = time.perf_counter() - began
        return self._report

    async def _write(self, batch: Batch) -> None:
        self._out = list(batch.refused)
        await self._write_profiles(batch)
        await self._write_postings(batch)
        for refused in sorted(self._out, key=lambda each: each.line):
            self._quarantine.keep(refused.line, refused.problems, refused.shown)
        self._report.read += batch.read
        self._progress(batch.read)

    async def _write_profiles(self, batch: Batch) -> None:
        ready = list(zip(batch.profiles, batch.vectors, strict=False))
        calls = [
            self._store.register_call(p.id, p.doc, p.person, vector, self._model, p.person_mark) for p, vector in ready
        ]
        answers = await self._store.call_many(calls) if calls else []
        again = []
        for (profile, vector), answer in zip(ready, answers, strict=True):
            if isinstance(answer, KuaizhaoError) and answer.code == "key_reused":
                again.append((profile, self._amend_call(profile, vector)))
            else:
                self._count(profile, answer, "accepted")
        amended = await self._store.call_many([call for _, call in again]) if again else []
        for (profile, _), answer in zip(again, amended, strict=True):
            self._count(profile, answer, "changed")

    def _amend_call(self, profile: ReadyProfile, vector: NDArray[np.float32]) -> tuple[str, list[Any]]:
        return self._store.amend_profile_call(
            profile.id, profile.doc, vector, self._model, person=profile.person, person_mark=profile.person_mark
        )

    def _count(self, row: ReadyProfile | ReadyPosting, answer: Done | KuaizhaoError, outcome: str) -> None:
        if isinstance(answer, KuaizhaoError):
            self._out.append(Refused(row.line, [Problem(answer.code, "", answer.message)], row.shown))
            return
        name = "unchanged" if answer.replay else outcome
        setattr(self._report, name, getattr(self._report, name) + 1)

    async def _write_postings(self, batch: Batch) -> None:
        if not batch.postings:
            return
        await self._put_employers({employer_id(p.employer): p.employer for p in reversed(batch.postings)})
        vectors = batch.vectors[len(batch.profiles) :]
        writes = [
            PostingWrite(doc=posting.doc, vector=vector, model=self._model)
            for posting, vector in zip(batch.postings, vectors, strict=True)
        ]
        calls = [self._post_call(posting, write) for posting, write in zip(batch.postings, writes, strict=True)]
        answers = await self._store.call_many(calls)
        for posting, write, answer in zip(batch.postings, writes, answers, strict=True):
            if isinstance(answer, KuaizhaoError) and answer.code == "key_reused":
                await self._amend(posting, write)
            else:
                self._count(posting, answer, "blocked" if posting.verdict.state == "blocked" else "accepted")

    def _post_call(self, posting: ReadyPosting, write: PostingWrite) -> tuple[str, list[Any]]:
        doc = posting.doc
        return self._store.post_call(
            posting.id,
            write,
            verdict=posting.verdict.state,
            reason=posting.verdict.reason,
            award=default_award(doc.award, doc.start_ms, self._now_ms),
            seed=secrets.token_hex(16),
        )

    async def _put_employers(self, employers: dict[str, Employer]) -> None:
        """Writes employers that the store does not have; one that is there keeps what clerks made of it."""
        new = {id_: doc for id_, doc in employers.items() if id_ not in self._employers}
        await asyncio.gather(
            *(_put_when_missing(self._store.put_employer(id_, doc, _MUST_BE_NEW)) for id_, doc in new.items())
        )
        self._employers |= new.keys()

    async def _amend(self, posting: ReadyPosting, write: PostingWrite) -> None:
        """The row has changed since it was posted. A change against the rules stays out; the old posting stays."""
        if posting.verdict.state == "blocked":
            self._out.append(
                Refused(posting.line, [Problem("posting_blocked", "", posting.verdict.reason)], posting.shown)
            )
            return
        try:
            old = await self._store.posting(posting.id)
            answer = await self._store.amend(
                posting.id,
                write,
                material=material(old.doc, posting.doc),
                warns=posting.verdict.state != "open",
                reason=posting.verdict.reason,
                expected_v=old.v,
            )
            if old.state == "blocked" and not answer.replay:
                await self._store.review(posting.id, "draft")
                answer = structs.replace(await self._store.review(posting.id, "awaiting_review"), replay=False)
        except KuaizhaoError as exc:
            if exc.status == 503:
                raise
            self._count(posting, exc, "changed")
            return
        self._count(posting, answer, "changed")
