"""Bad input gets a clear error with a stable code and a sentence, and nothing is changed."""

from __future__ import annotations

import gzip
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from matcher import codec
from matcher.model import HOUR_MS
from matcher.store import Store
from server import wire
from tests import builders
from tests.api import JSON, MSGPACK, Api, plain, prepared, running
from tests.conftest import TEST_CLOCK, new_market

BODY_LIMIT = 20_000
WIRES = pytest.mark.parametrize("wire_type", [JSON, MSGPACK])


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """One server for all of them: what is refused changes nothing."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    async with running(store, tmp_path_factory.mktemp("api"), body_limit_bytes=BODY_LIMIT) as api:
        yield api
    await store.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_posting(**over: Any) -> dict[str, Any]:
    """The body of a posting that nothing is wrong with, but for what `over` changes."""
    doc: dict[str, Any] = plain(builders.posting(now_ms()))
    return {"id": "j1", "posting": doc | over}


def new_profile(**over: Any) -> dict[str, Any]:
    doc: dict[str, Any] = plain(builders.profile())
    return {"id": "w1", "profile": doc | over, "person": plain(builders.person())}


async def stored(api: Api) -> dict[bytes, object]:
    """All that is stored but the audit log: there it says who tried."""
    everything = await builders.dump(api.store)
    everything.pop(api.store.key("audit_log").encode(), None)
    return everything


async def refused(api: Api, path: str, body: Any, code: str, words: str, wire_type: str = JSON) -> None:
    """The body gets this code, a sentence with these words, and nothing in the store has changed."""
    token = await api.token("manager")
    await api.get("/v1/sites", token=token)
    before = await stored(api)
    reply = await api.post(path, body, token=token, wire=wire_type)
    assert (reply.code, words in reply.data["error"]["message"]) == (code, True), reply.data
    assert await stored(api) == before


@WIRES
@pytest.mark.parametrize(
    ("over", "code", "words"),
    [
        ({"colour": "red"}, "bad_field", "没有“colour”这一项"),
        ({"pay": {"fen": 20_000, "unit": "day", "yuan": 200}}, "bad_field", "posting.pay 没有“yuan”这一项"),
        ({"start_ms": now_ms() // 1000}, "bad_field", "posting.start_ms 数值应 >= 946684800000"),
        ({"pay": {"fen": 200.5, "unit": "day"}}, "bad_field", "posting.pay.fen 应为整数,收到的是数字"),
        ({"pay": {"fen": 200, "unit": "day"}}, "posting_blocked", "低于最低小时工资"),
        ({"place": {"lat": 120.4, "lon": 36.3}}, "bad_field", "posting.place.lat 数值应 <= 90"),
        ({"place": {"lat": float("nan"), "lon": 120.4}}, "bad_field", "posting.place.lat"),
        ({"headcount": 0}, "bad_field", "posting.headcount 数值应 >= 1"),
        ({"age_min": 12}, "bad_field", "posting.age_min 数值应 >= 16"),
        ({"age_min": 50, "age_max": 40}, "bad_field", "age_min 不应大于 age_max"),
        ({"trade": "dragon-tamer"}, "bad_trade", "dragon-tamer"),
        ({"certificates": ["dragon"]}, "bad_field", "dragon"),
        ({"hazards": ["dragons"]}, "bad_field", "dragons"),
        ({"site": "nowhere"}, "no_site", "没有这个站点"),
        ({"employer": "nobody"}, "no_employer", "没有这个用工方"),
        ({"text": "搬运,报名先交押金200元"}, "posting_blocked", "不得向劳动者收取费用"),
        ({"valid_until_ms": now_ms() + 40 * HOUR_MS}, "bad_field", "valid_until_ms"),
        ({"valid_until_ms": now_ms() - 1}, "posting_past", "开工时间已经过了"),
        ({"end_ms": now_ms() + 5 * HOUR_MS, "valid_until_ms": now_ms() + HOUR_MS}, "bad_field", "end_ms 应晚于"),
        ({"end_ms": now_ms() + 27 * HOUR_MS}, "bad_field", "最长16小时"),
        ({"award": "lottery"}, "bad_field", "lottery"),
        ({"employer": "a b"}, "bad_field", "posting.employer 格式不对"),
    ],
)
async def test_a_bad_posting(api: Api, over: dict[str, Any], code: str, words: str, wire_type: str) -> None:
    await refused(api, "/v1/postings", new_posting(**over), code, words, wire_type)


async def test_a_past_shift(api: Api) -> None:
    past = builders.posting(now_ms(), starts_in_ms=-HOUR_MS)
    body = plain(past) | {"valid_until_ms": now_ms() + HOUR_MS}
    await refused(api, "/v1/postings", {"posting": body}, "posting_past", "开工时间已经过了")


@WIRES
@pytest.mark.parametrize(
    ("over", "code", "words"),
    [
        ({"born": "2099-01-01"}, "bad_field", "未满16周岁"),
        ({"born": "1850-01-01"}, "bad_field", "100"),
        ({"born": "01.05.1980"}, "bad_field", "born 应为日期"),
        ({"trades": ["dragon-tamer"]}, "bad_trade", "dragon-tamer"),
        ({"certificates": [{"kind": "dragon"}]}, "bad_field", "dragon"),
        ({"radius_m": 5}, "bad_field", "profile.radius_m 数值应 >= 500"),
        ({"site": "nowhere"}, "no_site", "没有这个站点"),
        ({"hours": [{"days": [8], "start": "08:00", "end": "17:00"}]}, "bad_field", "days"),
        ({"name": "虚构人"}, "bad_field", "profile 没有“name”这一项"),
        ({"skills": "力" * 2001}, "bad_field", "profile.skills 长度应 <= 2000"),
    ],
)
async def test_a_bad_profile(api: Api, over: dict[str, Any], code: str, words: str, wire_type: str) -> None:
    await refused(api, "/v1/profiles", new_profile(**over), code, words, wire_type)


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ({"telephone": "12"}, "person.telephone 格式不对"),
        ({"id_number": "110101198005010000"}, "身份证号不对"),
        ({"id_number": "110101199003070417"}, "不一致"),
    ],
)
async def test_a_bad_person(api: Api, person: dict[str, str], words: str) -> None:
    body = new_profile() | {"person": plain(builders.person()) | person}
    await refused(api, "/v1/profiles", body, "bad_field", words)


async def test_nothing_is_kept_of_somebody_who_has_signed_nothing(api: Api) -> None:
    body = new_profile()
    del body["person"]
    await refused(api, "/v1/profiles", body, "bad_field", "person")
    await refused(api, "/v1/profiles", body | {"person": None}, "bad_field", "person")
    signed = plain(builders.person(consent="a text that never was"))
    await refused(api, "/v1/profiles", body | {"person": signed}, "unknown_consent", "2026-01")


@pytest.mark.parametrize(
    ("wire_type", "raw"),
    [
        (JSON, b'{"id": "j1", "posting": {'),
        (JSON, b"\xff\xfe"),
        (JSON, b"[" * 15_000),
        (JSON, b""),
        (MSGPACK, codec.pack({"id": "j1"})[:-1]),
        (MSGPACK, b"\xdf\xff\xff\xff\xff"),
        (MSGPACK, b"\xc1"),
        (MSGPACK, b"\x91" * 15_000),
        (MSGPACK, codec.pack({"id": "j1"}) + b"\x00"),
        (MSGPACK, b"\x81\xa2id\xa2\xff\xff"),
        (MSGPACK, b""),
    ],
)
async def test_broken_bodies(api: Api, wire_type: str, raw: bytes) -> None:
    reply = await api.post("/v1/postings", raw=raw, token=await api.token("clerk"), wire=wire_type)
    assert (reply.status, reply.code) == (400, "bad_body")


@WIRES
@pytest.mark.parametrize("body", [None, [], "posting", 7, {"posting": None}, {"posting": []}, {1: 2}])
async def test_bodies_of_another_shape(api: Api, body: Any, wire_type: str) -> None:
    raw = codec.pack(body) if wire_type == MSGPACK else None
    reply = await api.post("/v1/postings", body or [], raw=raw, token=await api.token("clerk"), wire=wire_type)
    assert reply.code in {"bad_field", "bad_body"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate, gzip", "br", "anything"])
async def test_compressed_bodies_are_refused_unread(api: Api, encoding: str) -> None:
    body, token = gzip.compress(b" " * BODY_LIMIT * 100), await api.token("clerk")
    reply = await api.post("/v1/postings", raw=body, token=token, headers={"Content-Encoding": encoding})
    assert (reply.status, reply.code) == (415, "unsupported_media")


@pytest.mark.parametrize("key", ["", "k" * 300, "两个字", "a b"])
async def test_keys_that_are_none(api: Api, key: str) -> None:
    body = new_posting()
    del body["id"]
    reply = await api.post("/v1/postings", body, token=await api.token("clerk"), headers={"Idempotency-Key": key})
    assert reply.code == "bad_id"


async def test_huge_bodies(api: Api) -> None:
    token = await api.token("clerk")
    reply = await api.post("/v1/postings", new_posting(text="搬" * BODY_LIMIT), token=token)
    assert (reply.status, reply.code) == (413, "too_large")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 1000 + 2):
            yield b" " * 1000

    headers = {"Authorization": f"Bearer {token}", "Content-Type": JSON}
    async with api.session.post("/v1/postings", data=endless(), headers=headers) as response:
        assert response.status == 413


async def test_other_media(api: Api) -> None:
    token = await api.token("clerk")
    xml = await api.post("/v1/postings", raw=b"<posting/>", token=token, headers={"Content-Type": "text/xml"})
    assert (xml.status, xml.code) == (415, "unsupported_media")
    any_of_them = await api.post("/v1/postings", raw=b"{}", token=token, headers={"Content-Type": "*/*"})
    assert any_of_them.code == "unsupported_media"
    wanted = await api.get("/v1/sites", token=token, headers={"Accept": "text/html"})
    assert (wanted.status, wanted.code) == (406, "not_acceptable")
    assert wanted.headers["Content-Type"].startswith(JSON)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/msgpack", "msgpack"),
        ("application/x-msgpack, */*;q=0.1", "msgpack"),
        ("application/json;q=0.2, application/msgpack;q=0.9", "msgpack"),
        ("text/html, application/*;q=0.5", "json"),
        ("application/msgpack;q=0, application/json", "json"),
        ("application/msgpack;q=strange, */*;q=0.3", "json"),
    ],
)
async def test_the_format_that_is_wanted_most(accept: str, wanted: str) -> None:
    assert wire.negotiated(accept) == wanted


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/postings/nothing", "no_posting"),
        ("GET", "/v1/postings/nothing/entries", "no_posting"),
        ("POST", "/v1/postings/nothing/close", "no_posting"),
        ("GET", "/v1/profiles/nobody", "no_profile"),
        ("GET", "/v1/employers/nobody?reason=x", "no_employer"),
        ("GET", "/v1/sites/nowhere", "no_site"),
        ("POST", "/v1/offers/nothing:w1:1/accept", "no_posting"),
        ("POST", "/v1/offers/nothing/accept", "bad_id"),
        ("POST", "/v1/offers/j1:w1:zero/accept", "bad_id"),
        ("POST", "/v1/offers/j1:w1:0/accept", "bad_id"),
        ("POST", "/v1/offers/j%201:w1:1/accept", "bad_id"),
        ("POST", "/v1/assignments/nothing:w1/confirm", "no_posting"),
        ("POST", "/v1/assignments/j1/confirm", "bad_id"),
        ("GET", "/v1/postings/a%20b", "bad_id"),
        ("GET", "/v1/postings/..%2Fsites", "bad_id"),
        ("GET", "/v1/postings?state=lost", "bad_field"),
        ("GET", "/v1/postings?limit=many", "bad_field"),
        ("GET", "/v1/postings?limit=5000", "bad_field"),
        ("GET", "/v1/postings?colour=red", "bad_field"),
        ("GET", "/v1/offers", "bad_field"),
    ],
)
async def test_unknown_ids_and_questions(api: Api, method: str, path: str, code: str) -> None:
    reply = await api.send(method, path, token=await api.token("clerk"))
    assert reply.code == code


async def test_paths_and_methods_that_are_not_there(api: Api) -> None:
    assert (await api.get("/v1/dragons")).code == "not_found"
    reply = await api.send("DELETE", "/v1/sites")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET")


async def test_illegal_moves(api: Api) -> None:
    await builders.in_play(api.store, "taken", ["w-seated"])
    await builders.accept(api.store, "taken", "w-seated")
    clerk, w1 = await api.token("clerk"), await api.worker("w-seated")
    before = await stored(api)
    for path, body, token, code in [
        ("/v1/assignments/taken:w-seated/paid", None, w1, "illegal_move"),
        ("/v1/assignments/taken:w-seated/withdraw", None, w1, "illegal_move"),
        ("/v1/assignments/taken:w-seated/done", None, clerk, "illegal_move"),
        ("/v1/assignments/taken:w-seated/check-in", None, clerk, "too_early"),
        ("/v1/assignments/taken:w-seated/no-show", None, clerk, "too_early"),
        ("/v1/assignments/taken:w-seated/reconsent", {"terms": 1, "yes": True}, w1, "illegal_move"),
        ("/v1/offers/taken:w-seated:1/decline", {}, w1, "illegal_move"),
        ("/v1/postings/taken/review", {"to": "draft", "reason": "再看看"}, clerk, "illegal_move"),
    ]:
        reply = await api.post(path, body, token=token)
        assert (reply.status, reply.code) == (409, code), path
    assert await stored(api) == before


async def test_the_same_id_or_key_with_another_body(api: Api) -> None:
    clerk = await api.token("clerk")
    assert (await api.post("/v1/profiles", new_profile(), token=clerk)).status == 201
    assert (await api.post("/v1/profiles", new_profile(skills="别的"), token=clerk)).code == "key_reused"
    body = new_posting()
    assert (await api.post("/v1/postings", body, token=clerk)).status == 201
    assert (await api.post("/v1/postings", new_posting(headcount=3), token=clerk)).code == "key_reused"
    key = {"Idempotency-Key": "phone-7"}
    del body["id"]
    assert (await api.post("/v1/postings", body, token=clerk, headers=key)).status == 201
    body["posting"] |= {"headcount": 3}
    assert (await api.post("/v1/postings", body, token=clerk, headers=key)).code == "key_reused"


async def test_refusals_come_in_the_negotiated_format(api: Api) -> None:
    token = await api.token("clerk")
    as_json = await api.get("/v1/postings/nothing", token=token)
    as_msgpack = await api.get("/v1/postings/nothing", token=token, wire=MSGPACK)
    assert as_msgpack.headers["Content-Type"] == MSGPACK
    assert as_json.data == as_msgpack.data == {
        "error": {"code": "no_posting", "message": "没有这个岗位", "detail": ""}
    }  # fmt: skip
