"""/desk at the window: people and firms are registered, numbers called, the heat entered."""

from __future__ import annotations

from playwright.async_api import expect

from tests import builders
from tests.browser import Service, in_browser
from tests.desk_page import looks_right, opened
from tests.intake import id_number

pytestmark = in_browser


async def test_a_worker_is_registered_by_proxy(service: Service) -> None:
    page = await opened(service)
    await page.keyboard.press("8")
    form = page.locator("section:not([hidden]) form")
    await expect(form).to_contain_text("我同意零工之家")
    await form.get_by_role("button", name="登记").click()
    await expect(form.locator(".wrong").first).to_contain_text("请写姓名")
    await looks_right(page)
    await form.get_by_label("姓名").fill("虚构人甲")
    await form.get_by_label("手机号").fill("19900001234")
    await form.get_by_label("身份证号").fill("000000196805010018")
    await expect(form.get_by_label("出生日期")).to_have_value("1968-05-01")
    await form.get_by_label("会做什么").fill("会搬运,当过保安,不做高空")
    await form.get_by_role("button", name="保安员,按下去掉").click()
    await form.get_by_label("会做什么").fill("会搬运,当过几年保安,不做高空")
    await expect(form.get_by_role("button", name="搬运工,按下去掉")).to_be_visible()
    await form.get_by_label("从哪出发").fill("城阳区流亭")
    await form.get_by_label("多少元").fill("180")
    await form.get_by_role("button", name="打电话").click()
    await form.get_by_label("加一个证书").select_option(label="叉车证")
    await form.get_by_label("叉车证 到期").fill("2031-01-31")
    await form.get_by_label("念给本人听了").check()
    await form.get_by_role("button", name="登记").click()
    await expect(form.get_by_label("身份证号")).to_have_attribute("aria-invalid", "true")
    await expect(form.get_by_label("姓名")).to_have_value("虚构人甲")
    await form.get_by_label("身份证号").fill(id_number("19680501", 7))
    await form.get_by_role("button", name="登记").click()
    done = page.locator(".columns:not([hidden])")
    await expect(done).to_contain_text("虚构人甲 登记好了")
    await looks_right(page)
    await done.get_by_role("button", name="给排队号").click()
    await expect(done.locator(".ticket")).to_contain_text("密码")
    await done.get_by_role("button", name="今天能干").click()
    await expect(done.locator(".banner.yes")).to_contain_text("今天能干")
    profile = (await done.locator(".muted").last.text_content() or "").removeprefix("编号 ")
    record = await service.api.store.profile(profile)
    assert (record.doc.trades, record.doc.channels, record.doc.pay.fen) == ([builders.TRADE], ["call"], 18_000)
    assert [str(each.expires) for each in record.doc.certificates] == ["2031-01-31"]
    assert {"heights", "security_guard"} <= set(record.doc.refused)
    assert record.doc.recognised == []


async def test_queue_numbers_are_called(service: Service) -> None:
    token, id_ = await service.api.token("clerk"), "queue-1"
    await builders.register(service.api.store, id_)
    given = (await service.api.post(f"/v1/profiles/{id_}/ticket", {}, token=token)).data["queue_no"]
    page = await opened(service)
    await page.keyboard.press("7")
    section = page.locator("section:not([hidden])")
    await expect(section).to_contain_text("今天一共发了")
    await section.get_by_label("叫指定的号").fill("十")
    await section.get_by_role("button", name="叫这个号").click()
    await expect(section.locator(".wrong").filter(has_text="号码是数字")).to_be_visible()
    await looks_right(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("c")
    await expect(section.locator(".ticket")).to_contain_text("正在叫")
    await section.get_by_label("叫指定的号").fill(str(given))
    await section.get_by_role("button", name="叫这个号").click()
    await expect(section.locator(".ticket")).to_have_text(f"正在叫 {given} 号")


async def test_a_firm_is_registered_and_may_log_in(service: Service) -> None:
    page = await opened(service)
    await page.keyboard.press("9")
    form = page.locator("section:not([hidden]) form")
    await form.get_by_label("名称").fill("虚构装卸有限公司")
    await form.get_by_label("统一社会信用代码").fill("123")
    await form.get_by_role("button", name="登记").click()
    await expect(form.locator(".wrong").filter(has_text="18位")).to_be_visible()
    await looks_right(page)
    await form.get_by_label("统一社会信用代码").fill("91370200SAMPLE0001")
    await form.get_by_label("登录用的手机号").fill("19900004321")
    await form.get_by_label("看过证照").check()
    await form.get_by_role("button", name="登记").click()
    await expect(form.locator(".banner.yes")).to_contain_text("可以用 19900004321 登录")


async def test_a_manager_enters_the_heat(service: Service) -> None:
    page = await opened(service, "manager")
    await page.keyboard.press("0")
    section = page.locator("section:not([hidden])")
    await section.get_by_label("今天最高气温").fill("热")
    await section.get_by_role("button", name="记下").click()
    await expect(section.locator(".wrong").filter(has_text="填一个温度")).to_be_visible()
    await section.get_by_label("今天最高气温").fill("36")
    await section.get_by_role("button", name="记下").click()
    await expect(section.locator("td").last).to_have_text("36°C")
    await looks_right(page)
