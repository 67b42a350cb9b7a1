"""What people say of themselves: trades beside those they name, and what they never do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.skills import MOST_RECOGNISED, MOST_REFUSED, understood
from matcher import trades
from tests import builders


@pytest.mark.parametrize(
    ("words", "recognised", "refused"),
    [
        ("有力气,肯吃苦", [], []),
        ("电焊十年,做过保洁", ["welder", "office_cleaner"], []),
        ("保洁都行,不做高空", ["office_cleaner"], ["heights"]),
        ("高空勿扰,冷库不去", [], ["heights", "cold"]),
        ("恐高", [], ["heights"]),
        ("腰不好,干不了重活", [], ["heavy_lifting"]),
        ("高空作业五年", ["exterior_wall_worker"], []),
        ("不干保洁,干过服务员", ["waiter"], ["office_cleaner"]),
    ],
)
def test_words_tell_what_somebody_does_and_does_not(words: str, recognised: list[str], refused: list[str]) -> None:
    doc = understood(builders.profile(skills=words, trades=["porter"]))
    assert (doc.recognised, doc.refused) == (recognised, refused)


def test_what_is_named_counts_before_what_is_denied_and_a_given_refusal_before_what_is_recognised() -> None:
    named = understood(builders.profile(skills="不想做保洁了", trades=["office_cleaner"]))
    assert named.refused == []
    given = understood(builders.profile(skills="会电焊", refused=["welder"]))
    assert (given.recognised, given.refused) == ([], ["welder"])


def test_nobody_says_what_is_recognised_but_the_words() -> None:
    assert understood(builders.profile(skills="", recognised=["welder"])).recognised == []


WORDS = st.sampled_from(["不做", "高空", "保洁", "、", "也不", "电焊", "冷库"])


@given(st.text(max_size=80) | st.lists(WORDS).map("".join))
def test_any_words_give_known_ids_and_twice_is_once(words: str) -> None:
    doc = understood(builders.profile(skills=words))
    assert set(doc.recognised) <= set(trades.trades()) - set(doc.trades) - set(doc.refused)
    assert set(doc.refused) <= set(trades.trades()) | set(trades.hazards())
    assert len(doc.recognised) <= MOST_RECOGNISED
    assert len(doc.refused) <= MOST_REFUSED
    assert understood(doc) == doc
