"""The forms in which real postings write pay, headcount, age, sex and days: a table each."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.fields import sexes, times, wishes
from ingest.fields.ages import age_limits
from ingest.fields.counts import headcount
from ingest.fields.dangers import dangers
from ingest.fields.days import local_time
from ingest.fields.found import as_written, plain
from ingest.fields.markup import unmarked
from ingest.fields.pay import wage
from ingest.fields.sections import own_section
from matcher import trades

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "yuan", "high", "unit"),
    [
        ("4-6千", 4_000, 6_000, "month"),
        ("工资8千-1万", 8_000, 10_000, "month"),
        ("5,000元/月", 5_000, None, "month"),
        ("月综合3500-5000", 3_500, 5_000, "month"),
        ("底薪3000+提成", 3_000, None, "month"),
        ("底薪+提成 5000-8000", 5_000, 8_000, "month"),
        ("底薪2200+瓶盖费300-500元+全勤奖100,综合工资2800--3200元/月", 2_800, 3_200, "month"),
        ("试用期工资60元/天, 试用期满后,综合工资在3200-3800元/月左右,满勤奖50元/月", 3_200, 3_800, "month"),
        ("起薪为1360元/月,夜班津贴8元/天,再增加100元综合津贴", 1_360, None, "month"),
        ("税前工资2301元左右,提供午饭10元/餐,每月餐贴补助200元", 2_301, None, "month"),
        ("学徒2000元左右\n技术工人3000-5000元", 2_000, 5_000, "month"),
        ("1.20-35岁\n2.月薪2600-3200", 2_600, 3_200, "month"),
        ("3.3000-4000元/月,6天8小时", 3_000, 4_000, "month"),
        ("年薪:6-12万", 5_000, 10_000, "month"),
        ("2200元+奖励+工龄", 2_200, None, "month"),
        ("2000—2500", 2_000, 2_500, "month"),
        ("注册资金2000万元,月薪3000", 3_000, None, "month"),
        ("18元/小时,夜班加2元/小时", 18, None, "hour"),
        ("25一小时", 25, None, "hour"),
        ("20/h", 20, None, "hour"),
        ("时薪20起", 20, None, "hour"),
        ("白班180元/天,夜班200元/天", 180, 200, "day"),
        ("一天两百", 200, None, "day"),
        ("200一天管饭", 200, None, "day"),
        ("日工资：１８０元", 180, None, "day"),
        ("180/10小时", 180, None, "shift"),
        ("300一个班", 300, None, "shift"),
        ("一晚上150", 150, None, "shift"),
        ("日结200元", 200, None, "day"),
        ("日结200-220,管一顿饭", 200, 220, "day"),
        ("18元/吨,月收入6000-8000元", 6_000, 8_000, "month"),
        ("基本工资2200元+岗位工资500元+全勤200元,综合工资4000-5000元", 4_000, 5_000, "month"),
        ("10元一个,当天结算", 10, None, "piece"),
        ("计件,0.5元/件", 0.5, None, "piece"),
        ("早8晚6，200一天", 200, None, "day"),
        ("搬家找2个人,一人150", 150, None, "shift"),
        ("卸货一车120", 120, None, "piece"),
        ("保底工资2000元/月,平均工资2800-5000元", 2_800, 5_000, "month"),
        ("日均工资不低于80元/天,月综合收入2500元/月~4500元/月", 2_500, 4_500, "month"),
        ("日薪不低于200", 200, None, "day"),
        ("保底4000,熟手6000-9000", 6_000, 9_000, "month"),
        ("2200底薪 综合5000+", 5_000, None, "month"),
        ("学徒 2000-3000 转正3500-5000", 3_500, 5_000, "month"),
        ("第一个月3000 以后4000-6000", 4_000, 6_000, "month"),
        ("礼仪 18-28岁 500/天 2天", 500, None, "day"),
        ("白班 7000左右 管住", 7_000, None, "month"),
        ("月嫂 8800/26天", 8_800, None, "month"),
        ("大工三百八小工二百二", 220, 380, "day"),
        ("打荷1人4500,洗碗1人3200", 3_200, 4_500, "month"),
        ("男工10人 260 日结", 260, None, "day"),
        ("8小时190,夜班加20", 190, None, "shift"),
        ("120元8小时 超时15元/h", 120, None, "shift"),
        ("6.5元/单 日结 18-55 名额20", 6.5, None, "piece"),
        ("包活价1800", 1_800, None, "shift"),
        ("每车装满给400", 400, None, "piece"),
        ("一袋2块5", 2.5, None, "piece"),
        ("一套800 一天能装一套", 800, None, "piece"),
        ("小时费50-80", 50, 80, "hour"),
        ("30元/小时/人", 30, None, "hour"),
        ("5元/次", 5, None, "piece"),
        ("周六 早5点到下午2点 200 管饭", 200, None, "shift"),
    ],
)
def test_pay_in_running_text(text: str, yuan: float, high: float | None, unit: str) -> None:
    found = wage(text)
    assert found is not None
    assert (found.fen, found.high_fen, found.unit) == (yuan * 100, high and high * 100, unit)
    assert found.words in plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "报名费50元",
        "加班费20元/小时",
        "全勤奖200元",
        "身高170,年龄18-45岁",
        "一箱20-30斤",
        "公司2015年成立,占地30亩",
        "满500元减50",
        "男 170 以上",
        "公司给予服务期限补贴,每月最高200元",
        "电话尾号 891、800",
        "保安172以上",
        "待遇同珠三角",
    ],
)
def test_sums_that_are_no_pay(text: str) -> None:
    assert wage(text) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("电焊工  2名;\n冲床(熟练) 2名;\n维修工  1名", 5),
        ("行政司机、驻外司机 各1名", 2),
        ("招10名,男5名,女5名", 10),
        ("男3女2", 5),
        ("现有员工近600余人,急需招聘操作工约30人", 30),
        ("急招搬运工5名 明天6点\n5个搬运工", 5),
        ("共招20人,电工10名", 20),
        ("招聘人数:10人;年龄18-30", 10),
        ("明天需要小时工8个", 8),
        ("招5个", 5),
        ("找一个会开叉车的师傅", 1),
        ("搬家找2个人,一人150", 2),
        ("服务员15人,传菜5人", 20),
        ("包装工二十名", 20),
        ("要大工3个小工5个", 8),
        ("女工12 男工3", 15),
        ("招小工1人150/天", 1),
        ("打荷1人4500", 1),
        ("要3名学生", 3),
        ("学生可 10个", 10),
        ("除草的 十来个", 10),
        ("搬运工x6", 6),
        ("招一对夫妻看门", 2),
        ("业务助理2名,厂务助理2名", 4),
    ],
)
def test_headcount_of_one_or_several_trades(text: str, count: int) -> None:
    found = headcount(text)
    assert found is not None
    assert found.value == count
    assert found.words in plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "住宿6-7人/间",
        "3人以上报名有车费",
        "提供4人宿舍",
        "对每一位求职者负责",
        "冬夏工作服各2套",
        "成为一名优秀的厨师",
        "服务客户3000人",
        "管20人的饭",
    ],
)
def test_people_who_are_not_wanted_here(text: str) -> None:
    assert headcount(text) is None


def test_a_column_may_say_more_than_a_number() -> None:
    for cell, count in (("10人人", 10), ("3-5人", 5), ("1000人", 1_000), ("数名人", None), ("不限人", None)):
        found = headcount(cell, column=True)
        assert found is not None
        assert found.value == count


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("女性,年龄35岁以下,男性,年龄45岁以下", (None, 45)),
        ("年龄要求男生:23-30周岁,女生:18-35周岁", (18, 35)),
        ("年龄18-30;学历高中", (18, 30)),
        ("16周岁(含)以上", (16, None)),
        ("年龄在25至45岁之间", (25, 45)),
        ("22-40岁(可放宽至45岁)", (22, 40)),
        ("30周岁以上50周岁以下", (30, 50)),
        ("男18至50,女18至48", (18, 50)),
        ("1.18-55周岁,做过收银", (18, 55)),
        ("年龄不超过35周岁", (None, 35)),
        ("三十岁以下", (None, 30)),
        ("年龄18+", (18, None)),
        ("养老院招护理员,50岁以内,照顾失能老人", (None, 50)),
        ("小时工23元,18-45,两班倒", (18, 45)),
        ("女55以内 男60以内", (None, 60)),
        ("村里60以下身体好的", (None, 60)),
        ("时薪17,18-30岁", (18, 30)),
        ("有驾照,50岁下", (None, 50)),
    ],
)
def test_ages_of_the_wanted(text: str, limits: tuple[int | None, int | None]) -> None:
    found = age_limits(text)
    assert found is not None
    assert found.value == limits
    assert found.words in plain(text)


@pytest.mark.parametrize(
    "text", ["照顾80岁以上老人", "年龄40岁左右", "带5岁孩子", "公司成立30年以上", "年龄不限(40、50优先)"]
)
def test_ages_that_limit_nobody(text: str) -> None:
    assert age_limits(text) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("周六日两天 8:00-17:00", ["11-28", "11-29"]),
        ("周末 9:00-18:00", ["11-28", "11-29"]),
        ("明后两天早6点到下午3点", ["11-23", "11-24"]),
        ("1号-3号 8点到17点", ["12-01", "12-02", "12-03"]),
        ("12月30日至1月1日 8:00-17:30", ["12-30", "12-31", "01-01"]),
        ("23、24号 7点到11点", ["11-23", "11-24"]),
        ("23号起连续3天 9-18点", ["11-23", "11-24", "11-25"]),
        ("周一到周三 8:00-12:00", ["11-23", "11-24", "11-25"]),
        ("今天、明天 朝九晚六", ["11-22", "11-23"]),
        ("18-20元/小时 明天8:00-12:00 5-6人", ["11-23"]),
        ("11月25日 晚班20:00-6:00", ["11-25"]),
        ("11.28-11.30三天,早8晚6,当天结算", ["11-28", "11-29", "11-30"]),
        ("11.28上午8点到12点", ["11-28"]),
        ("今晚8点到明早6点", ["11-22"]),
        ("12月1日-30日 8:00-17:00", ["12-01"]),
        ("长期,8:00-17:00", []),
        ("26、27号 早7晚5", ["11-26", "11-27"]),
        ("23号24号两天 9-18点", ["11-23", "11-24"]),
        ("12月1、2、3日 8:00-17:00", ["12-01", "12-02", "12-03"]),
        ("周五周六周日3天,9点到20点", ["11-27", "11-28", "11-29"]),
    ],
)
def test_one_shift_a_day_of_a_series(text: str, days: list[str]) -> None:
    one = times.shift(text, SUNDAY)
    found = times.series(text, SUNDAY) or ([one] if one else [])
    assert [f"{local_time(each.start_ms):%m-%d}" for each in found] == days
    assert all(each.words in plain(text) for each in found)
    assert len({(each.end_ms or 0) - each.start_ms for each in found}) <= 1


@pytest.mark.parametrize(
    "text", ["长期招工", "全职", "两班倒", "做六休一", "月薪3000", "五险一金", "试用期3天,转正后4000", "3000-5000元/月"]
)
def test_long_term_by_its_terms(text: str) -> None:
    assert times.long_term(text) is not None


@pytest.mark.parametrize("text", ["长期有效", "长期合作优先", "搬货一天", "能长期坐着"])
def test_what_is_not_long_term(text: str) -> None:
    assert times.long_term(text) is None


@pytest.mark.parametrize(
    "text",
    ["限女性", "女的,18-45岁", "保洁员(2人):女,50岁以下", "男6名", "服务员(女)/传菜员(男)", "已婚女士优先",
    "女限", "45周岁以下女性;",
     "40-58岁女,包吃", "本科在读女生 周六", "文员1人(女,25岁)", "要20名大姐",
     "招聘女服务员", "性别:男", "普通车床 男 有经验", "男女各3名", "诚聘美女主播", "怀孕的勿扰"],
)  # fmt: skip
def test_limits_by_sex(text: str) -> None:
    words = list(sexes.sex_limits(plain(text)))
    assert words
    assert all(each in plain(text) for each in words)


@pytest.mark.parametrize(
    "text",
    ["男女不限", "(男/女)27-45岁", "男/女 20-40岁", "女性身高1.55m以上,男性1.65m以上", "男女安保员",
    "照顾女性老人", "男装仓库", "女士内衣销售",
     "幼师(女生宿舍值班)", "三八妇女节", "接待女顾客", "男性35岁以下,女性45岁以下", "不得限制性别", "女厕保洁",
     "儿女不在身边"],
)  # fmt: skip
def test_sex_is_named_and_limits_nobody(text: str) -> None:
    assert list(sexes.sex_limits(plain(text))) == []


def test_different_terms_for_men_and_women_are_told() -> None:
    text = "男性,35岁以下;女性,45岁以下"
    assert sexes.sex_terms(text) == "男性,35岁以下;女性"
    assert sexes.sex_terms("男女不限") is None


def test_the_section_of_the_titles_trade() -> None:
    text = "一、搬运工:3名\n男女不限,50岁以下\n二、保安员:2名\n18-40岁\n要求:能吃苦"
    assert own_section("保安员", text) == "二、保安员:2名\n18-40岁\n要求:能吃苦"
    assert own_section("电工", text) == text
    assert own_section("电工", f"电工,45岁以下\n{text}") == "电工,45岁以下"
    assert own_section("电工", "搬运工/200元\n电工/300元\n要求:能吃苦") == "电工/300元\n要求:能吃苦"
    assert own_section("电工", "一、普工\n45岁以下\n二、电工\n要有证") == "二、电工\n要有证"
    assert own_section("电工", "普工\n5\n4000以上\n电工\n1\n面议") == "电工\n1\n面议"
    assert own_section("搬运工", "搬运工:3名") == "搬运工:3名"


def test_pieces_of_web_pages_are_read_as_text() -> None:
    assert unmarked("<p>招<b>2</b>人</p>\n<p>3&lt;4&nbsp;km</p>") == "招2人\n3<4\xa0km"
    assert unmarked("a < b > c") == "a < b > c"
    assert unmarked("R&D") == "R&D"


def test_words_are_found_again_in_the_text_as_written() -> None:
    text = "　急招：保洁２名，１８０元／天"
    found = wage(text)
    assert found is not None
    assert as_written(text, found.words) == "１８０元／天"
    assert as_written(text, "没有") == "没有"


def test_comforts_and_settlement() -> None:
    assert wishes.meals("吃住全免") is not None
    assert wishes.meals("免费提供两顿饭") is not None
    assert wishes.meals("不管饭") is None
    assert wishes.transport("有班车接送") is not None
    assert wishes.transport("无班车") is None
    assert wishes.insurance("上意外险") is not None
    assert wishes.insurance("无保险") is None
    for text, kind in (
        ("干完活就给钱", "on_completion"),
        ("下班结", "daily"),
        ("每月15号发工资", "monthly"),
        ("周薪", "weekly"),
    ):
        found = wishes.settlement(text)
        assert found is not None
        assert found.value == kind


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("外墙清洗,高空作业", ["heights"]),
        ("搬大米,一袋50斤", ["heavy_lifting"]),
        ("一箱25-30公斤", ["heavy_lifting"]),
        ("果园打农药", ["toxic"]),
        ("一箱一般20-30斤", []),
        ("无粉尘,不高空", []),
        ("包装饼干", []),
    ],
)
def test_dangers_that_a_text_names(text: str, ids: list[str]) -> None:
    found = dangers(text)
    assert [each.value for each in found] == ids
    assert all(each.words in plain(text) and each.value in trades.hazards() for each in found)
