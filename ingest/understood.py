"""What was understood of a row, field by field, for the person who checks it."""

from __future__ import annotations

from msgspec import Struct, field

from ingest.masking import mask_text
from ingest.problems import Problem, problem


class Understood(Struct, frozen=True):
    """A field's value as people read it, and the words it came from."""

    value: str
    words: str
    guessed: bool = False


class Reading(Struct):
    """One row as read: what was understood, what keeps it out, and what is worth a note."""

    fields: dict[str, Understood] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def saw(self, name: str, value: str, words: str, guessed: bool = False) -> None:
        """Notes a field that was understood."""
        self.fields[name] = Understood(value, words, guessed)

    def refuse(self, code: str, name: str, detail: str = "") -> None:
        """Notes what keeps the row out, in words that are kept: without numbers that lead to somebody."""
        self.problems.append(problem(code, name, mask_text(detail)))
