"""Records over HTTP: one answer, or page after page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

from ingest.enqueue import Rows, chunks
from ingest.readers import CannotRead, read
from ingest.readers.json_values import is_json
from ingest.readers.rows import BadRow, Row
from ingest.sites import Feed, Paging
from ingest.sources.http import Fetcher, Validators

_LARGEST_PAGE: Final = 32 << 20
"""Bytes of a page in which the next address is looked for."""


class FeedRows:
    """The rows of a feed. Afterwards `validators` says what the whole was known by, if it was one answer."""

    def __init__(
        self, fetcher: Fetcher, feed: Feed, own: Collection[str] = (), known: Validators | None = None
    ) -> None:
        self._fetcher, self._feed, self._own = fetcher, feed, own
        self._known = known if feed.paging is None else None
        self.validators = Validators()

    async def rows(self) -> AsyncIterator[Rows]:
        """The rows, numbered through all pages. Raises NotModified, CannotRead."""
        feed, number = self._feed, 0
        address: str | None = feed.address
        if feed.paging is not None and feed.paging.parameter:
            address = with_parameter(feed.address, feed.paging.parameter, str(feed.paging.first))
        for page in range(feed.paging.most if feed.paging else 1):
            if address is None:
                return
            fetched = await self._fetcher.fetch(
                address, timeout_s=feed.timeout_s, headers=self._headers(), known=self._known
            )
            fetched.path = _named_after(fetched.path, address)
            found = 0
            async for some in self._of_page(fetched.path):
                yield [_numbered(row, number) for row in some]
                found += len(some)
            number = number + max(found, 1)
            if not fetched.whole:
                raise CannotRead(fetched.error)
            self.validators = fetched.validators
            address = self._next(fetched.path, address, page, found)
            fetched.path.unlink(missing_ok=True)
        if address is not None and feed.paging is not None:
            raise CannotRead(f"翻了 {feed.paging.most} 页还没有完")

    async def _of_page(self, path: Path) -> AsyncIterator[Rows]:
        try:
            async for some in chunks(read(path, self._own)):
                yield some
        except CannotRead:
            if self._feed.paging is None or not await asyncio.to_thread(_is_json, path):
                raise  # else it is the page after the last: an answer without a list

    def _headers(self) -> dict[str, str]:
        token = os.environ.get(self._feed.token_variable, "") if self._feed.token_variable else ""
        return {**self._feed.headers, **({"Authorization": f"Bearer {token}"} if token else {})}

    def _next(self, path: Path, address: str, page: int, found: int) -> str | None:
        paging = self._feed.paging
        if paging is None or not found:
            return None
        if paging.next:
            return _next_address(paging, address, path)
        return with_parameter(address, paging.parameter, str(paging.first + (page + 1) * paging.step))


def _named_after(path: Path, address: str) -> Path:
    """The file under a name with the address's ending, which tells readers of JSON lines."""
    suffix = Path(urlsplit(address).path).suffix.lower()
    if suffix not in (".jsonl", ".ndjson"):
        return path
    return path.rename(path.with_name(path.name + suffix))


def _is_json(path: Path) -> bool:
    return path.stat().st_size <= _LARGEST_PAGE and is_json(path.read_bytes())


def _next_address(paging: Paging, address: str, path: Path) -> str | None:
    if path.stat().st_size > _LARGEST_PAGE:
        raise CannotRead("一页的内容太大,找不到下一页")
    try:
        value: Any = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, RecursionError) as exc:
        raise CannotRead("这一页不是完整的 JSON,找不到下一页") from exc
    for key in paging.next.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value in (None, "", False):
        return None
    if paging.parameter:
        return with_parameter(address, paging.parameter, str(value))
    following = urljoin(address, str(value))
    if urlsplit(following).netloc != urlsplit(address).netloc:
        raise CannotRead("下一页的地址在另一台服务器上,没有跟过去")
    return following


def with_parameter(address: str, name: str, value: str) -> str:
    """The address with a parameter of its query set."""
    parts = urlsplit(address)
    query = [(key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)])))


def _numbered(row: Row | BadRow, after: int) -> Row | BadRow:
    return msgspec.structs.replace(row, line=after + row.line)
