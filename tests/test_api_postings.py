"""Postings over HTTP: review, changes, what is published, and one meaning in both wire formats."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from embeddings.encoder import Encoder
from ingest.texts import posting_text, profile_text
from matcher import draw, records
from matcher.model import HOUR_MS, Pay
from matcher.store import Store
from server.posting_views import PostingView
from server.wire import typed
from tests import builders
from tests.api import JSON, MSGPACK, Api, plain, prepared, running
from tests.conftest import TEST_CLOCK, move_clock, new_market


@pytest.fixture
async def own(api: Api) -> str:
    """The token of the employer who posts."""
    return await api.token("employer", builders.EMPLOYER)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_posting(id_: str | None = "j1", *, draft: bool = False, **over: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"posting": plain(builders.posting(now_ms(), **over)), "draft": draft}
    return body | ({"id": id_} if id_ else {})


async def test_posting_opens_at_once_and_the_same_again_replays(api: Api, own: str) -> None:
    body = new_posting()
    first = await api.post("/v1/postings", body, token=own)
    assert (first.status, first.data) == (201, {"id": "j1", "v": 1, "replay": False, "state": "open"})
    again = await api.post("/v1/postings", body, token=own)
    assert again.data == first.data | {"replay": True}
    assert await api.store.count("posting") == 1


async def test_a_replay_still_answers_when_the_shift_is_over(
    api: Api, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = new_posting()
    await api.post("/v1/postings", body, token=own)
    tomorrow = now_ms() + 24 * HOUR_MS
    monkeypatch.setattr("server.api.postings.now_ms", lambda: tomorrow)
    assert (await api.post("/v1/postings", body, token=own)).data["replay"] is True
    late = await api.post("/v1/postings", body | {"id": "j2"}, token=own)
    assert late.code == "posting_past"


async def test_an_idempotency_key_is_the_callers_own(api: Api, own: str) -> None:
    clerk, key, body = await api.token("clerk"), {"Idempotency-Key": "7"}, new_posting(None)
    mine = await api.post("/v1/postings", body, token=own, headers=key)
    again = await api.post("/v1/postings", body, token=own, headers=key)
    other = await api.post("/v1/postings", body, token=clerk, headers=key)
    assert (again.data["id"], again.data["replay"]) == (mine.data["id"], True)
    assert (other.data["id"] != mine.data["id"], other.data["replay"]) == (True, False)
    without = [await api.post("/v1/postings", body, token=own) for _ in range(2)]
    assert len({reply.data["id"] for reply in without}) == 2


async def test_a_blocked_posting_is_answered_with_its_findings(api: Api, own: str) -> None:
    reply = await api.post("/v1/postings", new_posting(text="搬运,先交押金100元"), token=own)
    assert (reply.status, reply.code) == (422, "posting_blocked")
    (finding,) = reply.data["error"]["findings"]
    assert finding["rule"] == "fees"
    assert finding["severity"] == "block"
    assert finding["words"] in "搬运,先交押金100元"
    assert finding["mend"]
    assert await api.store.count("posting") == 0


async def test_a_warning_waits_for_a_clerk_who_says_why(api: Api, own: str) -> None:
    posted = await api.post("/v1/postings", new_posting(age_max=55), token=own)
    assert posted.data["state"] == "awaiting_review"
    assert "年龄上限" in (await api.get("/v1/postings/j1", token=own)).data["review_reason"]
    clerk, worker = await api.token("clerk"), await api.worker("w1")
    assert (await api.get("/v1/postings/j1", token=worker)).code == "no_posting"
    assert (await api.post("/v1/postings/j1/review", {"to": "draft"}, token=clerk)).code == "bad_field"
    returned = await api.post("/v1/postings/j1/review", {"to": "draft", "reason": "请说明年龄要求"}, token=clerk)
    assert returned.data["state"] == "draft"
    submitted = await api.post("/v1/postings/j1/submit", token=own)
    assert submitted.data["state"] == "awaiting_review"
    opened = await api.post("/v1/postings/j1/review", {"to": "open"}, token=clerk)
    assert opened.data["state"] == "open"
    assert (await api.get("/v1/postings/j1", token=worker)).data["review_reason"] is None


async def test_an_unverified_employer_waits_for_a_clerk(api: Api) -> None:
    await api.store.put_employer("firm-2", builders.employer(verified=False))
    own = await api.token("employer", "firm-2")
    assert (await api.post("/v1/postings", new_posting(employer="firm-2"), token=own)).data[
        "state"
    ] == "awaiting_review"
    await api.post("/v1/postings", new_posting("j2", draft=True, employer="firm-2"), token=own)
    assert (await api.post("/v1/postings/j2/submit", token=own)).data["state"] == "awaiting_review"


async def test_a_draft_is_reviewed_when_it_is_submitted(api: Api, own: str) -> None:
    bad = new_posting(draft=True, text="搬运,先交押金100元")
    assert (await api.post("/v1/postings", bad, token=own)).data["state"] == "draft"
    assert (await api.post("/v1/postings/j1/submit", token=own)).data["state"] == "blocked"
    assert (await api.post("/v1/postings/j1/submit", token=own)).data["replay"] is True
    still = await api.put("/v1/postings/j1", {"posting": bad["posting"] | {"headcount": 3}}, token=own)
    assert still.code == "posting_blocked"
    mended = await api.put("/v1/postings/j1", {"posting": bad["posting"] | {"text": "虚构:搬运纸箱"}}, token=own)
    assert mended.data["state"] == "draft"
    assert (await api.post("/v1/postings/j1/submit", token=own)).data["state"] == "open"


async def test_a_worse_change_asks_for_consent_and_a_better_one_does_not(api: Api, own: str) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1"])
    await builders.accept(api.store, "j1", "w1")
    better = plain(doc) | {"pay": plain(Pay(fen=25_000, unit="day"))}
    assert (await api.put("/v1/postings/j1", {"posting": better}, token=own)).status == 200
    assert (await api.store.entries("j1"))["w1"].assignment == "seated"
    worse = better | {"pay": plain(Pay(fen=24_000, unit="day"))}
    assert (await api.put("/v1/postings/j1", {"posting": worse}, token=own)).status == 200
    assert (await api.store.entries("j1"))["w1"].assignment == "consent_due"
    w1 = await api.worker("w1")
    stale = await api.post("/v1/assignments/j1:w1/reconsent", {"terms": 1, "yes": True}, token=w1)
    assert stale.code == "stale_version"
    yes = await api.post("/v1/assignments/j1:w1/reconsent", {"terms": 2, "yes": True}, token=w1)
    assert yes.data["assignment"] == "seated"


async def test_an_unverified_employer_cannot_swap_what_a_clerk_has_approved(api: Api) -> None:
    await api.store.put_employer("firm-2", builders.employer(verified=False))
    own, clerk = await api.token("employer", "firm-2"), await api.token("clerk")
    body = new_posting(employer="firm-2")
    await api.post("/v1/postings", body, token=own)
    await api.post("/v1/postings/j1/review", {"to": "open"}, token=clerk)
    more = {"posting": body["posting"] | {"headcount": 3}}
    assert (await api.put("/v1/postings/j1", more, token=own)).data["state"] == "open"
    other = {"posting": more["posting"] | {"text": "虚构:换成别的活"}}
    assert (await api.put("/v1/postings/j1", other, token=own)).data["state"] == "awaiting_review"


async def test_who_has_an_offer_still_sees_a_posting_that_goes_back_to_review(api: Api, own: str) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1"])
    await builders.accept(api.store, "j1", "w1")
    warned = {"posting": plain(doc) | {"age_max": 55}}
    assert (await api.put("/v1/postings/j1", warned, token=own)).data["state"] == "awaiting_review"
    assert (await api.get("/v1/postings/j1", token=await api.worker("w1"))).data["state"] == "awaiting_review"
    assert (await api.get("/v1/postings/j1", token=await api.worker("w2"))).code == "no_posting"


async def test_changes_that_are_refused(api: Api, own: str) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1", "w2"])
    await builders.accept(api.store, "j1", "w1", "w2")
    await api.store.put_employer("firm-2", builders.employer())
    clerk, body = await api.token("clerk"), plain(doc)
    fewer = {"posting": body | {"headcount": 1}}
    assert (await api.put("/v1/postings/j1", fewer, token=own)).code == "headcount_below_seats"
    assert (await api.put("/v1/postings/j1", fewer | {"release": ["w9"]}, token=own)).code == "no_assignment"
    stale = {"posting": body | {"meals": True}, "expected_v": 1}
    assert (await api.put("/v1/postings/j1", stale, token=own)).code == "stale_version"
    other = {"posting": body | {"employer": "firm-2"}}
    assert (await api.put("/v1/postings/j1", other, token=own)).code == "forbidden"
    assert (await api.put("/v1/postings/j1", other, token=clerk)).code == "bad_field"
    fees = {"posting": body | {"text": "搬运,先交押金100元"}}
    assert (await api.put("/v1/postings/j1", fees, token=own)).code == "posting_blocked"
    done = await api.put("/v1/postings/j1", fewer | {"release": ["w2"]}, token=own)
    assert done.status == 200
    assert {p: e.assignment for p, e in (await api.store.entries("j1")).items()} == {"w1": "seated", "w2": "released"}


async def test_a_change_is_judged_again_when_somebody_accepts_meanwhile(
    api: Api, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1", "w2"], headcount=5)
    amend, left = api.store.amend, ["w1", "w2"]

    async def late_amend(*args: Any, **options: Any) -> Any:
        if left:
            await builders.accept(api.store, "j1", left.pop())
        return await amend(*args, **options)

    monkeypatch.setattr(api.store, "amend", late_amend)
    assert (await api.put("/v1/postings/j1", {"posting": plain(doc) | {"meals": True}}, token=own)).status == 200
    assert (await api.store.posting("j1")).doc.meals is True


async def test_the_award_can_be_checked_by_anybody(api: Api, own: str) -> None:
    await api.post("/v1/postings", new_posting(headcount=2, award="fair"), token=own)
    await builders.register(api.store, "w1", "w2", "w3")
    await builders.offer(api.store, "j1", ["w1", "w2", "w3"])
    worker = await api.worker("w3")
    before = (await api.get("/v1/postings/j1", token=worker)).data
    assert (before["seed"], before["order"], before["awarded"]) == (None, [], False)
    await builders.accept(api.store, "j1", "w1", "w2", "w3")
    await move_clock(api.store, 31_000)
    await api.store.sweep()
    after = (await api.get("/v1/postings/j1", token=worker)).data
    assert after["state"] == "filled"
    assert hashlib.sha256(after["seed"].encode()).hexdigest() == before["commitment"] == after["commitment"]
    assert {line["profile"]: line["ticket"] for line in after["order"]} == {
        w: draw.ticket(after["seed"], w) for w in ("w1", "w2", "w3")
    }
    drawn = sorted(after["order"], key=lambda line: line["ticket"])
    assert [line["profile"] for line in after["order"]] == [line["profile"] for line in drawn]
    seated = {p for p, e in (await api.store.entries("j1")).items() if e.assignment == "seated"}
    assert seated == {line["profile"] for line in after["order"][:2]}
    assert [line["stands"] for line in after["order"]] == ["seated", "seated", "standby"]
    await api.store.withdraw_acceptance("j1", after["order"][2]["profile"])
    later = (await api.get("/v1/postings/j1", token=worker)).data
    assert [line["stands"] for line in later["order"]] == ["seated", "seated", "out"]


async def test_lists_come_in_pages_by_state_site_and_employer(api: Api, own: str) -> None:
    await api.store.put_site("elsewhere", builders.site(name="虚构别处"))
    await api.store.put_employer("firm-2", builders.employer())
    for n in range(5):
        await builders.post(api.store, f"j{n}", site="elsewhere" if n == 4 else builders.SITE)
    await builders.post(api.store, "x1", employer="firm-2")
    await api.store.close_posting("j0")
    clerk = await api.token("clerk")

    async def ids(query: str, token: str) -> list[str]:
        return [p["id"] for p in (await api.get(f"/v1/postings?{query}", token=token)).data["postings"]]

    assert await ids("", clerk) == ["j1", "j2", "j3", "j4", "x1"]
    assert await ids("state=closed", clerk) == ["j0"]
    assert await ids("site=elsewhere", clerk) == ["j4"]
    assert await ids(f"employer={builders.EMPLOYER}", clerk) == ["j0", "j1", "j2", "j3", "j4"]
    assert await ids("", own) == ["j0", "j1", "j2", "j3", "j4"]
    assert await ids("", await api.token("kiosk", site="elsewhere")) == ["j4"]
    page = (await api.get("/v1/postings?limit=2", token=clerk)).data
    seen = [p["id"] for p in page["postings"]]
    while page["next"]:
        page = (await api.get(f"/v1/postings?limit=2&after={page['next']}", token=clerk)).data
        seen += [p["id"] for p in page["postings"]]
    assert seen == ["j1", "j2", "j3", "j4", "x1"]


async def test_a_page_looks_at_a_bounded_number(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.postings.READ_AT_ONCE", 2)
    monkeypatch.setattr("server.api.postings.LOOKED_AT", 2)
    for n in range(5):
        await builders.post(api.store, f"j{n}", site=builders.SITE if n == 4 else "elsewhere")
    path, clerk = f"/v1/postings?site={builders.SITE}", await api.token("clerk")
    pages = [(await api.get(path, token=clerk)).data]
    while pages[-1]["next"]:
        pages.append((await api.get(f"{path}&after={pages[-1]['next']}", token=clerk)).data)
    assert [[p["id"] for p in page["postings"]] for page in pages] == [[], [], ["j4"]]


async def test_json_and_msgpack_mean_the_same(api: Api, own: str) -> None:
    body = new_posting(None)
    for id_, wire_type in (("a", JSON), ("b", MSGPACK)):
        assert (await api.post("/v1/postings", body | {"id": id_}, token=own, wire=wire_type)).status == 201
    a, b = await api.store.posting("a"), await api.store.posting("b")
    assert a.doc == b.doc
    for path in ("/v1/postings/a", "/v1/postings", "/v1/sites", f"/v1/employers/{builders.EMPLOYER}"):
        as_json = await api.get(path, token=await api.token("clerk") if path == "/v1/sites" else own)
        as_msgpack = await api.get(path, token=await api.token("clerk") if path == "/v1/sites" else own, wire=MSGPACK)
        assert as_json.data == as_msgpack.data
        assert as_msgpack.headers["Content-Type"] == MSGPACK
    shown = typed((await api.get("/v1/postings/a", token=own, wire=MSGPACK)).data, PostingView)
    assert shown.posting == a.doc


async def test_withdrawing_and_closing(api: Api, own: str) -> None:
    await builders.in_play(api.store, "j1", ["w1"])
    await builders.accept(api.store, "j1", "w1")
    closed = await api.post("/v1/postings/j1/close", token=own)
    assert closed.data["state"] == "closed"
    assert (await api.post("/v1/postings/j1/close", token=own)).data["replay"] is True
    assert (await api.store.entries("j1"))["w1"].assignment == "seated"
    assert (await api.post("/v1/postings/j1/withdraw", token=own)).code == "illegal_move"
    assert (await api.post("/v1/postings/j1/submit", token=own)).code == "illegal_move"


async def test_documents_are_stored_with_the_vector_of_the_configured_model(valkey_url: str, tmp_path: Path) -> None:
    store, encoder = Store(valkey_url, new_market(), clock=TEST_CLOCK), Encoder.load()
    await store.load()
    await prepared(store)
    async with running(store, tmp_path, encoder=encoder) as api:
        clerk, profile = await api.token("clerk"), builders.profile()
        await api.post("/v1/postings", new_posting(), token=clerk)
        await api.post(
            "/v1/profiles", {"id": "w1", "profile": plain(profile), "person": plain(builders.person())}, token=clerk
        )
        (job,), (worker,) = await store.hashes("posting", ["j1"]), await store.hashes("profile", ["w1"])
        assert await store.model() == (encoder.model_id, encoder.dimension)
    doc = builders.posting(now_ms())
    assert job[b"vec"] == records.vector_bytes(encoder.encode([posting_text(doc)], "posting")[0])
    assert worker[b"vec"] == records.vector_bytes(encoder.encode([profile_text(profile)], "profile")[0])
    assert {job[b"model"], worker[b"model"]} == {encoder.model_id.encode()}
    await store.close()
