"""Numbers that lead to somebody are not kept in what people write freely, whichever way it comes in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.masking import mask_text, masked, telephones
from matcher.model import HOUR_MS
from server.posting_views import NewPosting, NewSeries
from server.views import NewEmployer, NewProfile, ReachedEmployer
from tests import builders
from tests.api import Api, plain
from tests.intake import id_number

MOBILE = "19900000001"
DIGITS = st.sampled_from(["0123456789", "０１２３４５６７８９", "〇一二三四五六七八九", "零幺二三四五六七八九"])
FORMS = st.sampled_from(["{}{}{}", "{}-{}-{}", "{} {} {}", "{}.{}.{}", "+86 {}{}{}", "0086-{} {}-{}", "{}—{}—{}"])
WORDS = st.text(st.sampled_from("搬运工日结管饭,。 \n早上到"), max_size=8)
ANYTHING = st.text(st.sampled_from("0123456789一二三〇-. ·()+Xx搬:元１９（"), max_size=60)


@pytest.mark.parametrize(
    "number",
    ["+86 199-0000-0001", "0086 199 0000 0001", "8619900000001", "199.0000.0001", "1 9 9 0 0 0 0 0 0 0 1",
     "１９９０００００００１", "一九九〇〇〇〇〇〇〇一", "幺九九零零零零零零零一", "0532-86000000", "(0532)8600 0000",
     "（0532）8600－0000", "+86 532 86000000", "86000000", "400-800-0001", "999900 19800501 0017"],
)  # fmt: skip
def test_masks_leave_nothing_to_call(number: str) -> None:
    masked = mask_text(f"找张样本{number},2026-11-28 06:00-14:00")
    assert masked.startswith("找张样本")
    assert masked.endswith(",2026-11-28 06:00-14:00")
    assert sum(each.isdigit() or each in "〇零一幺九" for each in masked) <= 7 + 16


@pytest.mark.parametrize(
    "text",
    [
        "20261128 5000-8000元",
        "12333、12345",
        "36.30712345,120.39631234",
        "三四十人,二〇二六年",
        "6点到14点 5人 200",
        "1.5-1.9 8.00-17.00",
        "周1-5 8-12 13-17 90元",
        "20261128-20261130",
        "注册资金50000000元",
        "①搬②抬③装④卸",
    ],
)
def test_masks_leave_dates_sums_and_places(text: str) -> None:
    assert mask_text(text) == text


def test_masks_say_which_number_it_was() -> None:
    text = mask_text(f"19900000001或0532-86000000,身份证{id_number('19800101')}")
    assert text == "199****0001或0532****,身份证(已隐去)"


@given(WORDS, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), DIGITS, FORMS, WORDS)
def test_no_mobile_number_is_left_however_it_is_written(
    before: str, number: str, digits: str, form: str, after: str
) -> None:
    written = form.format(number[:3], number[3:7], number[7:]).translate(str.maketrans("0123456789", digits))
    text = f"{before}{written}{after}"
    hidden = mask_text(text)
    assert (hidden.startswith(before), hidden.endswith(after), "****" in hidden) == (True, True, True)
    assert telephones(hidden) == []
    assert telephones(text)[0].endswith(number)


@given(ANYTHING)
def test_what_is_masked_stays_so_and_nothing_grows(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once
    assert len(once) <= len(text)
    assert telephones(once) == []


def test_only_what_is_written_freely_is_masked() -> None:
    said = f"找虚先生{MOBILE}"
    place = builders.HERE.__class__(lat=36.3, lon=120.4, text=said)
    posting = builders.posting(0, text=said, meeting_point=said, insurance=said, place=place)
    hidden = masked(NewSeries([posting, posting], id=f"s{MOBILE}"))
    for doc in hidden.postings:
        assert {doc.text, doc.meeting_point, doc.insurance, doc.place.text} == {"找虚先生199****0001"}
    assert hidden.id == f"s{MOBILE}"
    person = builders.person(1, telephone=MOBILE)
    profile = masked(NewProfile(builders.profile(skills=said, group=said, place=place), person))
    assert {profile.profile.skills, profile.profile.group, profile.profile.place.text} == {"找虚先生199****0001"}
    assert profile.person == person
    firm = NewEmployer(ReachedEmployer(name="虚构公司", contact=said))
    assert masked(firm) is firm


def test_what_has_no_number_is_passed_on_as_it_is() -> None:
    body = NewPosting(builders.posting(0))
    assert masked(body) is body


async def test_texts_that_come_over_the_api_are_kept_without_their_numbers(api: Api) -> None:
    firm, clerk = await api.token("employer", builders.EMPLOYER), await api.token("clerk")
    said, now_ms = f"搬货,找虚先生 {MOBILE} 或 0532-86000000", time.time_ns() // 1_000_000
    body = {"id": "j1", "posting": plain(builders.posting(now_ms, text=said, meeting_point=said))}
    assert (await api.post("/v1/postings", body, token=firm)).data["state"] == "open"
    assert (await api.post("/v1/postings", body, token=firm)).data["replay"] is True
    changed = body["posting"] | {"end_ms": body["posting"]["end_ms"] + HOUR_MS // 2}
    assert (await api.put("/v1/postings/j1", {"posting": changed}, token=firm)).status == 200
    person = plain(builders.person(1, telephone="19900000002"))
    new = {"profile": plain(builders.profile(skills=said)), "person": person}
    id_ = (await api.post("/v1/profiles", new, token=clerk)).data["id"]
    hidden = "搬货,找虚先生 199****0001 或 0532****"
    doc = (await api.store.posting("j1")).doc
    assert (doc.text, doc.meeting_point) == (hidden, hidden)
    assert (await api.store.profile(id_)).doc.skills == hidden
    everything = repr(await builders.dump(api.store))
    assert MOBILE not in everything
    assert "86000000" not in everything


async def test_reasons_are_kept_without_their_numbers(api: Api) -> None:
    clerk = await api.token("clerk")
    await builders.register(api.store, "w1")
    body = {"blocked": True, "reason": f"他打我电话{MOBILE}骂人(虚构)"}
    assert (await api.put(f"/v1/employers/{builders.EMPLOYER}/blocks/w1", body, token=clerk)).status == 200
    everything = repr(await builders.dump(api.store))
    assert MOBILE not in everything
