"""签到: by the worker's code or by the place's, by nobody who has not been shown one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import segno

from matcher.model import HOUR_MS
from matcher.store import Store
from server.qr import BORDER, qr_code
from tests import builders
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, new_market


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """w1 and w2 are seated at j1, which starts in an hour."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await builders.in_play(store, "j1", ["w1", "w2", "w3"], starts_in_ms=HOUR_MS)
    for who in ("w1", "w2"):
        await builders.accept(store, "j1", who)
    async with running(store, tmp_path) as api:
        yield api
    await store.close()


async def code_of(api: Api, who: str) -> str:
    return str((await api.get(f"/v1/assignments/j1:{who}/pass", token=await api.worker(who))).data["code"])


async def state_of(api: Api, who: str) -> Any:
    return (await api.store.entries("j1"))[who].assignment


@pytest.mark.parametrize("role", ["employer", "kiosk", "clerk"])
async def test_who_reads_the_workers_code_checks_them_in(api: Api, role: Any) -> None:
    token = await api.token(role, builders.EMPLOYER if role == "employer" else "", builders.SITE)
    code = await code_of(api, "w1")
    reply = await api.post("/v1/postings/j1/check-in", {"code": code}, token=token)
    assert (reply.data["profile"], reply.data["assignment"], reply.data["replay"]) == ("w1", "checked_in", False)
    assert (await api.post("/v1/postings/j1/check-in", {"code": code}, token=token)).data["replay"]
    assert (await state_of(api, "w1"), await state_of(api, "w2")) == ("checked_in", "seated")


async def test_a_worker_checks_in_by_the_code_of_the_place(api: Api) -> None:
    firm, ann = await api.token("employer", builders.EMPLOYER), await api.worker("w1")
    shown = (await api.get("/v1/postings/j1/pass", token=firm)).data
    assert shown["link"].endswith(f"/worker#check-in=j1:{shown['code']}")
    reply = await api.post("/v1/postings/j1/check-in", {"code": shown["code"]}, token=ann)
    assert (reply.data["profile"], reply.data["assignment"]) == ("w1", "checked_in")
    stranger = await api.post("/v1/postings/j1/check-in", {"code": shown["code"]}, token=await api.worker("w3"))
    assert stranger.code == "no_assignment"
    assert (await api.get("/v1/postings/j1/pass", token=ann)).code == "forbidden"


async def test_codes_are_no_secret_that_can_be_guessed_or_borrowed(api: Api) -> None:
    ann, firm = await api.worker("w1"), await api.token("employer", builders.EMPLOYER)
    own = await code_of(api, "w1")
    assert (await api.post("/v1/postings/j1/check-in", {"code": own}, token=ann)).code == "wrong_code"
    assert (await api.get("/v1/assignments/j1:w2/pass", token=ann)).code == "forbidden"
    assert (await api.get("/v1/assignments/j1:w3/pass", token=await api.worker("w3"))).code == "no_assignment"
    await api.store.put_employer("firm-2", builders.employer(name="虚构另一家公司"))
    other = await api.token("employer", "firm-2")
    assert (await api.post("/v1/postings/j1/check-in", {"code": own}, token=other)).code == "forbidden"
    assert (await api.post("/v1/postings/none/check-in", {"code": own}, token=firm)).code == "no_posting"
    assert (await api.post("/v1/postings/j1/check-in", {"code": "12"}, token=firm)).code == "bad_field"
    wrong = f"{(int(own) + 1) % 10**6:06d}"
    for _ in range(19):
        assert (await api.post("/v1/postings/j1/check-in", {"code": wrong}, token=ann)).code == "wrong_code"
    assert (await api.post("/v1/postings/j1/check-in", {"code": wrong}, token=ann)).status == 429
    assert await state_of(api, "w1") == "seated"


async def test_nobody_checks_in_long_before_the_start(api: Api) -> None:
    await builders.post(api.store, "j2", starts_in_ms=10 * HOUR_MS)
    await builders.offer(api.store, "j2", ["w3"])
    await builders.accept(api.store, "j2", "w3")
    shown = (await api.get("/v1/assignments/j2:w3/pass", token=await api.worker("w3"))).data
    assert shown["from_ms"] == (await api.store.posting("j2")).start_ms - 2 * HOUR_MS
    firm = await api.token("employer", builders.EMPLOYER)
    assert (await api.post("/v1/postings/j2/check-in", {"code": shown["code"]}, token=firm)).code == "too_early"


def test_the_path_of_a_qr_code_draws_its_modules() -> None:
    text = "http://127.0.0.1/employer#check-in=j1:042042"
    drawn = qr_code(text)
    dark = set()
    for run in drawn.path.split("M")[1:]:
        start, _, rest = run.partition("h")
        x, y = map(int, start.split())
        dark |= {(x + step, y) for step in range(int(rest.split("v")[0]))}
    matrix = segno.make_qr(text, error="m").matrix
    assert drawn.size == len(matrix) + 2 * BORDER
    assert dark == {(x + BORDER, y + BORDER) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
