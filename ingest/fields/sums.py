"""Sums of money in running text: how much, for what unit, and whether the words around it make it pay (pure).

A posting names many sums: pay, the pay of the first weeks, allowances, fees, the firm's capital. Each is read where its
figure stands, and the words before and behind it in the same clause say which of these it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from ingest.fields.numerals import CHINESE, number
from matcher.model import PayUnit

Kind = Literal["pay", "base", "bare", "trial"]
"""Pay as a whole; a part that is surely paid (底薪); money of which nothing more is said; pay while on trial."""

_PIECES: Final = (
    "车 件 单 吨 趟 箱 包 个 平 平米 平方 米 方 立方 套 棵 亩 斤 公斤 户 张 份 只 块 台 根 袋 桶 篇 条 双 柜 笼"
)
_UNITS: Final[tuple[tuple[PayUnit, str], ...]] = (
    ("hour", "小时 钟头 个小时 个钟 时 h H"),
    ("day", "天 日 工 个工"),
    ("shift", "班 个班 场 次 晚 晚上 夜 趟活"),
    ("month", "月 个月"),
    ("piece", _PIECES),
)
UNIT_WORDS: Final = {word: unit for unit, words in _UNITS for word in words.split()}
_SALARIES: Final[tuple[tuple[PayUnit, str], ...]] = (
    ("hour", "时薪 小时工 时工资"),
    ("day", "日结 日薪 天薪 日工资 日均 日入 日收入"),
    ("month", "月薪 月工资 月收入 月综合 月均 月入 月平均 包月 底薪 底资 起薪 基本工资"),
)
SALARY_UNITS: Final = {word: unit for unit, words in _SALARIES for word in words.split()}
"""Words that say the unit by themselves."""

_UNIT = "|".join(sorted(map(re.escape, UNIT_WORDS), key=len, reverse=True))
_MONEY = r"(?:元钱?|块钱?|圆|rmb|RMB)"
_SCALE = r"(?:[kKwW](?![a-zA-Z])|[千万](?![瓦克米伏]))"
_FIGURE = rf"(?:\d{{1,3}}(?:'\d{{3}})+(?!\d)|\d{{1,6}}(?:\.\d{{1,2}}(?!\d))?(?![\d])|{CHINESE})"


def _per(prefix: str) -> str:
    """What the money is for, behind it: `/天`, `一天`, `每月`, `/10小时`. Groups carry `prefix`."""
    return (
        r" *(?:/ *人 *)?(?:[/每]|(?:一|(?<!\d)1)(?=个?[天月日班晚小钟车件单趟平吨斤亩棵箱柜]|个(?![\u4e00-\u9fff]))) *"
        rf"(?:(?P<{prefix}hours>\d{{1,2}}(?:\.5)?) *个?(?=小时|h|H))?(?P<{prefix}unit>{_UNIT})(?![a-zA-Z\d])"
    )


_ABOUT = r"(?:以上|左右|上下|起步?|不等|多|\+(?!\w))?"
_FREE = r"(?:(?<![\d.a-zA-Z+#])|(?<=^\d\.)|(?<=[\n;,。 ]\d\.))(?<!\d[-:])"
"""Where a figure may begin: not inside another, but behind the number of a list, as in `3.3000-4000元`."""
_SUM = re.compile(
    rf"{_FREE}(?:(?P<sign>¥) *)?(?P<low>{_FIGURE}) *(?P<low_scale>{_SCALE})? *(?P<low_money>{_MONEY})?"
    rf"(?:{_per('low_')})?"
    rf"(?: *(?:-+|至|到) *¥?(?P<high>{_FIGURE}) *(?P<high_scale>{_SCALE})?)?"
    rf" *{_ABOUT} *(?P<money>{_MONEY})? *{_ABOUT}[)]?(?P<money_behind>{_MONEY})?(?:{_per('')})?"
)
_COUNTS_THINGS = re.compile(
    r"[\d:%÷×*]|\.\d|\s*(?:周?岁|人|名|位|个|年|月|日|天|号|点|时|分|小时|钟|斤|公|吨|米|平|厘|[ckm]?m|kg|KG|g|次|班|倍|件|箱|楼|层|"
    r"路|栋|室|单|票|户|桌|度|级|项|份|张|台|套|辆|袋|瓶|桶|把|条|家|所|期|届|代|轮|寸|码|亩|种|门|以下|届|后|休|险|金|倒|险|粉|万|英)"
)
_ONLY_PART = re.compile(
    r"^\s*(?:的|/月|左右|以上)?\s*(?:高?提成|全勤|满勤|餐补|饭补|房补|车补|话补|[^,。;\s]{0,8}(?:补贴|补助|津贴)|奖|押金|保证金|"
    r"伙食|体检|保险|工龄|红包|路费|车费|封顶|定金|学费|服装|的?(?:消费|保额|赔付))"
)
_ON_TOP = re.compile(r"\s*(?:保底)?\s*\+\s*(?:高?提成|奖|绩效|社保|保险|五险|补贴|全勤|满勤|加班|岗位|[房餐饭]补|包吃)")
_PER_BEFORE = re.compile(
    rf"(?:每|一|1|按)\s*(?P<unit>{_UNIT})(?!人)\s*"
    r"(?:可以?|能|大概|大约|约|给|发|挣|拿|赚|得|开|工钱|工资|薪资|报酬|收入|是|为|在|到|达|不低于|最[少低]|至少|"
    r"保底|[:(¥ ])*$"
)
_WORDS_BEFORE = re.compile(
    r"(?P<extra>(?:加班|夜班|节假日|假日|双休日?|周末|岗位|绩效|技能|职务|学历)工资|补贴|补助|津贴|奖|费|提成|加班|全勤|满勤|工龄|[餐饭房车话]补|押金|保证金|"
    r"罚|扣|保险|五险|礼|红包|递增|增加|[再另外]加|注册|资金|资产|资本|产值|营业额|销售额|投资|贷款|价值|原价|客户?单价?|定金|分红|返现?|"
    r"保额|赔|消费|[满交缴加](?=\s*$))|"
    r"(?P<base>底[薪资]|基本(?:工资|薪)|基础工资|保底|起薪|固定(?:工资|薪资)|最低工资|无责)|"
    r"(?P<pay>[月日时年周]薪|综合|工资|薪[资酬水金]|薪|待遇|收入|报酬|工钱|工价|人工|价格|单价|到手|[能可]拿|[能可]?挣|拿到|"
    r"计件|包月|[日现]结|平均|[每一]人(?=\s*$)|给(?=\s*¥?$)|整包(?=\s*$)|人均|[月日]入|[月日]均)"
)
_TRIAL = re.compile(
    r"(?P<on>试用|试工|试岗|实习|培训期|学徒期|见习|首月|第一个?月|前.{1,2}个?月)|(?P<after>转正|期满|过后|合格后|以后|期后)"
)
_CLAUSE_END = re.compile(r"[。;!?,、|\n]")
_SENTENCE_END = re.compile(r"[。;!?|\n]")
_A_MONTH: Final = (2_200, 30_000)
"""Yuan: a round range in between that stands by itself is a month's pay; years lie below."""
_LOOKED_BACK: Final = 30
_LEAST_YUAN: Final[dict[str | None, float]] = {"hour": 3, "day": 20, "shift": 20, "month": 300, "piece": 0.01, None: 10}
_MOST_YUAN: Final = 100_000.0


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
    for match in _SUM.finditer(text):
        found = _read(text, match, column)
        if found is not None:
            yield found


def _read(text: str, match: re.Match[str], column: bool) -> Sum | None:
    has_money = _is_money(text, match)
    bare = not has_money and not match["unit"] and not match["low_unit"]
    if bare and _COUNTS_THINGS.match(text, _digits_end(match)):
        return None
    if not has_money and len(match["low"]) == 1 and not match["low"].isdigit() and not match["low_scale"]:
        return None
    behind = text[match.end() : match.end() + 8]
    if _ONLY_PART.match(behind) and not (match["unit"] and behind[:1] == " "):
        return None
    sentence = _since(_SENTENCE_END, text[max(0, match.start() - _LOOKED_BACK) : match.start()])
    clause = _since(_CLAUSE_END, sentence)
    per = _PER_BEFORE.search(clause)
    unit = _unit(match, per)
    kind, salary = _kind(clause, sentence)
    if kind is None and not column:
        return None
    if kind == "bare":
        if unit is not None or column:
            kind = "pay"
        elif not has_money and not _stands_alone(text, match):
            return None
    if unit is None and salary:
        unit = next((u for word, u in SALARY_UNITS.items() if word in salary), None)
    low, high = _yuan(match)
    if "年薪" in clause or "年收入" in clause:
        low, high, unit = low / 12, high / 12 if high else None, "month"
    if not (_LEAST_YUAN[unit] if not has_money or unit == "month" else 0.01) <= low <= _MOST_YUAN:
        return None
    start = match.start() if per is None else match.start() - len(clause) + per.start()
    return Sum(low, high, unit, kind or "pay", start, match.end())


def _since(end: re.Pattern[str], text: str) -> str:
    """What stands behind the last end of a clause or sentence."""
    last = 0
    for match in end.finditer(text):
        last = match.end()
    return text[last:]


def _is_money(text: str, match: re.Match[str]) -> bool:
    """Whether the figure itself says so: by 元 or k, or by what is paid on top (3000+提成)."""
    if any(match[group] for group in ("sign", "low_money", "money", "money_behind")):
        return True
    scale = match["low_scale"] or match["high_scale"]
    return (scale is not None and scale in "kK") or _ON_TOP.match(text, match.end()) is not None


def _digits_end(match: re.Match[str]) -> int:
    return max(match.end(group) for group in ("low", "low_scale", "high", "high_scale"))


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Whether a line holds nothing else: `2000-2500`; or a clause a month's pay: `包吃住,4500-5000,常白班`."""
    around = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if _is_month(match["low"], match["high"]) and all(c == "" or c in " ,;|。、\n" for c in around):
        return True
    first = text.rfind("\n", 0, match.start()) + 1
    last = text.find("\n", match.end())
    line = text[first : last if last >= 0 else len(text)]
    return line.strip(" 。.;,") == match[0].strip() and (match["high"] is not None or "以上" in match[0])


def _is_month(low: str, high: str | None) -> bool:
    if high is None or not (low.isdigit() and high.isdigit()):
        return False
    return _A_MONTH[0] <= int(low) < int(high) <= _A_MONTH[1] and int(low) % 100 == int(high) % 100 == 0


def _unit(match: re.Match[str], per: re.Match[str] | None) -> PayUnit | None:
    for prefix in ("", "low_"):
        if match[f"{prefix}unit"]:
            unit = UNIT_WORDS[match[f"{prefix}unit"]]
            return "shift" if match[f"{prefix}hours"] and match[f"{prefix}hours"] != "1" else unit
    return UNIT_WORDS[per["unit"]] if per else None


def _kind(clause: str, sentence: str) -> tuple[Kind | None, str]:
    """What the words before a figure make of it, and the word that says so; None for what is no pay."""
    said = list(_WORDS_BEFORE.finditer(clause))
    if not said:
        loose = list(_WORDS_BEFORE.finditer(sentence))
        if loose and "加班" in loose[-1][0]:
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
    if _on_trial(sentence):
        return "trial", clause[last.start() :]
    return ("base" if last["base"] else "pay"), clause[max(0, last.start() - 1) :]


def _on_trial(sentence: str) -> bool:
    found = list(_TRIAL.finditer(sentence))
    return bool(found) and found[-1]["on"] is not None


def _yuan(match: re.Match[str]) -> tuple[float, float | None]:
    low, high = _value(match["low"]), _value(match["high"]) if match["high"] else None
    low_scale, high_scale = match["low_scale"], match["high_scale"]
    if high is not None and high_scale and not low_scale and low < high * _times(high_scale) and low < high:
        low_scale = high_scale
    low *= _times(low_scale)
    if high is not None:
        high *= _times(high_scale)
        if high <= low:
            high = None
    return low, high


def _value(digits: str) -> float:
    return number(digits.replace("'", "")) or 0.0


def _times(scale: str | None) -> int:
    return 1 if scale is None else 1_000 if scale in "kK千" else 10_000
