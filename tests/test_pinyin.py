"""Letters to words: the lexicon's readings, and what the keyboard offers."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from ingest import gazetteer
from matcher.trades import trades
from server.pinyin import lexicon
from server.pinyin.candidates import About, Candidate, candidates
from server.pinyin.lexicon import tree
from server.pinyin.readings import common
from server.pinyin.syllables import INITIAL

READINGS = common()
OUR_WORDS = [*(t.name for t in trades().values()), *(a for t in trades().values() for a in t.aliases)]
LETTERS = st.text("abcdefghijklmnopqrstuvwxyz'", max_size=60)
ABOUT = st.sampled_from(["text", "trade", "place", "name"])


def offered(letters: str, about: About = "text", *, fuzzy: bool = False) -> list[Candidate]:
    return candidates(tree(), letters, about=about, fuzzy=fuzzy)


def texts(letters: str, about: About = "text", *, first: int = 8, fuzzy: bool = False) -> list[str]:
    return [each.text for each in offered(letters, about, fuzzy=fuzzy)[:first]]


# -- readings ----------------------------------------------------------------------------------------------------------


def test_readings_of_our_words_are_those_of_pypinyin() -> None:
    read = [(text, READINGS.usual(text)) for text, kind, _, _ in lexicon.own_words() if kind in ("trade", "place")]
    known = [(text, said) for text, said in read if said is not None]
    assert len(known) > 0.98 * len(read)
    other = [text for text, said in known if said != lazy_pinyin(text, style=Style.NORMAL, v_to_u=False)]
    assert len(other) < 0.005 * len(known), other


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("银行保安", "yin hang bao an"),
        ("重庆火锅", "chong qing huo guo"),
        ("起重工", "qi zhong gong"),
        ("绿化工", "lv hua gong"),
        ("美发师", "mei fa shi"),
        ("发传单", "fa chuan dan"),
        ("长途司机", "chang tu si ji"),
        ("择菜", "zhai cai"),
    ],
)
def test_a_character_is_read_as_its_word_says(text: str, said: str) -> None:
    assert READINGS.usual(text) == said.split()


def test_what_has_no_reading_is_left_out() -> None:
    assert READINGS.usual("KTV服务员") is None
    assert READINGS.usual("") == []


# -- what is offered ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "about", "wanted"),
    [
        ("banyun", "text", ["搬运", "搬运工"]),
        ("by", "trade", ["搬运"]),
        ("byg", "trade", ["搬运工"]),
        ("bany", "text", ["搬运"]),
        ("banyung", "trade", ["搬运工"]),
        ("xian", "text", ["先", "西安"]),
        ("xi'an", "text", ["西安"]),
        ("fangan", "text", ["方案", "反感"]),
        ("lvhua", "trade", ["绿化"]),
        ("nve", "text", ["虐"]),
        ("nue", "text", ["虐"]),
        ("lcq", "place", ["李沧区"]),
        ("chengyang", "place", ["城阳"]),
        ("liuting", "place", ["流亭"]),
        ("gala", "text", ["蛤蜊"]),
        ("wang", "name", ["王"]),
        ("shan", "name", ["单"]),
        ("ouyang", "name", ["欧阳"]),
        ("wangjianguo", "name", ["王建国"]),
        ("lixiaoming", "name", ["李小明"]),
    ],
)
def test_what_people_type_is_offered_on_the_first_page(letters: str, about: About, wanted: list[str]) -> None:
    assert set(wanted) <= set(texts(letters, about))


@pytest.mark.parametrize(
    ("letters", "wanted"),
    [
        ("houchubangmanghuiqiecai", "后厨帮忙会切菜"),
        ("wohuidasaoweishengyehuizuofan", "我会打扫卫生也会做饭"),
        ("chengyangquliutingjiedao", "城阳区流亭街道"),
        ("mingzaoliudian", "明早六点"),
    ],
)
def test_long_input_is_read_as_one_phrase(letters: str, wanted: str) -> None:
    best = offered(letters)[0]
    assert (best.text, best.used, best.kind) == (wanted, len(letters), "phrase")


def test_a_phrase_ends_where_the_letters_can_be_read_no_further() -> None:
    best = offered("banyunxiezhuangiii")[0]
    assert best.used == len("banyunxiezhuang")


def test_sounds_mixed_up_count_only_when_asked_and_come_after_what_was_typed() -> None:
    assert "搬运" not in texts("bangyun", first=400)
    assert "搬运" in texts("bangyun", "trade", fuzzy=True)
    assert "厨师" in texts("cusi", "trade", first=12, fuzzy=True)
    assert texts("banyun", "trade", fuzzy=True)[0] == "搬运"


def test_nothing_is_offered_for_nothing() -> None:
    assert offered("") == offered("'") == offered("iii") == []


def test_every_word_of_ours_is_offered_for_its_whole_reading() -> None:
    names = [trade.name for trade in trades().values()] + list(gazetteer.names())
    missing = []
    for name in names:
        said = READINGS.usual(name)
        if said and name not in texts("'".join(said), first=12):
            missing.append(name)
    assert missing == []


def test_every_trade_is_found_by_the_initials_of_its_name() -> None:
    missing = []
    for trade in trades().values():
        said = READINGS.usual(trade.name)
        if said and len(said) > 1:
            letters = "'".join(m[0] if (m := INITIAL.match(s)) else s[0] for s in said)
            if trade.name not in texts(letters, "trade", first=400):
                missing.append(trade.name)
    assert missing == []


# -- whatever is typed -------------------------------------------------------------------------------------------------


@given(LETTERS, ABOUT, st.booleans())
def test_candidates_use_letters_from_the_start_and_come_in_order(letters: str, about: About, fuzzy: bool) -> None:
    found = offered(letters, about, fuzzy=fuzzy)
    assert len({each.text for each in found}) == len(found)
    assert all(each.text and 0 < each.used <= len(letters) for each in found)
    assert all((a.used, a.score) >= (b.used, b.score) for a, b in pairwise(found))
    assert found == offered(letters, about, fuzzy=fuzzy)


@given(st.lists(st.sampled_from(OUR_WORDS), min_size=1, max_size=4))
def test_words_in_a_row_are_read_to_the_end(words: list[str]) -> None:
    said = [READINGS.usual(word) for word in words]
    if all(said):
        letters = "'".join(syllable for word in said for syllable in word or ())
        best = offered(letters)[0]
        assert best.used == len(letters)
        assert len(best.text) == sum(map(len, words))


@given(st.sampled_from(OUR_WORDS), st.integers(0, 3))
def test_the_last_syllable_need_not_be_typed_to_its_end(word: str, left_out: int) -> None:
    said = READINGS.usual(word)
    if said and len(said) > 1:
        last = said[-1][: max(1, len(said[-1]) - left_out)]
        assert word in texts("'".join([*said[:-1], last]), "trade", first=400)


def test_the_longest_input_takes_milliseconds() -> None:
    hard = ["zhuang" * 10, "zcs" * 20, "xianganganganganxianganganganganxiangangangang", "a" * 60, "shi" * 20]
    for letters in hard:
        took = []
        for _ in range(3):
            began = time.perf_counter()
            offered(letters[:60], fuzzy=True)
            took.append(time.perf_counter() - began)
        assert min(took) < 0.05, letters
