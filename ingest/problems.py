"""What keeps a row out: a stable code for programs, a sentence for people."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

SENTENCES: Final[dict[str, str]] = {
    "missing": "请补全:{detail}",
    "unknown_consent": "没有这一版同意书,请填本人签的那一版({detail})",
    "bad_born": "出生日期不对:{detail}",
    "under_16": "未满16周岁,不得招用或介绍就业",
    "bad_age": "年龄不可能:{detail}",
    "bad_id_number": "身份证号不对,请核对",
    "bad_telephone": "手机号不对,请核对",
    "bad_name": "姓名太长,请核对",
    "bad_trade": "看不懂工种:{detail}",
    "bad_pay": "看不懂工资:{detail}",
    "bad_headcount": "看不懂人数:{detail}",
    "too_many_people": "一个岗位最多500人,写的是{detail}人,请分成几个岗位",
    "elsewhere": "工作地点不在本市:{detail}",
    "bad_time": "看不懂时间:{detail}",
    "bad_order": "结束时间应晚于开始时间,且一班不超过24小时",
    "bad_place": "看不懂地点:{detail}",
    "bad_certificate": "看不懂证书:{detail}",
    "bad_credit_code": "统一社会信用代码不对:{detail}",
    "bad_value": "有一项填得不对:{detail}",
    "merged": "与已登记的 {detail} 是同一个",
    "lives_elsewhere": "已在别的城市登记,办理迁出后才能导入",
    "erased": "这条记录已按要求删除,不再导入",
    "busy": "这条记录正被别人修改,请稍后重试",
    "internal": "系统处理这一行时出错,已经记下",
    "given_up": "这一行反复处理都没有完成,请核对后重试",
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
