"""Sums of money in running text: how much, for what unit, and whether the words around it make it pay (pure).

A posting names many sums: pay, the pay of the first weeks, allowances, fees, the firm's capital. Each is read where its
figure stands, and the words before and behind it in the same clause say which of these it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from ingest.fields import money
from ingest.fields.money import SUM, UNIT, UNIT_WORDS, says_money, unit_named
from matcher.model import PayUnit

Kind = Literal["pay", "base", "bare", "trial", "lone"]
"""Pay as a whole; a part that is surely paid (底薪); money of which nothing more is said; pay while on trial; a figure
alone between blanks or commas that could be a day's pay."""

_SALARIES: Final[tuple[tuple[PayUnit, str], ...]] = (
    ("hour", "时薪 小时工 时工资 小时费 课时费"),
    ("day", "日结 日薪 天薪 日工资 日均 日入 日收入 点工"),
    ("shift", "整包 总包 包活价 一口价 总价 总共"),
    ("month", "月薪 月工资 月收入 月综合 月均 月入 月平均 包月 底薪 底资 起薪 基本工资"),
)
SALARY_UNITS: Final = {word: unit for unit, words in _SALARIES for word in words.split()}
"""Words that say the unit by themselves."""

_COUNTS_THINGS = re.compile(
    r"[\d:%÷×*]|\.\d|\s*(?:周?岁|人|名|位|个|年|月|日(?!结)|天(?!天?结)|号|点|时|分|小时|钟|斤|公|吨|米|平|厘|"
    r"[ckm]?m|kg|KG|g|次|班|倍|件|箱|楼|层|路|栋|室|单|票|户|桌|度|级|项|份|张|台|套|辆|袋|瓶|桶|把|条|家|所|期|届|代|轮|寸|码|亩|种|门|以下|届|后|休|险|金|倒|险|粉|万|英|"
    r"[多余来]\s*[人名位个家])"
)
_ONLY_PART = re.compile(
    r"^\s*(?:的|/月|左右|以上)?\s*(?:高?提成|全勤|满勤|餐补|饭补|房补|车补|话补|[^,。;\s]{0,8}(?:补贴|补助|津贴)|奖|押金|保证金|"
    r"伙食|体检|保险|工龄|红包|路费|车费|封顶|定金|学费|服装|的?(?:消费|保额|赔付))"
)
_ON_TOP = re.compile(r"\s*(?:保底)?\s*\+\s*(?:高?提成|奖|绩效|社保|保险|五险|补贴|[全满]勤|加班|岗位|房补|[餐饭]|包吃)")
_PER_BEFORE = re.compile(
    rf"(?:(?:每|一|1|按|单)\s*(?P<unit>{UNIT})(?!人)[\u4e00-\u9fff]{{0,2}}?|"
    r"(?P<part>半(?:天|日|个工)|(?:\d{1,2}(?:\.5)?|[两三四五六七八九十]) *个?(?:小时|钟头)))\s*"
    r"(?:(?:装满|干完|做完)?(?:可以?|能|大概|大约|约|给|发|挣|拿|赚|得|开|工钱|工资|薪资|报酬|收入|是|为|在|到|达|不低于|最[少低]|至少|"
    r"保底|[:(¥ ]))*$"
)
"""What the money is for, before it: `每天`, `一车`, `半天`, `8小时`."""
_WORDS_BEFORE = re.compile(
    r"(?P<extra>(?:加班|夜班|节假日|假日|双休日?|周末|岗位|绩效|技能|职务|学历)工资|补贴|补助|津贴|奖|费|提成|加班|全勤|满勤|工龄|[餐饭房车话]补|押金|保证金|"
    r"罚|扣|保险|五险|礼(?![仪堂宾貌])|红包|超时|延时|超点|单提|"
    r"递增|增加|[再另外]加|注册|资金|资产|资本|产值|营业额|销售额|投资|贷款|价值|原价|客户?单价?|定金|分红|返现?|"
    r"保额|赔|消费|[满交缴加](?=\s*$))|"
    r"(?P<base>底[薪资]|基本(?:工资|薪)|基础工资|保底(?:[工月]?[资薪]|收入)?|起薪|固定(?:工资|薪资)|最低工资|无责|"
    r"(?P<least>(?:不[低少]于|至少|最[低少]|保证)(?=[ :为]*$)))|"
    r"(?P<pay>[月日时年周]薪|综合|工资|薪[资酬水金]|薪|待遇|收入|报酬|工钱|工价|人工|价格|单价|到手|[能可]拿|[能可]?挣|拿到|点工|活价|一口价|"
    r"酬[劳金]|(?:劳务|辛苦|人工|出场|小时|课时)费|总共(?=\s*$)|总价|课酬|多劳多得|熟[手练]工?(?=\s*$)|"
    r"[转期]正后?(?=[ :]*$)|[以之]后(?=[ :]*$)|"
    r"计件|包月|[日现]结|平均|[每一]人(?=\s*$)|给(?=\s*¥?$)|[整总]包价?(?=\s*$)|人均|[月日]入|[月日]均)"
)
_TRIAL = re.compile(
    r"(?P<on>试用|试工|试岗|实习|培训期|学徒期|见习|首月|第一个?月|前.{1,2}个?月)|(?P<after>转正|期满|过后|合格后|以后|期后)"
)
_MOST_OF = re.compile(r"(?:最[高多]|上限|封顶)[ :为]*$")
_PAID_BEFORE = re.compile(
    r"(?:(?P<craft>(?<![员职民手开竣施加招零用])工|师傅)|[人名位]|"
    r"(?:服务|操作|收银|营业|配送|分拣|理货|保洁|安检|导购|文|店|传菜)员|阿姨|司机|保安|厨师?|"
    r"打荷|切配|学徒|保洁|洗碗|前台|收银) *:?$"
)
"""Whose pay a bare figure is: `大工380`, `打荷1人4500`."""
_SETTLED_BEHIND = re.compile(r" *(?P<daily>日结|天天结)|[ ,]*(?:现结|当[天场日]结|干完结|完事结)")
_OVERTIME: Final = ("加班", "超时", "延时", "超点")
_HEIGHT = range(150, 191)
_CLAUSE_END = re.compile(r"[。;!?,、|\n]")
_SENTENCE_END = re.compile(r"[。;!?|\n]")
_A_MONTH: Final = (1_500, 30_000)
"""Yuan: whole hundreds in between are a month's pay."""
_A_DAY: Final = (60, 1_000)
"""Yuan: from here to below there, a day's."""
_LOOKED_BACK: Final = 30
_LEAST_YUAN: Final[dict[str | None, float]] = {"hour": 3, "day": 20, "shift": 20, "month": 300, "piece": 0.01, None: 10}
_MOST_YUAN: Final = 100_000.0
_MARKS: Final = " ,;|。、\n"
_HAS_DIGIT = re.compile(r"\d")


class Sum(Struct, frozen=True):
    """A sum as read, in yuan. `unit` is None when nothing names one; `start` and `end` bound the words."""

    low: float
    high: float | None
    unit: PayUnit | None
    kind: Kind
    start: int
    end: int


def sums(text: str, *, column: bool = False) -> Iterator[Sum]:
    """The sums in a `plain` text that are, or may be, pay; in a `column` of pay a bare figure is one."""
    for match in SUM.finditer(text):
        found = _read(text, match, column)
        if found is not None:
            yield found


def _read(text: str, match: re.Match[str], column: bool) -> Sum | None:
    has_money = says_money(match) or _ON_TOP.match(text, match.end()) is not None
    unit = unit_named(match)
    if unit is None and not has_money and _COUNTS_THINGS.match(text, money.digits_end(match)):
        return None
    if not has_money and len(match["low"]) == 1 and not match["low"].isdigit() and not match["low_scale"]:
        return None
    behind = text[match.end() : match.end() + 8]
    if _ONLY_PART.match(behind) and not (unit and (behind[:1] == " " or match[0].endswith(" "))):
        return None
    sentence = _since(_SENTENCE_END, text[max(0, match.start() - _LOOKED_BACK) : match.start()])
    clause = _since(_CLAUSE_END, sentence)
    low, high = money.yuan(match)
    per = _PER_BEFORE.search(clause)
    before = _unit_before(per, low)
    unit = before if before and " 一" in match[0] else unit or before  # 一套800 一天能装一套
    kind, salary = ("base", "底薪") if behind.startswith("底薪") else _kind(clause, sentence)
    if kind is None and not column:
        return None
    if not column and not has_money and unit is None:
        kind, unit = _bare(text, match, clause, kind or "bare", low)
        if kind is None:
            return None
    elif kind == "bare" and (unit is not None or column):
        kind = "pay"
    if unit is None and salary:
        unit = next((u for word, u in SALARY_UNITS.items() if word in salary), None)
    if "年薪" in clause or "年收入" in clause:
        low, high, unit = low / 12, high / 12 if high else None, "month"
    if not (_LEAST_YUAN[unit] if not has_money or unit == "month" else 0.01) <= low <= _MOST_YUAN:
        return None
    if unit == "shift" and low < _LEAST_YUAN["shift"]:
        unit = "piece"  # 5元/次: nobody comes for that
    start = match.start() if per is None else match.start() - len(clause) + per.start()
    return Sum(low, high, unit, kind or "pay", start, match.end())


def _bare(text: str, match: re.Match[str], clause: str, kind: Kind, low: float) -> tuple[Kind | None, PayUnit | None]:
    """What a figure is that neither money nor a unit is written with, from what stands around it."""
    settled = _SETTLED_BEHIND.match(text, match.end())
    if kind != "bare":
        said = list(_WORDS_BEFORE.finditer(clause))
        between = clause[said[-1].end() :] if said else ""
        if settled is None and (_HAS_DIGIT.search(between) or _divided(between)):
            kind = "bare"
        else:
            return kind, None
    if settled and low >= _A_DAY[0]:
        return "pay", "day" if settled["daily"] else None
    if _is_month(match["low"], match["high"]):
        named = match["high"] is not None and not _between_marks(text, match)
        return ("pay" if named else "bare"), None
    if int(low) in _HEIGHT and ("以上" in match[0] or "+" in match[0]):
        return None, None
    paid = _PAID_BEFORE.search(clause)
    if paid and low >= _A_DAY[0]:
        return "pay", "day" if paid["craft"] and low < _A_DAY[1] else None
    if _stands_alone(text, match):
        return "bare", None
    lone = _between_marks(text, match) and text[match.start() - 1 : match.start()] != "、"
    return ("lone" if lone and _A_DAY[0] <= low < _A_DAY[1] and low % 5 == 0 else None), None


def _since(end: re.Pattern[str], text: str) -> str:
    """What stands behind the last end of a clause or sentence."""
    last = 0
    for match in end.finditer(text):
        last = match.end()
    return text[last:]


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Whether a line holds nothing else (`2000以上`), or a clause about a month's pay (`7000左右`)."""
    first = text.rfind("\n", 0, match.start()) + 1
    last = text.find("\n", match.end())
    line = text[first : last if last >= 0 else len(text)]
    about = any(word in match[0] for word in ("左右", "以上", "上下", "起", "不等"))
    if about and match["low"].isdigit() and _between_marks(text, match) and _is_month(match["low"], None):
        return True
    return line.strip(" 。.;,") == match[0].strip() and (match["high"] is not None or "以上" in match[0])


def _between_marks(text: str, match: re.Match[str]) -> bool:
    """Whether blanks, commas or ends stand on both sides of a figure."""
    before, behind = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return (before == "" or before in _MARKS) and (match[0].endswith(" ") or behind == "" or behind in _MARKS)


def _is_month(low: str, high: str | None) -> bool:
    """Whether figures are such as months are paid with: whole hundreds, rising."""
    if not low.isdigit() or (high is not None and not high.isdigit()):
        return False
    ends = [int(low)] if high is None else [int(low), int(high)]
    return all(_A_MONTH[0] <= each <= _A_MONTH[1] and each % 100 == 0 for each in ends) and ends[0] <= ends[-1]


def _unit_before(per: re.Match[str] | None, low: float) -> PayUnit | None:
    """The unit named before a figure; a part of a day (半天, 8小时) is a shift. None before a month's pay."""
    if per is None or (low >= _A_DAY[1] and (per["part"] or per["unit"] in ("人", "位", "个人"))):
        return None
    return "shift" if per["part"] else UNIT_WORDS[per["unit"]]


def _kind(clause: str, sentence: str) -> tuple[Kind | None, str]:
    """What the words before a figure make of it, and the word that says so; None for what is no pay."""
    said = list(_WORDS_BEFORE.finditer(clause))
    if said and said[-1]["extra"] and _divided(clause[said[-1].end() :]):
        said = []
    if not said:
        loose = list(_WORDS_BEFORE.finditer(sentence))
        if loose and loose[-1]["extra"] and (loose[-1][0] in _OVERTIME or _MOST_OF.search(clause)):
            return None, ""
        return ("trial" if _on_trial(sentence) else "bare"), ""
    last = said[-1]
    if last["extra"]:
        # 底薪+提成 3000-8000: the figure is what all of it comes to
        whole = next((m for m in reversed(said) if not m["extra"]), None)
        between = clause[whole.end() :] if whole else ""
        if whole is None or any(c.isdigit() for c in between) or not re.search(r"(?<![再另外])[+加含]|包括", between):
            return None, ""
        return "pay", whole[0]
    named = said[-2] if last["least"] and len(said) > 1 else last
    if _on_trial(sentence):
        return "trial", clause[named.start() :]
    return ("base" if last["base"] else "pay"), clause[max(0, named.start() - 1) :]


def _divided(between: str) -> bool:
    """Whether blanks divide, as where nothing else does: `不加班 20人 500/天`, but not `补贴 每月 200`."""
    return " " in between.strip() or (" " in between and _HAS_DIGIT.search(between) is not None)


def _on_trial(sentence: str) -> bool:
    found = list(_TRIAL.finditer(sentence))
    return bool(found) and found[-1]["on"] is not None
