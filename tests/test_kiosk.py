"""The kiosk, in Chromium: registering in four screens, offers, the last seat, the slip, a lost line, what stays."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from msgspec import structs
from playwright.async_api import Browser, Page, expect

from matcher.model import HOUR_MS, Pay
from server import consent, kiosks
from server.keys import PUSH
from tests import builders
from tests.api import plain
from tests.browser import KIOSK, first_view_bytes, in_browser
from tests.kiosk_page import ID_NUMBER, NOBODYS_ID, OTHER_ID, Hall, checked, open_hall, press

pytestmark = in_browser


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_hall(
    chromium: Browser, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hall]:
    async with open_hall(chromium, valkey_url, tmp_path_factory.mktemp("kiosk")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def hall(module_hall: Hall) -> AsyncIterator[Hall]:
    """One test's hall; what it posted is over afterwards."""
    yield module_hall
    await module_hall.over()


# -- registering -------------------------------------------------------------------------------------------------------


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


# -- offers ------------------------------------------------------------------------------------------------------------


async def test_an_offer_is_there_within_a_second_and_ends_in_a_slip_without_an_id_number(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await hall.post("slip-1", headcount=1, meeting_point="虚构东门")
    card = page.locator("[data-posting=slip-1]")
    await expect(card.get_by_role("button", name="接这个活")).to_be_visible(timeout=1_000)
    await expect(card.get_by_text("为什么给你:")).to_be_visible()
    await checked(page)
    await card.get_by_role("button", name="接这个活").click()
    await expect(card.get_by_text("录用了!")).to_be_visible()
    await checked(page)
    await card.get_by_role("button", name="我一定来").click()
    await expect(card.get_by_role("button", name="我一定来")).to_have_count(0)
    assert (await hall.store.entries("slip-1"))[id_].assignment == "confirmed"
    await page.evaluate("window.print = () => {}")
    await card.get_by_role("button", name="打印小票").click()
    await page.wait_for_selector("#slip", state="attached")
    text = await printed(page)
    for words in ("搬运工", "岗位号", "slip-1", "虚构路1号", "虚构东门", "200元/天", "签到码", "12333", "12345"):
        assert words in text
    assert not re.search(r"\d{17}[\dX]|1\d{10}", text)
    assert await page.locator("#slip svg.qr path").get_attribute("d")
    pdf = await page.pdf(prefer_css_page_size=True)
    width, height = (float(n) / 72 * 25.4 for n in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)[0])
    assert (round(width), pdf.count(b"/Type /Page\n")) == (80, 1), height


async def printed(page: Page) -> str:
    """What is on paper."""
    await page.emulate_media(media="print")
    seen = await page.evaluate("document.body.innerText")
    await page.emulate_media(media="null")
    return str(seen)


async def test_two_take_the_last_seat_one_is_seated_the_other_is_told_kindly_and_stands_by(hall: Hall) -> None:
    slips = [(await hall.person())[1] for _ in range(2)]
    pages = [await hall.kiosk() for _ in slips]
    for page, slip in zip(pages, slips, strict=True):
        await hall.come_in(page, slip)
    await hall.post("last-1", headcount=1)
    cards = [page.locator("[data-posting=last-1]") for page in pages]
    for card in cards:
        await expect(card.get_by_role("button", name="接这个活")).to_be_visible()
    await asyncio.gather(*(card.get_by_role("button", name="接这个活").click() for card in cards))
    for card in cards:
        await expect(card.get_by_text(re.compile("录用了!|这次没轮到你"))).to_be_visible()
    told = [await card.get_by_role("status").all_inner_texts() for card in cards]
    assert sum("录用了!" in "".join(t) for t in told) == 1
    other = pages[["没轮到你" in "".join(t) for t in told].index(True)]
    await expect(other.get_by_text("你在候补里")).to_be_visible()
    await checked(other)
    await other.locator("[data-posting=last-1]").get_by_role("button", name="为什么").click()
    await expect(other.get_by_role("dialog")).to_contain_text("问过你")
    await checked(other)


async def test_a_fair_window_counts_down_and_a_no_is_free(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await hall.post("fair-1", award="fair", headcount=1)
    await hall.post("no-1", trade="porter", headcount=1, starts_in_ms=60 * HOUR_MS)
    await page.locator("[data-posting=no-1]").get_by_role("button", name="不去", exact=True).click()
    await expect(page.locator("[data-posting=no-1]").get_by_role("button", name="接这个活")).to_be_visible()
    assert (await hall.store.entries("no-1"))[id_].offer == "declined"
    card = page.locator("[data-posting=fair-1]")
    await card.get_by_role("button", name="接这个活").click()
    await expect(card.get_by_text("报名了。")).to_be_visible()
    await expect(card.locator("kz-countdown")).to_contain_text(re.compile(r"0:[0-3]\d"))
    await checked(page)
    await card.get_by_role("button", name="不等了").click()
    await expect(card.get_by_role("button", name="不等了")).to_have_count(0)


async def test_a_posting_that_was_not_offered_can_be_taken_and_what_is_almost_right_says_what_is_missing(
    hall: Hall,
) -> None:
    await hall.post("wish-1", headcount=1)
    await until_waved(hall, "wish-1")
    await hall.post("wish-2", headcount=1, certificates=["forklift"])
    _, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    missing = page.locator("[data-posting=wish-2]")
    await expect(missing.get_by_text("差一个叉车证")).to_be_visible()
    card = page.locator("[data-posting=wish-1]")
    await card.get_by_role("button", name="接这个活").click()
    await expect(card.get_by_text("录用了!")).to_be_visible()
    await checked(page)


async def until_waved(hall: Hall, id_: str) -> None:
    async with asyncio.timeout(10):
        while (await hall.store.posting(id_)).wave == 0:  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.01)


async def test_an_offer_that_runs_out_says_so_and_what_can_be_done(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await hall.post("late-1", headcount=1, listed_only=True)  # so that the matcher asks nobody again
    await builders.offer(hall.store, "late-1", [id_], reply_ms=1_000)
    card = page.locator("[data-posting=late-1]")
    await expect(card.get_by_role("button", name="接这个活")).to_be_visible()
    await expect(card.get_by_text("这个派单过时了")).to_be_visible()
    await checked(page)
    await card.get_by_role("button", name="再要一次").click()
    await expect(card.get_by_text("这个岗位已不再招人")).to_be_visible()


async def test_a_couple_goes_together(hall: Hall) -> None:
    (first, slip), (second, other) = await hall.person(), await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await press(page, "和同伴一起")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("同伴的排队号").fill(str(other["queue_no"]))
    await dialog.get_by_label("同伴的密码").fill("000000")
    await dialog.get_by_role("button", name="同伴同意,一起接活").click()
    await expect(dialog.get_by_text("登录不成功")).to_be_visible()
    await checked(page)
    await dialog.get_by_label("同伴的密码").fill(other["pin"])
    await dialog.get_by_role("button", name="同伴同意,一起接活").click()
    await expect(page.get_by_text("你们是一个班组了")).to_be_visible()
    (crew,) = await hall.store.crews_of(first)
    assert crew.members == {first: "consented", second: "consented"}
    await press(page, "知道了")
    await expect(page.get_by_text("你在一个2人的班组里")).to_be_visible()
    await checked(page)
    await press(page, "我好了,退出")
    await hall.come_in(page, other)
    await press(page, "退出班组")
    await expect(page.get_by_text("班组里")).to_have_count(0)
    await until_crews(hall, second, 0)


async def until_crews(hall: Hall, profile: str, count: int) -> None:
    async with asyncio.timeout(10):
        while len(await hall.store.crews_of(profile)) != count:  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.01)


async def test_an_invitation_waits_for_an_answer(hall: Hall) -> None:
    (leader, _), (guest, slip) = await hall.person(), await hall.person()
    await hall.store.form_crew("crew-1", leader, [guest])
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await expect(page.get_by_text("有人邀请你加入1人的班组")).to_be_visible()
    await checked(page)
    await press(page, "加入")
    await expect(page.get_by_text("你在一个2人的班组里")).to_be_visible()


async def test_a_new_text_is_consented_to_before_anything_else(hall: Hall) -> None:
    id_, slip = await hall.person(consent="an-older-text")
    page = await hall.kiosk()
    await press(page, "我登记过,直接看活")
    await page.get_by_role("radio", name="排队号").click()
    await page.get_by_label("排队号", exact=True).fill(str(slip["queue_no"]))
    await page.get_by_label("密码").fill(slip["pin"])
    await press(page, "下一步")
    await expect(page.get_by_role("dialog")).to_contain_text("登记时同意的话有改动")
    await checked(page)
    await press(page, "我同意")
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    token = await hall.service.api.worker(id_)
    assert not (await hall.service.api.get(f"/v1/profiles/{id_}/consent", token=token)).data["asked"]


# -- the line, and what stays ------------------------------------------------------------------------------------------


async def test_a_lost_line_is_told_the_form_stays_and_nothing_is_missed(hall: Hall) -> None:
    _, slip = await hall.person()
    page = await hall.kiosk()
    await press(page, "我登记过,直接看活")
    await page.get_by_role("radio", name="排队号").click()
    await page.get_by_label("排队号", exact=True).fill(str(slip["queue_no"]))
    await page.get_by_label("密码").fill(slip["pin"])
    await page.context.set_offline(True)
    await press(page, "下一步")
    await expect(page.get_by_text("网络断了,填的内容还在").first).to_be_visible()
    assert await page.get_by_label("密码").input_value() == slip["pin"]
    await checked(page)
    await page.context.set_offline(False)
    await expect(page.get_by_text("网络恢复了")).to_be_visible()
    await press(page, "下一步")
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_text("网络断了,填的内容还在").first).to_be_visible()
    await cut_sockets(hall)
    await hall.post("missed-1", headcount=1)
    await until_waved(hall, "missed-1")
    await page.context.set_offline(False)
    await expect(page.locator("[data-posting=missed-1]").get_by_role("button", name="接这个活")).to_be_visible()


async def cut_sockets(hall: Hall) -> None:
    """Chromium keeps open sockets while it plays offline: the server's end of them goes."""
    hall.service.api.app[PUSH].end_all()


async def test_after_a_minute_alone_it_asks_and_then_nothing_is_left(hall: Hall) -> None:
    id_, slip = await hall.person()
    page = await hall.kiosk()
    await page.clock.install()
    await hall.come_in(page, slip)
    token = page.context  # the cookie is the kiosk's; the person's token is in the page's memory alone
    cookies = {cookie["name"] for cookie in await token.cookies()}
    length = await page.evaluate("history.length")
    await press(page, "大字")
    await page.clock.fast_forward(60_000)
    await expect(page.get_by_role("heading", name="20秒后清屏,要继续请点这里")).to_be_visible()
    await checked(page)
    async with page.expect_request("**/v1/session"):  # and the session on the server goes on
        await press(page, "我还在,继续")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("heading", name="给你找的活")).to_be_visible()
    sessions = await own_sessions(hall, id_)
    assert len(sessions) == 1
    await page.clock.fast_forward(60_000)
    await expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(20):
        await page.clock.run_for(1_000)
    await expect(page.get_by_text("上一位填的内容已经清除")).to_be_visible()
    await expect(page.get_by_role("heading", name="你今天能干什么活?")).to_be_visible()
    await checked(page)
    assert await own_sessions(hall, id_) == []
    left = await page.evaluate(LEFT)
    assert left == {"local": 0, "session": 0, "databases": 0, "caches": 0, "slip": 0, "inputs": "", "large": False}
    assert str(slip["queue_no"]) not in (await page.locator("main").inner_text()).replace("第1步,共4步", "")
    assert await page.evaluate("history.length") == length
    assert {cookie["name"] for cookie in await token.cookies()} == cookies
    await page.go_back()
    assert "给你找的活" not in await page.content()


LEFT = """async () => ({
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
  caches: 'caches' in window ? (await caches.keys()).length : 0,
  slip: document.querySelectorAll('#slip').length,
  inputs: [...document.querySelectorAll('input')].map(e => e.value).join(''),
  large: document.body.classList.contains('large-type'),
})"""


async def own_sessions(hall: Hall, id_: str) -> list[str]:
    """Sessions of a worker that are open."""
    store, found = hall.store, []
    async for key in store.commands.scan_iter(match=store.key("session", "*"), count=1000):
        if await store.commands.hget(key, "subject") == id_.encode():
            found.append(key.decode())
    return found


async def test_leaving_clears_at_once_also_without_a_line(hall: Hall) -> None:
    _, slip = await hall.person()
    page = await hall.kiosk()
    await hall.come_in(page, slip)
    await page.context.set_offline(True)
    await expect(page.get_by_text("网络断了,填的内容还在").first).to_be_visible()
    await press(page, "我好了,退出")
    await expect(page.get_by_role("heading", name="你今天能干什么活?")).to_be_visible()
    await expect(page.get_by_text("上一位填的内容已经清除")).to_be_visible()
    assert "给你找的活" not in await page.content()
    await page.context.set_offline(False)
    await expect(page.get_by_text("网络恢复了")).to_be_visible()


# -- for everybody -----------------------------------------------------------------------------------------------------


async def test_large_type_and_high_contrast_hold_the_measures_too(hall: Hall) -> None:
    _, slip = await hall.person()
    page = await hall.kiosk()
    for button in ("大字", "清晰"):
        await press(page, button)
        await expect(page.get_by_role("button", name=button)).to_have_attribute("aria-pressed", "true")
        await checked(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await hall.come_in(page, slip)
    await hall.post("large-1", headcount=1)
    await expect(page.locator("[data-posting=large-1]")).to_be_visible()
    await checked(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


VOICES = """
const said = [];
const voices = [{lang: 'zh-CN', localService: false, name: 'far'}, {lang: 'zh-CN', localService: true, name: 'near'}];
Object.defineProperty(window, 'speechSynthesis', {value: Object.assign(new EventTarget(), {
  getVoices: () => voices, speak: u => said.push([u.voice.name, u.text]), cancel: () => {},
})});
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
window.said = said;
"""


async def test_it_reads_aloud_with_a_voice_of_its_own_only(hall: Hall) -> None:
    page = await hall.kiosk()
    await expect(page.get_by_role("button", name="听一遍")).to_have_count(0)  # this one has no voice
    await page.context.add_init_script(VOICES)
    await page.reload()
    await press(page, "听一遍")
    assert [voice for voice, _ in await page.evaluate("said")] == ["near"]


async def test_the_keyboard_alone_is_enough(hall: Hall) -> None:
    page = await hall.kiosk()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(page.locator(".tile[aria-pressed=true]")).to_have_count(1)
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent") == "下一步":
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="什么时候、在哪干?")).to_be_visible()


async def test_the_first_view_of_a_kiosk_at_work_is_small(hall: Hall) -> None:
    page = await hall.kiosk()
    (cookie,) = await page.context.cookies()
    assert await first_view_bytes(hall.service, "/kiosk", token=cookie["value"]) < 100_000
