"""The kiosk, in Chromium: registered and in the hall in four screens; slips, cards, and how a kiosk is bound."""

from __future__ import annotations

import re

from msgspec import structs
from playwright.async_api import expect

from ingest import consent
from matcher.model import Pay
from server import kiosks
from tests import builders
from tests.api import plain
from tests.browser import KIOSK, in_browser
from tests.kiosk_page import ID_NUMBER, NOBODYS_ID, OTHER_ID, Hall, checked, press, printed

pytestmark = in_browser


async def test_a_newcomer_registers_in_four_screens_typing_pinyin_and_is_in_the_hall(hall: Hall) -> None:
    page, telephone = await hall.kiosk(), "19900001234"
    await checked(page)
    await page.get_by_label("或者用自己的话说").click()
    for key in "banyun":  # by touch, key for key
        await page.locator("kz-pinyin").get_by_role("button", name=key, exact=True).click()
    await page.locator(".candidate", has_text="搬运").first.click()
    await expect(page.get_by_label("或者用自己的话说")).to_have_value(re.compile("搬运"))
    await page.get_by_role("group", name="是不是这些活").get_by_role("button", name="搬运工").click()
    await checked(page)
    await press(page, "下一步")
    await page.get_by_role("radio", name="全市都行").click()
    await page.get_by_role("button", name="少10元").click()
    await checked(page)
    await press(page, "下一步")
    await page.get_by_label("手机号", exact=True).fill(telephone)
    await press(page, "发验证码")
    await page.get_by_label("验证码", exact=True).fill(await hall.code(telephone))
    await checked(page)
    await press(page, "下一步")
    await page.get_by_label("姓名").fill("虚构新来的")
    await page.get_by_label("身份证号", exact=True).fill(ID_NUMBER)
    await press(page, "下一步")
    await expect(page.get_by_text("同意以后才能登记")).to_be_visible()
    assert await page.get_by_label("姓名").input_value() == "虚构新来的"
    await checked(page)
    await page.get_by_label("我同意").check()
    await press(page, "下一步")
    await expect(page.get_by_text("第4步,共4步")).to_be_visible()
    (id_,) = [i for i in await hall.store.ids("profile") if i.startswith("p_")]
    record = await hall.store.profile(id_)
    assert (record.doc.trades, record.doc.radius_m, record.doc.pay) == (["porter"], 50_000, Pay(17_000, "day"))
    assert (record.presence, record.queue_no is not None) == ("in_hall", True)
    await expect(page.get_by_text("现在没有合适的活")).to_be_visible()
    await checked(page)


async def test_every_field_says_beside_it_what_is_wrong_and_keeps_what_was_typed(hall: Hall) -> None:
    page = await hall.kiosk()
    await press(page, "下一步")
    await expect(page.get_by_text("请点一个你能干的活")).to_be_visible()
    await press(page, "我登记过,直接看活")
    telephone = page.get_by_label("手机号", exact=True)
    await telephone.fill("12345")
    await press(page, "发验证码")
    await expect(telephone).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("手机号是11个数字,以1开头")).to_be_visible()
    assert await telephone.input_value() == "12345"
    await telephone.fill("19900008888")
    await expect(telephone).not_to_have_attribute("aria-invalid", "true")
    await page.get_by_label("验证码", exact=True).fill("000000")
    await press(page, "下一步")
    await expect(page.get_by_text("登录不成功,请核对后再试")).to_be_visible()
    await page.get_by_role("radio", name="排队号").click()
    await page.get_by_label("排队号", exact=True).fill("99")
    await page.get_by_label("密码").fill("123456")
    await press(page, "下一步")
    await expect(page.get_by_text("登录不成功,请核对后再试")).to_be_visible()
    await checked(page)


async def test_an_id_card_on_the_reader_is_who_one_is(hall: Hall) -> None:
    body = {
        "id": "carded",
        "profile": plain(builders.profile()),
        "person": plain(builders.person(700, id_number=OTHER_ID, consent=consent.read().version)),
    }
    clerk = await hall.service.api.token("clerk")
    assert (await hall.service.api.post("/v1/profiles", body, token=clerk)).status == 201
    page = await hall.kiosk(card_reader=True)
    await press(page, "我登记过,直接看活")
    await page.get_by_role("radio", name="身份证").click()
    await checked(page)
    await page.keyboard.type(OTHER_ID + "\n")
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    await press(page, "我好了,退出")
    await press(page, "我登记过,直接看活")
    await page.get_by_role("radio", name="身份证").click()
    await page.keyboard.type(NOBODYS_ID + "\n")
    await expect(page.get_by_text("这张身份证还没登记")).to_be_visible()


async def test_whoever_comes_again_keeps_their_wishes_and_changes_what_they_change(hall: Hall) -> None:
    hours = [{"days": [1, 2], "start": "06:00", "end": "18:00"}]
    id_, slip = await hall.person(hours=hours, radius_m=8_000)
    before = (await hall.store.profile(id_)).doc
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    assert (await hall.store.profile(id_)).doc == before
    await press(page, "上一步")
    await page.get_by_role("button", name="多10元").click()
    await press(page, "下一步")
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    assert (await hall.store.profile(id_)).doc == structs.replace(before, pay=Pay(17_000, "day"))
    await press(page, "上一步")
    await page.get_by_role("radio", name="3公里内").click()
    await page.get_by_role("button", name="晚上").click()
    await press(page, "下一步")
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    doc = (await hall.store.profile(id_)).doc
    assert (doc.radius_m, doc.trades, [h.start for h in doc.hours]) == (3_000, ["porter"], ["17:00"])


async def test_a_slip_is_good_for_the_whole_day_and_a_lost_one_is_printed_anew(hall: Hall) -> None:
    _, slip = await hall.person()
    page = await hall.kiosk()
    for _ in range(2):
        await hall.come_in(page, slip)
        await expect(page.locator(".ticket .number")).to_have_text(str(slip["queue_no"]))
        await press(page, "我好了,退出")
    await hall.come_in(page, slip)
    await page.evaluate("window.print = () => {}")
    await press(page, "打印排队号")
    await page.wait_for_selector("#slip", state="attached")
    text = await printed(page)
    found = re.search(r"密码 (\d{6})", text)
    assert found is not None
    assert str(slip["queue_no"]) in text
    await press(page, "我好了,退出")
    await expect(page.locator("#slip")).to_have_count(0)
    await hall.come_in(page, slip | {"pin": found[1]})


async def test_without_a_token_only_an_operator_can_start_it(hall: Hall) -> None:
    page = await hall.service.page("/kiosk", KIOSK)
    await expect(page.get_by_role("heading", name="这台自助机还没启用")).to_be_visible()
    await checked(page)
    await page.get_by_label("设备口令").fill("not-a-token")
    await press(page, "启用")
    await expect(page.get_by_text("口令不对,或已经停用")).to_be_visible()
    token = await kiosks.add(hall.store, "k-new", builders.SITE, card_reader=False)
    await page.get_by_label("设备口令").fill(token)
    await press(page, "启用")
    await expect(page.get_by_role("heading", name="你今天能干什么活?")).to_be_visible()
    assert token not in await page.evaluate("document.documentElement.outerHTML + JSON.stringify({...localStorage})")
    await page.reload()
    await expect(page.get_by_role("heading", name="你今天能干什么活?")).to_be_visible()
