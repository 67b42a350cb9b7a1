"""What is needed for a moment goes back to the system, or is needed by a process that ends."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from matcher import compiled, plan

NEEDS_MUCH_NOW_AND_THEN = """
import sys
from pathlib import Path
from matcher.allocator import give_back_large_pieces

def resident_mb():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous:")).split()[1]) / 1024

if sys.argv[1] == "told":
    give_back_large_pieces()
before = resident_mb()
kept = []
for _ in range(3):
    much = bytearray(30_000_000)
    kept.append(bytes(100_000))  # lies behind it where it is not a piece of its own
    del much
print(resident_mb() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library decides for itself")
@pytest.mark.parametrize(("how", "goes_back"), [("told", True), ("as it is", False)])
def test_a_large_piece_goes_back(how: str, goes_back: bool) -> None:
    told_nothing = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    command = [sys.executable, "-c", NEEDS_MUCH_NOW_AND_THEN, how]
    told = subprocess.run(command, capture_output=True, check=True, text=True, env=told_nothing)
    assert (float(told.stdout) < 5) == goes_back


def test_what_is_compiled_is_compiled_by_another_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plan.warm()
    place = compiled._beside_the_sources
    assert place is not None, "the folder of the sources can be written to"
    kept = sorted(path.name for path in place.glob("*.nb?"))
    done = place / compiled.WHOLE
    done.unlink(missing_ok=True)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    compiled.compile_apart(tmp_path)
    assert not done.exists()
    monkeypatch.undo()
    compiled.compile_apart(tmp_path)
    assert done.exists()
    assert sorted(path.name for path in place.glob("*.nb?")) == kept
    monkeypatch.setattr(sys, "executable", "/nothing/there")
    compiled.compile_apart(tmp_path)  # nothing is started for what is there
