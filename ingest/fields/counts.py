"""Headcount as people write it: `5人`, `两名`, `男女各3`, `招3-5人`, `电工2名,焊工3名`, `若干`."""

from __future__ import annotations

import re
from typing import Final

from ingest.fields.found import LONGEST_WORDS, Found, plain
from ingest.fields.numerals import WHOLE, whole

MOST: Final = 9_999
"""Above this a number is a slip of the pen; what one posting may hold is the model's to say."""

_N = rf"(?<![\d.:/-])({WHOLE})"
_CELL = re.compile(rf"(?:约|共|招)?({WHOLE})(?:\s*(?:-+|至|到)\s*({WHOLE}))?\s*[名人位个多以上左右]*")
_TOTAL = re.compile(
    rf"(?:招[聘收工]?|需求?|用工|缺)?(?:总?人数|名额)\s*(?:为|是|约)?\s*:?\s*({WHOLE})(?![\d.]|\s*(?:周?岁|小时|天))|"
    rf"(?:总?共|合计|总计)\s*(?:招[聘收]?|需要?|要|缺)?\s*{_N}\s*[名人位个]"
)
_COUNTED = re.compile(
    rf"(?:{_N}\s*(?:-+|至|到)\s*)?(?<![\d.])({WHOLE})\s*(?:多|余|来)?\s*"
    r"(?:名|人(?![间份次民均工资事才员数为寝脸造力/])|位|(?P<loose>个(?![月钟半多班工周点]|小时)))"
)
_WANTED_BEFORE = re.compile(r"(?:招|要|缺|找|来|需|急聘?)[^,。;\d\n]{0,4}$")
_WANTED_BEHIND = re.compile(r"^(?:$|[,。;!\s]|[的能会有男女熟年身])")
_WORKER_BEFORE = re.compile(r"(?:工|员|手|司机|保安|师傅|阿姨|大姐|保洁|厨师|学徒)\s*:?\s*$")
_WORKER_BEHIND = re.compile(
    r"^[\u4e00-\u9fff/]{0,5}?(?:工|员|人|手|劳力|小伙|姑娘|师傅|司机|保安|阿姨|大[姐哥妈叔嫂]|学徒|厨师|保洁|壮汉|汉子|妇女|学生|[男女]的)"
)
_EACH = re.compile(rf"各\s*(?:招|需)?\s*({WHOLE})\s*(?:[名人位]|个(?![月小])|(?=[,。;\s]|$))")
_HAN = re.compile(r"[\u4e00-\u9fff]{0,5}")
_HAN_LAST = re.compile(r"(?:工|员|师傅|手|保洁|保安|司机|阿姨|学徒)\s*$")
_ASKS = re.compile(r"急|诚|现|需要?|招聘?|要|找|来|缺|共|各|人数")
_LISTED = re.compile(r"[^,。;:!?\n]*$")
_FEW = r"(\d{1,2}(?!\d)|[一二两三四五六七八九十]{1,3})\s*[名人个位]?"
_SEXES = re.compile(
    rf"男[性工生士]?\s*{_FEW}\s*[,、和/ ]?\s*女[性工生士]?\s*{_FEW}(?![\d岁-])|"
    rf"女[性工生士]?\s*{_FEW}\s*[,、和/ ]?\s*男[性工生士]?\s*{_FEW}(?![\d岁-])"
)
_COUPLES = re.compile(rf"({WHOLE})\s*对(?:夫妻|夫妇|两口子)|(?:夫妻|夫妇|两口子)(?:工|档)?\s*({WHOLE})\s*对")
_SEXES_BEHIND = re.compile(rf"({WHOLE})\s*[个名]?男\s*[,、 ]?({WHOLE})\s*[个名]?女")
_OTHERS_BEFORE = re.compile(
    r"(?:现有|在职|在岗|拥有|目前|已有|员工(?:近|约|总数|人数)?|职工|团队|规模|宿舍|住宿|每[间组桌班车]|带领|管理(?!员|人)|服务(?!员|生)|容纳|接待(?!员)|"
    r"学生|客户|会员|第|前(?!台)|超过|老师带|师傅带|近)[^,。;招聘\n]{0,6}$"
)
_ANYONE_BEFORE = re.compile(r"(?:[每任同]|成为|作为|做|当)\s*$")
_OTHERS_BEHIND = re.compile(
    r"^(?:以上|左右的|一组|一间|一班|一桌|\s*/\s*间|标准间|合住|宿舍|同住|套间|规模|团队|的?(?:大|小)?(?:厂|公司|企业|团队)|聚餐|起|"
    r"(?:以)?上(?:的|规模)|次|份|餐|小时|员工|职工|的?(?:饭|伙食)|学生|老人|病人|患者|孩子|宝宝|客人)"
)
_ASKED_STUDENTS = re.compile(r"学生(?!宿舍|餐|用)")
_STUDENTS_ALONE = re.compile(r"学生(?=[,。;\s]|$)")
_CLAUSE_BEFORE = re.compile(r"(?:^|[,。;\s])$")
_A_SHARE = re.compile(r"\s*\d{1,3}(?!\d)")
_ALONE = re.compile(
    rf"(?:^|[\s,。;])({WHOLE})\s*[多来余]?个(?=$|[\s,。;])|(?<![\d.])({WHOLE})(?=工人)|"
    rf"[工员手] *[xX×*] *({WHOLE})(?![\d.])"
)
"""Numbers without a noun, and the odd `6工人` and `搬运工x6`; read where nothing else counts."""
_SEX_BEFORE = re.compile(r"[男女](?:性|工|生|士)?\s*$")
_SOME = re.compile(r"若干名?|人数不限|不限人数|人数若干|[数多]名|多人|大量招|^不限人?$|招满为止")


def headcount(text: str, *, column: bool = False) -> Found[int | None] | None:
    """How many people are wanted; a value of None means that the text leaves it open (若干).

    Of a range the higher number counts: so many would be taken. Several trades in one text are added up, and a total
    that the text states goes before what was added. In a `column` a bare number counts.
    """
    text = plain(text)
    if column and (cell := _CELL.fullmatch(text)):
        return _people(whole(cell[2] or cell[1]), cell[0])
    if total := _TOTAL.search(text):
        return _people(whole(total[1] or total[2]), total[0])
    if added := _added(text):
        return added
    some = _SOME.search(text)
    return Found(None, some[0]) if some else None


def _added(text: str) -> Found[int | None] | None:
    """The sum of the counts in a text. A count that was said before of the same work (title and text) counts once."""
    said: list[tuple[int, int, int, bool]] = []
    nouns: list[tuple[int, set[str]]] = []
    for match in _COUNTED.finditer(text):
        before, behind = text[max(0, match.start() - 12) : match.start()], text[match.end() : match.end() + 6]
        count = whole(match[2])
        if not count or _of_others(before, behind):
            continue
        if match["loose"] and not _of_people(before, behind):
            continue
        if count == 1 and match[0].endswith("人") and _A_SHARE.match(behind) and not _WORKER_BEFORE.search(before):
            continue  # 一人150: what each gets
        named = _pairs(_ASKS.sub(" ", before[-5:]))
        noun = named if _HAN_LAST.search(before) and named else named | _pairs(_HAN.match(behind)[0])  # type: ignore[index]
        if any(count == known and noun and (noun <= pairs or noun >= pairs > set()) for known, pairs in nouns):
            continue
        nouns.append((count, noun))
        if before.rstrip().endswith("各"):
            count *= _listed(text[: match.start()].rstrip()[:-1])
        said.append((count, match.start(), match.end(), bool(_SEX_BEFORE.search(before)) or behind[:1] in ("男", "女")))
    chosen = [each for each in said if not each[3]] or said
    if chosen:
        first, last = chosen[0][1], chosen[-1][2]
        words = text[first:last] if last - first <= LONGEST_WORDS else text[first : chosen[0][2]]
        return _people(sum(each[0] for each in chosen), words)
    if both := _SEXES.search(text) or _SEXES_BEHIND.search(text):
        return _people(sum(whole(each) or 0 for each in both.groups() if each), both[0])
    if shared := _EACH.search(text):
        each = whole(shared[1])
        return _people(each * _listed(text[: shared.start()]) if each else None, shared[0])
    if couples := _COUPLES.search(text):
        return _people(2 * (whole(couples[1] or couples[2]) or 0), couples[0])
    alone = _ALONE.search(text)
    return _people(whole(alone[1] or alone[2] or alone[3]), alone[0].strip(" ,。;")) if alone else None


def _of_others(before: str, behind: str) -> bool:
    """Whether a count is not of those who are wanted: 宿舍4人, 带领3人, 5名老人."""
    if _OTHERS_BEFORE.search(before) or _ANYONE_BEFORE.search(before):
        return True
    if _ASKED_STUDENTS.match(behind) and _WANTED_BEFORE.search(before):
        return False
    if _STUDENTS_ALONE.match(behind) and _CLAUSE_BEFORE.search(before):
        return False
    return _OTHERS_BEHIND.match(behind) is not None


def _of_people(before: str, behind: str) -> bool:
    """Whether 5个 counts people: 5个搬运工, 小时工5个, 要5个."""
    if _WORKER_BEFORE.search(before) or _WORKER_BEHIND.match(behind):
        return True
    return _WANTED_BEFORE.search(before) is not None and _WANTED_BEHIND.match(behind) is not None


def _listed(before: str) -> int:
    """How many things the words before 各 list: 男女 two, 电工、焊工 two."""
    listed = _LISTED.search(before)
    words = listed[0].strip() if listed else ""
    if words.endswith("男女"):
        return 2
    return max(2, len([part for part in re.split(r"[、/和及与]", words) if part.strip()]))


def _pairs(words: str) -> set[str]:
    return {words[i : i + 2] for i in range(len(words) - 1) if words[i : i + 2].isalpha() and not words[i].isascii()}


def _people(count: int | None, words: str) -> Found[int | None] | None:
    return Found(count, words.strip()) if count is not None and 1 <= count <= MOST else None
