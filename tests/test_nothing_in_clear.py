"""After a whole demo nothing that the system wrote names anybody; and who was erased is in no form that a key opens.

Everything is searched: the store's files, snapshots, logs, the audit log, metrics, what commands print, and the report.
Only the lists that the sites gave are left out: they are the input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ingest import sample_profiles
from ingest.batches import ROWS
from ingest.duplicates import telephone_mark
from ingest.persons import _HEAD_BYTES, SealError, Vault
from ingest.sample_styles import STYLES
from ingest.sites import sites
from loadtest import demo
from loadtest.stage import Stage
from matcher.store import Store, opened
from server import retention, sessions
from server.keys import DOORS

PEOPLE = 200
IN_EVERY_FORM = 12
LOST = {"name": "虚构被隔离", "telephone": "19900777001"}
"""Of a row without consent: it stays in the quarantine."""


def people() -> list[tuple[str, str, str]]:
    """Name, telephone and ID number of everybody in the sample and the hall."""
    found = [(f"样本大厅{n}", f"1990088{n:04d}", "") for n in range(1, 7)]
    for number, (id_, site) in enumerate(sites().items()):
        for cells in sample_profiles.profiles(id_, number, site, STYLES[id_], PEOPLE // len(sites())):
            digits = "".join(c for c in cells["telephone"] if c.isdigit())
            found.append((cells["name"], digits, cells.get("id_number", "")))
    return found


def forms(secret: str) -> Iterator[bytes]:
    """What a careless writer may have made of it."""
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        yield secret.encode(encoding)
    raw = secret.encode()
    yield raw.hex().encode()
    yield json.dumps(secret)[1:-1].encode()
    yield quote(secret).encode()
    for shift in range(3):  # in base64 it looks different at each of three places
        coded = base64.b64encode(b"\0" * shift + raw)
        yield coded[4 if shift else 0 : len(coded) - 4]
    if secret.isdigit():
        yield struct.pack(">Q", int(secret))
        yield struct.pack("<Q", int(secret))


def written(folder: Path, *more: str) -> dict[str, bytes]:
    """Every byte, by where it stands."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in ("sample", "given") and path.name != "master.key"
    }
    return files | {f"printed {n}": text.encode() for n, text in enumerate(more)}


def bulks(raw: bytes) -> Iterator[bytes]:
    """The arguments of every command in an append-only file."""
    at = 0
    while (at := raw.find(b"$", at)) >= 0:
        end = raw.find(b"\r\n", at)
        with suppress(ValueError):
            length = int(raw[at + 1 : end])
            yield raw[end + 2 : end + 2 + length]
            at = end + 2 + length
            continue
        at += 1


def naming(vault: Vault, raw: bytes, telephone: str) -> Iterator[bytes]:
    """Sealed rows and messages in an append-only file that hold somebody's telephone."""
    for bulk in bulks(raw):
        for purpose in (ROWS, DOORS):
            with suppress(SealError):
                if telephone.encode() in vault.box(purpose).open(bulk, ""):
                    yield bulk


def wrapped_keys(vault: Vault, raw: bytes) -> Iterator[bytes]:
    """Every key of a person, wrapped, wherever it lies, that the master key still opens."""
    at = -1
    while (at := raw.find(b"\x02\x01", at + 1)) >= 0:
        with suppress(SealError):
            vault._data_key(raw[at : at + _HEAD_BYTES] + bytes(64))
            yield raw[at : at + _HEAD_BYTES]


async def erase_one(store: Store, vault: Vault) -> tuple[str, str, str]:
    """Erases somebody of the sample who has no seat, as the service would, and has the files rewritten."""
    await store.commands.config_set("rdbcompression", "no")  # so that nothing hides in the rewritten file
    for name, telephone, id_number in people()[6:]:
        for id_ in await store.marked(telephone_mark(telephone, vault)):
            if (await store.erase(id_)).state == "erased":
                assert await retention.rewrite(store)
                return name, telephone, id_number
    raise AssertionError("everybody has a seat")


async def living(store: Store) -> set[bytes]:
    ids = await store.ids("profile")
    return {(await store.person(id_))[:_HEAD_BYTES] for id_ in ids}


async def played(stage: Stage) -> list[str]:
    """A short demo, a row that stays out, a code that waits, and what commands print of it all."""
    found, problems = await demo.play(stage, "--profiles", str(PEOPLE), "--postings", "20")
    printed = [json.dumps(found), str(problems)]
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        token = await sessions.issue(store, "manager", "demo")
        cells = {"姓名": LOST["name"], "电话": LOST["telephone"], "工种": "搬运工", "出生日期": "1980-01-01"}
        push = {"site": "licang", "source": "pushed", "rows": [cells]}
        await asyncio.to_thread(fetched, f"{stage.url}/v1/ingest", push, token)
        await asyncio.to_thread(fetched, f"{stage.url}/v1/login/code", {"telephone": people()[8][1]})
        async with asyncio.timeout(60):
            while not await store.commands.zcard(store.key("quarantine")):  # noqa: ASYNC110 - it can only be looked at
                await asyncio.sleep(0.05)
    for command in ("runs", "quarantine", "merges"):
        printed.append(await asyncio.to_thread(stage.run, command))
    for path in ("/metrics", "/openapi.json", "/readyz"):
        printed.append(await asyncio.to_thread(fetched, stage.url + path))
    return printed


def fetched(url: str, body: Any = None, token: str = "") -> str:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


@pytest.mark.timeout(600)  # a whole service with its model is started
async def test_nobody_is_named_in_clear_and_who_was_erased_in_no_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, fewer in (("INSTANT_POSTINGS", 1), ("WORKERS_CONNECTED", 30), ("HALL_WORKERS", 6)):
        monkeypatch.setattr(demo, name, fewer)
    folder = tmp_path / "data"
    stage = await asyncio.to_thread(Stage(folder, gateway_url="http://127.0.0.1:9/messages").__enter__)
    try:
        printed = await played(stage)
        vault = Vault.open(folder)
        async with opened(stage.settings.store_url, stage.settings.market) as store:
            before = written(folder, *printed)
            erased = await erase_one(store, vault)
            told = await asyncio.to_thread(stage.run, "audit-log", "verify")
            after, alive = written(folder, told), await living(store)
    finally:
        await asyncio.to_thread(stage.stop)

    everything = list((before | {f"later {n}": raw for n, raw in after.items()}).items())
    for n, person in enumerate([(LOST["name"], LOST["telephone"], ""), *people()]):
        for secret in filter(None, person):
            for form in forms(secret) if n < IN_EVERY_FORM else [secret.encode()]:
                assert not [where for where, raw in everything if form in raw], (secret, form)
    sealed = {blob for raw in before.values() for blob in naming(vault, raw, erased[1])}
    assert sealed, "the erased person's row went through the queue"
    for where, raw in after.items():
        assert not [blob for blob in sealed if blob in raw], where
        assert set(wrapped_keys(vault, raw)) <= alive, where
    assert any(set(wrapped_keys(vault, raw)) for raw in after.values()), "the search finds those who are there"
