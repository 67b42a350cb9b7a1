"""Everyday knowledge as concepts to train on: which things and deeds belong to one scene.

`lexicon/world.txt`: lines ``scene: thing deed thing ...``, written from people's heads without a look at the trades or
at anything that measures. They name scenes, not jobs: that flour, a dough sheeter and getting up at three belong
together joins a posting and a profile also in work that the lexicon of trades does not know.
"""

from __future__ import annotations

from collections.abc import Collection

from embeddings.generator import LEXICON, Concept, jargon

SCENE = "scene:"
"""What a scene's id begins with."""


def scenes(leave_out: Collection[str] = ()) -> dict[str, Concept]:
    """A concept a line by ``scene:NAME``, without every line that holds one of the words ``leave_out`` anywhere."""
    held = jargon(LEXICON / "world.txt")
    kept = [(name, words) for [name], words in held if not _holds(leave_out, (name, *words))]
    return {SCENE + name: Concept(SCENE + name, [name], words=words) for name, words in kept}


def _holds(wanted: Collection[str], words: Collection[str]) -> bool:
    line = " ".join(words)
    return any(word in line for word in wanted)
