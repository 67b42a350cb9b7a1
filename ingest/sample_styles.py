"""The ten ways in which the sample's sites keep their records: format, encoding, headers and how values are written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

_PROFILE_A: Final = {
    "ref": "编号",
    "name": "姓名",
    "id_number": "身份证号",
    "telephone": "电话",
    "born": "出生日期",
    "trades": "工种",
    "skills": "技能",
    "certificates": "证书",
    "place": "住址",
    "lon": "经度",
    "lat": "纬度",
    "pay": "期望工资",
    "hours": "上班时间",
    "group": "群体",
    "consent": "同意书版本",
}
_PROFILE_B: Final = {
    "name": "求职者姓名",
    "telephone": "手机号码",
    "id_number": "身份证号码",
    "trades": "想干的活",
    "skills": "工作经历",
    "place": "居住地址",
    "pay": "期望报酬",
    "hours": "可上班时间",
    "certificates": "持证情况",
    "group": "人员类别",
    "consent": "知情同意",
    "ref": "登记编号",
    "radius": "可接受距离(公里)",
}
_PROFILE_C: Final = {
    "ref": "id",
    "name": "name",
    "telephone": "phone",
    "born": "birthday",
    "trades": "trades",
    "skills": "skills",
    "certificates": "certificates",
    "place": "address",
    "lat": "lat",
    "lon": "lon",
    "pay": "wage",
    "hours": "available",
    "group": "group",
    "consent": "consent",
}
_POSTING_A: Final = {
    "ref": "编号",
    "employer": "用工单位",
    "credit_code": "统一社会信用代码",
    "verified": "已核验",
    "trade": "工种",
    "text": "工作内容",
    "headcount": "人数",
    "start": "开始时间",
    "end": "结束时间",
    "place": "地点",
    "lon": "经度",
    "lat": "纬度",
    "pay": "工资",
    "settlement": "结算",
    "age": "年龄",
    "certificates": "证书",
    "valid_until": "有效期",
    "meeting_point": "集合地点",
    "contact": "联系电话",
    "award": "派单方式",
}
_POSTING_B: Final = {
    "ref": "岗位编号",
    "trade": "岗位",
    "headcount": "招聘人数",
    "pay": "劳动报酬",
    "shift": "工作时间",
    "place": "工作地址",
    "text": "岗位描述",
    "settlement": "结算方式",
    "age": "年龄要求",
    "certificates": "持证要求",
    "employer": "单位名称",
    "credit_code": "信用代码",
    "verified": "是否核验",
    "contact": "联系方式",
    "meeting_point": "集合点",
    "award": "录用方式",
}
_POSTING_C: Final = {
    "ref": "id",
    "employer": "company",
    "credit_code": "uscc",
    "verified": "verified",
    "trade": "category",
    "text": "description",
    "headcount": "headcount",
    "start": "start_time",
    "end": "end_time",
    "place": "address",
    "lat": "lat",
    "lon": "lon",
    "pay": "salary",
    "settlement": "settlement",
    "age": "age",
    "certificates": "certificates",
    "valid_until": "deadline",
    "meeting_point": "meeting_point",
    "award": "award",
}


class Style(Struct, frozen=True):
    """How one site writes. `columns` of each kind map fields to headers, in the site's own order."""

    suffix: Literal["csv", "tsv", "jsonl"]
    encoding: str
    profile: Mapping[str, str]
    posting: Mapping[str, str]
    delimiter: str = ","
    day: str = "%Y-%m-%d"
    clock: str = "%H:%M"

    def write(self, path: Path, kind: Literal["profile", "posting"], rows: Iterable[Mapping[str, str]]) -> None:
        """Writes rows (by field) as a stream; fields for which the site has no column are left out."""
        columns = self.profile if kind == "profile" else self.posting
        with path.open("w", encoding=self.encoding, newline="") as file:
            for line in self._lines(columns, rows):
                file.write(line)

    def _lines(self, columns: Mapping[str, str], rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
        if self.suffix == "jsonl":
            for row in rows:
                cells = {header: row[field] for field, header in columns.items() if row.get(field)}
                yield msgspec.json.encode(cells).decode() + "\n"
            return
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(columns.values())
        for row in rows:
            writer.writerow([row.get(field, "") for field in columns])
            yield line.getvalue()
            line.seek(0)
            line.truncate()
        yield line.getvalue()


STYLES: Final[dict[str, Style]] = {
    "shinan": Style("csv", "utf-8", _PROFILE_A, _POSTING_A),
    "shibei": Style("csv", "utf-8-sig", _PROFILE_A, _POSTING_B, day="%Y年%m月%d日"),
    "licang": Style("csv", "gb18030", _PROFILE_B, _POSTING_B, day="%Y/%m/%d"),
    "laoshan": Style("jsonl", "utf-8", _PROFILE_A, _POSTING_A),
    "huangdao": Style("tsv", "gb18030", _PROFILE_A, _POSTING_A, delimiter="\t", day="%Y/%m/%d"),
    "chengyang": Style("csv", "utf-8", _PROFILE_B, _POSTING_A, delimiter=";"),
    "jimo": Style("jsonl", "utf-8", _PROFILE_C, _POSTING_C),
    "jiaozhou": Style("csv", "gb18030", _PROFILE_A, _POSTING_B, day="%Y年%m月%d日", clock="%H点%M分"),
    "pingdu": Style("csv", "utf-8", _PROFILE_B, _POSTING_B, day="%m月%d日"),
    "laixi": Style("jsonl", "utf-8", _PROFILE_C, _POSTING_C),
}
