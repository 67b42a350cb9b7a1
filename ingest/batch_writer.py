"""One batch from the queue into the store. fields -> validate -> review -> dedupe -> embed -> post."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import structlog
from msgspec import Struct, structs

from ingest.batches import Batch, Line, Sealer
from ingest.changes import material
from ingest.duplicates import differences, same_person, same_shift
from ingest.heat import hold_hot
from ingest.kept_rows import Kept, KeptRows, keep_args, merge_id, nameless
from ingest.ledger import NOTHING, SERIES, Ledger, Note, Outcome, Step
from ingest.prepare import Named, Preparer, Ready, ReadyPosting, ReadyProfile, Refused, by_day, posted_again, spared
from ingest.problems import Problem, problem
from matcher import homes
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.records import posting_record
from matcher.store import PostingWrite, Store
from matcher.waves import default_award

log = structlog.get_logger()

_MUST_BE_NEW: Final = -1
_ROUNDS: Final = 6
"""Rounds that a row may need: written, found to be there or to have a twin, compared, written again."""


class Looked(Struct):
    """A batch on its way: what its rows are, and what their source's ledger says of them."""

    batch: Batch
    rows: list[Named]
    notes: dict[str, Note]
    now_ms: int


class Understood(Looked):
    """A batch with what is ready to be written."""

    ready: Ready
    counts: Counter[str]
    written: set[str] = set()
    merged: set[str] = set()


class _Write(Struct):
    """One row's next step, and the records that it is known not to be."""

    row: ReadyProfile | ReadyPosting
    step: Step
    apart: list[str] = []


class BatchWriter:
    """Takes batches in. Raises StoreUnavailable wherever it writes."""

    def __init__(self, store: Store, preparer: Preparer, sealer: Sealer) -> None:
        self._store, self._preparer, self._sealer = store, preparer, sealer
        self._ledger, self._kept = Ledger(store), KeptRows(store, sealer)
        self._employers: set[str] = set()

    async def look(self, batch: Batch) -> Looked:
        """What the batch's rows are and what their source's ledger says; writes nothing."""
        named = await asyncio.to_thread(self._preparer.named, batch)
        notes = await self._ledger.notes(batch.source, list({row.id for row in named if row.id}))
        rows = await asyncio.to_thread(_with_days, named, notes, date.fromisoformat(batch.day))
        notes |= await self._ledger.notes(batch.source, [row.id for row in rows if row.series])
        return Looked(batch, rows, notes, await self._store.now_ms())

    async def understand(self, looked: Looked) -> Understood:
        """Reads, reviews and encodes the rows that have changed since they were last taken in, in a thread."""
        notes = looked.notes
        changed = [row for row in looked.rows if row.id not in notes or not spared(notes[row.id], row)]
        ready = await asyncio.to_thread(self._preparer.prepare, looked.batch, changed, looked.now_ms)
        return Understood(looked.batch, looked.rows, notes, looked.now_ms, ready, Counter(read=len(looked.rows)))

    async def write(self, some: Understood) -> Counter[str]:
        """Writes what is ready; answers with the counts, whose sum is `read`."""
        await self._pass_over(some)
        await self._put_employers({p.doc.employer: p for p in reversed(some.ready.postings)})
        rows: list[ReadyProfile | ReadyPosting] = [*some.ready.profiles, *some.ready.postings]
        writes = [_Write(row, self._first_step(row, some)) for row in rows]
        for _ in range(_ROUNDS):
            writes = await self._round(writes, some) if writes else []
        for write in writes:
            some.ready.refused.append(Refused(write.row.named, [problem("busy", "")]))
        await self._keep_refused(some)
        await self._tidy(some)
        if some.ready.postings:
            await hold_hot(self._store, time.time_ns() // 1_000_000)
        return some.counts

    async def _pass_over(self, some: Understood) -> None:
        """Notes rows that have not changed: their source still lists them."""
        steps = []
        for row in some.rows:
            note = some.notes.get(row.id) if row.id else None
            if note is not None and spared(note, row):
                outcome: Outcome = "merged" if note.outcome == "merged" else "unchanged"
                steps.append(Step(row.id, row.line.line, row.digest, outcome, note.record))
        whole = {row.series: row for row in some.rows if row.series and row.counted_from}
        await self._ledger.take(
            some.batch.source,
            some.batch.run,
            [Step(id_, r.line.line, r.digest, SERIES, str(r.counted_from)) for id_, r in whole.items()],
        )
        for answer in await self._ledger.take(some.batch.source, some.batch.run, steps):
            some.counts[answer if isinstance(answer, str) else "quarantined"] += 1

    # -- profiles and postings --------------------------------------------------------------------------------------

    def _first_step(self, row: ReadyProfile | ReadyPosting, some: Understood) -> Step:
        note = some.notes.get(row.named.id)
        if isinstance(row, ReadyProfile):
            return self._amend_profile(row, note.record) if note and note.leads else self._register(row)
        if note is not None and note.outcome == "withdrawn":
            return self._post(row, some, posted_again(note.record))
        if note is not None and note.leads:
            return self._step(row, "changed", note.record, "amend_row", [])  # its arguments need the old document
        return self._post(row, some, row.named.id)

    @staticmethod
    def _step(row: ReadyProfile | ReadyPosting, outcome: Any, record: str, operation: str, args: Sequence[Any]) -> Step:
        named = row.named
        return Step(named.id, named.line.line, named.digest, outcome, record, operation, args)

    def _register(self, row: ReadyProfile, apart: Sequence[str] = ()) -> Step:
        name, args = self._store.register_call(
            row.named.id, row.doc, row.person, row.vector, self._preparer.model_id, row.person_mark, row.marks, apart,
            listed=True,
        )  # fmt: skip
        return self._step(row, "accepted", row.named.id, name, args)

    def _amend_profile(self, row: ReadyProfile, record: str) -> Step:
        _, args = self._store.amend_profile_call(
            record, row.doc, row.vector, self._preparer.model_id, 0, row.person, row.person_mark, row.marks
        )
        return self._step(row, "changed", record, "relist_profile", args)

    def _post(self, row: ReadyPosting, some: Understood, record: str, apart: Sequence[str] = ()) -> Step:
        doc, verdict = row.doc, row.verdict
        name, args = self._store.post_call(
            record,
            self._written(row),
            verdict=verdict.state,
            reason=verdict.reason,
            award=default_award(doc.award, doc.start_ms, some.now_ms),
            seed=secrets.token_hex(16),
            marks=row.marks,
            apart=apart,
        )
        return self._step(row, "blocked" if verdict.state == "blocked" else "accepted", record, name, args)

    def _written(self, row: ReadyPosting) -> PostingWrite:
        return PostingWrite(doc=row.doc, vector=row.vector, model=self._preparer.model_id)

    async def _round(self, writes: list[_Write], some: Understood) -> list[_Write]:
        """Does every row's step; answers with the steps of rows that need another."""
        writes = await self._with_old_documents(await self._at_home(writes, some), some)
        batch, again = some.batch, []
        answers = await self._ledger.take(batch.source, batch.run, [write.step for write in writes])
        for write, answer in zip(writes, answers, strict=True):
            if isinstance(answer, str):
                some.counts[answer] += 1
                some.written.add(write.row.named.id)
                if write.step.operation == "merge":
                    some.merged.add(write.row.named.id)
            elif (step := await self._after(answer, write, some)) is not None:
                again.append(_Write(write.row, step, write.apart))
            else:
                some.ready.refused.append(Refused(write.row.named, [self._problem(answer)]))
        return again

    async def _after(self, answer: KuaizhaoError, write: _Write, some: Understood) -> Step | None:
        """The next step of a row whose step was refused; None when it stays out."""
        row, record = write.row, write.step.record
        if answer.code == "key_reused":  # it is there, from before there was a ledger
            if isinstance(row, ReadyProfile):
                return self._amend_profile(row, record)
            return self._step(row, "changed", record, "amend_row", [])
        if answer.code == "stale_version" and isinstance(row, ReadyPosting):
            return self._step(row, "changed", record, "amend_row", [])
        if answer.code != "known_twin":
            return None
        twins = answer.detail.split(" ")
        said = await self._apart(row.named.id)
        same = await self._same(row, [twin for twin in twins if twin not in said])
        if same is not None:
            return self._merge(row, *same, some)
        write.apart += twins
        if isinstance(row, ReadyProfile):
            return self._register(row, write.apart)
        return self._post(row, some, record, write.apart)

    @staticmethod
    def _problem(answer: KuaizhaoError) -> Problem:
        if answer.code in ("no_profile", "erased"):  # the ledger knows them, or their marks are remembered
            return problem("erased", "")
        return Problem(answer.code, "", answer.message)

    async def _at_home(self, writes: list[_Write], some: Understood) -> list[_Write]:
        """Leaves out people who are registered in another market."""
        new = [w for w in writes if w.step.operation == "register" and isinstance(w.row, ReadyProfile)]
        people = [w.row.marks for w in new if isinstance(w.row, ReadyProfile)]
        elsewhere = {id(w) for w, home in zip(new, await homes.claim(self._store, people), strict=True) if home}
        gone = [w for w in writes if id(w) in elsewhere]
        some.ready.refused += [Refused(w.row.named, [problem("lives_elsewhere", "")]) for w in gone]
        return [w for w in writes if id(w) not in elsewhere]

    # -- changed postings -------------------------------------------------------------------------------------------

    async def _with_old_documents(self, writes: list[_Write], some: Understood) -> list[_Write]:
        """Completes amends, which depend on what they amend. A change against the rules stays out."""
        amends = [w for w in writes if w.step.operation == "amend_row"]
        if not amends:
            return writes
        raws = await self._store.hashes("posting", [write.step.record for write in amends])
        for write, raw in zip(amends, raws, strict=True):
            row = write.row
            assert isinstance(row, ReadyPosting)
            if row.verdict.state == "blocked" or not raw:
                found = Problem("posting_blocked", "", row.verdict.reason) if raw else problem("erased", "")
                some.ready.refused.append(Refused(row.named, [found]))
                continue
            old = posting_record(write.step.record, raw)
            _, write.step.args = self._store.amend_call(
                old.id,
                self._written(row),
                material=material(old.doc, row.doc),
                warns=row.verdict.state != "open",
                reason=row.verdict.reason,
                expected_v=old.v,
            )
        return [w for w in writes if w.step.operation != "amend_row" or w.step.args]

    # -- duplicates -------------------------------------------------------------------------------------------------

    async def _apart(self, row: str) -> list[str]:
        """Records that a clerk has said this row is not."""
        async with guarded():
            raw = await self._store.commands.hget(self._store.key("apart"), row)
        return raw.decode().split(" ") if raw else []

    async def _same(self, row: ReadyProfile | ReadyPosting, twins: Sequence[str]) -> tuple[str, list[str]] | None:
        """The first of the twins that is the same person or shift, and in what the two differ."""
        if isinstance(row, ReadyPosting):
            for posting in await self._store.postings(twins):
                if same_shift(posting.doc, row.doc):
                    return posting.id, differences(posting.doc, row.doc)
            return None
        for twin, raw in zip(twins, await self._store.hashes("profile", twins), strict=True):
            if raw and same_person(row.marks, raw.get(b"marks", b"").decode().split(" ")):
                return twin, []
        return None

    def _merge(self, row: ReadyProfile | ReadyPosting, record: str, differs: list[str], some: Understood) -> Step:
        kept = self._kept_row(row.named, [problem("merged", "", record)], some)
        kept.id, kept.record, kept.differs = merge_id(row.named.id), record, differs
        args = keep_args("merges", kept, some.batch.run, self._sealer.seal(row.named.line))
        return self._step(row, "merged", record, "merge", [record, *args])

    # -- rows that stay out -----------------------------------------------------------------------------------------

    def _kept_row(self, named: Named, problems: list[Problem], some: Understood) -> Kept:
        batch = some.batch
        return Kept(
            id=named.id or nameless(batch.origin, named.line.line),
            kind=named.kind,
            site=batch.site,
            source=batch.source,
            origin=batch.origin,
            day=batch.day,
            line=named.line.line,
            problems=[structs.replace(found, field=named.column(found.field)) for found in problems],
            row=named.shown(),
            digest=named.digest,
        )

    async def _keep_refused(self, some: Understood) -> None:
        refused = some.ready.refused
        while refused:
            steps = [self._keep_step(each, some) for each in refused]
            answers = await self._ledger.take(some.batch.source, some.batch.run, steps)
            gone = []
            for each, answer in zip(refused, answers, strict=True):
                if isinstance(answer, KuaizhaoError) and answer.code == "erased":  # kept once more, without its cells
                    gone.append(Refused(each.named, [self._problem(answer)]))
                else:
                    outcome = answer if isinstance(answer, str) else "quarantined"  # twice in one list, both bad
                    some.counts[outcome] += 1
            refused = gone

    def _keep_step(self, refused: Refused, some: Understood) -> Step:
        named, note = refused.named, some.notes.get(refused.named.id)
        kept, line = self._kept_row(named, refused.problems, some), named.line
        twice = any(found.code == "duplicate_row" for found in refused.problems)
        if twice:  # the first row with this number keeps its note
            kept.id = nameless(some.batch.origin, named.line.line)
        erased = any(found.code == "erased" for found in refused.problems)
        if erased:  # nothing of it is kept
            kept.row, line = {}, Line(line.line, None, "erased", kept.message)
        marks = [] if erased else self._preparer.marks(named)
        args = keep_args("quarantine", kept, some.batch.run, self._sealer.seal(line), marks)
        digest, record = (note.digest, note.record) if note is not None else (NOTHING, NOTHING)
        return Step("" if twice else named.id, named.line.line, digest, "quarantined", record, "keep", args)

    async def keep(self, batch: Batch, found: Problem) -> Counter[str]:
        """Puts the rows of a batch into the quarantine as they are."""
        some = Understood(batch, [], {}, 0, Ready(), Counter(read=len(batch.lines)))
        for line in batch.lines:
            some.ready.refused.append(Refused(Named(line), [found]))
        await self._keep_refused(some)
        return some.counts

    async def _tidy(self, some: Understood) -> None:
        """Rows that lay in the quarantine, or were merged, and are so no more."""
        out = {refused.named.id for refused in some.ready.refused} | {""}
        kept = {id_ for id_, note in some.notes.items() if note.outcome == "quarantined"}
        await self._kept.discard(sorted((kept | {some.batch.kept}) - out))
        was_merged = {id_ for id_, note in some.notes.items() if note.outcome == "merged"}
        await self._kept.discard([merge_id(id_) for id_ in sorted((was_merged & some.written) - some.merged)])

    async def _put_employers(self, rows: dict[str, ReadyPosting]) -> None:
        """Writes employers that the store does not have; one that is there keeps what clerks made of it."""
        new = {id_: row for id_, row in rows.items() if id_ not in self._employers}
        puts = [self._store.put_employer(id_, r.employer, _MUST_BE_NEW, *r.contact) for id_, r in new.items()]
        await asyncio.gather(*map(put_when_missing, puts))
        self._employers |= new.keys()


def _with_days(rows: Sequence[Named], notes: Mapping[str, Note], today: date) -> list[Named]:
    return [each for row in rows for each in by_day(row, notes.get(row.id), today)]


async def put_when_missing(call: Any) -> None:
    """Awaits the writing of a record that may be there already."""
    try:
        await call
    except KuaizhaoError as exc:
        if exc.code != "key_reused":
            raise
