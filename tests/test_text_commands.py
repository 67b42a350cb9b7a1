"""`kuaizhao embed` and `kuaizhao trades` on whatever bytes a pipe brings."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from embeddings.commands import LINES_AT_ONCE, THREADS, embed, recognise
from matcher.settings import Settings

STRANGE = [
    b"",
    b"\xff\xfe\x00 \x80\x81",
    "招".encode() + b"\xe6\x90" + "保安".encode(),  # a character cut in two
    b"\x00\x01\x1b[31m\x7f",
    "招\r保安\x0b\x85\u2028夜班".encode(),
    "😀🧹👷‍♂️".encode(),
    b"1234567890",
    ("招搬运工 " * 70_000).encode(),  # one line of a megabyte
    "誠聘夜班保安員".encode(),
    b"Need 2 movers tomorrow, 200 yuan",
]


def test_every_line_has_its_answer_in_its_place() -> None:
    names = {"洗碗工": "dishwasher", "保安": "security_guard", "搬运工": "porter"}
    plain = [*names] * LINES_AT_ONCE * THREADS
    out = io.BytesIO()
    lines = b"\n".join([*STRANGE, *(f"招{name}{at}名\r".encode() for at, name in enumerate(plain))])
    recognise(Settings(), io.BytesIO(lines), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    first = [answer["trades"][0]["id"] if answer["trades"] else None for answer in answers]
    assert first[len(STRANGE) :] == [names[name] for name in plain]
    strange = dict(zip(STRANGE, first, strict=False))
    assert [strange[STRANGE[row]] for row in (2, 4, 7, 8)] == ["security_guard"] * 2 + ["porter", "security_guard"]
    assert all(strange[STRANGE[row]] is None for row in (0, 1, 3, 5, 6))


def test_every_line_has_its_vector(tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    embed(Settings(), io.BytesIO(b"\n".join(STRANGE) + b"\n"), "posting", out)
    vectors = np.load(out)
    assert vectors.shape == (len(STRANGE), 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
