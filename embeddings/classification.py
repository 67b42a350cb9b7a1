"""What the national classification says of its occupations, as concepts to train on.

`lexicon/classification.tsv`: a code, and parted by `|` what its definition and tasks say in the public standard
中华人民共和国职业分类大典 (2022). It is no gig Chinese, but it tells which tools, materials and actions belong together
also in work that our lexicon does not know. Managers, soldiers and others (major groups 1, 7, 8) are no work that is
offered by the day, and are not there. Titles are not taught: they measure.
"""

from __future__ import annotations

from collections.abc import Collection

from embeddings.generator import LEXICON, Concept
from embeddings.occupations import occupations


def classified(leave_out: Collection[str] = ()) -> dict[str, Concept]:
    """A concept an occupation by ``occupation:CODE``, without those whose code is in ``leave_out``."""
    lines = (LEXICON / "classification.tsv").read_text(encoding="utf-8").splitlines()
    said = {code: parts.split("|") for code, parts in (line.split("\t") for line in lines)}
    return {
        f"occupation:{code}": Concept(f"occupation:{code}", [occupations()[code].name], parts, parts)
        for code, parts in said.items()
        if code not in leave_out
    }
