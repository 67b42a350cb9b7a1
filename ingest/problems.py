"""What keeps a row out: a stable code for programs, a sentence for people."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

SENTENCES: Final[dict[str, str]] = {
    "missing": "请补全:{detail}",
    "bad_born": "出生日期不对:{detail}",
    "under_16": "未满16周岁,不得招用或介绍就业",
    "bad_age": "年龄不可能:{detail}",
    "bad_id_number": "身份证号不对,请核对",
    "bad_telephone": "手机号不对,请核对",
    "bad_name": "姓名太长,请核对",
    "bad_trade": "看不懂工种:{detail}",
    "bad_pay": "看不懂工资:{detail}",
    "bad_headcount": "看不懂人数:{detail}",
    "bad_time": "看不懂时间:{detail}",
    "bad_order": "结束时间应晚于开始时间,且一班不超过24小时",
    "bad_place": "看不懂地点:{detail}",
    "bad_certificate": "看不懂证书:{detail}",
    "bad_credit_code": "统一社会信用代码不对:{detail}",
    "bad_value": "有一项填得不对:{detail}",
    "long_term": "长期岗位只公布,不派单;请填写具体的开始和结束时间",
    "duplicate_ref": "编号在这个文件里已经用过,请换一个编号",
    "no_layout": "{detail}",
}


class Problem(Struct, frozen=True):
    """One thing that keeps a row out, and the field it lies in."""

    code: str
    field: str
    message: str


def problem(code: str, field: str, detail: str = "") -> Problem:
    """A problem with its sentence; `detail` must hold no name, number or telephone."""
    return Problem(code, field, SENTENCES[code].format(detail=detail[:80]))
