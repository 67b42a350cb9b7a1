"""The normal client: a worker's phone that looks and says where its owner is, at a steady pace, a process of its own.

`python -m loadtest.attack.normal URL TOKEN PROFILE` writes a line for each request: when it was sent (seconds since the
epoch), after how many milliseconds its answer was there, and how many milliseconds this process had woken late for it;
it ends when its standard input does. A phone is a machine of its own: the answer is there when the kernel says that its
last bytes came, not when this process, which shares its cores with service and attackers, gets to reading them.
"""

from __future__ import annotations

import gc
import json
import re
import select
import socket
import struct
import sys
import time
from typing import Final
from urllib.parse import urlsplit

EVERY_S: Final = 0.01
SO_TIMESTAMPNS: Final = 35
"""Linux: with what is read comes when it arrived, as seconds and nanoseconds since the epoch."""
TIMESPEC: Final = struct.Struct("qq")
LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def go_on(url: str, token: str, profile: str) -> None:
    """Three looks for each change, as phones do."""
    address = urlsplit(url)
    looks = ["/v1/offers", f"/v1/profiles/{profile}", "/v1/assignments"]
    asked = [_request("GET", path, address.netloc, token) for path in looks]
    change = json.dumps({"state": "available"})
    asked.append(_request("PUT", f"/v1/profiles/{profile}/presence", address.netloc, token, change))
    with socket.create_connection((address.hostname, address.port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        gc.disable()  # no pause of ours is to be taken for one of theirs
        n, due = 0, time.monotonic()
        while not select.select([sys.stdin], [], [], max(due - time.monotonic(), 0.0))[0]:
            late_ms = (time.monotonic() - due) * 1000
            sent_at = time.time()
            line.sendall(asked[n % len(asked)])
            status, there_at = _answer(line)
            assert status == 200, status
            print(f"{sent_at:.3f} {(there_at - sent_at) * 1000:.3f} {late_ms:.3f}", flush=True)
            n, due = n + 1, max(due + EVERY_S, time.monotonic())


def _request(method: str, path: str, host: str, token: str, body: str = "") -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _answer(line: socket.socket) -> tuple[int, float]:
    """Its status, and when its last bytes came."""
    read, there_at = b"", 0.0
    while not _is_whole(read):
        more, told, _, _ = line.recvmsg(1 << 16, socket.CMSG_SPACE(TIMESPEC.size))
        assert more, "the line has ended"
        read += more
        stamps = [TIMESPEC.unpack(data) for _, kind, data in told if kind == SO_TIMESTAMPNS]
        there_at = stamps[-1][0] + stamps[-1][1] / 1e9 if stamps else time.time()
    return int(read.split(None, 2)[1]), there_at


def _is_whole(read: bytes) -> bool:
    head, end, body = read.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


if __name__ == "__main__":
    go_on(*sys.argv[1:4])
