"""Public web pages: list and detail pages, by the selectors of the configuration, as robots.txt allows and politely."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.columns import field_of
from ingest.enqueue import Rows
from ingest.readers.html_table import LARGEST
from ingest.readers.rows import BadRow, CannotRead, Row
from ingest.readers.text import encoding_of
from ingest.sites import Page, plain_address
from ingest.sources.http import AGENT, Fetched, Fetcher

NUMBER: Final = "编号"
"""The column that the address of a row's own page stands in for, where the page shows no number."""
LONGEST_PAUSE_S: Final = 60.0


class PageRows:
    """The rows of a list page and those after it."""

    def __init__(self, fetcher: Fetcher, page: Page) -> None:
        self._fetcher, self._page = fetcher, page
        self._pause_s, self._last = page.pause_s, 0.0
        self._robots: RobotFileParser | None = None
        self._line = 0

    async def rows(self) -> AsyncIterator[Rows]:
        """The rows, one list a page. Raises CannotRead where robots.txt forbids it, a page cannot be fetched, or the
        first page shows no row: its layout has changed."""
        self._robots = await self._rules()
        address: str | None = self._page.address
        seen: set[str] = set()
        while address is not None and address not in seen and len(seen) < self._page.most_pages:
            seen.add(address)
            parsed = await self._parsed(address)
            nodes = parsed.css(self._page.rows)
            if not nodes and len(seen) == 1:
                raise CannotRead("页面上找不到记录:版面可能变了,请检查选择器")
            yield [await self._row(node, address) for node in nodes]
            link = value_of(parsed.root, self._page.next) if self._page.next and parsed.root else ""
            address = urljoin(address, link) if link else None
            if address is not None and urlsplit(address).netloc != urlsplit(self._page.address).netloc:
                raise CannotRead("下一页的地址在另一台服务器上,没有跟过去")

    async def _row(self, node: LexborNode, address: str) -> Row | BadRow:
        self._line += 1
        cells = {header: value_of(node, selector) for header, selector in self._page.fields.items()}
        if not any(cells.values()):
            return BadRow(self._line, "bad_layout", "这一条的版面和其他的不一样,没有读出内容")
        if self._page.detail:
            link = value_of(node, self._page.detail)
            if not link:
                return BadRow(self._line, "no_detail", "这一条没有详情页的链接")
            detail = urljoin(address, link)
            if not any(field_of(header, "posting") == "ref" for header in cells):
                cells[NUMBER] = detail
            try:
                root = (await self._parsed(detail)).root
            except CannotRead as exc:
                return BadRow(self._line, "no_detail", f"详情页打不开:{exc}")
            if root is not None:
                cells |= {header: value_of(root, selector) for header, selector in self._page.detail_fields.items()}
        return Row(self._line, cells)

    async def _parsed(self, address: str) -> LexborHTMLParser:
        if self._robots is not None and not self._robots.can_fetch(AGENT, address):
            raise CannotRead(f"robots.txt 不允许读取 {plain_address(address)}")
        fetched = await self._fetched(address)
        if not fetched.whole:
            raise CannotRead(fetched.error)
        try:
            return await asyncio.to_thread(parse, fetched)
        finally:
            fetched.path.unlink(missing_ok=True)

    async def _fetched(self, address: str) -> Fetched:
        """One page, not sooner after the last than is polite."""
        await asyncio.sleep(max(0.0, self._last + self._pause_s - time.monotonic()))
        try:
            return await self._fetcher.fetch(address, timeout_s=self._page.timeout_s)
        finally:
            self._last = time.monotonic()

    async def _rules(self) -> RobotFileParser:
        """The server's robots.txt (RFC 9309): none allows everything, one that cannot be had allows nothing."""
        rules = RobotFileParser()
        try:
            fetched = await self._fetched(urljoin(self._page.address, "/robots.txt"))
        except CannotRead as exc:
            if any(f" 答复 {status}" in str(exc) for status in range(400, 500) if status != 429):
                rules.parse([])
                return rules
            raise CannotRead(f"取不到 robots.txt,这次不读:{exc}") from exc
        rules.parse(fetched.path.read_text("utf-8", "replace")[: 512 << 10].splitlines())
        fetched.path.unlink(missing_ok=True)
        delay = rules.crawl_delay(AGENT)
        if delay is not None:
            self._pause_s = min(max(self._pause_s, float(delay)), LONGEST_PAUSE_S)
        return rules


def parse(fetched: Fetched) -> LexborHTMLParser:
    """The page. Raises CannotRead for one that is too large to be one."""
    if fetched.path.stat().st_size > LARGEST:
        raise CannotRead(f"网页太大,最多 {LARGEST >> 20} MB")
    raw = fetched.path.read_bytes()
    try:
        return LexborHTMLParser(raw.decode(fetched.charset or "utf-8"))
    except (UnicodeDecodeError, LookupError):
        return LexborHTMLParser(raw.decode(encoding_of(fetched.path), "replace"))


def value_of(node: LexborNode, selector: str) -> str:
    """What a selector finds below a node: text, or with `selector@name` an attribute; "" when nothing."""
    css, _, attribute = selector.partition("@")
    found = node.css_first(css.strip()) if css.strip() else node
    if found is None:
        return ""
    if attribute:
        return (found.attributes.get(attribute.strip()) or "").strip()
    return " ".join(found.text(separator=" ").split())
