"""What holds for any text: no parser raises, words are the text's own, and hostile text takes no long time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import gazetteer
from ingest.fields import (
    ages,
    clocks,
    counts,
    dangers,
    day_lists,
    days,
    markup,
    numerals,
    pay,
    sections,
    sexes,
    sums,
    times,
    weekly,
    wishes,
)
from ingest.fields.found import LONGEST_TEXT, as_written, plain
from ingest.review_text import review_text

BASE = date(2026, 11, 22)
PIECES = [
    "招聘",
    "男",
    "女",
    "性",
    "士",
    "各",
    "3",
    "18",
    "-50",
    "岁",
    "周岁",
    "以上",
    "以下",
    "年龄",
    ":",
    ",",
    "。",
    ";",
    "\n",
    "、",
    "(",
    ")",
    "5人",
    "两名",
    "若干",
    "工资",
    "底薪",
    "提成",
    "+",
    "200",
    "元",
    "/天",
    "一天",
    "每",
    "小时",
    "月薪",
    "3000",
    "-",
    "5000",
    "k",
    "千",
    "万",
    "面议",
    "明天",
    "后天",
    "周六",
    "日",
    "1号",
    "至",
    "12月",
    "8:00",
    "点",
    "半",
    "早",
    "晚",
    "到",
    "17",
    "长期",
    "日结",
    "押金",
    "不",
    "收",
    "费",
    "城阳",
    "青岛",
    "市",
    "区",
    "路",
    "<p>",
    "&nbsp;",
    "①",
    "２",
    "\u3000",
]
ANY_TEXT = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=40).map("".join)


@given(st.integers(7, 99).map(lambda tens: tens * 10))
def test_a_days_pay_is_read_however_it_is_written(yuan: int) -> None:
    written = {
        "day": (
            "大工{}",
            "小工{}元/天",
            "{}/天",
            "一天{}",
            "{}一天",
            "日薪:{}",
            "{}元/人/天",
            "{} 日结",
            "每天干活给{}块",
        ),
        "shift": ("半天{}", "9小时{}", "{}元10小时", "{}/10小时", "{}元/人", "每人{}", "{}一场", "总共给{}元"),
        "piece": ("一车{}", "每亩{}元", "{}元/间", "{}块一套", "{}元/其他"),
    }
    for unit, forms in written.items():
        for form in forms:
            read = pay.wage(form.format(yuan))
            assert read is not None, form
            assert (read.fen, read.high_fen, read.unit) == (yuan * 100, None, unit), form


@given(st.integers(1, 9))
def test_small_money_is_read_in_fen(n: int) -> None:
    for form, fen in (("一块砖{}毛", 10 * n), ("{}毛一块", 10 * n), ("一串{}分钱", n), ("一袋2块{}", 200 + 10 * n)):
        read = pay.wage(form.format(n))
        assert read is not None, form
        assert (read.fen, read.unit) == (fen, "piece"), form


@given(ANY_TEXT)
def test_words_are_the_texts_own(text: str) -> None:
    read = plain(text)
    founds = [
        pay.wage(text), counts.headcount(text), ages.age_limits(text), wishes.settlement(text), wishes.meals(text),
        wishes.transport(text), wishes.insurance(text), wishes.telephone(text), wishes.outdoor(text),
        times.long_term(text),
        sexes.gender_wish(text), clocks.clock(text), clocks.span(text), clocks.length_h(text), days.day(text, BASE),
        day_lists.day_list(text, BASE), times.instant(text, BASE), times.shift(text, BASE), gazetteer.find(text),
        *wishes.certificates(text), *dangers.dangers(text),
    ]  # fmt: skip
    for found in founds:
        assert found is None or found.words in read
        assert found is None or as_written(text, found.words) in text
    assert all(words and words in read for words in sexes.sex_limits(read))


@given(ANY_TEXT)
def test_values_stay_in_their_bounds(text: str) -> None:
    for each in sums.sums(plain(text)):
        assert 0 < each.low <= 100_000
        assert each.high is None or each.high > each.low
    series = times.series(text, BASE)
    assert len(series) == 0 or 2 <= len(series) <= 14
    assert [each.start_ms for each in series] == sorted({each.start_ms for each in series})
    assert plain(plain(text)) == plain(text)
    assert len(plain(text)) <= LONGEST_TEXT
    assert sections.own_section(text, text) in plain(text)
    markup.unmarked(text)


@given(ANY_TEXT, st.booleans())
def test_any_text_gives_pay_in_range_or_none(text: str, column: bool) -> None:
    found = pay.wage(text, column=column)
    if found is not None and found.fen is not None:
        assert 0 < found.fen <= 100_000_00
        assert found.high_fen is None or found.high_fen >= found.fen or found.high_fen == 100_000_00
        assert found.words


@given(ANY_TEXT, st.booleans())
def test_any_text_gives_counts_in_range_or_none(text: str, column: bool) -> None:
    people = counts.headcount(text, column=column)
    assert people is None or people.value is None or 1 <= people.value <= counts.MOST
    limits = ages.age_limits(text, column=column)
    if limits is not None:
        low, high = limits.value
        assert all(v is None or 10 <= v <= 100 for v in (low, high))
        assert low is None or high is None or low <= high


@given(ANY_TEXT, st.dates(date(2001, 1, 1), date(2090, 1, 1)))
def test_any_text_gives_a_sane_shift_or_none(text: str, base: date) -> None:
    shift = times.shift(text, base)
    if shift is not None and shift.end_ms is not None:
        assert 0 < shift.end_ms - shift.start_ms <= 48 * 3_600_000
    hours = weekly.weekly_hours(text)
    assert hours is None or all(1 <= d <= 7 for h in hours.value for d in h.days)
    times.instant(text, base)
    clocks.length_h(text)
    times.long_term(text)


@given(ANY_TEXT)
def test_any_text_is_survived_by_the_word_parsers(text: str) -> None:
    wishes.settlement(text)
    sexes.gender_wish(text)
    wishes.certificates(text)
    wishes.telephone(text)
    wishes.yes(text)
    gazetteer.place(text)
    pay.unit_of(text)
    value = numerals.whole(text)
    assert value is None or value >= 0 or text.strip().startswith("-")


def _read_all(text: str) -> None:
    pay.wage(text)
    pay.wage(text, column=True)
    counts.headcount(text)
    ages.age_limits(text)
    list(sexes.sex_limits(plain(text)))
    sexes.sex_terms(plain(text))
    times.series(text, BASE)
    times.long_term(text)
    weekly.weekly_hours(text)
    wishes.settlement(text)
    wishes.certificates(text)
    dangers.dangers(text)
    wishes.telephone(text)
    wishes.meals(text)
    sections.own_section(text[:20], text)
    markup.unmarked(text)
    gazetteer.find(text)
    review_text(text)


@pytest.mark.parametrize(
    "piece",
    ["1", "一", "1-", "1元-", "18-50", "男", "男女", "男,", "各", "工资", "工资1", "(", " ", "\n", "一天",
    "1、", "日", "周六", "周六、", "8点",
     "8:00-", "不收", "押金", "不收押金、", "招", "城阳", "<", "<p", "&", "a", "9,999", "岁", "1 ", "一 ",
     "1号、", "身份证"],
)  # fmt: skip
def test_hostile_text_takes_no_long_time(piece: str) -> None:
    began = time.process_time()
    _read_all(piece * (LONGEST_TEXT // len(piece)))
    _read_all((piece * 60 + "。") * 8)
    assert time.process_time() - began < 2.0


PARSERS: tuple[Callable[[str], object], ...] = (pay.wage, counts.headcount, ages.age_limits, sexes.gender_wish)


@pytest.mark.parametrize("parser", PARSERS)
def test_nothing_is_read_from_nothing(parser: Callable[[str], object]) -> None:
    assert parser("") is None
    assert parser(" \n　") is None
