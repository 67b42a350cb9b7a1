"""The trade lexicon holds together, and its words are found where a text means them."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.occupations import occupations
from matcher import trades as lexicon
from matcher.trade_words import MAX_TEXT_CHARS, Word, WordFinder
from matcher.trades import Trade, bit, certificates, close_trades, find, hazards, trades

ALL = tuple(trades().values())


def ids(text: str) -> list[str]:
    return [found.id for found in find(text)]


def test_the_lexicon_covers_the_gig_trades() -> None:
    assert 250 <= len(ALL) <= lexicon.MAX_TRADES
    domains = Counter(trade.domain for trade in ALL)
    wanted = "construction moving cleaning care catering retail promotion logistics delivery factory farming fishing"
    for domain in (*wanted.split(), "repair", "events", "media", "office", "teaching", "security", "driving"):
        assert domains[domain] >= 2, domain


def test_bits_are_the_order_of_the_file() -> None:
    assert [bit(trade.id) for trade in ALL] == list(range(len(ALL)))
    with pytest.raises(KeyError):
        bit("no_such_trade")


@pytest.mark.parametrize("trade", ALL, ids=lambda trade: trade.id)
def test_a_trade_is_well_formed(trade: Trade) -> None:
    assert trade.id.replace("_", "").isalnum()
    assert trade.id == trade.id.lower()
    assert trade.id.isascii()
    assert trade.code in occupations()
    assert not trade.code.endswith("-00-00")
    assert len(trade.aliases) >= 3
    assert len(trade.posting_phrases) >= 3
    assert trade.worker_phrases
    assert trade.pay_unit in lexicon.PAY_UNITS
    assert trade.pay_fen > 0
    assert trade.pictogram
    assert trade.certificate is None or trade.certificate in certificates()
    assert trade.hazard is None or trade.hazard in hazards()
    for other, closeness in trade.related.items():
        assert other in trades()
        assert other != trade.id
        assert 0.0 < closeness <= 1.0


def test_pay_is_plausible_for_its_unit() -> None:
    least_and_most_fen = {
        "hour": (1_500, 30_000),
        "day": (6_000, 150_000),
        "shift": (5_000, 150_000),
        "piece": (10, 200_000),
        "month": (250_000, 2_000_000),
    }
    for trade in ALL:
        least, most = least_and_most_fen[trade.pay_unit]
        assert least <= trade.pay_fen <= most, trade.id


def test_no_alias_is_claimed_twice_without_a_note() -> None:
    owners: dict[str, list[Trade]] = defaultdict(list)
    for trade in ALL:
        for alias in {unicodedata.normalize("NFKC", name).lower() for name in (trade.name, *trade.aliases)}:
            owners[alias].append(trade)
    unexplained = {
        alias: [trade.id for trade in claimed]
        for alias, claimed in owners.items()
        if len(claimed) > 1 and not all(trade.note for trade in claimed)
    }
    assert unexplained == {}


def test_every_name_and_alias_finds_its_trade() -> None:
    for trade in ALL:
        for name in (trade.name, *trade.aliases):
            assert ids(name)[:1] == [trade.id], name


def test_relations_hold_either_way() -> None:
    near = close_trades("loader", at_least=0.6)
    assert near["loader"] == 1.0
    assert near["porter"] == close_trades("porter")["loader"] == 0.9
    assert all(closeness >= 0.8 for closeness in close_trades("loader", at_least=0.8).values())
    with pytest.raises(KeyError):
        close_trades("no_such_trade")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("明早6点 5个搬运工 200元/天 城阳", "porter"),
        ("招两个小工搬水泥", "construction_labourer"),
        ("后厨帮忙", "kitchen_helper"),
        ("切菜配菜 洗碗", "kitchen_helper"),
        ("急招刷碗的,饭店管饭", "dishwasher"),
        ("红岛挖嘎啦,退潮下海", "clam_digger"),
        ("崂山采茶,按斤算钱", "tea_picker"),
        ("开叉车,需叉车证", "forklift_driver"),
        ("搬運工 日結", "porter"),
        ("別墅裝修 刮大白師傅", "putty_worker"),
        ("仓 管", "warehouse_keeper"),
        ("ＣＮＣ操机", "cnc_operator"),
        ("Dishwasher wanted", "dishwasher"),
        ("水电安装师傅", "water_electric_worker"),
        ("室内保洁", "office_cleaner"),
        ("家电维修店招派单员", "flyer_distributor"),
        ("贴瓷砖大工", "tiler"),
        ("支模板的木工", "formwork_carpenter"),
        ("送货的司机", "delivery_driver"),
        ("轮胎厂成型工", "rubber_worker"),
        ("脚手架租赁站招装卸工", "loader"),
    ],
)
def test_the_surest_trade_of_a_text(text: str, first: str) -> None:
    assert ids(text)[0] == first


def test_several_trades_in_one_text() -> None:
    assert ids("招聘保安、保洁、厨师各一名") == ["security_guard", "office_cleaner", "cook"]
    assert set(ids("木工 瓦工 水电工各两名")) == {"interior_carpenter", "bricklayer", "water_electric_worker"}


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("搬运可以,不做高空作业", "exterior_wall_worker"),
        ("普工,不要叉车证", "forklift_driver"),
        ("非电工,招木工", "electrician"),
        ("不招保安,只招保洁", "security_guard"),
        ("除了保安都行", "security_guard"),
        ("电焊不会,搬运可以", "welder"),
        ("不要焊工、瓦工,要木工", "bricklayer"),
        ("保安保洁都不做,做家政", "security_guard"),
        ("服务员,骑手勿扰", "food_courier"),
        ("没干过厨师,会洗碗", "cook"),
        ("以前干过电工,现在不干了,想找做饭的活", "electrician"),
        ("干不了搬运,能看大门", "porter"),
        ("装卸干不了,保洁可以", "loader"),
        ("别给我派装卸的活,我做保洁", "loader"),
        ("搬家别找我,我只做保洁", "mover"),
        ("不想去工地干小工,想去超市理货", "construction_labourer"),
        ("婉拒快递员,招长期仓管", "courier"),
        ("除保安外都行", "security_guard"),
        ("免搬运,只需盘点", "porter"),
        ("我不是电工,焊工也不是", "welder"),
        ("别给我推荐保洁,做家政", "office_cleaner"),
        ("不要再推快递分拣给我了", "express_sorter"),
        ("保安就算了,保洁可以", "security_guard"),
        ("月嫂证不要求,招住家保姆", "maternity_nurse"),
        ("不做保安,别来找我", "security_guard"),
    ],
)
def test_what_a_text_denies_is_not_found(text: str, denied: str) -> None:
    assert denied not in ids(text)


@pytest.mark.parametrize(
    "text",
    [
        "电工 焊工 都不是",
        "電工 焊工 都不是",
        "电工,焊工,木工,都没干过",
        "我电工焊工瓦工一样都不会",
        "保安 保洁 服务员 统统不干",
        "保安保洁均不考虑",
        "搬家装卸之类的都不想干了",
        "厨师、配菜、洗碗哪个都不干",
        "搬家、装卸这种活不接",
        "电焊氩弧焊都不太会",
        "叉车 搬运工 都别找我",
    ],
)
def test_who_denies_a_list_denies_all_of_it(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("会电工,焊工都不会", ["electrician"]),
        ("招保洁,保安都不要", ["office_cleaner"]),
        ("木工 瓦工 都不限经验", ["interior_carpenter", "bricklayer"]),
        ("保安 保洁 都不拖欠工资", ["security_guard", "office_cleaner"]),
        ("木工 瓦工 50岁以上都不要", ["interior_carpenter", "bricklayer"]),
    ],
)
def test_what_denies_all_of_a_list_reaches_no_further(text: str, left: list[str]) -> None:
    assert ids(text) == left


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("特别招聘保安", "security_guard"),
        ("要不要叉车司机", "forklift_driver"),
        ("搬运工不要求经验", "porter"),
        ("不限经验,保洁", "office_cleaner"),
        ("别墅保洁", "home_cleaner"),
        ("不压工资 搬运工", "porter"),
        ("不怕高空作业", "exterior_wall_worker"),
        ("招厨师不招配菜", "cook"),
        ("拆除小工", "demolition_worker"),
        ("搬运和别的装卸", "loader"),
        ("免费保洁一次", "office_cleaner"),
    ],
)
def test_what_only_looks_like_a_denial(text: str, meant: str) -> None:
    assert meant in ids(text)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("非电工勿扰", ["electrician"]),
        ("急招非专业厨师勿扰,工资高", ["cook"]),
        ("没有焊工证的别来", ["welder"]),
        ("没经验的瓦工不要", ["bricklayer"]),
        ("不会做月嫂的莫来,要保洁也要勤快", ["maternity_nurse", "office_cleaner"]),
        ("非电工、木工勿扰", ["electrician", "interior_carpenter"]),
    ],
)
def test_who_turns_away_those_that_are_none_asks_for_it(text: str, asked: list[str]) -> None:
    assert ids(text) == asked


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("搬运工,会开叉车优先", "porter"),
        ("饭店服务员 有厨师证优先录取", "waiter"),
        ("仓库保管,懂水电工更好", "warehouse_keeper"),
        ("以前是厨师,现在想找保安", "security_guard"),
        ("从瓦工转行做保洁", "office_cleaner"),
        ("电工辞了,找保洁的活", "office_cleaner"),
        ("给司机当翻译", "translator"),
        ("焊工优先", "welder"),
        ("厨师有经验优先", "cook"),
        ("我以前是保安", "security_guard"),
        ("原来的厨师走了,想找个厨师,会面点优先", "cook"),
    ],
)
def test_an_aside_comes_after_what_a_text_is_about(text: str, first: str) -> None:
    found = find(text)
    assert found[0].id == first
    assert found[0].confidence >= 0.85
    assert all(other.confidence <= 0.3 for other in found[1:])


def test_signs_that_nobody_sees_hide_no_word() -> None:
    assert ids("保\u200b安") == ids("保\0安") == ids("\ufeff保\u0301安") == ["security_guard"]


@pytest.mark.parametrize("text", ["", " ", "12345", "😀😀", "维护工程师", "木工板", "卖场工作", "日结200元包午饭"])
def test_a_text_without_a_trade(text: str) -> None:
    assert find(text) == []


def test_numbers_carry_no_meaning() -> None:
    assert ids("搬运工5人200元") == ids("搬运工12人350元") == ["porter"]


def test_several_words_of_a_trade_add_up() -> None:
    one, more = find("搬水泥")[0], find("搬水泥,和泥,筛沙子")[0]
    assert one.id == more.id == "construction_labourer"
    assert one.confidence < more.confidence < 1.0
    assert more.words == ("搬水泥", "和泥", "筛沙子")


def test_a_very_long_text_is_cut() -> None:
    assert ids("好" * MAX_TEXT_CHARS + "搬运工") == []
    assert ids("搬运工" + "好" * 1_000_000) == ["porter"]


def test_latin_words_are_not_cut() -> None:
    finder = WordFinder([Word("ps", "retoucher", 0.9)])
    assert [hit.owners[0][0] for hit in finder.find("会PS修图")] == ["retoucher"]
    assert finder.find("psychology, apps") == []


def test_a_finder_without_words_finds_nothing() -> None:
    assert WordFinder([]).find("搬运工") == []


WORDS = st.sampled_from([name for trade in ALL[::7] for name in (trade.name, *trade.aliases[:2])])
BETWEEN = st.sampled_from(["不做", "非", "、", ",", "和", "招", " ", "勿扰", "都行", "3名", "", "师傅", "店"])


@given(st.lists(st.one_of(WORDS, BETWEEN, st.text(max_size=6)), max_size=12).map("".join))
def test_any_text_gives_known_trades_in_order(text: str) -> None:
    found = find(text)
    assert all(each.id in trades() and 0.0 < each.confidence < 1.0 and each.words for each in found)
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    assert len({each.id for each in found}) == len(found)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("家电维修店招派单员", "派单员"),
        ("某空调招聘市场调查员", "市场调查员"),
        ("急招钢筋工20名包吃住", "钢筋工20名"),
        ("船员直招、普工", "船员、普工"),
        ("电话招聘助理日结", "电话招聘助理"),
        ("太阳宫必胜客兼职", "太阳宫必胜客兼职"),
        ("诚聘", ""),
        ("夜里帮喝酒的人开车", "夜里帮喝酒的人开车"),
    ],
)
def test_what_a_title_asks_for_stands_after_the_word_for_hiring(text: str, asked: str) -> None:
    assert lexicon.finder().read(text).asked == asked


def test_a_long_text_is_asked_as_a_whole() -> None:
    text = "我们是一家做了二十年的家电维修店,在城阳流亭和李沧各有门店,现招派单员两名,会骑电动车,包午饭,月休四天"
    assert lexicon.finder().read(text).asked == text.removesuffix("月休四天")
