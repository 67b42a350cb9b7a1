"""Limits and wishes about sex, from words. They are kept apart, shown to the clerk, and never used to exclude."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ingest.fields.found import Found, plain

_KIND = r"(?:性|丁|士|工|生|的|孩子?|同志|同胞|员工|青年|同学)"
_OPEN = re.compile(
    r"男女(?:不限|均可|都可以?|都行|都要|皆可|不分|老少|平等|兼收|通用|同工|比例|搭配|混|同招|都能|都收|可以?|工人?|员工|服务员|保安|安保员)|"
    r"(?:不限|不分|不论|无论|不管)男女|男女(?![各生装])|性别(?:要求)?[:：]?\s*(?:不限|无要求|均可|无)|(?:不限|不论|不分|无)性别|"
    r"男(?:性|士|生|工)?\s*[/、,和或与]\s*女(?:性|士|生|工)?"
    r"(?=\s*(?:各|\d\d|[()]|$|[\u4e00-\u9fff]{0,6}(?:不限|均可|均要|都|皆可|兼)))|[(]\s*[男女]\s*/\s*[男女]\s*[)]"
)
"""What lets both sexes in."""
_THINGS = re.compile(
    r"[男女](?:士|性|生|式|款|子|宾|童|婴|宝|员工|职工|工)*(?:装|鞋|包(?![装])|袜|帽|裤|裙|衣|科|厕|卫(?!员)|浴|更衣|宿舍|寝|内衣|用品|健康|护理室|美容|养生|"
    r"香水|护肤|洗手|监狱|学校|中学|学院|医院|足|篮|排|双人|单打|节|企业家|代表|职工|权益|福利|委员|联|红人|群体|消费|顾客|"
    r"客户|客人|宾|患者|病人|老人|方(?:家)?|主人|雇主|老板|主管带|朋友|友|儿|婴|宝|童|巫|神|王|士美)|"
    r"妇女|子女|儿女|美女图|处女|男孩玩具|女孩玩具|[男女](?:性|生|士|工)?\s*身高|(?:照顾|看护|护理|伺候|接送|陪护|陪伴|辅导)[^,。;\n]{0,4}[男女](?!护工|工|保姆|护理)[孩生性士]?|"
    r"[男女][生孩](?:宿舍|厕所|公寓)|女主播卖货间"
)
"""Words with 男 or 女 in them that say nothing of who is wanted."""
_WORKER = (
    r"(?:普|杂|技|小时|临时|缝纫|操作|包装|搬运|装卸|清洁|保洁|车|焊|裁缝|熟练|洗碗|分拣|质检|流水线|勤杂|护|短期|长期|暑假|寒假|车位)?"
    r"(?:工(?!作|资|具|程|厂|业)|服务[员生]|营业员|收银员?|导购|店员|文员|会计|出纳|前台|客服|主播|保姆|月嫂|阿姨|保洁员?|保安|门卫|司机|驾驶员|"
    r"厨师|学徒|技师|教练|老师|助理|模特|队员|安检员?|销售|业务员|理货员|配送员|骑手|快递员|促销员?|礼仪|迎宾|主管|店长|秘书|经理|接待|护士|工人|帮工|师傅|洗碗)"
)
_LIMIT = re.compile(
    rf"(?:必?须|应|宜|最好)(?:为|是|要)?\s*[男女]{_KIND}?|[一两二三四五六\d]\s*[个名]?男[一两二三四五六\d]\s*[个名]?女|"
    rf"(?:只|仅|限|专)\s*(?:收|要|限|招|用|聘|是|为|考虑|需|接受|录用)?\s*(?:名|个|位)?\s*:?[男女]{_KIND}?|"
    rf"[男女]{_KIND}?(?:为[主宜佳]|勿扰|免谈|不要|不招|不收|佳|限|仅限)|[男女]{_KIND}?[^,。;\n]{{0,3}}(?:不要|别|不用|勿)(?:来|打|联系)|优先(?:考虑|录用)?[男女]{_KIND}|(?:适合|适宜)[男女]{_KIND}?|(?:形象[^,。;\n]{{0,3}}|年轻|漂亮|貌美|力气大|强壮)的?[男女]{_KIND}?|[男女]{_KIND}?(?:优先|尤佳|更好|最好)|"
    rf"(?:不要|不招|不收|谢绝|拒绝|不考虑|勿招|不用)[男女]{_KIND}?|男女各\s*\S{{1,2}}|"
    rf"[男女]{_KIND}?\s*(?:\d+|[一两二三四五六七八九十])\s*[名人个位](?!月)|性别(?:要求)?[:为是限]?\s*(?:要求)?:?\s*[男女](?!不限|均可|都)|"
    rf"(?<![男给为帮跟和美])[男女]{_WORKER}|[名个位]\s*[男女]{_KIND}?|\d\s*[名人个位]\s*[(]\s*[男女]{_KIND}?(?=[,、;]\s*\d)|[(]\s*(?:限|仅限|要求)?\s*[男女]{_KIND}?\s*(?:限|优先)?\s*[)]|"
    rf"(?<!要求)(?<!条件)(?<!资格)(?<!对象)(?<=[\u4e00-\u9fff]):\s*[男女]{_KIND}?(?=\s*[,、;。.)/\n]|$)|"
    r"(?:诚?聘|招聘?|急招|寻|找|要)[^,。;\n]{0,4}(?:美女|帅哥|靓女|靓仔|小姐姐|小哥哥|辣妹)|(?:美女|帅哥|靓女|小姐姐|宝妈|小伙子?|姑娘)(?:优先|速来|为主)|(?:\d+|[一两二三四五六七八九十几])\s*[名个位]\s*(?:小伙子?(?!伴)|小?姑娘|大姐|大嫂|妇女|老?爷们|小妹)|(?:大[姐嫂]|小妹|妹子|妇女|小伙子?|小姑娘)\s*[\d一两二三四五六七八九十]+\s*[名个位]|(?:招|找|要|来)[^,。;\n接送带照护]{0,3}(?:妹子|小妹|大姐|大嫂|老?爷们|小?姑娘|小伙(?!伴)|宝妈(?=[\d一两二三四五六七八九十]))|老爷们(?:来|优先)|"
    r"(?:已婚|未婚|未育|已育|不孕|近期不怀孕|无婚育计划|两年内不[结怀][婚孕])[女男]?(?:性|士)?(?:优先|者|勿扰|佳|即可)?|"
    r"(?:怀孕|孕妇|孕期|哺乳期)[^,。;\n]{0,4}(?:勿扰|请?勿|不可|不要|不招|免谈|除外|谢绝|勿来)"
)
"""What limits by itself, whoever else is named beside it."""
_ALONE = re.compile(
    rf"(?:招|聘|要求|需要|需|求|急招|诚招|要|找|缺|收)\s*(?:收|要|招|用|聘|为)?\s*(?:\d+|[一两二三四五六七八九十几])?\s*(?:名|个|位)?\s*:?"
    rf"(?:年轻|熟练|\d\d-\d\d岁?)?(?P<asked>[男女]){_KIND}?|"
    r"(?:(?<![\u4e00-\u9fff])|(?<=[工员])|(?<=保[洁安]))(?P<first>[男女])(?:性|士|生|工|的)?(?=\s*(?:[,、;:。.)/\n!]|$|年龄|岁数|\d\d(?!\d)|[一二三四五六七]?十|要求|初中|高中|中专|大专|"
    r"身体|有|能|无)|\s)|(?<=[岁上下内的读校])\s*,?(?P<last>[男女])(?:性|士|生|工|(?<=岁.))(?=\s|[,;。.)]|$)"
)
"""A sex that is asked for. Two in one sentence (男20-45岁,女18-40岁) let both in."""
_DENIED = re.compile(r"(?:不得|禁止|严禁|不准|不可以?|并非|不是|从不|绝不|未|没有|不)$")
_SENTENCE = re.compile(r"[^。\n]+")
_TRIMMED: Final = " ,、:()"
_HINTS: Final = (
    "男",
    "女",
    "妇",
    "大姐",
    "小妹",
    "妹子",
    "大嫂",
    "爷们",
    "婚",
    "孕",
    "哺乳",
    "帅哥",
    "小姐姐",
    "小哥哥",
    "宝妈",
    "小伙",
    "姑娘",
)


def gender_wish(text: str) -> Found[str] | None:
    """A wish about sex (`男`, `女`, `各` where both are counted apart or only a marriage is asked for), or `不限`."""
    text = plain(text)
    if text in ("男", "女", "不限"):
        return Found(text, text)
    for words in sex_limits(text):
        sexes = {c for c in words if c in "男女"}
        return Found(sexes.pop() if len(sexes) == 1 else "女" if "美女" in words or "孕" in words else "各", words)
    match = _OPEN.search(text)
    return Found("不限", match[0]) if match else None


def sex_limits(text: str) -> Iterator[str]:
    """The words of a `plain` text that limit a job, or a part of its seats, to one sex or prefer one."""
    if not any(hint in text for hint in _HINTS):
        return
    read = _THINGS.sub(_blank, _OPEN.sub(_blank, text))
    for match in _LIMIT.finditer(read):
        if not _DENIED.search(read[: match.start()]):
            yield text[match.start() : match.end()].strip(_TRIMMED)
    for alone in _asked(read):
        if len({sex for sex, _, _ in alone}) == 1 and not _DENIED.search(read[: alone[0][1]]):
            yield text[alone[0][1] : alone[0][2]].strip(_TRIMMED)


def sex_terms(text: str) -> str | None:
    """The words that ask different things of men and women, where both may come."""
    if "男" not in text or "女" not in text:
        return None
    for alone in _asked(_THINGS.sub(_blank, _OPEN.sub(_blank, text))):
        if len({sex for sex, _, _ in alone}) == 2:
            return text[alone[0][1] : alone[-1][2]].strip(_TRIMMED)
    return None


def _asked(read: str) -> Iterator[list[tuple[str, int, int]]]:
    """For each sentence that asks for a sex: which, from where to where."""
    for sentence in _SENTENCE.finditer(read):
        if "男" in sentence[0] or "女" in sentence[0]:
            at = sentence.start()
            alone = [
                (match["asked"] or match["first"] or match["last"], at + match.start(), at + match.end())
                for match in _ALONE.finditer(sentence[0])
            ]
            if alone:
                yield alone


def _blank(match: re.Match[str]) -> str:
    return "#" * (match.end() - match.start())
