"""Dangers that a text names: heights, heavy loads, poison ... Under-age workers may do none of these (rule 2; pure)."""

from __future__ import annotations

import re
from typing import Final

from ingest.fields.found import Found, plain
from ingest.fields.numerals import whole

HEAVY_KG: Final = 25
"""A load from which on nobody under 18 may lift at all."""

_WORDS: Final = (
    ("heights", re.compile(r"高空|登高|高处作业|外墙(?:清洗|涂料|作业|保温)|蜘蛛人|脚手架|吊篮|爬高|搭架子")),
    ("toxic", re.compile(r"有毒|剧毒|农药|打药|喷漆|油漆味|苯|甲醛|酸洗|电镀|粉尘大|石棉")),
    ("electric", re.compile(r"带电作业|高压电|强电")),
    ("underground", re.compile(r"下井|井下|地下管道|有限空间|密闭空间|清淤|化粪池|污水池|涵洞")),
    ("demolition", re.compile(r"拆除|砸墙|拆墙|爆破")),
    ("pneumatic", re.compile(r"风镐|风钻|电镐|气动工具|凿岩")),
    ("cold", re.compile(r"冷库|冷冻库|零下\d+度")),
    ("explosive", re.compile(r"易燃易爆|烟花|油库|液化气(?:站|搬运)")),
)
_LOAD = re.compile(r"(?<![\d.])(\d{2,3})\s*(?:-\s*(\d{2,3})\s*)?(?P<unit>公斤|千克|kg|KG|Kg|斤)(?![/每])")
_NOT_SO = re.compile(r"(?:无|没有|不是?|非|不含|不接触|远离)[^,。;\n]{0,4}$")


def dangers(text: str) -> list[Found[str]]:
    """Ids of the dangers (those of the trade lexicon) with the words that name them, each once."""
    text = plain(text)
    found = []
    for id_, pattern in _WORDS:
        match = pattern.search(text)
        if match and not _NOT_SO.search(text[: match.start()]):
            found.append(Found(id_, match[0]))
    for match in _LOAD.finditer(text):
        load = whole(match[2] or match[1]) or 0
        if load >= HEAVY_KG * (2 if match["unit"] == "斤" else 1):
            found.append(Found("heavy_lifting", match[0]))
            break
    return found
