"""Limits that no posting may set, in running text: sex, ethnicity, religion, origin, hepatitis B (rule 4; pure).

Looks and body height are not among them; where the work may need them a clerk decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ingest.fields.sexes import sex_limits, sex_terms
from ingest.findings import Finding

_DENIED = re.compile(r"(?:不得|禁止|严禁|不准|不可以?|并非|不是|不)$")
_NOT_TAKEN = r"(?:勿扰|除外|不要|不招|不收|不用|免谈|不考虑|勿来|请?绕道|请?绕行|不予|不录|谢绝|拒绝)"
_PEOPLES = r"(?:少数民族|(?:回|维吾尔|维|藏|彝|壮|满|苗|侗|瑶|土家|哈萨克|朝鲜|蒙古|傣|黎)族|穆斯林)"
_ETHNIC = re.compile(
    rf"(?:不要|不招|不收|谢绝|拒绝|除){_PEOPLES}(?!风|特色|服)|{_PEOPLES}[^,。;]{{0,6}}{_NOT_TAKEN}|"
    r"(?:只|仅|限)(?:要|招|收)?汉族|汉族(?:优先|人优先)|民族(?:要求)?[:为]\s*汉|(?<![\u4e00-\u9fff])汉族(?=[,。;\s]|$)"
)
_RELIGION = re.compile(
    r"(?:不要|不招|不收|谢绝|拒绝)(?:有)?(?:宗教信仰|信教|信佛|信基督|信[\u4e00-\u9fff]{1,3}教|教徒|[\u4e00-\u9fff]{1,3}教徒)|"
    rf"(?:有宗教信仰|信教)(?:的|者|人员)?[^,。;]{{0,3}}{_NOT_TAKEN}|(?:要求|须|需)?无宗教信仰(?!要求|限制)"
)
_OPEN_TO_ALL = re.compile(
    r"户口不限|户籍不限|不限户[口籍]|不限地域|地域不限|不限籍贯|籍贯不限|不论户籍|不看户口|外地人?(?:也|均|都)(?:可|行|要)"
)
_REGIONS = (
    r"(?:外地|外省市?|外来|[\u4e00-\u9fff]{2}省|东北|河南|河北|四川|安徽|山西|江西|湖南|湖北|新疆|西藏|云南|贵州|甘肃|"
    r"广西|农村)"
)
_ORIGIN = re.compile(
    r"(?:只|仅|限|需|要求|要)(?:要|招|收)?\s*(?:青岛|本市|本地|本区|当地|市区|山东|城镇|农村)(?:市|省|区)?"
    r"(?:户[口籍]|籍|人(?!民|才|力|社|士集))|"
    r"(?:青岛|本市|本地|当地|山东)(?:市|省)?(?:户[口籍]|籍|人)(?:的|者)?(?:优先|为主|佳)|"
    rf"(?:不要|不招|不收|谢绝|拒绝|除){_REGIONS}(?:人|的|户口|籍)?(?!货|菜|大米|车)|"
    rf"{_REGIONS}(?:人|的|户[口籍]|籍)[^,。;]{{0,2}}{_NOT_TAKEN}|{_REGIONS}(?:人|户[口籍]|籍)[^,。;]{{0,2}}优先|"
    rf"非(?:本地|本市|青岛|城镇)[^,。;]{{0,4}}{_NOT_TAKEN}|(?:户籍|户口|籍贯)(?:要求)?[:为是]\s*(?!不限|无)"
)
_HEPATITIS = re.compile(r"乙肝|两对半|二对半|大三阳|小三阳|HBV|hbv|表面抗原|澳抗")
_HEALTH_NEGATION = re.compile(
    r"不(?:做|查|要求|得|检|需|用|含|包括|强制|限)|无需|不会|禁止|严禁|取消|免检|免|没有要求|疫苗"
)
_DENIED_AFTER = re.compile(r"^[^,。;]{0,6}(?:不(?:查|做|检|限|要求|影响|作)|均可|也可|都可|不得|疫苗)|^(?:不限|疫苗)")
_LOOKS = re.compile(
    r"形象(?:气质)?(?:好|佳|良好|端庄|出众)|气质(?:佳|好)|五官端正|(?<!无)(?<!不看)(?<!不限)(?:相貌|长相|颜值|容貌)(?!不限|无要求)[^,。;]{0,4}|"
    r"身材(?:好|匀称|苗条|高挑)|身高\s*(?:要求)?[:在]?\s*\d[^,。;]{0,8}|体重\s*\d[^,。;]{0,6}|品貌端正"
)
_CLAUSES = re.compile(r"[,。;!?\n]")

_LIMITS: Final = (
    ("ethnicity", _ETHNIC, None, "民族"),
    ("religion", _RELIGION, None, "宗教信仰"),
    ("origin", _ORIGIN, _OPEN_TO_ALL, "户籍或地域"),
)


def sex_finding(words: str) -> Finding:
    """The finding for words that limit by sex."""
    return _block("sex", words, "性别", f"请删除“{words}”,性别不作为录用条件")


def discrimination(text: str) -> Iterator[Finding]:
    """Findings in a `plain` text: one for each ground, and one that a clerk looks at for looks or unequal terms."""
    limit = next(sex_limits(text), None)
    if limit:
        yield sex_finding(limit)
    elif terms := sex_terms(text):
        message, mend = "对男女的要求不一样,须说明理由", "请把要求改成一样的,或说明工作需要的理由"
        yield Finding("sex_terms", "warn", terms, message, mend)
    for ground, pattern, innocent, what in _LIMITS:
        read = innocent.sub("#", text) if innocent else text
        for match in pattern.finditer(read):
            if not _DENIED.search(read[: match.start()]):
                words = match[0].strip(" ,、")
                yield _block(ground, words, what, f"请删除“{words}”,{what}不作为录用条件")
                break
    yield from _hepatitis(text)
    if looks := _LOOKS.search(text):
        message, mend = "对相貌身高有要求,须说明理由", "请说明工作需要的理由,或删除这项要求"
        yield Finding("looks", "warn", looks[0], message, mend)


def _hepatitis(text: str) -> Iterator[Finding]:
    for match in _HEPATITIS.finditer(text):
        before = _CLAUSES.split(text[max(0, match.start() - 40) : match.start()])[-1]
        if not _HEALTH_NEGATION.search(before) and not _DENIED_AFTER.match(text[match.end() : match.end() + 12]):
            mend = "入职体检不得检查乙肝,请删除这项要求"
            yield Finding("discrimination_hepatitis", "block", match[0], "含歧视性内容(乙肝检测),请删除", mend)
            return


def _block(ground: str, words: str, what: str, mend: str) -> Finding:
    return Finding(f"discrimination_{ground}", "block", words, f"含歧视性内容(限制{what}),请删除", mend)
