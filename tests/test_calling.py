"""叫号: numbers are called in order or by hand, and every hall screen of the site shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from matcher.errors import KuaizhaoError
from matcher.store import Store
from tests import builders
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, new_market

CALLED = f"/v1/sites/{builders.SITE}/called"


@pytest.fixture
async def api(valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    await store.put_site("elsewhere", builders.site(name="虚构别处"))
    await builders.register(store, *(f"w{n}" for n in range(1, 7)))
    async with running(store, tmp_path) as api:
        for n in range(1, 7):
            await api.post(f"/v1/profiles/w{n}/ticket", token=await api.token("clerk"))
        yield api
    await store.close()


async def call(api: Api, queue_no: int | None = None) -> Any:
    body = {} if queue_no is None else {"queue_no": queue_no}
    return await api.post(CALLED, body, token=await api.token("clerk"))


def numbers(data: Any) -> list[int]:
    return [each["queue_no"] for each in data["called"]]


async def test_the_next_number_is_called_and_any_other_by_hand(api: Api) -> None:
    assert (await api.get(CALLED, token=await api.token("clerk"))).data == {"called": [], "given": 6}
    shown = [numbers((await call(api, wanted)).data) for wanted in (None, None, 4, None, 1, None)]
    assert shown == [[1], [2, 1], [4, 2, 1], [5, 4, 2, 1], [1, 5, 4, 2], [6, 1, 5, 4]]
    refused = await call(api)
    assert (refused.status, refused.code) == (404, "no_number")
    assert (await call(api, 7)).code == "no_number"
    assert (await call(api, 0)).code == "bad_field"
    assert numbers((await api.get(CALLED, token=await api.token("clerk"))).data) == [6, 1, 5, 4]


async def test_a_new_day_begins_with_its_own_numbers(api: Api) -> None:
    await call(api, 5)
    store, tomorrow = api.store, "2999-01-02"
    with pytest.raises(KuaizhaoError, match="no_number"):
        await store.call_number(builders.SITE, tomorrow, None)
    assert numbers((await api.get(CALLED, token=await api.token("clerk"))).data) == [5]
    await store.commands.set(store.key("queue_no", f"{builders.SITE}:{tomorrow}"), 2)
    assert (await store.call_number(builders.SITE, tomorrow, None)).v == 1
    assert numbers((await api.get(CALLED, token=await api.token("clerk"))).data) == [1]
    assert 0 < await store.commands.ttl(store.key("called", builders.SITE)) <= 24 * 3600


async def test_only_staff_and_devices_of_the_site_call(api: Api) -> None:
    for role, site, status in (("worker", "", 403), ("employer", "", 403), ("kiosk", "elsewhere", 403),
                               ("kiosk", builders.SITE, 200), ("manager", "", 200)):  # fmt: skip
        token = await api.token(role, site=site)  # type: ignore[arg-type]
        assert (await api.post(CALLED, {}, token=token)).status == status, role
    assert (await api.post("/v1/sites/nowhere/called", {}, token=await api.token("clerk"))).code == "no_site"


async def watch(api: Api, site: str) -> ClientWebSocketResponse:
    headers = {"Authorization": f"Bearer {await api.token('kiosk', f'hall-{site}', site)}"}
    return await api.session.ws_connect("/v1/board", headers=headers)


async def test_the_sites_screens_are_told_and_no_others(api: Api) -> None:
    await call(api, 2)
    here, there = await watch(api, builders.SITE), await watch(api, "elsewhere")
    assert numbers(await here.receive_json(timeout=5)) == [2]
    assert numbers(await there.receive_json(timeout=5)) == []
    await call(api, 3)
    frame = await here.receive_json(timeout=5)
    assert (frame["type"], numbers(frame)) == ("called", [3, 2])
    with pytest.raises(TimeoutError):
        await there.receive_json(timeout=0.3)
    await here.close()
    await there.close()
