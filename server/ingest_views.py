"""What the API takes and answers with about imports: pushed rows, runs, the quarantine, merges."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ingest.kept_rows import Kept
from ingest.problems import Problem
from ingest.readers.rows import line_in_words
from ingest.runs import Run, RunState
from matcher.model import Id, ShortText

Cell = Annotated[str, Meta(max_length=4_000)]
Cells = Annotated[dict[ShortText, Cell | int | float | bool | None], Meta(max_length=200)]
Count = Annotated[int, Meta(ge=1, le=1_000)]


class Push(Struct, kw_only=True, forbid_unknown_fields=True):
    """Rows of a site: each a set of cells by column name, as in a file. `source` names the system they come from; its
    rows are known by their own numbers, so the same rows again change nothing."""

    site: Id
    source: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")] = "push"
    rows: Annotated[list[Cells], Meta(min_length=1, max_length=2_000)]


class Pushed(Struct):
    """The rows are in the queue, on disk; `run` says what becomes of them."""

    run: str
    rows: int


class RunView(Struct, kw_only=True):
    """One reading of one source. `read` is the sum of accepted, changed, unchanged, merged, blocked and quarantined;
    `failure` says why the source could not be read to its end."""

    id: str
    site: str
    source: str
    origin: str
    state: RunState
    started_ms: int
    finished_ms: int
    read: int
    accepted: int
    changed: int
    unchanged: int
    merged: int
    blocked: int
    quarantined: int
    withdrawn: int
    withheld: int
    failure: str


class RunList(Struct):
    """Runs, newest first."""

    runs: list[RunView]


class RunQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which runs."""

    site: Id | None = None
    limit: Count = 100


class KeptView(Struct, kw_only=True):
    """A row that is kept for a person; personal values are hidden. `row` has its cells by column name.

    A merged row names the `record` it was merged into and in what the two differ; `undone_ms` is when a clerk said that
    they are apart.
    """

    id: str
    kind: str
    site: str
    source: str
    origin: str
    line: int
    where: str
    message: str
    problems: list[Problem]
    row: dict[str, str]
    record: str
    differs: list[str]
    at_ms: int
    undone_ms: int
    undone_by: str


class KeptList(Struct):
    """Kept rows, newest first; `total` counts those of all sites. Ask for more with `after`."""

    rows: list[KeptView]
    total: int

    @property
    def about(self) -> list[str]:
        """Whose record they were merged into; else the rows: nobody knows yet who they name."""
        return [each.record or each.id for each in self.rows]


class KeptQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which kept rows."""

    site: Id | None = None
    after: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    limit: Count = 100


class Mending(Struct, kw_only=True, forbid_unknown_fields=True):
    """Cells to replace, by column name."""

    cells: Annotated[dict[ShortText, Cell], Meta(max_length=200)] = {}


class Sent(Struct):
    """The row goes through the intake again; `run` says what becomes of it."""

    run: str


class Discarded(Struct):
    """The row is in the quarantine no more."""

    id: str


def run_view(run: Run) -> RunView:
    """A run as it is shown."""
    fields = {name: getattr(run, name) for name in RunView.__struct_fields__ if name != "failure"}
    return RunView(**fields, failure=run.error)


def kept_view(kept: Kept) -> KeptView:
    """A kept row as it is shown."""
    own = {"where", "message"}
    fields = {name: getattr(kept, name) for name in KeptView.__struct_fields__ if name not in own}
    return KeptView(**fields, where=line_in_words(kept.line), message=kept.message)
