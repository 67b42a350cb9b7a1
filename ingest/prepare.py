"""Rows to documents ready to be written: the part of the pipeline without the store, run beside it in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Literal, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from ingest.columns import Layout, UnknownLayout, layout
from ingest.findings import Verdict
from ingest.inference import TradeInference
from ingest.masking import mask_row
from ingest.persons import Vault
from ingest.postings import judge, read_posting, short_hash
from ingest.postings import unnamed as unnamed_posting
from ingest.problems import Problem, problem
from ingest.profiles import read_profile
from ingest.profiles import unnamed as unnamed_profile
from ingest.readers import BadRow, Row
from ingest.texts import posting_text, profile_text
from matcher.model import Employer, Posting, Profile, Site

Vectors = NDArray[np.float32]


class Encodes(Protocol):
    """Texts to unit vectors, float32 (n, dimension); `model_id` says which model's."""

    model_id: str

    def encode(self, texts: Sequence[str], kind: Literal["posting", "profile", "query"], /) -> Vectors:
        """The texts' vectors in their order."""
        ...


class ReadyProfile(Struct):
    """A profile to register, its person sealed."""

    line: int
    id: str
    doc: Profile
    person: bytes
    person_mark: str
    shown: dict[str, str]


class ReadyPosting(Struct):
    """A posting to post, reviewed, with the employer it belongs to."""

    line: int
    id: str
    doc: Posting
    employer: Employer
    verdict: Verdict
    shown: dict[str, str]


class Refused(Struct):
    """A row that stays out."""

    line: int
    problems: list[Problem]
    shown: dict[str, str]


class Batch(Struct):
    """Some rows of one file. Vectors are in the order of `profiles` or of `postings`."""

    read: int
    profiles: list[ReadyProfile]
    postings: list[ReadyPosting]
    refused: list[Refused]
    vectors: Vectors


def posting_id(site_id: str, ref: str) -> str:
    """The id of a site's posting."""
    return "j_" + short_hash("posting", site_id, ref)


class Preparer:
    """Turns the rows of one file into batches.

    Ids of rows met before are remembered: a number used twice in one file is refused the second time.
    """

    def __init__(
        self,
        rows: Iterator[Row | BadRow],
        site_id: str,
        site: Site,
        vault: Vault,
        encoder: Encodes,
        now_ms: int,
        today: date,
        infer: TradeInference,
    ) -> None:
        self._rows = rows
        self._site_id, self._site = site_id, site
        self._vault, self._encoder = vault, encoder
        self._now_ms, self._today = now_ms, today
        self._infer = infer
        self._layouts: dict[tuple[str, ...], Layout | UnknownLayout] = {}
        self._seen: set[str] = set()

    def next_batch(self, size: int) -> Batch | None:
        """Reads, understands, reviews and encodes up to `size` rows; None at the end of the file."""
        batch = Batch(0, [], [], [], np.zeros((0, 0), np.float32))
        rows = list(islice(self._rows, size))
        if not rows:
            return None
        batch.read = len(rows)
        self._learn(rows)
        for row in rows:
            self._take(row, batch)
        if batch.profiles:
            batch.vectors = self._encoder.encode([profile_text(p.doc) for p in batch.profiles], "profile")
        if batch.postings:
            vectors = self._encoder.encode([posting_text(p.doc) for p in batch.postings], "posting")
            batch.vectors = np.concatenate([batch.vectors, vectors]) if batch.profiles else vectors
        return batch

    def _learn(self, rows: list[Row | BadRow]) -> None:
        """Infers the trades of all rows that name none in one go: one by one it takes many times as long."""
        texts: list[str] = []
        for row in rows:
            if isinstance(row, BadRow):
                continue
            known = self._layout(tuple(row.cells))
            if not isinstance(known, UnknownLayout):
                unnamed = unnamed_profile if known.kind == "profile" else unnamed_posting
                texts += unnamed(known.cells(row.cells))
        self._infer.learn(texts)

    def _take(self, row: Row | BadRow, batch: Batch) -> None:
        if isinstance(row, BadRow):
            batch.refused.append(Refused(row.line, [Problem(row.code, "", row.message)], {}))
            return
        known = self._layout(tuple(row.cells))
        if isinstance(known, UnknownLayout):
            batch.refused.append(Refused(row.line, [problem("no_layout", "", str(known))], {}))
        elif known.kind == "profile":
            self._take_profile(row, known, batch)
        else:
            self._take_posting(row, known, batch)

    def _layout(self, headers: tuple[str, ...]) -> Layout | UnknownLayout:
        if headers not in self._layouts:
            if len(self._layouts) > 1000:  # JSON objects may each have keys of their own
                self._layouts.clear()
            try:
                self._layouts[headers] = layout(headers)
            except UnknownLayout as exc:
                self._layouts[headers] = exc
        return self._layouts[headers]

    def _take_profile(self, row: Row, known: Layout, batch: Batch) -> None:
        read = read_profile(known.cells(row.cells), self._site_id, self._site, self._today, known.pay_unit, self._infer)
        id_ = self._vault.profile_id(f"{self._site_id}:{read.ref}")
        problems = self._problems(id_, read.reading.problems)
        if problems or read.profile is None or read.person is None:
            batch.refused.append(Refused(row.line, problems, mask_row(row.cells, known)))
            return
        sealed, mark = self._vault.seal(read.person), self._vault.mark(read.person)
        batch.profiles.append(ReadyProfile(row.line, id_, read.profile, sealed, mark, {}))

    def _take_posting(self, row: Row, known: Layout, batch: Batch) -> None:
        cells = known.cells(row.cells)
        read = read_posting(cells, self._site_id, self._site, self._today, known.pay_unit, self._infer)
        ref = read.ref or short_hash(*(f"{k}={v}" for k, v in sorted(cells.items())))
        id_ = posting_id(self._site_id, ref)
        problems = self._problems(id_, read.reading.problems)
        if problems or read.posting is None or read.employer is None:
            batch.refused.append(Refused(row.line, problems, mask_row(row.cells, known)))
            return
        verdict = judge(read, now_ms=self._now_ms)
        shown = mask_row(row.cells, known)
        batch.postings.append(ReadyPosting(row.line, id_, read.posting, read.employer, verdict, shown))

    def _problems(self, id_: str, problems: list[Problem]) -> list[Problem]:
        if problems:
            return problems
        if id_ in self._seen:
            return [problem("duplicate_ref", "ref")]
        self._seen.add(id_)
        return []
