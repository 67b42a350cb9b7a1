"""Ten sites that keep their records in ten ways, played by a real HTTP server and folders, faults included."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.intake import POSTINGS, PROFILES, posting_line, profile_line
from tests.workbooks import bomb, workbook_bytes

ROWS_EACH = 6
ENDLESS_MB = 200
"""Size of the line that never ends."""


def sites_file(folder: Path, address: str) -> Path:
    """The configuration of the ten sites, as an operator writes it."""
    feed = 'kind = "feed"\nevery = "5m"\n'
    tables = {
        "shinan": 'kind = "folder"\nname = "counter"\nfolder = "drop/shinan"\n',
        "shibei": f'{feed}name = "pages"\naddress = "{address}/shibei"\ncomplete = true\n'
        'paging = { parameter = "page", first = 1 }\n',
        "licang": f'{feed}name = "csv"\naddress = "{address}/licang.csv"\n',
        "laoshan": f'{feed}name = "lines"\naddress = "{address}/laoshan.jsonl"\ncomplete = true\n',
        "huangdao": f'{feed}name = "links"\naddress = "{address}/huangdao"\npaging = {{ next = "links.next" }}\n'
        "complete = true\n",
        "chengyang": f'kind = "page"\nname = "board"\naddress = "{address}/chengyang"\nrows = "ul.jobs > li"\n'
        'fields = { "岗位" = ".title", "招聘人数" = ".count", "劳动报酬" = ".pay", "工作地点" = ".place" }\n'
        'detail = "a@href"\nnext = "a.next@href"\npause_s = 0\n'
        'detail_fields = { "单位名称" = ".firm", "工作时间" = ".time", "描述" = ".text", "核验" = ".seal@title" }\n',
        "jimo": f'kind = "page"\nname = "board"\naddress = "{address}/jimo"\nrows = "ul.jobs > li"\npause_s = 0\n'
        'fields = { "岗位" = ".title" }\n',
        "jiaozhou": f'{feed}name = "book"\naddress = "{address}/jiaozhou.xlsx"\n',
        "pingdu": f'{feed}name = "endless"\naddress = "{address}/pingdu.jsonl"\n',
        "laixi": f'{feed}name = "dead"\naddress = "{address}/laixi"\ntimeout_s = 0.1\n',
    }
    districts = ["市南区", "市北区", "李沧区", "崂山区", "黄岛区", "城阳区", "即墨区", "胶州市", "平度市", "莱西市"]
    text = ""
    for (id_, connector), district in zip(tables.items(), districts, strict=True):
        text += f'[{id_}]\nname = "虚构{district}零工之家"\ndistrict = "{district}"\nlat = 36.2\nlon = 120.4\n'
        text += '[licang.columns]\n"活儿" = "trade"\n' if id_ == "licang" else ""
        text += f"[[{id_}.connector]]\n{connector}"
        if id_ == "jiaozhou":
            text += '[[jiaozhou.connector]]\nkind = "folder"\nname = "counter"\nfolder = "drop/jiaozhou"\n'
    path = folder / "sites.toml"
    path.write_text(text, "utf-8")
    return path


def fill_folders(data_dir: Path) -> None:
    """What lies in the watched folders: a good list with one bad row, and a workbook that is a bomb."""
    for site in ("shinan", "jiaozhou"):
        (data_dir / "drop" / site).mkdir(parents=True, exist_ok=True)
    lines = "".join(profile_line(str(n), skills=f'"能搬,\n能扛{n}"') for n in range(100, 100 + ROWS_EACH))
    files = [data_dir / "drop/shinan/登记.csv", data_dir / "drop/jiaozhou/bomb.xlsx"]
    files[0].write_text(f"市南零工之家登记表\n{PROFILES}{lines}{profile_line('199', tel='199000000')}", "gb18030")
    bomb(files[1])
    for path in files:
        os.utime(path, (time.time() - 60, time.time() - 60))


def _dicts(first: int, now_ms: int, count: int = ROWS_EACH) -> list[dict[str, str]]:
    lines = [posting_line(str(n), now_ms).strip().split(",") for n in range(first, first + count)]
    return [dict(zip(POSTINGS.strip().split(","), cells, strict=True)) for cells in lines]


class TenSites:
    """The server. `asked` counts requests by path; `now_ms` is the moment from which shifts count."""

    def __init__(self, now_ms: int, endless_mb: int = ENDLESS_MB) -> None:
        self.now_ms, self._endless_mb = now_ms, endless_mb
        self.asked: Counter[str] = Counter()
        self.address = ""
        self._waiting = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its address, while it runs."""
        app = web.Application()
        for site in ("shibei", "licang.csv", "laoshan.jsonl", "huangdao", "chengyang", "jimo", "jiaozhou.xlsx",
                     "pingdu.jsonl", "laixi", "robots.txt"):  # fmt: skip
            app.router.add_get(f"/{site}", getattr(self, site.partition(".")[0]))
        app.router.add_get("/job/{n}", self.job)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        server = web.TCPSite(runner, "127.0.0.1", 0)
        await server.start()
        host, port = runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        try:
            yield self.address
        finally:
            self._waiting.set()
            await runner.cleanup()

    async def shibei(self, request: web.Request) -> web.Response:
        """Pages; the second answers 500 and 503 before it comes."""
        page = int(request.query["page"])
        self.asked[f"shibei {page}"] += 1
        if page == 2 and self.asked["shibei 2"] <= 2:
            return web.Response(status=(500, 503)[self.asked["shibei 2"] - 1], headers={"Retry-After": "0"})
        rows = _dicts(200 + 10 * page, self.now_ms) if page <= 2 else []
        return web.json_response({"code": 0, "data": {"list": rows}})

    async def licang(self, request: web.Request) -> web.Response:
        """CSV with the site's own column, and one row in another encoding."""
        lines = [posting_line(str(n), self.now_ms) for n in range(300, 300 + ROWS_EACH)]
        body = "".join([POSTINGS.replace("工种", "活儿"), *lines]).encode() + posting_line("399", self.now_ms).encode(
            "gb18030"
        )
        return web.Response(body=body, content_type="text/csv")

    async def laoshan(self, request: web.Request) -> web.Response:
        """JSON lines that are known by an ETag."""
        self.asked["laoshan"] += 1
        if request.headers.get("If-None-Match") == '"v1"':
            self.asked["laoshan 304"] += 1
            return web.Response(status=304)
        rows = [*map(json.dumps, _dicts(400, self.now_ms)), '{"编号": "499", "用工']
        return web.Response(text="\n".join(rows), headers={"ETag": '"v1"'})

    async def huangdao(self, request: web.Request) -> web.StreamResponse:
        """Each answer names the next; the second breaks off in the middle, whenever it is asked."""
        after = request.query.get("after")
        body = {"items": _dicts(500 if after is None else 510, self.now_ms), "links": {"next": "/huangdao?after=1"}}
        raw = json.dumps(body, ensure_ascii=False).encode()
        if after is None:
            return web.Response(body=raw, content_type="application/json")
        answer = web.StreamResponse(headers={"Content-Length": str(len(raw)), "Content-Type": "application/json"})
        await answer.prepare(request)
        await answer.write(raw[: len(raw) // 2])
        assert request.transport is not None
        await asyncio.sleep(0.02)
        request.transport.close()
        return answer

    async def robots(self, request: web.Request) -> web.Response:
        """Everything but /secret."""
        return web.Response(text="User-agent: *\nDisallow: /secret\n")

    async def chengyang(self, request: web.Request) -> web.Response:
        """A list over two pages; one posting's own page is missing, one row has another layout."""
        page = int(request.query.get("p", "1"))
        rows = "".join(
            f'<li><a href="/job/{n}"><b class="title">搬运工</b></a><i class="count">3人</i>'
            f'<i class="pay">240元/天</i><i class="place">城阳区流亭街道</i></li>'
            for n in range(600 + 3 * page, 603 + 3 * page)
        )
        odd = "<li><h3>招聘会通知</h3></li>" if page == 2 else '<a class="next" href="?p=2">下一页</a>'
        text = f'<html><meta charset="gbk"><ul class="jobs">{rows}{odd if page == 2 else ""}</ul>{odd}</html>'
        return web.Response(body=text.encode("gbk"), headers={"Content-Type": "text/html"})

    async def job(self, request: web.Request) -> web.Response:
        """One posting's own page; the last is missing."""
        n = int(request.match_info["n"])
        if n == 608:
            return web.Response(status=404)
        cells = _dicts(n, self.now_ms, 1)[0]
        hours = f"{cells['开始时间']}-{cells['结束时间']}"
        return web.Response(
            text=f'<html><h1 class="firm">{cells["用工单位"]}</h1><span class="seal" title="是"></span>'
            f'<p class="time">{hours}</p><div class="text">搬家具上楼{n}号</div></html>',
            content_type="text/html",
        )

    async def jimo(self, request: web.Request) -> web.Response:
        """A page whose layout has changed."""
        return web.Response(text="<html><div class=card>搬运工</div></html>", content_type="text/html")

    async def jiaozhou(self, request: web.Request) -> web.Response:
        """A workbook with a title and one row without a firm."""
        header = POSTINGS.strip().split(",")
        rows = [list(each.values()) for each in _dicts(700, self.now_ms)]
        rows[-1][1] = ""
        return web.Response(body=workbook_bytes({"岗位": ([["胶州岗位表"], header, *rows], [])}))

    async def pingdu(self, request: web.Request) -> web.StreamResponse:
        """JSON lines, the second of which is endless."""
        rows = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in _dicts(800, self.now_ms)]
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(rows[0] + b'{"x": "')
        for _ in range(self._endless_mb):
            await answer.write(b"x" * (1 << 20))
        await answer.write(b'"}\n' + b"".join(rows[1:]))
        return answer

    async def laixi(self, request: web.Request) -> web.Response:
        """Never answers."""
        await self._waiting.wait()
        return web.Response()
