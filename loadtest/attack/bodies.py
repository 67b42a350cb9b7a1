"""Attacks with what is sent: fields that are none of theirs, paths, headers, formulas, HTML, sizes and bombs."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from functools import cache
from io import BytesIO
from typing import Any, Final

from loadtest.attack.target import FIRM, Answer, Attacker, Json, Outcome, Target, posting, profile
from server import sessions

SCRIPT: Final = "<script>alert(1)</script>"
FORMULAS: Final = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1")
BOMB_BYTES: Final = 200 * 1024 * 1024
GROWTH_MB: Final = 64.0


async def mass_assignment(target: Target) -> Outcome:
    """Fields that only the service or a clerk may set."""
    employer = await sessions.issue(target.store, "employer", FIRM)
    worker = await sessions.issue(target.store, "worker", "victim-220")
    new = {"id": "mass-1", "posting": posting()}
    tried: list[tuple[str, str, Json, str]] = [
        ("POST", "/v1/postings", new | {"state": "open"}, employer),
        ("POST", "/v1/postings", {"id": "mass-1", "posting": posting() | {"state": "open"}}, employer),
        ("POST", "/v1/postings", {"id": "mass-1", "posting": posting() | {"seed": "00"}}, employer),
        ("PUT", "/v1/profiles/victim-220", {"profile": profile() | {"done": 99}}, worker),
        ("PUT", "/v1/profiles/victim-220", {"profile": profile(), "last_work_ms": 0}, worker),
        ("PUT", "/v1/profiles/victim-220", {"profile": profile(born="2000-01-01")}, worker),
        ("PUT", "/v1/profiles/victim-220", {"profile": profile(certificates=[{"kind": "forklift"}])}, worker),
        ("PUT", "/v1/profiles/victim-220/presence", {"state": "in_hall", "queue_no": 1}, worker),
        ("POST", f"/v1/employers/{FIRM}/verify", {"verified": True}, employer),
        ("POST", "/v1/login/code", {"telephone": target.telephone(0), "role": "manager"}, ""),
    ]
    async with target.attacker() as eager:
        answers = [await eager.send(method, path, body, token) for method, path, body, token in tried]
    states = [a.status for a in answers]
    return Outcome(
        name="mass_assignment", refused=set(states) <= {403, 422}, tries=len(tried), detail=" ".join(map(str, states))
    )


async def path_traversal(target: Target) -> Outcome:
    """Ways out of the tree, plain, encoded and doubled."""
    ups = (
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cboot.ini",
        "....//....//etc/passwd",
        "%252e%252e%252fetc%252fpasswd",
        "..;/..;/etc/passwd",
        "%00/etc/passwd",
        "../master.key",
    )
    starts = ("/", "/v1/sites/", "/v1/profiles/", "/v1/postings/", "/static/")
    paths = [start + up for start in starts for up in ups]
    bad = []
    async with target.attacker() as spy:
        for path in paths:
            asked = (
                f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.clerk}\r\nConnection: close\r\n\r\n"
            )
            answer = await spy.raw(asked.encode())
            if b"root:" in answer or answer.startswith(b"HTTP/1.1 2") or b" 500 " in answer.split(b"\r\n")[0]:
                bad.append(path)
    return Outcome(name="path_traversal", refused=not bad, tries=len(paths), detail=" ".join(bad))


async def header_injection(target: Target) -> Outcome:
    """Line breaks in everything that might come back in a header."""
    sign = "X-Injected"
    breaks = (f"%0d%0a{sign}:%201", f"%0a{sign}:%201", f"%E5%98%8D%E5%98%8A{sign}:%201")
    paths = [start + cut for start in ("/", "/v1/sites/", "/v1/postings?after=", "/v1/inbox?token=") for cut in breaks]
    found, tries = [], 0
    async with target.attacker() as spy:
        for path in paths:
            answer = await spy.send("GET", path, token=target.clerk)
            found += [path for name in answer.headers if name.lower() == sign.lower()]
            tries += 1
        for header in (
            "Idempotency-Key",
            "Accept",
            "X-CSRF-Token",
            "X-Forwarded-For",
            "Cookie",
            "Sec-WebSocket-Protocol",
        ):
            asked = (
                f"POST /v1/postings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.clerk}\r\n{header}: a\r\n"
                f" {sign}: 1\r\n{header}: b\n{sign}: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            answer_bytes = await spy.raw(asked.encode())
            head = answer_bytes.partition(b"\r\n\r\n")[0].lower()
            found += [header] if sign.lower().encode() in head or b" 500 " in head.split(b"\r\n")[0] else []
            tries += 1
    return Outcome(name="header_injection", refused=not found, tries=tries, detail=" ".join(found))


async def formula_injection(target: Target) -> Outcome:
    """Texts that a spreadsheet would run. The service exports no tables: whatever comes back is JSON or MessagePack."""
    types = set()
    async with target.attacker() as author:
        for n, formula in enumerate(FORMULAS):
            body = {"id": f"formula-{n}", "posting": posting(text=f"{formula} 卸货", meeting_point=formula)}
            done = await author.send("POST", "/v1/postings", body, target.clerk)
            for accept in ("text/csv", "application/vnd.ms-excel", "text/html", "*/*"):
                shown = await author.send(
                    "GET", f"/v1/postings/formula-{n}", token=target.clerk, headers={"Accept": accept}
                )
                types.add(shown.headers.get("Content-Type", "").partition(";")[0])
            types.add(done.headers.get("Content-Type", ""))
    refused = types <= {"application/json", "application/msgpack"}
    return Outcome(name="formula_injection", refused=refused, tries=4 * len(FORMULAS), detail=" ".join(sorted(types)))


async def html_in_every_text_field(target: Target) -> Outcome:
    """A script in every text of every document; what comes back must never be taken for a page."""
    async with target.attacker() as author:
        answers: list[Answer] = []
        for method, path, document, wrap in (
            ("POST", "/v1/postings", posting(), "posting"),
            ("PUT", "/v1/profiles/victim-230", profile(), "profile"),
            ("PUT", f"/v1/employers/{FIRM}", {"name": "虚构公司", "contact": "样本", "verified": True}, "employer"),
        ):
            for laced in _laced(document):
                answers.append(await author.send(method, path, {wrap: laced}, target.clerk))
        answers.append(await author.send("POST", "/v1/recognise", {"text": SCRIPT}, target.clerk))
        for path in ("/v1/postings?limit=500", "/v1/profiles/victim-230", f"/v1/employers/{FIRM}", f"/{SCRIPT}"):
            answers.append(await author.send("GET", path, token=target.clerk))
        await author.send(
            "PUT", f"/v1/employers/{FIRM}", {"employer": {"name": "虚构公司", "verified": True}}, target.clerk
        )
    bad = [a for a in answers if not _is_harmless(a)]
    return Outcome(
        name="html_in_every_text_field",
        refused=not bad,
        tries=len(answers),
        detail=f"{sum(a.status >= 400 for a in answers)} refused, {sum(a.status < 300 for a in answers)} kept as text",
    )


def _laced(document: Json) -> list[Json]:
    """The document once for each of its texts, with a script in that one."""
    found = []
    for name, value in document.items():
        if isinstance(value, str):
            found.append(document | {name: SCRIPT})
        elif isinstance(value, dict):
            found += [document | {name: inner} for inner in _laced(value)]
        elif isinstance(value, list):
            found.append(document | {name: [SCRIPT]})
    return [*found, document | {"meeting_point": SCRIPT}, document | {SCRIPT: 1}]


def _is_harmless(answer: Answer) -> bool:
    headers = answer.headers
    return (
        headers.get("Content-Type", "").startswith("application/json")
        and headers.get("X-Content-Type-Options") == "nosniff"
        and "default-src 'none'" in headers.get("Content-Security-Policy", "")
        and answer.status != 500
    )


async def oversized_bodies(target: Target) -> Outcome:
    """Too long, too deep, too wide, or said to be so."""
    deep, wide = b"[" * 100_000, b"\xdd\xff\xff\xff\xff"
    many: list[tuple[str, bytes | None, Json]] = [
        ("application/json", b'{"text":"' + b"x" * 5_000_000 + b'"}', {}),
        ("application/json", deep, {}),
        ("application/json", b'{"a":' * 50_000, {}),
        ("application/json", b'{"text":' + b"9" * 200_000 + b"}", {}),
        ("application/msgpack", wide, {}),
        ("application/msgpack", b"\x91" * 200_000, {}),
        ("application/msgpack", b"\xc6\xff\xff\xff\xff" + b"x" * 1000, {}),
        ("application/json", b'{"text":"' + b"\\ud800" * 1000 + b'"}', {}),
        ("application/json", None, {"X-Long": "x" * 100_000}),
        ("application/json", None, {"Cookie": "x=" + "y" * 100_000}),
    ]
    before = target.memory_mb()
    async with target.attacker() as bot:
        states = []
        for kind, body, headers in many * 4:
            sent = {"Content-Type": kind} | headers
            content = BytesIO(body or b"{}")
            answer = await bot.send("POST", "/v1/recognise", token=target.clerk, headers=sent, data=content)
            states.append(answer.status)
        long = await bot.send("GET", "/v1/postings?after=" + "x" * 100_000, token=target.clerk)
    grown = target.memory_mb() - before
    return Outcome(
        name="oversized_bodies",
        refused={*states, long.status} <= {0, 400, 413, 414, 422, 431} and grown < GROWTH_MB,
        tries=len(states) + 1,
        detail=f"statuses {sorted({*states, long.status})}, memory grew {grown:.1f} MB",
    )


@cache
def bombs() -> list[tuple[str, bytes]]:
    """`BOMB_BYTES` of blanks around a body, squeezed in each encoding; made once."""
    packer, pieces = zlib.compressobj(9), []
    for _ in range(BOMB_BYTES // (1 << 20)):
        pieces.append(packer.compress(b" " * (1 << 20)))
    deflated = b"".join([*pieces, packer.flush()])
    once = gzip.compress(b" " * BOMB_BYTES, 9)
    return [("gzip", once), ("deflate", deflated), ("gzip, gzip", gzip.compress(once, 9))]


async def compressed_bombs(target: Target) -> Outcome:
    """A few hundred kilobytes that become 200 MB."""
    sent = await asyncio.to_thread(bombs)
    before, peak = target.memory_mb(), 0.0
    states: list[Any] = []
    async with target.attacker() as bot:
        for encoding, body in sent * 3:
            states.append((await _bomb(bot, target.clerk, encoding, body)).status)
            peak = max(peak, target.memory_mb())
    return Outcome(
        name="compressed_bombs",
        refused=set(states) <= {0, 413, 415} and peak - before < GROWTH_MB,
        tries=len(states),
        detail=f"statuses {sorted(set(states))}, memory grew {peak - before:.1f} MB for {BOMB_BYTES >> 20} MB each",
    )


async def _bomb(bot: Attacker, token: str, encoding: str, body: bytes) -> Answer:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    return await bot.send("POST", "/v1/recognise", token=token, headers=headers, data=BytesIO(body))
