"""How an employer comes in: by telephone and code, or by a token of the right role."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect

from server.simulated_gateway import SimulatedGateway, Weather
from tests import browser, builders
from tests.browser import (
    DESK,
    Service,
    in_browser,
)
from tests.employers_page import Cast, looks_right

pytestmark = in_browser


@pytest_asyncio.fixture(loop_scope="session")
async def texted(chromium: Browser, valkey_url: str, tmp_path: Path) -> AsyncIterator[tuple[Service, SimulatedGateway]]:
    """A service whose messages go through a simulated gateway."""
    gateway = SimulatedGateway(Weather(longest_delay_s=0.0), seed=7)
    server = TestServer(gateway.app(), host="127.0.0.1")
    await server.start_server()
    try:
        address = str(server.make_url("/messages"))
        async with browser.serving(chromium, valkey_url, tmp_path, gateway_url=address) as service:
            yield service, gateway
            await service.close_pages()
    finally:
        await server.close()


async def test_in_by_telephone_and_code(texted: tuple[Service, SimulatedGateway]) -> None:
    service, gateway = texted
    telephone, clerk = builders.person(7).telephone, await service.api.token("clerk")
    body = {"telephone": telephone}
    assert (await service.api.post(f"/v1/employers/{builders.EMPLOYER}/logins", body, token=clerk)).status == 200
    page = await service.page("/employer", DESK)
    await page.get_by_label("手机号").fill("123")
    await page.get_by_role("button", name="发验证码").click()
    await expect(page.locator(".wrong").first).to_contain_text("11位数字")
    await looks_right(page)
    await page.get_by_label("手机号").fill(telephone)
    await page.get_by_role("button", name="发验证码").click()
    async with asyncio.timeout(20):
        while not gateway.of(telephone):  # noqa: ASYNC110 - a telephone can only be looked at
            await asyncio.sleep(0.01)
    (code,) = re.findall(r"\d{6}", gateway.of(telephone)[0])
    wrong = "000000" if code != "000000" else "111111"
    await page.get_by_label("验证码").fill(wrong)
    await page.keyboard.press("Enter")
    await expect(page.locator(".wrong").filter(has_text="不对")).to_be_visible()
    await page.get_by_label("验证码").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.locator(".bar")).to_contain_text(builders.employer().name)
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_label("手机号")).to_be_visible()


async def test_in_by_a_token_of_the_right_role(service: Service, cast: Cast) -> None:
    page = await service.page("/employer", DESK)
    await page.locator("summary").click()
    tokens = [await service.api.token(role, cast.firm) for role in ("clerk", "employer")]
    for token, said in (("nothing", "口令不对"), (tokens[0], "不是给这一页的")):
        await page.get_by_label("口令", exact=True).fill(token)
        await page.get_by_role("button", name="进入").click()
        await expect(page.locator(".wrong").filter(has_text=said)).to_be_visible()
        await looks_right(page)
    await page.get_by_label("口令", exact=True).fill(tokens[1])
    await page.get_by_label("口令", exact=True).press("Enter")
    await expect(page.locator(".bar")).to_contain_text(builders.employer().name)
    await page.reload()
    await expect(page.locator(".bar")).to_contain_text(builders.employer().name)
