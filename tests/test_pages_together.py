"""All pages at once, from a newcomer at the kiosk and an employer's one sentence to the last seat and its slip."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests import builders, halls
from tests.browser import DESK, HALL, LIVE_MS, in_browser
from tests.kiosk_page import ID_NUMBER, Hall, open_hall, press, printed
from tests.workers_page import opened

pytestmark = in_browser
SENTENCE = "明天6点到14点 1个搬运工 200元/天 城阳区流亭 日结"
FIRM = "firm-not-yet-verified"
TELEPHONE = "19900005678"


async def registered(hall: Hall, kiosk: Page) -> None:
    """Somebody new comes to the kiosk: four screens, the first typed by pinyin."""
    await kiosk.get_by_label("或者用自己的话说").click()
    for key in "banyun":
        await kiosk.locator("kz-pinyin").get_by_role("button", name=key, exact=True).click()
    await kiosk.locator(".candidate", has_text="搬运").first.click()
    await kiosk.get_by_role("group", name="是不是这些活").get_by_role("button", name="搬运工").click()
    await press(kiosk, "下一步")
    await kiosk.get_by_role("radio", name="全市都行").click()
    await press(kiosk, "下一步")
    await kiosk.get_by_label("手机号", exact=True).fill(TELEPHONE)
    await press(kiosk, "发验证码")
    await kiosk.get_by_label("验证码", exact=True).fill(await hall.code(TELEPHONE))
    await press(kiosk, "下一步")
    await kiosk.get_by_label("姓名").fill("虚构新来的")
    await kiosk.get_by_label("身份证号", exact=True).fill(ID_NUMBER)
    await kiosk.get_by_label("我同意").check()
    await press(kiosk, "下一步")
    await expect(kiosk.get_by_text("第4步,共4步")).to_be_visible()


async def written(hall: Hall) -> str:
    """The employer writes one sentence, and it goes to a clerk: nobody has verified this firm."""
    await hall.store.put_employer(FIRM, builders.employer(verified=False))
    page = await hall.service.page("/employer", DESK, token=await hall.service.api.token("employer", FIRM))
    await page.locator(".compose textarea").fill(SENTENCE)
    await expect(page.locator("[data-field=trade] input").first).to_have_value("搬运工")
    await page.locator("summary").click()
    await page.locator("[data-field=award] select").first.select_option("instant")
    await page.click(".publish")
    posting = await page.locator(".live li").first.get_attribute("data-posting")
    assert posting is not None
    assert (await hall.store.posting(posting)).state == "awaiting_review"
    return posting


async def let_pass(hall: Hall, posting: str) -> None:
    """The clerk presses Y; ends when the posting is open."""
    page = await hall.service.page("/desk", DESK, token=await hall.service.api.token("clerk"))
    await expect(page.locator(".split:not([hidden]) .shown h2")).to_contain_text("搬运工")
    await page.keyboard.press("y")
    async with asyncio.timeout(10):
        while (await hall.store.posting(posting)).state == "awaiting_review":  # noqa: ASYNC110 - it can only be asked
            await asyncio.sleep(0.005)


async def test_from_one_sentence_to_a_seat(chromium: Browser, valkey_url: str, tmp_path: Path) -> None:
    async with open_hall(chromium, valkey_url, tmp_path) as hall:
        kiosk = await hall.kiosk()
        await registered(hall, kiosk)
        someone, _ = await hall.person()
        phone = await opened(hall.service, someone)
        screen = await hall.service.page(
            f"/hall/{builders.SITE}", HALL, token=await halls.bound(hall.store, "screen-1")
        )
        await screen.get_by_text("现在没有在招的活").wait_for()
        posting = await written(hall)
        await let_pass(hall, posting)
        asked = [page.locator(f"[data-posting='{posting}']").first for page in (kiosk, phone)]
        takes = [card.get_by_role("button", name="接这个活") for card in asked]
        await asyncio.gather(*(expect(take).to_be_visible(timeout=LIVE_MS) for take in takes))
        await expect(screen.locator("tbody")).to_contain_text("还差 1 人")
        await asyncio.gather(*(take.click() for take in takes))
        await expect(screen.locator("tbody")).to_contain_text("招满了")
        entries = await hall.store.entries(posting)
        assert sorted(str(entry.acceptance) for entry in entries.values()) == ["seated", "standby"]
        await told(kiosk, phone, seated_at_the_kiosk=entries[someone].acceptance == "standby")
        await takes_the_slip(kiosk, posting)
        await press(kiosk, "我好了,退出")
        await expect(kiosk.get_by_role("heading", name="你今天能干什么活?")).to_be_visible()
        await hall.over()


async def told(kiosk: Page, phone: Page, *, seated_at_the_kiosk: bool) -> None:
    """One is told that they are seated, the other kindly that they stand by; who has it on the phone gives it back."""
    words = ("录用了", re.compile("这次没轮到你"))
    first, second = words if seated_at_the_kiosk else words[::-1]
    await expect(kiosk.locator("main")).to_contain_text(first)
    await expect(phone.locator("body")).to_contain_text(second)
    if not seated_at_the_kiosk:
        await phone.get_by_role("button", name="来不了").click()
        await phone.get_by_role("dialog").get_by_role("button", name="来不了,退出").click()


async def takes_the_slip(kiosk: Page, posting: str) -> None:
    """Who is seated at the kiosk prints: on paper is where to be, and not who they are."""
    card = kiosk.locator(f"[data-posting='{posting}']")
    await expect(card.get_by_text("录用了!")).to_be_visible()
    await kiosk.evaluate("window.print = () => {}")
    await card.get_by_role("button", name="打印小票").click()
    await kiosk.wait_for_selector("#slip", state="attached")
    text = await printed(kiosk)
    for words in (posting, "6:00-14:00", "城阳区流亭", "200元/天", "签到码"):
        assert words in text, text
    assert not re.search(rf"{ID_NUMBER}|{TELEPHONE}|虚构新来的", text)
    assert (await kiosk.pdf(prefer_css_page_size=True)).count(b"/Type /Page\n") == 1
