"""Files as sites send them: encodings, delimiters, quotes and broken lines."""

from __future__ import annotations

import codecs
import json
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.columns import UnknownLayout, layout
from ingest.readers import BadRow, CannotRead, Row, read
from ingest.readers.headers import find_header
from ingest.readers.rows import SHEET_LINES, line_in_words
from ingest.readers.text import LONGEST_LINE
from tests.workbooks import bomb, far_corner, workbook

HEADER = "编号,姓名,工种"
ONE = "1,张样本,搬运工"


def rows(path: Path) -> list[Row | BadRow]:
    return list(read(path))


def only(path: Path) -> dict[str, str]:
    (row,) = rows(path)
    assert isinstance(row, Row)
    return row.cells


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_the_encoding_is_found_by_trial(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\r\n{ONE}\r\n", encoding=encoding, newline="")
    assert only(path) == {"编号": "1", "姓名": "张样本", "工种": "搬运工"}


def test_chinese_that_begins_late_is_still_found(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name,note\n" + b"1,sample,plain\n" * 200_000 + "2,李样本,搬运\n".encode("gb18030"))
    last = rows(path)[-1]
    assert isinstance(last, Row)
    assert last.cells["name"] == "李样本"
    assert last.line == 200_002


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "\uff0c"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n{ONE}\n".replace(",", delimiter), encoding="utf-8")
    assert only(path)["工种"] == "搬运工"


def test_quoted_line_breaks_belong_to_the_cell_and_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'\n{HEADER}\n1,"张\n样本",搬运工\n\n2,李样本,"保洁,月嫂"\n', encoding="utf-8")
    first, second = rows(path)
    assert (first, second) == (
        Row(3, {"编号": "1", "姓名": "张\n样本", "工种": "搬运工"}),
        Row(6, {"编号": "2", "姓名": "李样本", "工种": "保洁,月嫂"}),
    )


def test_broken_rows_say_why_and_the_rest_arrives(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    body = [HEADER, ONE, "2,多,一,格", "3,短", "x" * (LONGEST_LINE + 10) + ",长,行", "4,尾样本,保洁"]
    path.write_bytes("\n".join(body).encode() + b"\n5,\xff\xfe\xff,x\n")
    read_rows = rows(path)
    assert [(r.line, r.code) for r in read_rows if isinstance(r, BadRow)] == [
        (3, "cell_count"),
        (5, "too_long"),
        (7, "bad_encoding"),
    ]
    assert [r.line for r in read_rows if isinstance(r, Row)] == [2, 4, 6]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file_silently(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{HEADER}\n1,"张样本,搬运工\n' + f"{ONE}\n" * 100, encoding="utf-8")
    (bad,) = rows(path)
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.code) == (2, "open_quote")


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    for name, content in (("a.csv", b""), ("b.csv", codecs.BOM_UTF8), ("c.jsonl", b""), ("d.csv", b"\n\n")):
        (tmp_path / name).write_bytes(content)
        assert rows(tmp_path / name) == []


def test_jsonl_values_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": 7, "verified": true, "tags": ["日结", "包吃"], "pay": 200.0, "none": null}\n'
        '[1]\n{"id": \n\n{"id": 8}\n',
        encoding="utf-8",
    )
    first, second, third, last = rows(path)
    assert first == Row(1, {"id": "7", "verified": "是", "tags": "日结、包吃", "pay": "200", "none": ""})
    assert [(r.line, r.code) for r in (second, third) if isinstance(r, BadRow)] == [(2, "bad_json"), (3, "bad_json")]
    assert last == Row(5, {"id": "8"})


def test_json_is_known_by_its_first_character_too(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_text('\ufeff{"id": 1, "name": "张样本"}\n', encoding="utf-8")
    assert only(path) == {"id": "1", "name": "张样本"}


@settings(max_examples=60)
@given(st.binary(max_size=600), st.sampled_from(["a.csv", "a.jsonl", "a.txt", "a.json"]))
def test_no_bytes_break_a_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    with suppress(CannotRead):
        for row in read(path):
            assert row.line >= 1


def test_headers_tell_profiles_from_postings() -> None:
    profiles = layout(["编号", "姓名", "身份证号", "手机号码", "想干的活", "期望工资(元/天)"])
    assert (profiles.kind, profiles.pay_unit) == ("profile", "day")
    assert profiles.fields["trades"] == ["想干的活"]
    postings = layout(["*用工单位", " 招聘 人数 ", "Salary", "时薪", "没见过的列"])
    assert postings.kind == "posting"
    assert postings.unknown == ["没见过的列"]
    assert postings.cells({"Salary": "20", "时薪": "元"})["pay"] == "20 元"


@pytest.mark.parametrize("headers", [[], ["甲", "乙"], ["编号", "电话"], ["姓名", "人数", "技能", "内容"]])
def test_headers_that_tell_nothing_are_refused(headers: list[str]) -> None:
    with pytest.raises(UnknownLayout, match="请检查表头"):
        layout(headers)


def test_a_title_above_the_header_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"虚构零工之家登记表;;\n制表:样本;;\n{HEADER};\n{ONE};\n".replace(",", ";"), encoding="gb18030")
    assert only(path) == {"编号": "1", "姓名": "张样本", "工种": "搬运工", "": ""}


def test_a_header_over_two_rows_is_joined() -> None:
    upper, lower = ["编号", "用工单位", "工作时间", "", "工资"], ["", "", "开始", "结束", ""]
    at, names = find_header([["岗位表"], upper, lower, ["1", "样本", "6:00", "14:00", "200"]])
    assert (at, names) == (2, ["编号", "用工单位", "开始", "结束", "工资"])


def test_other_encodings_are_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n" + f"{ONE}\n" * 50, encoding="utf-16-le")
    assert len(rows(path)) == 50


@pytest.mark.parametrize(
    "shape", ["[%s]", '{"code": 0, "data": {"total": 9, "list": [%s]}, "more": [1]}', "[\n  %s\n]\n"]
)
def test_a_json_document_gives_its_first_list_of_objects(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "a.json"
    some = [
        {"id": 1, "note": 'a "quoted" {brace} \\ [list]'},
        {"id": 2, "pay": {"sum": 200.0, "tags": ["x", {"y": 1}]}},
    ]
    path.write_text(shape % ", ".join(json.dumps(each) for each in some), encoding="utf-8")
    one, two = rows(path)
    assert one == Row(1, {"id": "1", "note": 'a "quoted" {brace} \\ [list]'})
    assert isinstance(two, Row)
    assert (two.line, two.cells["id"], two.cells["pay.sum"]) == (2, "2", "200")


def test_half_a_json_document_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"id": 1}, {"id": oops}, {"id": 3}, {"id": 4, "na', encoding="gb18030")
    found = []
    with pytest.raises(CannotRead, match="只收到一半"):
        found.extend(read(path))
    reading = read(path)
    assert [next(reading).line for _ in range(3)] == [1, 2, 3]


def test_a_json_document_without_a_list_is_refused_and_a_single_object_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n"id": 1, "name": "张样本", "tags": []\n}', encoding="utf-8")
    assert only(path) == {"id": "1", "name": "张样本", "tags": ""}
    path.write_text('{"code": 0, "list": []}', encoding="utf-8")
    assert rows(path) == []
    path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(CannotRead, match="没有记录的列表"):
        rows(path)


@settings(max_examples=60)
@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=4), min_size=1, max_size=6
    ),
    st.booleans(),
)
def test_a_json_document_reads_as_json_does(
    tmp_path_factory: pytest.TempPathFactory, some: list[dict[str, object]], escaped: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(json.dumps(some, ensure_ascii=escaped, indent=1).encode("utf-8", "replace"))
    read_rows = rows(path)
    assert [list(row.cells.values()) for row in read_rows if isinstance(row, Row)] == [
        [str(v) for v in {k.strip(): v for k, v in each.items()}.values()] for each in json.loads(path.read_bytes())
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_an_endless_line_is_streamed_and_the_rest_arrives(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    before, after = {"csv": (b"id,name\n1,", b"\n2,x\n"), "jsonl": (b'{"id": "', b'"}\n{"id": 2}\n'),
                     "json": (b'[{"id": "', b'"}, {"id": 2}]')}[kind]  # fmt: skip
    with path.open("wb") as file:
        file.write(before)
        for _ in range(60):
            file.write(b"x" * (1 << 20))
        file.write(after)
    tracemalloc.start()
    bad, good = rows(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(bad, BadRow)
    assert bad.code == "too_long"
    assert isinstance(good, Row)
    assert good.cells["id"] == "2"
    assert peak < 24 << 20


def test_a_workbook_gives_every_sheet_with_merged_headers_and_dates_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    people = [
        ["虚构零工之家登记表", "", ""],
        ["编号", "姓名", "出生日期"],
        [1, "张样本", 29285.0],
        [2, "李样本", "1980-3-6"],
    ]
    jobs = [
        ["编号", "用工单位", "工作时间", "", "工资"],
        ["", "", "开始", "结束", ""],
        [7, "样本公司(虚构)", 46354.25, 0.75, 200],
        [8, "", 46355.25, 0.75, 210.5],
    ]
    workbook(path, {"登记": (people, ["A1:C1"]), "岗位": (jobs, ["C1:D1", "A1:A2", "B3:B4"]), "说明": ([["随便"]], [])})
    first, second, third, fourth = rows(path)
    assert first == Row(3, {"编号": "1", "姓名": "张样本", "出生日期": "1980-03-05"})
    assert second.line == 4
    assert third == Row(
        SHEET_LINES + 3,
        {"编号": "7", "用工单位": "样本公司(虚构)", "开始": "2026-11-28 06:00", "结束": "18:00", "工资": "200"},
    )
    assert isinstance(fourth, Row)
    assert (fourth.cells["用工单位"], fourth.cells["工资"]) == ("样本公司(虚构)", "210.5")
    assert line_in_words(third.line) == "第2张表第3行"


def test_a_workbook_that_is_a_bomb_or_broken_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    bomb(path)
    with pytest.raises(CannotRead, match="展开后太大"):
        rows(path)
    far_corner(path)
    with pytest.raises(CannotRead, match="打不开"):
        rows(path)
    workbook(path, {"登记": ([["编号", "姓名"], [1, "张样本"]], [])})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(CannotRead, match=r"打不开|损坏"):
        rows(path)


def test_an_html_table_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_text(
        "<html><table><tr><td>菜单</td></tr></table><table><tr><th>编号</th><th>姓名</th></tr>"
        "<tr><td>1</td><td> 张样本 </td></tr></table></html>",
        encoding="gb18030",
    )
    assert only(path) == {"编号": "1", "姓名": "张样本"}
