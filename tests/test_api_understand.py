"""/v1/understand, a posting's review, and the clerk's queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from matcher.model import HOUR_MS
from matcher.store import Store
from server.keys import now_ms
from tests import builders
from tests.api import Api, plain, prepared, running


@pytest.fixture
async def api(market: Store, tmp_path: Path) -> AsyncIterator[Api]:
    await prepared(market)
    async with running(market, tmp_path) as started:
        yield started


async def test_a_sentence_becomes_fields_with_their_words(api: Api) -> None:
    text = "明天6点到14点 ５个搬运工 ２００元／天 城阳区流亭 日结"
    found = (await api.post("/v1/understand", {"text": text}, token=await api.token("employer"))).data
    assert {each["field"]: each["words"] for each in found["fields"]} == {
        "trade": "搬运工",
        "headcount": "５个",
        "time": "明天6点到14点",
        "place": "城阳区流亭",
        "pay": "２００元／天",
        "settlement": "日结",
    }
    assert all(each["words"] in text for each in found["fields"])
    draft = found["draft"]
    assert (draft["trade"], draft["headcount"], draft["pay"]) == ("porter", 5, {"fen": 20_000, "unit": "day"})
    (shift,) = draft["shifts"]
    assert shift["end_ms"] - shift["start_ms"] == 8 * HOUR_MS
    assert (found["missing"], found["findings"], found["state"], found["risk"]) == ([], [], "open", 0)


async def test_what_is_missing_and_what_is_against_the_rules_is_said_while_typing(api: Api) -> None:
    token = await api.token("kiosk", site=builders.SITE)
    body = {"text": "明早6点 搬运工 只招男的,交押金100", "site": builders.SITE}
    found = (await api.post("/v1/understand", body, token=token)).data
    assert {each["message"] for each in found["missing"]} == {"请补全:人数", "请补全:工资", "请补全:几点结束"}
    assert found["draft"]["shifts"][0]["end_ms"] is None
    assert found["draft"]["place"] is None
    assert found["state"] == "blocked"
    assert {each["rule"] for each in found["findings"]} == {"discrimination_sex", "fees"}
    assert all(each["mend"] and each["words"] in body["text"] for each in found["findings"])
    for text in ("", "   ", "😀"):
        assert (await api.post("/v1/understand", {"text": text}, token=token)).data["fields"] == []
    assert (await api.post("/v1/understand", {"text": "搬运", "site": "nowhere"}, token=token)).code == "no_site"
    assert (await api.post("/v1/understand", {"text": "搬" * 2_001}, token=token)).code == "bad_field"
    assert (await api.post("/v1/understand", {"text": "搬运"}, token=await api.worker("w"))).code == "forbidden"


async def test_a_clock_without_a_day_is_read_as_the_next_such_time(api: Api) -> None:
    text = "搬运工2名 早6点到下午2点 200元/天 城阳区流亭"
    found = (await api.post("/v1/understand", {"text": text}, token=await api.token("clerk"))).data
    (shift,) = found["draft"]["shifts"]
    assert 0 < shift["start_ms"] - now_ms() <= 24 * HOUR_MS
    assert shift["end_ms"] - shift["start_ms"] == 8 * HOUR_MS
    assert [each["guessed"] for each in found["fields"] if each["field"] == "time"] == [True]
    assert [each["message"] for each in found["missing"]] == ["请补全:哪天"]


async def test_several_days_and_long_term(api: Api) -> None:
    token = await api.token("clerk")
    body = {"text": "周六日两天 8:00-16:00 招保洁2名 240元/天"}
    draft = (await api.post("/v1/understand", body, token=token)).data["draft"]
    first, second = draft["shifts"]
    assert second["start_ms"] - first["start_ms"] == 24 * HOUR_MS
    body = {"text": "长期招保洁2名,月薪4000,8:00-16:00"}
    draft = (await api.post("/v1/understand", body, token=token)).data["draft"]
    assert (draft["listed_only"], draft["pay"]) == (True, {"fen": 400_000, "unit": "month"})


async def test_a_review_shows_risk_and_reasons(api: Api) -> None:
    clerk = await api.token("clerk")
    await _post(api, "j1", "加微信 abc12345,不限工作地点", clerk)
    seen = (await api.get("/v1/postings/j1/review", token=clerk)).data
    assert (seen["state"], seen["verdict"], seen["risk"]) == ("awaiting_review", "awaiting_review", 55)
    assert {each["words"] for each in seen["signs"]} == {"加微信", "不限工作地点"}
    assert seen["findings"][0]["rule"] == "lure"
    own = await api.token("employer", builders.EMPLOYER)
    assert (await api.get("/v1/postings/j1/review", token=own)).data["risk"] == 55
    assert (await api.get("/v1/postings/j1/review", token=await api.token("employer"))).code == "forbidden"
    assert (await api.get("/v1/postings/none/review", token=clerk)).code == "no_posting"


async def test_the_queue_is_by_risk_and_due_time(api: Api) -> None:
    clerk = await api.token("clerk")
    await _post(api, "soon", "打包,形象好", clerk)
    await _post(api, "later", "打包,形象好", clerk, starts_in_h=9)
    await _post(api, "lure", "打包,零基础学剪辑接单", clerk, starts_in_h=20)
    await _post(api, "open", "打包", clerk)
    queue = (await api.get("/v1/reviews", token=clerk)).data
    assert queue["waiting"] == 3
    assert [each["posting"]["id"] for each in queue["postings"]] == ["lure", "soon", "later"]
    assert [each["risk"] for each in queue["postings"]] == [50, 0, 0]
    assert queue["postings"][1]["findings"][0]["rule"] == "looks"
    due = (await api.get("/v1/reviews?order=due&limit=2", token=clerk)).data
    assert [each["posting"]["id"] for each in due["postings"]] == ["soon", "later"]
    assert (await api.get("/v1/reviews?site=elsewhere", token=clerk)).data == {"waiting": 0, "postings": []}
    assert (await api.get("/v1/reviews", token=await api.token("employer"))).code == "forbidden"


async def _post(api: Api, id_: str, text: str, token: str, starts_in_h: int = 6) -> None:
    doc = builders.posting(now_ms(), text=text, starts_in_ms=starts_in_h * HOUR_MS)
    reply = await api.post("/v1/postings", {"id": id_, "posting": plain(doc)}, token=token)
    assert reply.status == 201


async def test_a_posting_is_checked_before_it_is_sent(api: Api) -> None:
    employer, clerk = await api.token("employer", builders.EMPLOYER), await api.token("clerk")
    posting = plain(builders.posting(now_ms()))
    found = (await api.post("/v1/postings/check", {"posting": posting}, token=employer)).data
    assert (found["verdict"], found["findings"], found["reconsent"]) == ("open", [], 0)
    fee = posting | {"text": "虚构:搬运,先交押金100"}
    found = (await api.post("/v1/postings/check", {"posting": fee}, token=employer)).data
    assert (found["verdict"], found["findings"][0]["words"]) == ("blocked", "先交押金100")
    gone = now_ms() - HOUR_MS
    past = posting | {"start_ms": gone, "end_ms": gone + 2 * HOUR_MS, "valid_until_ms": gone}
    assert (await api.post("/v1/postings/check", {"posting": past}, token=employer)).code == "posting_past"
    foreign = await api.token("employer", "firm-2")
    assert (await api.post("/v1/postings/check", {"posting": posting}, token=foreign)).code == "forbidden"
    assert await api.store.count("posting") == 0
    await api.post(f"/v1/employers/{builders.EMPLOYER}/verify", {"verified": False}, token=clerk)
    found = (await api.post("/v1/postings/check", {"posting": posting}, token=employer)).data
    assert found["verdict"] == "awaiting_review"


async def test_a_change_is_checked_with_whom_it_asks_again(api: Api) -> None:
    doc = await builders.in_play(api.store, "j1", ["w1", "w2"])
    await builders.accept(api.store, "j1", "w1", "w2")
    token = await api.token("employer", builders.EMPLOYER)
    less = plain(doc) | {"pay": {"fen": doc.pay.fen - 1, "unit": doc.pay.unit}}
    for posting, reconsent in ((less, 2), (plain(doc) | {"meals": True}, 0)):
        body = {"id": "j1", "posting": posting}
        assert (await api.post("/v1/postings/check", body, token=token)).data["reconsent"] == reconsent
    assert (await api.post("/v1/postings/check", {"id": "j9", "posting": less}, token=token)).code == "no_posting"
