"""Fields as people write them: examples."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from ingest import gazetteer
from ingest.fields import days, sexes, times, weekly, wishes
from ingest.fields.ages import age_limits
from ingest.fields.counts import headcount
from ingest.fields.days import ZONE
from ingest.fields.numerals import number
from ingest.fields.pay import unit_of, wage
from ingest.fields.times import Shift
from ingest.identity import born_of, check_digit
from ingest.minimum_wage import rate_of
from matcher.model import Hours

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", 12.5),
        ("十二", 12),
        ("两百五", 250),
        ("二百五十", 250),
        ("三千", 3000),
        ("一万二", 12_000),
        ("二十五", 25),
        ("一百零五", 105),
        ("十", 10),
        ("三半", 3.5),
        ("两", 2),
        ("三万五千", 35_000),
        ("abc", None),
        ("块", None),
    ],
)
def test_numerals(text: str, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "fen", "high", "unit", "guessed"),
    [
        ("200元/天", 20_000, None, "day", False),
        ("18-20元/小时", 1_800, 2_000, "hour", False),
        ("18—20元/小时", 1_800, 2_000, "hour", False),
        ("5k", 500_000, None, "month", True),
        ("5-8k/月", 500_000, 800_000, "month", False),
        ("一车120", 12_000, None, "piece", False),
        ("一车(120)元", 12_000, None, "piece", False),
        ("8000以上元/月", 800_000, None, "month", False),
        ("日薪二百", 20_000, None, "day", False),
        ("两百五一天", 25_000, None, "day", False),
        ("每小时20元", 2_000, None, "hour", False),
        ("150块一天", 15_000, None, "day", False),
        ("0.5元/件", 50, None, "piece", False),
        ("5000-8000", 500_000, 800_000, "month", True),
        ("260", 26_000, None, "shift", True),
        ("25", 2_500, None, "hour", True),
        ("\uff12\uff10\uff10元/天", 20_000, None, "day", False),
        ("¥300", 30_000, None, "shift", True),
    ],
)
def test_pay_column(text: str, fen: int, high: int | None, unit: str, guessed: bool) -> None:
    found = wage(text, column=True)
    assert found is not None
    assert (found.fen, found.high_fen, found.unit, found.guessed) == (fen, high, unit, guessed)


def test_pay_in_running_text_needs_evidence() -> None:
    found = wage("明早6点 5个搬运工 200元/天 城阳")
    assert found is not None
    assert (found.fen, found.unit, found.words) == (20_000, "day", "200元/天")
    assert wage("要求18-50周岁,5个人,工作8小时") is None
    later = wage("年龄18-50周岁,一天可挣200元-400元")
    assert later is not None
    assert (later.fen, later.high_fen, later.unit) == (20_000, 40_000, "day")


def test_pay_to_be_agreed_has_no_amount() -> None:
    for text in ("面议", "工资面议", "价格当面谈"):
        found = wage(text, column=True)
        assert found is not None
        assert found.fen is None
        assert found.pay() is None


def test_the_column_gives_the_unit() -> None:
    assert [unit_of(h) for h in ("工资(元/天)", "时薪", "月薪", "工资")] == ["day", "hour", "month", None]
    found = wage("220", column=True, unit="day")
    assert found is not None
    assert (found.unit, found.guessed) == ("day", False)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("5人", 5),
        ("若干", None),
        ("两名", 2),
        ("男女各3", 6),
        ("3-5人", 5),
        ("招普工10名", 10),
        ("十二个人", 12),
        ("50 人", 50),
        ("明早6点 5个搬运工 200元/天", 5),
        ("急招保洁两位", 2),
        ("人数不限", None),
    ],
)
def test_headcount(text: str, count: int | None) -> None:
    found = headcount(text)
    assert found is not None
    assert found.value == count


@pytest.mark.parametrize("text", ["干5个小时", "8人间宿舍", "3个月", "工作满2个班次", "5000人以上的大厂", "", "搬货"])
def test_numbers_that_are_no_headcount(text: str) -> None:
    assert headcount(text) is None


def test_a_bare_number_counts_only_in_its_column() -> None:
    assert headcount("5") is None
    found = headcount("5", column=True)
    assert found is not None
    assert found.value == 5
    assert headcount("0", column=True) is None
    assert headcount("433434人", column=True) is None


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("18-50周岁", (18, 50)),
        ("18至45岁", (18, 45)),
        ("50岁以下", (None, 50)),
        ("年满18周岁", (18, None)),
        ("不超过60岁", (None, 60)),
        ("年龄22-35岁", (22, 35)),
        ("18岁至50岁", (18, 50)),
        ("十八到四十五岁", (18, 45)),
        ("15岁以上", (15, None)),
        ("18岁以上,55岁以下", (18, 55)),
    ],
)
def test_age_limits(text: str, limits: tuple[int | None, int | None]) -> None:
    found = age_limits(text)
    assert found is not None
    assert found.value == limits


def test_no_age_in_other_numbers() -> None:
    for text in ("8-17点", "1-2年经验", "18-20元/小时", "2-3人", "50岁到18岁"):
        assert age_limits(text) is None


def local(shift: Shift | None) -> tuple[str, str | None]:
    assert shift is not None
    times_ms = (shift.start_ms, shift.end_ms)
    start, end = (datetime.fromtimestamp(t / 1000, ZONE).strftime("%m-%d %H:%M") if t else None for t in times_ms)
    assert start is not None
    return start, end


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("明早6点", "11-23 06:00", None),
        ("明天8:00-17:30", "11-23 08:00", "11-23 17:30"),
        ("11月25日 晚班20:00-6:00", "11-25 20:00", "11-26 06:00"),
        ("周六 晚班8点到5点", "11-28 20:00", "11-29 05:00"),
        ("后天下午2点到5点", "11-24 14:00", "11-24 17:00"),
        ("明早6点 干5小时", "11-23 06:00", "11-23 11:00"),
        ("明早6点 5个搬运工", "11-23 06:00", None),
        ("明天8点30到12点05分", "11-23 08:30", "11-23 12:05"),
        ("明天8点30人到位", "11-23 08:00", None),
        ("今晚8点到明早6点", "11-22 20:00", "11-23 06:00"),
        ("明早6点到明天下午2点", "11-23 06:00", "11-23 14:00"),
        ("明天早上6:30集合,下午4点收工", "11-23 06:30", "11-23 16:00"),
        ("明天朝八晚五", "11-23 08:00", "11-23 17:00"),
        ("今晚7点到12点", "11-22 19:00", "11-23 00:00"),
        ("23号早6到10点", "11-23 06:00", "11-23 10:00"),
        ("明天早8点到5点", "11-23 08:00", "11-23 17:00"),
        ("12/1 8:30-17:00", "12-01 08:30", "12-01 17:00"),
        ("大后天中午12点半,两个半小时", "11-25 12:30", "11-25 15:00"),
        ("2026-11-23 22:00-次日6:00", "11-23 22:00", "11-24 06:00"),
        ("下周一 7:30-11:30", "11-23 07:30", "11-23 11:30"),
        ("1月3号 8点至12点", "01-03 08:00", "01-03 12:00"),
        ("明天凌晨4点到8点", "11-23 04:00", "11-23 08:00"),
    ],
)
def test_shifts_from_a_given_day(text: str, start: str, end: str | None) -> None:
    assert local(times.shift(text, SUNDAY)) == (start, end)


@pytest.mark.parametrize(
    "text", ["长期", "早点来", "2026年13月45日 25:70", "8:00-17:00", "明天", "周八 9点", "", "25点"]
)
def test_no_shift_is_made_up(text: str) -> None:
    assert times.shift(text, SUNDAY) is None


def test_weekdays_count_from_the_day_of_posting() -> None:
    found = days.day("周日", SUNDAY)
    assert found is not None
    assert found.value == SUNDAY
    following = days.day("下周日", SUNDAY)
    assert following is not None
    assert following.value == date(2026, 11, 29)


def test_an_end_without_a_day_is_the_next_such_hour() -> None:
    start_ms = days.to_ms(SUNDAY, datetime(2026, 11, 22, 20).time())
    for text, hours in (("22:00", 2), ("次日2:00", 6), ("6点", 10)):
        found = times.instant(text, SUNDAY, after_ms=start_ms)
        assert found is not None
        assert found.value == start_ms + hours * 3_600_000


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("随时", ()),
        ("周一至周五 8:00-18:00", (Hours(days=[1, 2, 3, 4, 5], start="08:00", end="18:00"),)),
        ("周末白天", (Hours(days=[6, 7], start="06:00", end="18:00"),)),
        ("夜班", (Hours(days=[1, 2, 3, 4, 5, 6, 7], start="19:00", end="07:00"),)),
        ("周一三五", (Hours(days=[1, 3, 5], start="00:00", end="24:00"),)),
    ],
)
def test_weekly_hours(text: str, hours: tuple[Hours, ...]) -> None:
    found = weekly.weekly_hours(text)
    assert found is not None
    assert found.value == hours


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("日结", "daily"),
        ("当天结清", "daily"),
        ("干完结", "on_completion"),
        ("完工即结", "on_completion"),
        ("周结", "weekly"),
        ("月结", "monthly"),
        ("次日结", "weekly"),
        ("3-10天一结", "weekly"),
    ],
)
def test_settlement(text: str, kind: str) -> None:
    found = wishes.settlement(text)
    assert found is not None
    assert found.value == kind


def test_gender_wishes_are_kept_apart() -> None:
    wanted = {"男": "男", "限女性": "女", "男女不限": "不限", "男士优先": "男", "男女各3": "各", "只招女工": "女"}
    for text, wish in wanted.items():
        found = sexes.gender_wish(text)
        assert found is not None
        assert found.value == wish
    assert sexes.gender_wish("女装导购") is None


def test_certificates_asked_for_and_not() -> None:
    assert [f.value for f in wishes.certificates("需持电工证、健康证")] == ["electrician", "food"]
    assert wishes.certificates("无需健康证,有叉车证优先") == []
    assert [f.value for f in wishes.certificates("叉车证优先", column=True)] == ["forklift"]


def test_telephones_meals_and_yes() -> None:
    found = wishes.telephone("联系199-0000-0001张样本")
    assert found is not None
    assert found.value == "19900000001"
    assert wishes.telephone("0532-86000000", mobile=True) is None
    assert wishes.telephone("1990000") is None
    assert wishes.meals("包吃住") is not None
    assert wishes.meals("不包吃") is None
    assert [wishes.yes(t) for t in ("是", "包", "否", "不包", "也许")] == [True, True, False, False, None]


@pytest.mark.parametrize(
    ("text", "home", "district", "name"),
    [
        ("李沧区浮山路街道某处", "", "李沧区", "浮山路街道"),
        ("城阳", "", "城阳区", "城阳区"),
        ("流亭立交桥下", "", "城阳区", "流亭街道"),
        ("西海岸新区长江路", "", "黄岛区", "长江路街道"),
        ("即墨温泉", "", "即墨区", "温泉街道"),
        ("三里河公园北门", "", "胶州市", "三里河公园"),
        ("南京路100号万象城", "", "市南区", "万象城"),
        ("株洲路与科苑路交叉口", "", "崂山区", "株洲路"),
        ("重庆中路899号", "", "李沧区", "重庆中路"),
        ("流亭机场旧址", "城阳区", "城阳区", "流亭机场"),
    ],
)
def test_places(text: str, home: str, district: str, name: str) -> None:
    found = gazetteer.find(text, home)
    assert found is not None
    assert (found.value.district, found.value.name) == (district, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "厂里",
        "上海市 - 普陀区",
        "泡温泉",
        "重庆市 - 九龙坡区",
        "江苏省昆山市开发区",
        "北京朝阳",
        "茂名市人民南路",
        "山东潍坊",
        "村西头",
    ],
)
def test_places_that_are_not_here(text: str) -> None:
    assert gazetteer.find(text) is None


def test_every_area_lies_in_qingdao_and_nearest_to_itself() -> None:
    assert len(gazetteer.districts()) == 10
    assert len(gazetteer.spots()) > 130
    for spot in gazetteer.spots():
        assert 35.3 < spot.lat < 37.3
        assert 119.4 < spot.lon < 121.1
        if spot.name != spot.district:
            assert gazetteer.district_at(spot.lat, spot.lon) == spot.district


def test_id_numbers_carry_a_check_digit_and_a_day() -> None:
    first_17 = "00000019800101001"
    assert born_of(first_17 + check_digit(first_17)) == date(1980, 1, 1)
    assert born_of(first_17 + ("0" if check_digit(first_17) != "0" else "1")) is None
    impossible = "00000019851340001"
    assert born_of(impossible + check_digit(impossible)) is None
    assert born_of("") is None


def test_minimum_wage_by_district_and_day() -> None:
    rates = [
        rate_of(*asked)
        for asked in (("李沧区", date(2026, 1, 1)), ("平度市", date(2026, 1, 1)), ("李沧区", date(2023, 9, 30)))
    ]
    assert [(rate.hour_fen, rate.month_fen) for rate in rates if rate] == [
        (2_200, 220_000),
        (2_000, 201_000),
        (2_100, 210_000),
    ]
    assert rate_of("李沧区", date(2020, 1, 1)) is None
    assert rate_of("普陀区", date(2026, 1, 1)) is None
