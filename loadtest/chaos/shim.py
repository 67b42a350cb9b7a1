"""Slow syncs and wrong clocks inside one running process: a small library, built on the spot and preloaded (shim.c)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final, Literal

Part = Literal["store", "match", "serve"]
PARTS: Final[tuple[Part, ...]] = ("store", "match", "serve")
SOURCE: Final = Path(__file__).with_name("shim.c")
SLOT: Final = struct.Struct("@qqq")


class Shim:
    """Raises OSError where no C compiler is here."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise FileNotFoundError("no C compiler: neither slow syncs nor wrong clocks can be made")
        self._slots = folder / "shim.slots"
        self._slots.write_bytes(bytes(SLOT.size * len(PARTS)))
        self._library = folder / "shim.so"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE)], check=True)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes have to be started with."""
        return {"LD_PRELOAD": str(self._library), "KZ_SHIM": str(self._slots)}

    def set(self, part: Part, *, sync_ms: int = 0, ahead_ms: int = 0) -> None:
        """From now on every sync of this part takes so much longer, and its clock is so far ahead."""
        with self._slots.open("r+b") as slots:
            slots.seek(SLOT.size * PARTS.index(part))
            slots.write(SLOT.pack(sync_ms, ahead_ms, 0))

    def asked(self, part: Part) -> int:
        """How often this part has asked its clock since that was set, and was told the wrong time."""
        with self._slots.open("rb") as slots:
            slots.seek(SLOT.size * PARTS.index(part))
            asked: int = SLOT.unpack(slots.read(SLOT.size))[2]
        return asked
