"""Cards are the same whether the posting is shown for the first time or again, and its document is read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

from matcher.model import Pay
from matcher.store import Store
from server import cards
from server.cards import AGAIN, SHOWN, Cards, Shown
from tests import builders
from tests.builders import accept, as_of_old, in_play


async def shown(reader: Cards, posting: str = "j1", profile: str = "w1") -> Shown:
    ((found,), _) = await reader.read({posting: [profile]})
    return found


def asked_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The fields of postings that are asked for from now on."""
    asked: list[tuple[Any, ...]] = []
    ask = store.ask

    async def noted(commands: Sequence[Sequence[Any]]) -> list[Any]:
        asked.extend(tuple(c[2:]) for c in commands if c[0] == "HMGET" and "posting" in str(c[1]))
        return await ask(commands)

    monkeypatch.setattr(store, "ask", noted)
    return asked


async def amended(store: Store, **over: Any) -> None:
    record = await store.posting("j1")
    doc = structs.replace(record.doc, **over)
    await store.amend(
        "j1", builders.write(doc), material=False, warns=False, reason="", expected_v=record.v, release=()
    )


async def test_shown_again_without_its_document_it_is_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await in_play(store, "j1", ["w1", "w2"], headcount=1)
    asked, reader = asked_of(store, monkeypatch), Cards(store)
    first = await shown(reader)
    assert (first.posting.state, first.entries["w1"].offer) == ("open", "open")
    await accept(store, "j1", "w1")
    again = await shown(reader)
    assert asked == [SHOWN, AGAIN]
    assert (again.posting.state, again.entries["w1"].assignment, again.v > first.v) == ("filled", "seated", True)
    assert again == await shown(Cards(store))


async def test_a_changed_document_is_read_again(store: Store) -> None:
    await in_play(store, "j1", ["w1"], text="虚构:旧的说法")
    reader = Cards(store)
    await shown(reader)
    await amended(store, text="虚构:新的说法", pay=Pay(fen=21_000, unit="day"))
    again = await shown(reader)
    assert (again.posting.text, again.posting.pay.fen) == ("虚构:新的说法", 21_000)
    assert again == await shown(reader) == await shown(Cards(store))


async def test_an_employer_with_another_name_is_shown_by_it(store: Store) -> None:
    await in_play(store, "j1", ["w1"])
    reader = Cards(store)
    before = await shown(reader)
    await store.put_employer(builders.EMPLOYER, builders.employer(name="另一家虚构公司"))
    reader.forget_employer(builders.EMPLOYER)
    assert (await shown(reader)).posting.employer_name == "另一家虚构公司" != before.posting.employer_name


async def test_what_was_being_read_when_an_employer_changed_is_not_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_play(store, "j1", ["w1"])
    reader, ask = Cards(store), store.ask

    async def changed_meanwhile(commands: Sequence[Sequence[Any]]) -> list[Any]:
        replies = await ask(commands)
        reader.forget_employer(builders.EMPLOYER)
        return replies

    with monkeypatch.context() as once:
        once.setattr(store, "ask", changed_meanwhile)
        await shown(reader)
    asked = asked_of(store, monkeypatch)
    await shown(reader)
    await shown(reader)
    assert asked == [SHOWN, AGAIN]


async def test_postings_as_an_older_version_kept_them_are_shown(store: Store) -> None:
    await in_play(store, "j1", ["w1"])
    reader = Cards(store)
    first = await shown(reader)
    await as_of_old(store, "j1")
    assert first == await shown(reader) == await shown(Cards(store))


async def test_what_is_gone_is_left_out_and_not_many_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "BRIEFS_KEPT", 1)
    await in_play(store, "j1", ["w1"])
    await builders.post(store, "j2")
    asked, reader = asked_of(store, monkeypatch), Cards(store)
    await shown(reader)
    await shown(reader, "j2")
    await shown(reader)
    assert asked == [SHOWN] * 3
    await store.commands.delete(store.key("posting", "j1"))
    assert await reader.read({"j1": ["w1"]}) == ([], {})
