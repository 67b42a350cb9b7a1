"""Rows to documents ready to be written: the part of the intake without the store, run beside it in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Literal, Protocol

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from ingest.batches import Batch, Line
from ingest.columns import Kind, Layout, UnknownLayout, layout
from ingest.consent import ConsentText
from ingest.duplicates import person_marks, posting_marks, row_marks
from ingest.employers import Contact, sealed_contact
from ingest.findings import Verdict
from ingest.inference import TradeInference
from ingest.ledger import SERIES, Note, plain_digest, row_digest
from ingest.masking import mask_row
from ingest.persons import Vault
from ingest.posting_parts import series_days
from ingest.posting_parts import unnamed as unnamed_posting
from ingest.postings import judge, read_posting, short_hash
from ingest.problems import Problem, problem
from ingest.profiles import named_in, read_profile, row_number
from ingest.profiles import unnamed as unnamed_profile
from ingest.sites import ConfiguredSite
from ingest.texts import posting_text, profile_text
from matcher.model import Employer, Posting, Profile

Vectors = NDArray[np.float32]


class Encodes(Protocol):
    """Texts to unit vectors, float32 (n, dimension); `model_id` says which model's."""

    model_id: str

    def encode(self, texts: Sequence[str], kind: Literal["posting", "profile", "query"], /) -> Vectors:
        """The texts' vectors in their order."""
        ...


class Named(Struct):
    """A row with its layout and the id of its own; without an id it has no ledger and can only be kept. `plain` is the
    digest that an old note may know it by."""

    line: Line
    id: str = ""
    digest: str = ""
    plain: str = ""
    known: Layout | None = None
    cells: dict[str, str] = {}
    series: str | None = None
    counted_from: date | None = None
    problem: Problem | None = None

    @property
    def kind(self) -> Kind | Literal["row"]:
        """Profile or posting, as its columns tell."""
        return self.known.kind if self.known is not None else "row"

    def column(self, field: str) -> str:
        """The header of the column that a field is read from; nothing where the row has none."""
        return next(iter(self.known.fields.get(field, ())), "") if self.known is not None else ""

    def shown(self) -> dict[str, str]:
        """The row as it may be shown."""
        return mask_row(self.line.cells or {}, self.known) if self.known is not None else {}


class ReadyProfile(Struct):
    """A profile to write, its person sealed."""

    named: Named
    doc: Profile
    person: bytes
    person_mark: str
    marks: list[str]
    vector: Vectors


class ReadyPosting(Struct):
    """A posting to write, reviewed, with the employer it belongs to and whom to call there, sealed."""

    named: Named
    doc: Posting
    employer: Employer
    contact: Contact
    verdict: Verdict
    marks: list[str]
    vector: Vectors


class Refused(Struct):
    """A row that stays out."""

    named: Named
    problems: list[Problem]


class Ready(Struct):
    """A batch, understood."""

    profiles: list[ReadyProfile] = []
    postings: list[ReadyPosting] = []
    refused: list[Refused] = []


_NO_VECTOR: Vectors = np.zeros(0, np.float32)


def posting_id(site_id: str, ref: str) -> str:
    """The id of a site's posting."""
    return "j_" + short_hash("posting", site_id, ref)


def posted_again(record: str) -> str:
    """The id of a posting whose row came back after its posting had been withdrawn."""
    return "j_" + short_hash("again", record)


def spared(note: Note, named: Named) -> bool:
    """Whether the row is the one that was last taken in: then there is nothing to do."""
    return _is_last_taken(note, named) and note.outcome != "withdrawn"


def _is_last_taken(note: Note, named: Named) -> bool:
    return note.digest in (named.digest, named.plain)


def by_day(row: Named, note: Note | None, today: date) -> list[Named]:
    """A row that names several days (周六日两天) as that many rows, each a posting, with the row's own id as `series`.

    A row that has not changed keeps the days that it had when it was first read.
    """
    if row.kind != "posting" or (note is not None and spared(note, row) and note.outcome != SERIES):
        return [row]
    if note is not None and _is_last_taken(note, row) and note.outcome == SERIES:
        today = date.fromisoformat(note.record)
    return [
        structs.replace(
            row,
            id="j_" + short_hash("day", row.id, day.isoformat()),
            series=row.id,
            counted_from=today,
            cells={**row.cells, "day": day.isoformat()},
        )
        for day in series_days(row.cells, today)
    ] or [row]


class Preparer:
    """Understands, reviews and encodes rows. `encoder` is loaded when the first row needs it; `consent` knows the
    versions that people may have signed."""

    def __init__(
        self,
        sites: Mapping[str, ConfiguredSite],
        vault: Vault,
        encoder: Callable[[], Encodes],
        consent: ConsentText,
        infer: TradeInference | None = None,
    ) -> None:
        self._sites, self._vault, self._load, self._consent = sites, vault, encoder, consent
        self._infer = infer or TradeInference(encoder)
        self._layouts: dict[tuple[str, tuple[str, ...]], Layout | UnknownLayout] = {}

    @property
    def model_id(self) -> str:
        """The model whose vectors rows get."""
        return self._load().model_id

    def named(self, batch: Batch) -> list[Named]:
        """The batch's rows with their ids, before anything else is understood of them."""
        return [self._named(line, batch.site) for line in batch.lines]

    def _named(self, line: Line, site: str) -> Named:
        if line.cells is None:
            return Named(line, problem=Problem(line.code, "", line.message))
        known = self._layout(site, tuple(line.cells))
        digest, plain = line.taken_for or row_digest(line.cells, self._vault), plain_digest(line.cells)
        if isinstance(known, UnknownLayout):
            return Named(line, digest=digest, plain=plain, problem=problem("no_layout", "", str(known)))
        cells = known.cells(line.cells)
        if known.kind == "profile":
            number = row_number(cells)
            id_ = self._vault.profile_id(f"{site}:{number}") if number else ""
        else:
            ref = cells.get("ref") or row_digest(cells, self._vault)
            id_ = posting_id(site, ref)
        return Named(line, id_, digest, plain, known, cells)

    def marks(self, named: Named) -> list[str]:
        """Of whom a row names that stays out; nothing for a posting, or a row that is not understood at all."""
        return row_marks(*named_in(named.cells), self._vault) if named.kind == "profile" else []

    def _layout(self, site: str, headers: tuple[str, ...]) -> Layout | UnknownLayout:
        if (site, headers) not in self._layouts:
            if len(self._layouts) > 1_000:  # JSON objects may each have keys of their own
                self._layouts.clear()
            try:
                self._layouts[site, headers] = layout(headers, self._sites[site].columns)
            except UnknownLayout as exc:
                self._layouts[site, headers] = exc
        return self._layouts[site, headers]

    def prepare(self, batch: Batch, rows: Sequence[Named], now_ms: int) -> Ready:
        """Reads, reviews and encodes rows of the batch."""
        self._infer.learn(self._unnamed(rows))  # all in one go: one by one it takes many times as long
        ready, today = Ready(), date.fromisoformat(batch.day)
        for row in rows:
            if row.problem is not None or row.known is None:
                ready.refused.append(Refused(row, [row.problem] if row.problem else []))
            elif row.known.kind == "profile":
                self._profile(row, row.known, batch.site, today, ready)
            else:
                self._posting(row, row.known, batch.site, today, now_ms, ready)
        self._encode(ready)
        return ready

    @staticmethod
    def _unnamed(rows: Sequence[Named]) -> Iterator[str]:
        for row in rows:
            if row.known is not None:
                yield from (unnamed_profile if row.known.kind == "profile" else unnamed_posting)(row.cells)

    def _profile(self, row: Named, known: Layout, site: str, today: date, ready: Ready) -> None:
        here = self._sites[site].site
        read = read_profile(row.cells, site, here, today, self._consent, known.pay_unit, self._infer)
        if read.reading.problems or read.profile is None or read.person is None:
            ready.refused.append(Refused(row, read.reading.problems))
            return
        person, vault = read.person, self._vault
        marks = person_marks(person, vault)
        sealed, mark = vault.seal(person), vault.mark(person)
        ready.profiles.append(ReadyProfile(row, read.profile, sealed, mark, marks, _NO_VECTOR))

    def _posting(self, row: Named, known: Layout, site: str, today: date, now_ms: int, ready: Ready) -> None:
        read = read_posting(row.cells, site, self._sites[site].site, today, known.pay_unit, self._infer)
        if read.reading.problems or read.posting is None or read.employer is None:
            ready.refused.append(Refused(row, read.reading.problems))
            return
        doc, employer = structs.replace(read.posting, series=row.series), read.employer
        verdict = judge(read, now_ms=now_ms)
        marks, contact = posting_marks(doc, employer), sealed_contact(self._vault, doc.employer, read.contact)
        ready.postings.append(ReadyPosting(row, doc, employer, contact, verdict, marks, _NO_VECTOR))

    def _encode(self, ready: Ready) -> None:
        if ready.profiles:
            vectors = self._load().encode([profile_text(p.doc) for p in ready.profiles], "profile")
            for profile, vector in zip(ready.profiles, vectors, strict=True):
                profile.vector = vector
        if ready.postings:
            vectors = self._load().encode([posting_text(p.doc) for p in ready.postings], "posting")
            for posting, vector in zip(ready.postings, vectors, strict=True):
                posting.vector = vector
