"""Who answers has a short slice of the processor; what it starts has not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded import EmbeddedStore
from server.promptness import SERVER_NS, STORE_NS

CODE = """
import threading
from pathlib import Path
from server.promptness import SERVER_NS, be_prompt

print(be_prompt(SERVER_NS))
print(Path("/proc/self/sched").read_text())
thread = threading.Thread(target=lambda: print(Path("/proc/thread-self/sched").read_text()))
thread.start()
thread.join()
"""


def slices_ns(told: str) -> list[int]:
    """The slices that the kernel tells of."""
    return [int(line.split()[-1]) for line in told.splitlines() if line.startswith("se.slice ")]


@pytest.fixture
def asked() -> str:
    """What one who has asked for a short slice is told of itself and of a thread that it starts."""
    if not Path("/proc/self/sched").exists():
        pytest.skip("this kernel does not tell slices")
    told = subprocess.run([sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True, check=True).stdout
    if told.startswith("False") or not slices_ns(told):
        pytest.skip("this kernel knows of no slices")
    return told


def test_the_thread_that_asks_is_prompt_and_those_it_starts_are_not(asked: str) -> None:
    own, other = slices_ns(asked)
    assert own == SERVER_NS
    assert other > 500_000


@pytest.mark.usefixtures("asked")
def test_the_store_is_prompt(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.start()
    try:
        assert store.process is not None
        assert slices_ns(Path(f"/proc/{store.process.pid}/sched").read_text()) == [STORE_NS]
    finally:
        store.stop()
