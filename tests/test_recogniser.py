"""Texts to trades and occupations, with the shipped model and with an encoder that knows nothing of trades."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from embeddings.occupations import Occupation, occupations
from embeddings.recogniser import (
    LEAST_CONFIDENCE,
    MOST_CODES,
    MOST_TRADES,
    Recogniser,
    Recognition,
    lexicon_without_words,
)
from matcher.trades import Trade, trades


class CharacterEncoder:
    """Unit vectors by hashed characters: the same letters, the same vector; no model, no training."""

    def encode(self, texts: Sequence[str], kind: str, /) -> NDArray[np.float32]:
        vectors = np.full((len(texts), 64), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for character in text:
                vectors[row, zlib.crc32(character.encode()) % 64] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(Encoder.load())


@pytest.fixture(scope="module")
def plain() -> Recogniser:
    return Recogniser(CharacterEncoder())


def test_the_facts_hold_all_occupations() -> None:
    held = occupations()
    assert len(held) > 1_600
    assert held["4-02-05-01"].name == "装卸搬运工"
    assert "搬运工" in held["4-02-05-01"].parts_of_titles()
    for code, occupation in held.items():
        assert code == occupation.code
        assert [len(part) for part in code.split("-")] == [1, 2, 2, 2]
        assert occupation.name
        assert not occupation.name.endswith(("S", "L"))


@pytest.mark.parametrize(
    ("text", "trade", "code"),
    [
        ("5个搬运工 200元/天", "porter", "4-02-05-01"),
        ("后厨切菜洗碗", "kitchen_helper", "4-03-02-01"),
        ("周末传单派发日结", "flyer_distributor", "4-01-02-01"),
        ("快递夜班分拣", "express_sorter", "4-02-07-09"),
        ("高层外墙清洗,要登高证", "exterior_wall_worker", "4-09-08-01"),
        ("扎钢筋的师傅", "rebar_worker", "6-29-01-04"),
        ("水產加工廠扒蝦", "seafood_processor", "6-01-05-01"),
        ("夜里替喝酒的客人开车", "designated_driver", "4-10-08-02"),
    ],
)
def test_gig_texts(recogniser: Recogniser, text: str, trade: str, code: str) -> None:
    recognition = recogniser.recognise(text)
    assert recognition.trades[0].id == trade
    assert recognition.occupation_codes[0] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("酒店前台保洁", "4-09-08-01"),
        ("家电维修店招派单员", "4-01-02-01"),
        ("电话招聘助理日结", "4-07-03-08"),
        ("宏声助听器店招女店员", "4-01-02-03"),
        ("昌平兼职魔术老师", "2-09-02-06"),
        ("零经验抖音开店 月入过万", "4-01-06-01"),
        ("100元日结电话客服", "4-04-05-03"),
        ("招聘客服 双休", "4-04-05-03"),
        ("诚信企业,招聘文员", "3-01-02-02"),
        ("工厂直招学徒工 无中介费", "6-00-00-00"),
        ("招设备主管 非中介", "6-31-01-01"),
        ("(付费教学)0粉丝短视频带货轻松赚钱", "4-01-06-02"),
    ],
)
def test_the_last_title_after_the_word_for_hiring_names_the_worker(
    recogniser: Recogniser, text: str, code: str
) -> None:
    assert recogniser.recognise(text).occupation_codes[0] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("公证员", "2-07-05-00"), ("飞行驾驶员", "2-04-01-01"), ("炼铁高炉看炉", "6-17-01-06"), ("考古队", "4-13-03-01")],
)
def test_texts_outside_all_trades_get_their_nearest_occupation(recogniser: Recogniser, text: str, code: str) -> None:
    assert code in recogniser.recognise(text).occupation_codes


def test_several_trades_in_one_text(recogniser: Recogniser) -> None:
    found = recogniser.recognise("招聘保安、保洁、厨师各一名").trades
    assert {"security_guard", "office_cleaner", "cook"} <= {each.id for each in found}


def test_denied_work_is_not_recognised(recogniser: Recogniser) -> None:
    found = {each.id for each in recogniser.recognise("搬运工,不做高空作业,不要叉车证").trades}
    assert "porter" in found
    assert found.isdisjoint({"exterior_wall_worker", "forklift_driver"})


@pytest.mark.parametrize("text", ["不做高空,会贴砖", "会贴砖,不做高空", "贴瓷砖 恐高不干高空"])
def test_work_denied_in_other_words_than_the_lexicon_s_does_not_count(recogniser: Recogniser, text: str) -> None:
    found = [each.id for each in recogniser.recognise(text).trades]
    assert found[0] == "tiler"
    assert "exterior_wall_worker" not in found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("仓库理货员,有叉车证优先", "4-02-06-02"),
        ("绿化工,会电焊优先", "4-09-10-01"),
        ("做过厨师,想做保洁", "4-09-08-01"),
        ("非焊工勿扰", "6-18-02-04"),
        ("鬼屋NPC", "4-14-05-04"),
        ("自来水厂 值班", "6-28-03-01"),
    ],
)
def test_the_occupation_is_of_what_the_text_is_about(recogniser: Recogniser, text: str, code: str) -> None:
    assert recogniser.recognise(text).occupation_codes[0] == code


def test_what_is_not_asked_for_takes_nothing_away(recogniser: Recogniser) -> None:
    assert recogniser.recognise("不要求经验,招洗碗工").trades[0].id == "dishwasher"
    assert recogniser.recognise("不要经验洗碗工").trades[0].id == "dishwasher"
    assert recogniser.recognise("不怕累不怕脏,搬货").trades[0].id == "porter"


def test_words_led_there(recogniser: Recogniser) -> None:
    named = recogniser.recognise("招搬运工").trades[0]
    assert named.words == ("搬运工",)
    described = recogniser.recognise("老板喝了酒,要人晚上把他的轿车开回家").trades
    assert all(each.words for each in described)


@pytest.mark.parametrize("text", ["", "   ", "12345", "😀😀😀", "!!!", "不做保安", "水电都不会", "水电木瓦我都不会"])
def test_texts_that_say_nothing(recogniser: Recogniser, text: str) -> None:
    assert recogniser.recognise(text) == Recognition((), ())


@pytest.mark.parametrize("text", ["English teacher part time", "baoan", "<script>alert(1)</script>", "qwertz null NaN"])
def test_unknown_latin_words_are_not_cut_into_known_ones(recogniser: Recogniser, text: str) -> None:
    assert recogniser.recognise(text) == Recognition((), ())


@pytest.mark.parametrize(
    ("text", "trade"),
    [
        ("Looking for a part-time babysitter", "childcare_nanny"),
        ("Need 3 waiters for wedding banquet", "waiter"),
        ("Forklift drivers, night shift", "forklift_driver"),
        ("招★保★安 2名", "security_guard"),
        ("急招 洗·碗·工", "dishwasher"),
        ("誠聘電焊師傅", "welder"),
    ],
)
def test_words_in_other_dress(recogniser: Recogniser, text: str, trade: str) -> None:
    assert recogniser.recognise(text).trades[0].id == trade


@pytest.mark.parametrize(
    "terms",
    [
        "大巴接送",
        "可带小孩 有wifi",
        "寒假工",
        "小时工 上不封顶",
        "开发区 有意者来电",
        "無中介費,老鄉推薦有獎",
        "食堂免费",
    ],
)
@pytest.mark.parametrize("title", ["厨房下水总堵", "扎钢筋", "后厨切菜洗碗", "看库房收货点数"])
def test_terms_do_not_tell_the_work(recogniser: Recogniser, title: str, terms: str) -> None:
    first = recogniser.recognise(title).occupation_codes[0]
    assert recogniser.recognise(f"{title} {terms}").occupation_codes[0] == first


def test_a_text_of_terms_alone_says_nothing(recogniser: Recogniser) -> None:
    assert recogniser.recognise("包吃住 大巴接送 工资日结") == Recognition((), ())


def test_batch_and_single_agree(recogniser: Recogniser) -> None:
    texts = ["洗碗", "", "叉车司机", "发传单", "12", "看大门"]
    single = [recogniser.recognise(text) for text in texts]
    many = recogniser.recognise_many(texts)
    assert [each.occupation_codes[:1] for each in many] == [each.occupation_codes[:1] for each in single]
    assert [[found.id for found in each.trades][:1] for each in many] == [
        [found.id for found in each.trades][:1] for each in single
    ]
    assert recogniser.recognise_many([]) == []


def test_facts_and_lexicon_can_be_left_out() -> None:
    facts = [Occupation("4-02-05-01", "装卸搬运工"), Occupation("4-07-05-01", "保安员", ("门卫",))]
    guards = [msgspec.structs.replace(trades()["security_guard"], related={})]
    small = Recogniser(CharacterEncoder(), facts, guards)
    assert small.recognise("门卫").occupation_codes[0] == "4-07-05-01"
    assert small.recognise("装卸").occupation_codes[0] == "4-02-05-01"
    assert [found.id for found in small.recognise("看大门的").trades] == ["security_guard"]
    without_trades = Recogniser(CharacterEncoder(), facts, [])
    assert without_trades.recognise("门卫") == Recognition((), ("4-07-05-01",))
    with pytest.raises(KeyError):
        Recogniser(CharacterEncoder(), facts[:1], guards)


def test_what_is_left_out_for_measuring() -> None:
    left = {trade.id: trade for trade in lexicon_without_words({"扛楼", "搬运工"})}
    assert left["porter"].name == "搬运工"
    assert "扛楼" not in left["porter"].aliases
    assert left.keys() == trades().keys()


def test_what_the_command_line_writes() -> None:
    guard = Recogniser(CharacterEncoder(), lexicon=[trades()["security_guard"]]).recognise("招保安")
    written = guard.as_dict()
    assert written["occupation_codes"] == list(guard.occupation_codes)
    assert written["trades"] == [
        {
            "id": "security_guard",
            "occupation_code": "4-07-05-01",
            "confidence": guard.trades[0].confidence,
            "words": ["保安"],
        }
    ]
    assert Recognition((), ()).as_dict() == {"trades": [], "occupation_codes": []}


def test_a_known_title_leads_to_its_occupation_before_the_lexicon() -> None:
    carpenter: Trade = trades()["interior_carpenter"]
    facts = [Occupation(carpenter.code, "装饰装修工"), Occupation("6-06-03-02", "机械木工", ("木工",))]
    assert Recogniser(CharacterEncoder(), facts, [carpenter]).recognise("木工").occupation_codes[0] == "6-06-03-02"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), st.text("招不做保安洁电焊工厨师、,12 aZ😀", max_size=30)))
def test_any_text_is_answered(plain: Recogniser, text: str) -> None:
    recognition = plain.recognise(text)
    assert len(recognition.trades) <= MOST_TRADES
    assert len(recognition.occupation_codes) <= MOST_CODES
    confidences = [found.confidence for found in recognition.trades]
    assert confidences == sorted(confidences, reverse=True)
    assert all(LEAST_CONFIDENCE - 1e-3 <= confidence < 1.0 for confidence in confidences)
    assert all(found.id in trades() and found.words for found in recognition.trades)
    assert set(recognition.occupation_codes) <= set(occupations())


def test_very_long_and_foreign_texts(recogniser: Recogniser) -> None:
    assert recogniser.recognise("招搬运工," * 20_000).trades[0].id == "porter"
    assert recogniser.recognise("Security guard wanted, night shift").trades[0].id == "security_guard"
    assert len(recogniser.recognise("ищу работу").occupation_codes) <= MOST_CODES
