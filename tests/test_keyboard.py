"""<kz-pinyin> in a real Chromium, asking a real server: by touch, with keys, for screen readers."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser import KIOSK, Service, check_accessible, check_contrast, check_sizes, in_browser

pytestmark = in_browser

MOUNT = """async ({token, ...options}) => {
  const base = document.querySelector('script[type=module]').src.replace(/kiosk\\/kiosk.js$/, '');
  const [{ Api }, { pinyin }] = await Promise.all([import(base + 'lib/api.js'), import(base + 'parts/pinyin.js')]);
  const field = document.createElement('textarea');
  field.setAttribute('aria-label', '会做什么');
  if (options.max) field.maxLength = options.max;
  const keyboard = pinyin(field, { api: new Api(token), ...options });
  keyboard.addEventListener('done', () => { document.title = '完成了'; });
  document.body.replaceChildren(Object.assign(document.createElement('main'), { id: 'page' }));
  document.querySelector('main').append(field, keyboard);
  field.focus();
}"""


async def mounted(service: Service, **options: object) -> Page:
    page = await service.page("/kiosk", KIOSK)
    token = await service.api.token("kiosk", "kiosk-keys", "site-chengyang")
    await page.evaluate(MOUNT, {"token": token, **options})
    return page


async def touch(page: Page, letters: str) -> None:
    for letter in letters:
        await page.locator(f'.key[data-key="{letter}"]').click()


async def candidate(page: Page, text: str) -> None:
    await page.locator(".candidate").get_by_text(text, exact=True).click()


async def value(page: Page) -> str:
    return await page.locator("textarea").input_value()


async def test_words_are_typed_by_touch_and_the_caret_stays_in_the_field(service: Service) -> None:
    page = await mounted(service, about="trade")
    await touch(page, "banyun")
    await candidate(page, "搬运")
    await touch(page, "xian")
    await candidate(page, "西安")
    assert await value(page) == "搬运西安"
    assert await page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    await page.locator('.key[data-key="backspace"]').click()
    assert await value(page) == "搬运西"


async def test_words_that_do_not_come_are_asked_for_again(service: Service) -> None:
    page = await mounted(service)
    kept: list[Route] = []

    async def keeps_the_first(route: Route) -> None:
        kept.append(route)
        if len(kept) > 1:
            await route.continue_()

    await page.route("**/v1/pinyin?*", keeps_the_first)
    await touch(page, "x")
    await page.locator(".candidate").first.wait_for()
    assert len(kept) == 2


@pytest.mark.parametrize("keys", [True, False])
async def test_a_word_chosen_before_the_words_of_the_last_letter_have_come_stands_for_all(
    service: Service, keys: bool
) -> None:
    page = await mounted(service, about="trade")
    may_answer = asyncio.Event()

    async def answers_late(route: Route) -> None:
        await may_answer.wait()
        await route.continue_()

    await page.route("**/v1/pinyin?q=banyun&*", answers_late)
    await touch(page, "bany")
    await expect(page.locator(".candidate span").first).to_have_text("搬运")
    await touch(page, "un")
    if keys:
        await page.keyboard.type(" 2")
    else:
        await candidate(page, "搬运")
        await touch(page, "x")
    assert (await value(page), await page.locator(".typed").inner_text()) == ("", "banyun")
    may_answer.set()
    await expect(page.locator(".typed")).to_have_text("" if keys else "x")
    await expect(page.locator("textarea")).to_have_value("搬运2" if keys else "搬运")


async def test_what_a_word_leaves_over_is_asked_again(service: Service) -> None:
    page = await mounted(service)
    await touch(page, "houchuqiii")
    await candidate(page, "后厨")
    assert await page.locator(".typed").inner_text() == "qiii"
    await page.locator(".candidate").first.wait_for()
    await touch(page, ["backspace"] * 4)  # type: ignore[arg-type]
    assert (await page.locator(".typed").inner_text(), await value(page)) == ("", "后厨")


async def test_words_are_written_where_the_caret_is_and_no_longer_than_the_field(service: Service) -> None:
    page = await mounted(service, max=4)
    await page.locator("textarea").fill("会饭")
    await page.locator("textarea").evaluate("field => field.setSelectionRange(1, 1)")
    await touch(page, "dasaoweisheng")
    await candidate(page, "打扫卫生")
    assert await value(page) == "会打扫饭"


async def test_pages_turn_and_the_rare_characters_are_on_the_last(service: Service) -> None:
    page = await mounted(service)
    await touch(page, "yi")
    await expect(page.locator(".candidate span").first).to_have_text("一")
    first = await page.locator(".candidates").inner_text()
    seen = []
    back, on = page.locator('.turn[aria-label="前面的词"]'), page.locator('.turn[aria-label="后面的词"]')
    assert await back.is_disabled()
    while not await on.is_disabled():
        shown = await page.locator(".candidate span").all_inner_texts()
        seen += shown
        await on.click()
        await expect(page.locator(".candidate span").first).not_to_have_text(shown[0])
        assert len(seen) < 1000
    assert len(seen) > 60
    assert len(set(seen)) == len(seen)
    assert {"一", "以", "懿", "翊"} <= set(seen)
    while not await back.is_disabled():
        await back.click()
    assert await page.locator(".candidates").inner_text() == first


async def test_with_a_keyboard_that_has_keys(service: Service) -> None:
    page = await mounted(service, about="trade")
    await page.keyboard.type("banyun")
    await expect(page.locator(".candidate span").first).to_have_text("搬运")
    await page.keyboard.press("Space")
    await page.keyboard.type("xi'an")
    await expect(page.locator(".candidate span").first).to_have_text("西安")
    await page.keyboard.press("1")
    await page.keyboard.type("nv")
    await page.keyboard.press("Escape")
    await page.keyboard.type("12")
    await page.keyboard.type("ok")
    await page.keyboard.press("Enter")
    assert await value(page) == "搬运西安12ok"


async def test_arrows_go_from_key_to_key_and_tab_leaves_them(service: Service) -> None:
    page = await mounted(service)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.dataset.key") == "q"
    way = "ArrowRight w,ArrowDown s,End l,ArrowDown backspace,Home divide,ArrowUp a,ArrowUp q,ArrowUp q,ArrowLeft q"
    for key, there in (step.split() for step in way.split(",")):
        await page.keyboard.press(key)
        assert await page.evaluate("document.activeElement.dataset.key") == there
    await page.keyboard.press("Enter")
    assert await page.locator(".typed").inner_text() == "q"


async def test_digits_letters_and_done(service: Service) -> None:
    page = await mounted(service)
    await page.locator('.key[data-key="digits"]').click()
    await touch(page, "180")
    await page.locator('.key[data-key="pinyin"]').click()
    await page.locator('.key[data-key="latin"]').click()
    await touch(page, "ktv")
    await page.locator('.key[data-key="space"]').click()
    await page.locator('.key[data-key="pinyin"]').click()
    await touch(page, "fuwuyuan")
    await page.locator(".candidate").get_by_text("服务员", exact=True).wait_for()
    await page.locator('.key[data-key="done"]').click()
    assert (await value(page), await page.title()) == ("180ktv 服务员", "完成了")


async def test_what_cannot_be_read_and_a_lost_line_are_said(service: Service) -> None:
    page = await mounted(service)
    await touch(page, "iii")
    await page.get_by_text("没有这样的词,请看看拼音").wait_for()
    await touch(page, ["backspace"] * 3)  # type: ignore[arg-type]
    await page.context.set_offline(True)
    await touch(page, "ban")
    await page.get_by_text("网络断了,拼音还在", exact=False).wait_for()
    await page.context.set_offline(False)
    await touch(page, "y")
    await page.locator(".candidate").first.wait_for()
    assert await page.locator(".typed").inner_text() == "bany"


async def test_everybody_can_use_it(service: Service) -> None:
    page = await mounted(service, about="trade")
    for mode in ("", "large-type", "high-contrast", "large-type high-contrast"):
        await page.evaluate("mode => { document.body.className = `kiosk ${mode}`; }", mode)
        await touch(page, "chu")
        await page.locator(".candidate").first.wait_for()
        await check_accessible(page)
        await check_contrast(page)
        await check_sizes(page, target=72)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= KIOSK["width"]
        assert await page.locator("kz-pinyin [role=status]").inner_text() != ""
        await touch(page, ["backspace"] * 3)  # type: ignore[arg-type]


async def test_digits_alone(service: Service) -> None:
    page = await mounted(service, layout="number")
    await touch(page, "13800")
    await touch(page, ["backspace"])  # type: ignore[arg-type]
    assert await value(page) == "1380"
    await check_accessible(page)
    await check_sizes(page, target=72)
