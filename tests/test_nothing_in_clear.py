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
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ingest import sample_postings, sample_profiles
from ingest.employers import contact_of
from ingest.persons import Vault
from ingest.sample_styles import STYLES
from ingest.sites import sites
from loadtest import demo
from loadtest.stage import Stage
from matcher.store import Store, opened
from server import sessions
from tests import builders, erased
from tests.api import plain
from tests.opening import HEAD_BYTES, boxes_open, wrapped_keys

PEOPLE = 200
IN_EVERY_FORM = 12
LOST = {"name": "虚构被隔离", "telephone": "19900777001"}
TYPED = [f"1990077710{n}" for n in range(10)]
"""Telephones that people typed where words belong."""
STAY_OUT = [
    {"姓名": LOST["name"], "电话": LOST["telephone"], "工种": "搬运工", "出生日期": "1980-01-01"},
    {"用工单位": "虚构漏填公司", "工种": "搬运工", "人数": "2", "工资": f"打{TYPED[-1]}问", "联系人": TYPED[-2]},
    {"虚构无表头": "搬运工", TYPED[-3]: "2"},
]
"""Rows for the quarantine: one without consent, one without pay, one without headers."""


def people() -> list[tuple[str, str, str]]:
    """Name, telephone and ID number of everybody in the sample and the hall. A telephone cut short, as some rows
    have it, is left out: seven digits stand in megabytes of hexadecimal ones by chance, once in fifty runs."""
    found = [(f"样本大厅{n}", f"1990088{n:04d}", "") for n in range(1, 7)]
    for number, (id_, site) in enumerate(sites().items()):
        for cells in sample_profiles.profiles(id_, number, site, STYLES[id_], PEOPLE // len(sites())):
            digits = "".join(c for c in cells["telephone"] if c.isdigit())
            found.append((cells["name"], digits if len(digits) >= 11 else "", cells.get("id_number", "")))
    return found


def employers() -> list[str]:
    """Whom to call at the sample's employers, and at the demo's."""
    found = demo.CONTACT.split()
    for number, (id_, site) in enumerate(sites().items()):
        many = sample_postings.postings(id_, number, site, STYLES[id_], 100, now_ms=0)
        found += sorted({cells["contact"] for cells in many})
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


def opened_with(vault: Vault, raw: bytes, secrets: Sequence[str]) -> list[bytes]:
    """Whatever a key opens, of a box or of a person, with one of the secrets in it."""
    sought = [secret.encode() for secret in secrets]
    texts = chain(boxes_open(vault, raw), (text for _, text in wrapped_keys(vault, raw)))
    return [text for text in texts if any(secret in text for secret in sought)]


async def contacts(stage: Stage, vault: Vault) -> list[str]:
    """Whom to call at each employer's."""
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        return [contact_of(vault, await store.employer(id_)) for id_ in await store.ids("employer")]


async def keys_of_the_living(stage: Stage) -> set[bytes]:
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        return {(await store.person(id_))[:HEAD_BYTES] for id_ in await store.ids("profile")}


async def played(stage: Stage) -> list[str]:
    """A short demo, a row that stays out, a code that waits, and what commands print of it all."""
    found, problems = await demo.play(stage, "--profiles", str(PEOPLE), "--postings", "20")
    printed = [json.dumps(found), str(problems)]
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        token, before = await sessions.issue(store, "manager", "demo"), await kept_rows(store)
        push = {"site": "licang", "source": "pushed", "rows": STAY_OUT}
        await asyncio.to_thread(fetched, f"{stage.url}/v1/ingest", push, token)
        await asyncio.to_thread(typed, stage.url, token, (await store.ids("profile"))[0])
        await asyncio.to_thread(fetched, f"{stage.url}/v1/login/code", {"telephone": people()[8][1]})
        async with asyncio.timeout(60):
            while await kept_rows(store) < before + len(STAY_OUT):  # noqa: ASYNC110 - it can only be looked at
                await asyncio.sleep(0.05)
    for command in ("runs", "quarantine", "merges"):
        printed.append(await asyncio.to_thread(stage.run, command))
    for path in ("/metrics", "/openapi.json", "/readyz"):
        printed.append(await asyncio.to_thread(fetched, stage.url + path))
    return printed


async def kept_rows(store: Store) -> int:
    return int(await store.commands.zcard(store.key("quarantine")))


def typed(url: str, token: str, profile: str) -> None:
    """Numbers in every text that a clerk may write."""
    words = iter(f"虚构的话,打{number}" for number in TYPED)
    near = builders.profile(site="licang", skills=next(words), group=next(words))
    person = builders.person(1, telephone=LOST["telephone"])
    fetched(f"{url}/v1/profiles", {"profile": plain(near), "person": plain(person)}, token)
    shift = demo.shift("licang", "porter", near, headcount=1, award="fair", in_hours=5)
    shift |= {"text": next(words), "meeting_point": next(words), "insurance": next(words)}
    shift["place"] |= {"text": next(words)}
    fetched(f"{url}/v1/postings", {"posting": shift, "id": "typed"}, token)
    why = {"blocked": True, "reason": next(words)}
    fetched(f"{url}/v1/employers/{demo.EMPLOYER}/blocks/{profile}", why, token, "PUT")


def fetched(url: str, body: Any = None, token: str = "", method: str | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def nobody_in_clear(everything: dict[str, bytes]) -> None:
    """Fails where anything that was written names anybody, or a number to call."""
    who = [(LOST["name"], LOST["telephone"], ""), (erased.NAME, erased.TELEPHONE, erased.ID_NUMBER)]
    who += [(each, "", "") for each in (*demo.CONTACT.split(), *TYPED, *employers())]
    for n, person in enumerate([*who, *people()]):
        for secret in filter(None, person):
            for form in forms(secret) if n < IN_EVERY_FORM else [secret.encode()]:
                assert not [where for where, raw in everything.items() if form in raw], (secret, form)


@pytest.mark.timeout(600)  # a whole service with its model is started
async def test_nobody_is_named_in_clear_and_who_was_erased_in_no_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, fewer in (("INSTANT_POSTINGS", 1), ("WORKERS_CONNECTED", 30), ("HALL_WORKERS", 6), ("WITHIN_S", 5.0)):
        monkeypatch.setattr(demo, name, fewer)  # of so few not every posting is filled
    folder = tmp_path / "data"
    stage = await asyncio.to_thread(Stage(folder, gateway_url="http://127.0.0.1:9/messages").__enter__)
    try:
        printed = await played(stage)
        vault = Vault.open(folder)
        called = await contacts(stage, vault)
        gone, another = await erased.lived(stage, vault)
        before = written(folder, *printed)
        await erased.erase(stage, gone)
        verified = await asyncio.to_thread(stage.run, "audit-log", "verify")  # fails where the chain is broken
        after, alive = written(folder, verified), await keys_of_the_living(stage)
        await erased.listed_again(stage)
        after |= {f"listed again {where}": raw for where, raw in written(folder).items()}
        await erased.erase(stage, another)
        at_last = written(folder)
    finally:
        await asyncio.to_thread(stage.stop)

    assert set(" ".join(called).split()) <= set(employers())
    nobody_in_clear(before | {f"later {where}": raw for where, raw in after.items()})
    them, raw = (erased.NAME, erased.TELEPHONE, erased.ID_NUMBER), b"".join(before.values())
    named = opened_with(vault, raw, them)
    for word in (*erased.SEALED, erased.THEIRS):
        assert any(word.encode() in text for text in named), f"the search finds {word}"
    assert all(word.encode() in raw for word in erased.PLAIN)
    for where, raw in after.items():
        assert not [word for word in erased.PLAIN if word.encode() in raw], where
        assert not [text for text in opened_with(vault, raw, them) if erased.THEIRS.encode() not in text], where
        assert {key for key, _ in wrapped_keys(vault, raw)} <= alive, where
    assert not [where for where, raw in at_last.items() if opened_with(vault, raw, them)]
    left = b"".join(at_last.values())
    assert opened_with(vault, left, [LOST["name"]]), "the search finds who is there"
    assert list(wrapped_keys(vault, left))
