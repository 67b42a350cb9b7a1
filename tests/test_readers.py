"""Files as sites send them: encodings, delimiters, quotes and broken lines."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.columns import UnknownLayout, layout
from ingest.readers import BadRow, Row, read
from ingest.readers.text import LONGEST_LINE

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
    path.write_text('\ufeff{"id": 1}\n', encoding="utf-8")
    assert only(path) == {"id": "1"}


@settings(max_examples=60)
@given(st.binary(max_size=600), st.sampled_from(["a.csv", "a.jsonl", "a.txt"]))
def test_no_bytes_break_a_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
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
