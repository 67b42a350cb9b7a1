"""The kiosk, in Chromium: a lost line, what is left after a person, and who needs it larger, aloud or by keys."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server import sockets
from server.keys import PUSH
from tests.browser import first_view_bytes, in_browser
from tests.kiosk_page import Hall, checked, press, until_waved

pytestmark = in_browser


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


async def test_after_a_minute_alone_it_asks_and_then_nothing_is_left(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "ALIVE_S", 3600)  # the server's clock does not run as fast
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
