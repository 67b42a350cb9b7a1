"""What typed letters may mean: whole syllables, the beginning of the last one, initials alone, and sounds mixed up."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, Literal, NamedTuple

INITIAL: Final = re.compile(r"zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]")
ABBREVIATION: Final = re.compile(rf"{INITIAL.pattern}|[aoe]")
"""What a syllable may be shortened to: its initial, or its first letter where it has none."""
LONGEST_SYLLABLE: Final = 6
ALSO_WRITTEN: Final = {"lue": "lve", "nue": "nve", "lyu": "lv", "nyu": "nv"}
"""Spellings of ü besides v that people type."""

Form = Literal["whole", "begun", "initial"]


class Piece(NamedTuple):
    """A stretch of the letters that stands for one syllable; it ends before `end`."""

    text: str
    end: int
    form: Form


class Syllables:
    """The syllables of standard Chinese without tones, as far as a table of readings has them."""

    def __init__(self, known: Collection[str]) -> None:
        self.known = frozenset(known)
        self._beginnings = frozenset(s[:n] for s in self.known for n in range(1, len(s) + 1))
        self._alike = {s: tuple(sorted(self._mixed_up(s))) for s in self.known}

    def pieces(self, letters: str, start: int) -> Iterator[Piece]:
        """What may stand at `start`, longest first; an apostrophe before it only divides."""
        while letters[start : start + 1] == "'":
            start += 1
        stop = min((letters + "'").index("'", start), start + LONGEST_SYLLABLE)
        for end in range(stop, start, -1):
            text = letters[start:end]
            written = ALSO_WRITTEN.get(text, text)
            if written in self.known:
                yield Piece(written, end, "whole")
            if end == len(letters) and written in self._beginnings:
                yield Piece(written, end, "begun")
            elif ABBREVIATION.fullmatch(text):
                yield Piece(text, end, "initial")

    def alike(self, syllable: str) -> tuple[str, ...]:
        """Syllables that speakers of the south and of Jiaodong mix up with this one; without itself."""
        return self._alike[syllable]

    def _mixed_up(self, syllable: str) -> set[str]:
        match = INITIAL.match(syllable)
        initial = match[0] if match else ""
        final = syllable[len(initial) :]
        initials = {initial} | {other for pair in INITIALS_MIXED_UP if initial in pair for other in pair}
        finals = {final} | {other for pair in FINALS_MIXED_UP if final in pair for other in pair}
        return ({i + f for i in initials for f in finals} & self.known) - {syllable}


INITIALS_MIXED_UP: Final = (("z", "zh"), ("c", "ch"), ("s", "sh"), ("n", "l"), ("f", "h"), ("r", "y"))
FINALS_MIXED_UP: Final = (("an", "ang"), ("en", "eng"), ("in", "ing"), ("ian", "iang"), ("uan", "uang"))
