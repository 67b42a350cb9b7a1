"""Rows that could not be taken in, with line and reason, for whoever mends the file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from ingest.problems import Problem


class Kept(Struct, frozen=True):
    """One line of a quarantine file: where the row is, why it stayed out, and the row with personal values hidden."""

    line: int
    code: str
    message: str
    problems: list[Problem]
    row: dict[str, str]


class Quarantine:
    """The quarantine file of one import file: written anew on each run, and gone when nothing was wrong."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.jsonl"
        self.count = 0
        self._draft = folder / f".{name}.{os.getpid()}.draft"

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._draft.open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._file.close()
        if kind is None and self.count == 0:
            self._draft.unlink()
            self.path.unlink(missing_ok=True)
        else:
            self._draft.replace(self.path)

    def keep(self, line: int, problems: Sequence[Problem], row: Mapping[str, str]) -> None:
        """Adds a row with at least one problem; `row` must be masked already."""
        message = ";".join(dict.fromkeys(problem.message for problem in problems))
        kept = Kept(line, problems[0].code, message, list(problems), dict(row))
        self._file.write(msgspec.json.encode(kept) + b"\n")
        self.count += 1
