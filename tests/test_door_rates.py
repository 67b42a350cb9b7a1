"""How often: counted in the store; who has had too many is told so again without asking it."""

from __future__ import annotations

import pytest

from matcher.errors import KuaizhaoError
from matcher.store import Store
from server import rates

TWICE = rates.Rate("twice", 2, 60)
OFTEN = rates.Rate("often", 100, 60)


async def refused(store: Store, *tries: tuple[rates.Rate, str]) -> KuaizhaoError:
    with pytest.raises(KuaizhaoError) as caught:
        await rates.count(store, *tries)
    assert caught.value.code == "too_many_requests"
    return caught.value


async def counted(store: Store, rate: rates.Rate, who: str) -> int:
    return int(await store.commands.get(store.key("rate", f"{rate.name}:{who}")) or 0)


async def test_a_refusal_is_repeated_for_a_second_without_a_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [1_000.0]
    monkeypatch.setattr(rates, "monotonic", lambda: now_s[0])
    for _ in range(2):
        await rates.count(store, (TWICE, "a"), (OFTEN, "address"))
    first = await refused(store, (TWICE, "a"), (OFTEN, "address"))
    again = [await refused(store, (OFTEN, "address"), (TWICE, "a")) for _ in range(5)]
    assert {error.retry_after_s for error in (first, *again)} == {60}
    assert (await counted(store, TWICE, "a"), await counted(store, OFTEN, "address")) == (3, 3)
    await rates.count(store, (TWICE, "b"), (OFTEN, "address"))  # nobody else is held up
    now_s[0] += rates.REMEMBERED_S
    await refused(store, (TWICE, "a"))
    assert await counted(store, TWICE, "a") == 4


async def test_what_is_forgotten_is_not_remembered(store: Store) -> None:
    for _ in range(2):
        await rates.count(store, (TWICE, "a"))
    await refused(store, (TWICE, "a"))
    await rates.forget(store, (TWICE, "a"))
    await rates.count(store, (TWICE, "a"))
    assert await counted(store, TWICE, "a") == 1


async def test_memory_of_refusals_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "REMEMBERED_MOST", 3)
    never = rates.Rate("never", 0, 60)
    for n in range(20):
        await refused(store, (never, str(n)))
    assert len(rates._locked[store]) <= 4
