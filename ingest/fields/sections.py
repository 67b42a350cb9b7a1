"""The part of a posting with several trades that speaks of the one in its title (pure)."""

from __future__ import annotations

import re
from typing import Final

from ingest.fields.found import plain

_NUMBERED = r"[ \t]*(?:[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[)）]?\s*[、.．)）,]?\s*)?"
_NAME = r"(?P<name>[\u4e00-\u9fff][\u4e00-\u9fff/ ]{0,14}?)"
_HEAD = re.compile(
    rf"(?:^|(?<=\n)){_NUMBERED}{_NAME}\s*(?:[(（][^)）\n]{{1,12}}[)）])?\s*"
    r"(?=:|\d{1,3}\s*[名人位]|[一二两三四五六七八九十若]{1,3}干?\s*[名人位]|"
    r"/\s*\d{3}|\n\d{1,3}\n)|"
    r"(?:^|(?<=\n))[ \t]*[一二三四五六七八九十]{1,2}、[ \t]*(?P<line>[\u4e00-\u9fff]{2,10})(?=\n)"
)
"""A trade that begins a part: `2、焊工:`, `焊工3名`, `焊工/4000`; `三、焊工` in a line, `焊工` and `3` in two."""
_COUNTED = re.compile(r":?\s*(?:\d{1,3}|[一二两三四五六七八九十若]{1,3}干?)\s*[名人位]")
_ASKING = re.compile(r"^(?:另外?|还|现|急|诚)*(?:招聘|诚聘|招|聘)")
_NO_TRADE = re.compile(
    r"要求|条件|资格|待遇|薪|工资|福利|时间|地址|地点|年龄|学历|性别|人数|职责|内容|描述|说明|联系|电话|经验|休息|食宿|保险|班次|备注|注意|"
    r"奖|补贴|津贴|岗位|招聘|简介|公司|身高|视力|健康|材料|流程|对象|乘车|路线|特别|以上|其他|其它|工作|方式|亮点|优势"
)
_TITLE_PARTS = re.compile(r"[\s/、,;+&()（）\d]+|名")
_LEAST_HEADS: Final = 2


def own_section(title: str, text: str) -> str:
    """What `text` says under the head of the title's trade; all of it where it has no such head, or only one. What
    stands before the others where several are wanted, but none of them is the title's."""
    text = plain(text)
    heads = [match for match in _HEAD.finditer(text) if _name(match) and not _NO_TRADE.search(_name(match))]
    if len(heads) < _LEAST_HEADS:
        return text
    wanted = [part for part in _TITLE_PARTS.split(plain(title)) if len(part) > 1]
    for at, head in enumerate(heads):
        name = _name(head).replace(" ", "")
        if any(part in name or (len(name) > 1 and name in part) for part in wanted):
            end = heads[at + 1].start() if at + 1 < len(heads) else len(text)
            return text[head.start() : end]
    others = [head for head in heads if _COUNTED.match(text, head.end())]
    return (len(others) >= _LEAST_HEADS and text[: others[0].start()].strip()) or text


def _name(head: re.Match[str]) -> str:
    return _ASKING.sub("", head["name"] or head["line"])
