"""Imports over HTTP: rows are pushed, runs tell what became of them, a clerk mends, discards and undoes."""

from __future__ import annotations

import pytest

from ingest.pipeline import machinery
from server.keys import VAULT
from tests import builders
from tests.api import MSGPACK, Api, HashEncoder, audit_lines
from tests.intake import PROFILES, profile_line


async def collected(api: Api) -> None:
    """What the collector does: takes in what waits."""
    parts = machinery(api.store, api.app[VAULT], HashEncoder)

    async def empty() -> bool:
        return await parts.queue.waiting() == 0

    await parts.intake.run(empty, block_ms=1)


def row(ref: str, **over: str) -> dict[str, str]:
    return dict(zip(PROFILES.strip().split(","), profile_line(ref, **over).strip().split(","), strict=True))


@pytest.mark.parametrize("wire", ["application/json", MSGPACK])
async def test_rows_are_pushed_in_batches_and_twice_is_once(api: Api, wire: str) -> None:
    token, clerk = await api.token("integration"), await api.token("clerk")
    body = {"site": "licang", "source": "hr", "rows": [row(str(n)) for n in range(600)] + [row("601", pay="")]}
    outcomes = []
    for _ in range(2):
        pushed = await api.post("/v1/ingest", body, token=token, wire=wire)
        assert (pushed.status, pushed.data["rows"]) == (202, 601)
        await collected(api)
        run = (await api.get(f"/v1/ingest/runs/{pushed.data['run']}", token=token)).data
        assert (run["state"], run["site"], run["source"]) == ("done", "licang", "licang/hr")
        outcomes.append((run["read"], run["accepted"], run["unchanged"], run["quarantined"]))
    assert outcomes == [(601, 600, 0, 1), (601, 0, 600, 1)]
    runs = (await api.get("/v1/ingest/runs?site=licang&limit=1", token=clerk)).data["runs"]
    assert len(runs) == 1
    assert await api.store.count("profile") == 600


async def test_who_may_push_and_what(api: Api) -> None:
    token = await api.token("integration")
    assert (await api.post("/v1/ingest", {"site": "nowhere", "rows": [row("1")]}, token=token)).code == "no_site"
    assert (await api.post("/v1/ingest", {"site": "licang", "rows": []}, token=token)).code == "bad_field"
    assert (await api.post("/v1/ingest", {"site": "licang", "rows": [{"a": [1]}]}, token=token)).code == "bad_field"
    clerk = await api.token("clerk")
    assert (await api.post("/v1/ingest", {"site": "licang", "rows": [row("1")]}, token=clerk)).code == "forbidden"
    assert (await api.get("/v1/ingest/runs/none", token=clerk)).code == "not_found"
    assert (await api.get("/v1/ingest/quarantine", token=token)).code == "forbidden"


async def test_a_full_queue_is_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.ingest.MOST_WAITING", 1)
    token, body = await api.token("integration"), {"site": "licang", "rows": [row("1")]}
    assert (await api.post("/v1/ingest", body, token=token)).status == 202
    full = await api.post("/v1/ingest", body, token=token)
    assert (full.status, full.code) == (503, "overloaded")
    assert full.headers["Retry-After"]
    await collected(api)
    assert (await api.post("/v1/ingest", body, token=token)).status == 202


async def test_a_clerk_mends_a_row_or_discards_it(api: Api) -> None:
    token, clerk = await api.token("integration"), await api.token("clerk")
    rows = [row("1", pay=""), row("2", tel="1990000"), row("3")]
    await api.post("/v1/ingest", {"site": "licang", "rows": rows}, token=token)
    assert (await audit_lines(api.store))[-1] == ("integration:some-integration", "push_rows", "licang", "")
    await collected(api)
    listed = (await api.get("/v1/ingest/quarantine?site=licang", token=clerk)).data
    assert listed["total"] == 2
    shown = " ".join(["licang", *(each["id"] for each in listed["rows"])])
    assert (await audit_lines(api.store))[-1][1:3] == ("list_quarantine", shown)
    by_line = {each["line"]: each for each in listed["rows"]}
    assert (by_line[1]["message"], by_line[1]["where"]) == ("请补全:期望工资", "第1行")
    assert "张样本" not in str(listed)
    assert (await api.get("/v1/ingest/quarantine?site=jimo", token=clerk)).data["rows"] == []
    path = f"/v1/ingest/quarantine/{by_line[1]['id']}"
    sent = await api.post(f"{path}/replay", {"cells": {"期望工资(元/天)": "200"}}, token=clerk)
    assert sent.status == 202
    await collected(api)
    assert (await api.get(f"/v1/ingest/runs/{sent.data['run']}", token=clerk)).data["accepted"] == 1
    assert (await api.post(f"{path}/replay", {}, token=clerk)).code == "not_found"
    other = f"/v1/ingest/quarantine/{by_line[2]['id']}/discard"
    assert (await api.post(other, token=clerk)).status == 200
    assert (await api.post(other, token=clerk)).code == "not_found"
    assert (await api.get("/v1/ingest/quarantine", token=clerk)).data == {"rows": [], "total": 0}
    assert await api.store.count("profile") == 2


async def test_a_clerk_undoes_a_merge(api: Api) -> None:
    token, clerk = await api.token("integration"), await api.token("clerk", "c7")
    for site in ("licang", "jimo"):
        await api.post("/v1/ingest", {"site": site, "rows": [row("1")]}, token=token)
        await collected(api)
    (merge,) = (await api.get("/v1/ingest/merges", token=clerk)).data["rows"]
    assert merge["record"] == api.app[VAULT].profile_id("licang:1")
    discard = f"/v1/ingest/quarantine/{merge['id']}/discard"
    assert (await api.post(discard, token=clerk)).code == "not_found", "a merge is no row in the quarantine"
    undo = f"/v1/ingest/merges/{merge['id']}/undo"
    assert (await api.post(undo, token=clerk)).status == 202
    await collected(api)
    assert await api.store.count("profile") == 2
    assert (await api.post(undo, token=clerk)).code == "not_found"
    (undone,) = (await api.get("/v1/ingest/merges", token=clerk)).data["rows"]
    assert undone["undone_by"] == "clerk c7"
    assert builders.SITE not in str(undone)
