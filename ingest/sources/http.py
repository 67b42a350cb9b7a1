"""Fetching over HTTP: streamed into files, with time limits, repeated with back-off, conditional where it can be."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp
from msgspec import Struct

from ingest.enqueue import NotModified
from ingest.readers.rows import CannotRead
from ingest.sites import plain_address

TRIES: Final = 4
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
LONGEST_S: Final = 1_800.0
"""How long one answer may take to arrive, however steadily it drips."""
MOST_BYTES: Final = 2 << 30
"""Bytes of one answer that are stored."""
AGENT: Final = "Kuaizhao"
_CHUNK: Final = 1 << 16
_WORTH_A_TRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Validators(Struct, frozen=True):
    """What a server said its answer is known by, for asking whether it has changed."""

    etag: str = ""
    modified: str = ""


class Fetched(Struct):
    """An answer in a file. `whole` is false when only its beginning arrived, whatever was tried; `error` says why."""

    path: Path
    whole: bool = True
    error: str = ""
    validators: Validators = Validators()
    charset: str = ""


class Fetcher:
    """One HTTP client of the process. Answers are stored in `folder`."""

    def __init__(self, session: aiohttp.ClientSession, folder: Path, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._session, self._folder = session, folder
        self._first_wait_s = first_wait_s
        self._number = 0

    async def fetch(
        self,
        address: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        known: Validators | None = None,
    ) -> Fetched:
        """The answer, or the longest beginning of it that any try brought.

        Raises NotModified where the server says so of `known`, CannotRead when nothing arrived.
        """
        sent = {"User-Agent": AGENT, "Accept-Encoding": "gzip, deflate", **(headers or {}), **_conditions(known)}
        best: Fetched | None = None
        said, wait_s = "", self._first_wait_s
        for tried in range(TRIES):
            if tried:
                await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - spreads, protects nothing
                wait_s = min(wait_s * 3, LONGEST_WAIT_S)
            self._number += 1
            path = self._folder / f"{self._number}"
            try:
                return await self._once(address, path, sent, timeout_s)
            except _Again as exc:
                said, wait_s = exc.words, min(max(wait_s, exc.after_s), LONGEST_WAIT_S)
            except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as exc:
                said = "超时没有答复" if isinstance(exc, TimeoutError) else f"连接中断({type(exc).__name__})"
            if path.exists() and path.stat().st_size > (best.path.stat().st_size if best else 0):
                best = Fetched(path, False, f"{plain_address(address)} {said},只收到一半")
            elif path.exists():
                path.unlink()
        if best is None:
            raise CannotRead(f"{plain_address(address)} {said}(试了 {TRIES} 次)")
        return best

    async def _once(self, address: str, path: Path, headers: Mapping[str, str], timeout_s: float) -> Fetched:
        limits = aiohttp.ClientTimeout(total=LONGEST_S, connect=min(timeout_s, 10), sock_read=timeout_s)
        async with self._session.get(address, headers=headers, timeout=limits) as answer:
            if answer.status == 304:
                raise NotModified
            if answer.status in _WORTH_A_TRY:
                raise _Again(f"答复 {answer.status}", _retry_after_s(answer.headers.get("Retry-After", "")))
            if answer.status != 200:
                raise CannotRead(f"{plain_address(address)} 答复 {answer.status}")
            received = 0
            with path.open("wb") as file:
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    received += len(chunk)
                    if received > MOST_BYTES:
                        raise CannotRead(f"{plain_address(address)} 的内容太大,最多 {MOST_BYTES >> 30} GB")
                    file.write(chunk)
            validators = Validators(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))
            return Fetched(path, validators=validators, charset=answer.charset or "")


class _Again(Exception):
    def __init__(self, words: str, after_s: float) -> None:
        self.words, self.after_s = words, after_s
        super().__init__(words)


def _conditions(known: Validators | None) -> dict[str, str]:
    if known is None:
        return {}
    asked = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in asked.items() if value}


def _retry_after_s(text: str) -> float:
    """Seconds that a Retry-After header asks for; 0 for none, or for a date (the back-off does as well)."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
