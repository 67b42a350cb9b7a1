"""Which field a column holds, and whether a file holds profiles or postings, from the headers alone (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from ingest.fields.found import plain
from ingest.fields.pay import unit_of
from matcher.model import PayUnit

Kind = Literal["profile", "posting"]
KINDS: Final[tuple[Kind, ...]] = ("profile", "posting")

_PROFILE: Final[dict[str, tuple[str, ...]]] = {
    "ref": ("编号", "序号", "登记号", "登记编号", "人员编号", "id", "no", "ref", "profile_id", "档案号"),
    "name": ("姓名", "名字", "求职者", "求职者姓名", "零工姓名", "人员姓名", "name"),
    "id_number": ("身份证号", "身份证", "身份证号码", "证件号", "证件号码", "公民身份号码", "id_number", "idcard"),
    "telephone": ("电话", "手机", "手机号", "手机号码", "联系电话", "联系方式", "telephone", "phone", "mobile", "tel"),
    "born": ("出生日期", "生日", "出生年月", "出生", "出生年月日", "born", "birthday", "date_of_birth"),
    "trades": ("工种", "求职工种", "意向工种", "想干的活", "期望工种", "职业", "trade", "trades", "能干的活"),
    "skills": (
        "技能",
        "特长",
        "技能特长",
        "工作经历",
        "会干什么",
        "技能描述",
        "自我介绍",
        "skills",
        "experience",
        "备注",
    ),
    "certificates": ("证书", "证件证书", "资格证书", "持证情况", "证照", "技能证书", "certificates", "licences"),
    "place": (
        "区域",
        "住址",
        "地址",
        "现住址",
        "居住地",
        "常住地址",
        "居住地址",
        "意向区域",
        "place",
        "address",
        "area",
    ),
    "lat": ("纬度", "lat", "latitude"),
    "lon": ("经度", "lon", "lng", "longitude"),
    "radius": ("可接受距离", "最远距离", "距离", "radius", "radius_km", "能跑多远"),
    "pay": (
        "期望工资",
        "期望薪资",
        "期望报酬",
        "工价",
        "期望日薪",
        "期望时薪",
        "想要工资",
        "pay",
        "wage",
        "工资要求",
        "日薪",
        "时薪",
    ),
    "hours": ("上班时间", "可上班时间", "空闲时间", "可工作时间", "时间", "hours", "available", "什么时候能干"),
    "group": ("群体", "人员类别", "重点群体", "群体类别", "group", "身份类别"),
    "channels": ("通知方式", "联系渠道", "channels"),
    "consent": ("同意书版本", "知情同意", "同意书", "授权版本", "consent"),
}
_POSTING: Final[dict[str, tuple[str, ...]]] = {
    "ref": ("编号", "序号", "岗位编号", "单号", "id", "no", "ref", "posting_id", "需求编号"),
    "employer": (
        "用工单位",
        "单位名称",
        "招聘单位",
        "企业名称",
        "公司",
        "公司名称",
        "雇主",
        "用工方",
        "单位",
        "employer",
        "company",
    ),
    "credit_code": ("统一社会信用代码", "信用代码", "税号", "credit_code", "uscc"),
    "verified": ("已核验", "核验", "是否核验", "verified"),
    "contact": ("联系人", "电话", "联系电话", "联系方式", "手机", "contact", "phone", "telephone"),
    "trade": ("工种", "岗位", "职位", "岗位类别", "category", "trade", "活", "需要工种", "岗位名称"),
    "title": ("标题", "title", "名称"),
    "text": (
        "内容",
        "工作内容",
        "岗位描述",
        "描述",
        "说明",
        "工作描述",
        "干什么活",
        "intro",
        "welfare",
        "description",
        "text",
        "岗位说明",
        "备注",
    ),
    "headcount": ("人数", "招聘人数", "用工人数", "需要人数", "名额", "headcount", "number", "要几个人"),
    "start": ("开始时间", "开工时间", "上班时间", "到岗时间", "start", "start_time", "几点开始", "开始", "起"),
    "end": ("结束时间", "完工时间", "下班时间", "收工时间", "end", "end_time", "几点结束", "结束", "止"),
    "shift": ("时间", "工作时间", "用工时间", "班次", "干活时间", "shift", "time", "什么时候干"),
    "day": ("工作日期", "用工日期", "日期", "哪天干", "day", "work_date"),
    "posted": ("发布时间", "发布日期", "登记日期", "date", "posted", "登记时间"),
    "place": ("地点", "工作地点", "工作地址", "地址", "区域", "用工地点", "area", "place", "address", "在哪干"),
    "lat": ("纬度", "lat", "latitude"),
    "lon": ("经度", "lon", "lng", "longitude"),
    "pay": ("工资", "薪资", "报酬", "待遇", "劳动报酬", "工价", "日薪", "时薪", "salary", "pay", "wage", "给多少钱"),
    "settlement": ("结算", "settle", "结算方式", "结账方式", "发薪方式", "settlement", "怎么结账"),
    "age": ("年龄", "年龄要求", "age"),
    "gender": ("性别", "性别要求", "gender", "sex"),
    "education": ("学历", "学历要求", "education"),
    "conditions": ("条件", "招聘条件", "要求", "任职要求", "conditions", "requirements"),
    "certificates": ("证书", "证书要求", "需要证书", "持证要求", "certificates"),
    "valid_until": ("有效期", "有效期至", "截止日期", "截止时间", "deadline", "valid_until", "招满为止日期"),
    "meeting_point": ("集合地点", "集合点", "上车点", "meeting_point"),
    "meals": ("管饭", "包餐", "餐食", "meals"),
    "transport": ("接送", "班车", "交通", "transport"),
    "insurance": ("保险", "insurance"),
    "outdoor": ("室外", "户外", "outdoor"),
    "award": ("派单方式", "录用方式", "award"),
}
_TELLING: Final[dict[Kind, frozenset[str]]] = {
    "profile": frozenset({"name", "id_number", "born", "skills", "consent", "hours", "group"}),
    "posting": frozenset(
        {"employer", "headcount", "start", "shift", "text", "settlement", "valid_until", "meeting_point"}
    ),
}
_BRACKETED = re.compile(r"[(\[【].*?[)\]】]")


class Layout(Struct, frozen=True):
    """How a file is laid out. `fields` says for each field the headers that hold it, in the file's order."""

    kind: Kind
    fields: dict[str, list[str]]
    unknown: list[str]
    pay_unit: PayUnit | None

    def cells(self, row: Mapping[str, str]) -> dict[str, str]:
        """The row by field; a field in several columns joined by a blank, empty cells left out."""
        get = row.get
        cells = {f: text for f, headers in self.fields.items() if (text := get(headers[0], "").strip())}
        for field, headers in self.fields.items():
            if len(headers) > 1 and (text := " ".join(value for h in headers if (value := get(h, "").strip()))):
                cells[field] = text
        return cells


class UnknownLayout(ValueError):
    """The headers say neither profiles nor postings; the message is for the person who sent the file. It repeats only
    what is known: in a file without headers the first row's cells stand in their place."""


def header_key(header: str) -> str:
    """The header as it is compared: no blanks, brackets, stars or case."""
    return re.sub(r"[\s*:_?]", "", _BRACKETED.sub("", plain(header))).lower()


def _index(synonyms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {header_key(word): field for field, words in synonyms.items() for word in words}


_INDEX: Final[dict[Kind, dict[str, str]]] = {"profile": _index(_PROFILE), "posting": _index(_POSTING)}
_FIELDS: Final[dict[Kind, frozenset[str]]] = {"profile": frozenset(_PROFILE), "posting": frozenset(_POSTING)}


def field_of(header: str, kind: Kind) -> str | None:
    """The field that a column of this name holds, or None."""
    return _INDEX[kind].get(header_key(header))


def is_known(header: str) -> bool:
    """Whether the header names a field of profiles or of postings."""
    key = header_key(header)
    return bool(key) and any(key in index for index in _INDEX.values())


def layout(headers: Iterable[str], own: Mapping[str, str] | None = None) -> Layout:
    """The layout that the headers tell; `own` are a site's own names for columns (header -> field).

    Raises UnknownLayout when they do not tell.
    """
    listed = [h for h in headers if h and h.strip()]
    theirs = {header_key(header): field for header, field in (own or {}).items()}
    read: dict[Kind, dict[str, str]] = {}
    for each, index in _INDEX.items():
        known = index | {key: field for key, field in theirs.items() if field in _FIELDS[each]}
        read[each] = {h: known[header_key(h)] for h in listed if header_key(h) in known}
    score = {kind: len(set(found.values()) & _TELLING[kind]) for kind, found in read.items()}
    kind: Kind = "profile" if score["profile"] > score["posting"] else "posting"
    if max(score.values()) < 2 or score["profile"] == score["posting"]:
        seen = "、".join(h for h in listed if h in read["profile"] or h in read["posting"])[:200]
        raise UnknownLayout(f"看不出这是零工登记还是岗位,请检查表头,认得的有:{seen or '无'}")
    fields: dict[str, list[str]] = {}
    for header, field in read[kind].items():
        fields.setdefault(field, []).append(header)
    unit = next((u for h in fields.get("pay", ()) if (u := unit_of(h))), None)
    return Layout(kind, fields, [h for h in listed if h not in read[kind]], unit)
