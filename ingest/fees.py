"""Fees and seized papers in running text: nobody may take money or papers from a worker (rule 5; pure).

Read clause by clause, since a denial (不收押金) holds for its clause and for what that clause lists, and no further:
不收押金,培训费200元 is half innocent. Money that a worker takes from customers is no fee.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ingest.findings import Finding

MESSAGE: Final = "不得向劳动者收取费用或扣押证件"
MEND: Final = "请删除收费或扣押证件的要求"

_SENTENCE = re.compile(r"[^。!?;\n]+")
_CLAUSE = re.compile(r"(?:[^,:]|(?<=[费金钱]):)+")
_HINT = re.compile(r"[打转汇押压费金证照卡钱元块交缴收抽扣付自]")

_FEE = (
    r"押金|(?:保证|抵押|风险|诚[意信]|质保|违约)金|定金|订金|(?:报名|服装|工[装服]|工作服|培训|介绍|中介|管理|信息|资料|体检|建档|办[卡证]|会员|手续|入职|面试|"
    r"服务|工本|餐卡|工牌|材料|岗前|考[试证]|保险押|课程|教材|平台|接单|建号|入会|入场)费|会费|学费|(?:服装|工[装服]|押|培训|体检)钱|押工资"
)
_FEE_WORD = re.compile(_FEE)
_ONLY_FEES = re.compile(rf"^\s*(?:(?:{_FEE}|任何|其他|等|一切|各种|的)[、和及与或]?)+(?:等?费用)?[)）]?\s*$")
_SUM = r"(?:\d+|[一二两三四五六七八九十百千]{1,5})"
_UNLESS_PAID = re.compile(
    rf"(?:体检|服装|工[装服]|工作服|工[牌卡]|办[卡证]|培训)[^。;免]{{0,4}}\d+\s*(?:元|块)?,(?:自理|自费|自己(?:出钱?|承担|掏|付))|"
    rf"(?:不|没|未)(?:交|缴|付)[^。;]{{0,6}}?(?:{_FEE})[^。;]{{0,10}}?(?:不能|不让|不予|不得|不给|别来|不安排|免谈|者?勿)"
)
_NEGATION = re.compile(
    r"(?:不(?![满到足])(?:再|另|会|得|需要?|用|向|以|存在|产生|涉及|要|必|含)*[^,。;]{0,4}?(?:收|交|缴|扣|付)|不(?:需|用|要|会|得|存在|以|再|产生|涉及|含|向|带)|"
    r"无需?|免(?:交|收|缴|除|费|去)?|没有|没|未|零|(?<!\d)0(?=元|费|押)|拒绝|禁止|杜绝|严禁|谨防|警惕|非)"
    r"(?:(?!\s(?:需要?|要|须|先|另)?[交缴付扣自])[^,。;()]){0,14}$|不$|"
    r"(?:公司|单位|用工方|老板|厂里|我方|平台|企业)(?:承担|出|报销|付|支付|补贴)|报销"
)
_PAID_BY_US = (
    r"(?:由|归)?(?:公司|单位|平台|用工方|我[方司]|我们|本店|店里|老板|厂里|厂方|企业|工厂)[^,。;]{0,4}"
    r"(?:出|承担|报销|支付|付|补贴|负责)"
)
_AFTER_NEGATION = re.compile(
    r"^[^,。;]{0,8}(?:全免|免了|一律不收|都不收|不收|不用|免费|全部免|一分(?:钱)?(?:都)?不|一概不)|"
    rf"^[^,。;]{{0,12}}(?:{_PAID_BY_US}|报销)|^[^,。;]{{0,6}}(?:违法|[:为]?\s*(?:(?<!\d)0元|无(?!息)|免))"
)
_WARNED = re.compile(r"(?<!不是)骗子|诈骗|举报|假的|上当|谨防|警惕|违法|请勿相信|黑中介|擦亮眼睛|勿信|冒充")
"""Words of a warning: who says them speaks of others' fees."""
_DUTY = re.compile(
    r"顾客|客户|租客|住户|业主|会员(?!费)|学员|家长|商户|车主|患者|玩家|旅客|游客|房客|客人|收银|前台|收费员|物业|停车|租车|租房|房屋|房产|二手房|成交|租赁|图书|雨伞|"
    r"充电宝|球拍|器材|单车|高速|水电|窗口|台账|登记|核对|对账|催收|代收|客服|坐席|财务|出纳|会计|入住|退房"
)
_FROM_WORKER = re.compile(
    r"入职|上岗|离职|面试|报名|应聘|录用|干满|做满|工资|[住宿]舍?押|(?:登记|报到)[^,。;]{0,3}收|自理|自费|自己|每人|本人|来的|需要?[先]?[交缴付]|[先须得][交缴付]|缴纳|上车前|进厂|名额|接单"
)
_PAY_FIRST = re.compile(
    rf"(?:交|缴)(?:纳|够|上)?\s*{_SUM}\s*(?:元|块)|(?:先|需要?|须|得)(?:交|缴)纳?(?!社保|保险|个?税|[接流替通代班给])[^,。;\d]{{0,6}}\d+\s*(?:元|块)|"
    r"(?:需要?|要|须)购买[^,。;]{0,8}(?:工具|设备|材料|产品|课程|制服|账号)[^,。;]{0,4}\d|"
    r"[押压](?:下|住)?[^,。;]{0,6}(?:工资|薪)[^,。;]{0,4}(?:保证|押|抵)|"
    r"(?:收取?|抽|提取|扣除?)[^,。;]{0,4}工资[^,。;]{0,4}(?:一半|百分|\d\s*成|\d%|[一二两三]成)|"
    r"(?<![代日月年营回招接签验吸征能天])收\s*\d{2,4}(?=[,。;\s]|$)|[住宿]舍?押(?:金)?\s*\d+|"
    r"先(?:打|转|汇)(?:款|账|钱)?\s*\d+\s*(?:元|块)|押\s*[一二两三四五六七八九]?[百千](?!分)|自己(?:掏|出|花)钱?[^,。;]{0,2}[办买交]|"
    r"(?:介绍|派单|每单)[^,。;]{0,5}(?:抽|扣)[成取]?\s*[\d一二两三四五六七八九]|扣除?\s*\d+\s*(?:元|块)(?!水|电|餐|饭)[^,。;]{1,5}费|"
    r"[卡证牌服装检具](?:费)?\s*\d+\s*(?:元|块)钱?(?:自理|自费|自己)|"
    r"(?:先|需要?|要|须|得|自己|每人|另|还|再|报名)(?:先)?(?:交|缴|付|垫)(?:纳|费)?\s*\d+\s*(?:元|块|%)|(?:交|缴)(?:纳)?\s*\d+\s*(?:元|块)|"
    r"押\s*\d+\s*(?:元|块)(?:钱)?(?!的)|(?<![代日月年营回])收(?:取|费)?(?:押|了)?\s*\d+\s*(?:元|块)|收费\s*\d|证件?费?\s*\d+\s*(?:元|块)(?!补)|(?:需|要|须)(?:自行)?购买[^,。;]{0,8}(?:工[装服]|工作服|服装)|"
    r"[缴交](?:费|钱|款)(?:后|才|就|即|方可|上岗|\d)|"
    r"收取[^,。;]{0,14}(?:%|百分之)[^,。;]{0,6}费|(?:付费|收费|有偿|缴费)(?:教学|培训|学习|指导|课程|介绍|推荐|带教|教)|"
    r"(?:扣|押)(?:除|掉)?[^,。;]{0,4}(?:第一个?月|首月)[^,。;]{0,4}(?:工资|薪)[^,。;]{0,8}(?:押|保证|抵|$)|"
    r"(?:服装|制服|工[装服]|工作服|工牌|安全帽|劳保|培训|体检)[^,。;]{0,8}"
    r"(?:自费|自理|(?:自己|个人|本人)(?:花钱)?(?:出钱?|承担|负担|买|购买|掏)|(?:从|在)?工资(?:里|中)?扣|扣除)|"
    r"(?:扣除?|自费(?:购?买)?|自己购?买)(?:工[装服]|服装|工作服|体检)|(?<!值)(?<!提供)(?<!免费)(?:工[装服]|工作服)[^,。;]{0,3}\d+\s*(?:元|块)(?!补)"
)
_PAPER = r"(?:身份证|证件|驾驶证|驾照|银行卡|毕业证|护照|户口本|工资卡)"
_PAPERS = re.compile(
    r"(?<![不勿])(?<!不得)(?<!禁止)(?<!严禁)(?<!不会)(?:扣押|扣留|扣下?(?!除)|押(?!金|运|车|货|工)|收走|收取?(?=(?:身份证|证件)原件)|上交|抵押|交由?公司保管|统一保管|留存)(?:的)?"
    rf"[^,。;]{{0,6}}{_PAPER}(?!复印)|"
    rf"{_PAPER}(?:原件)?[^,。;]{{0,8}}(?:扣押|扣留|扣下|抵押|押(?:在|给|到|前台|公司|这|一?下)|(?:由|让|交)[^,。;]{{0,6}}保管|统一保管|前台保管|"
    r"先?放(?:在)?(?:公司|我们|我|前台|老板|队长)|收走|上交(?!复印)|代为?保管)"
)
_OTHERS_PAPERS = re.compile(r"(?:客户|顾客|旅客|住客|业主)[^,。;]{0,4}$")


def fees(text: str) -> Iterator[Finding]:
    """Findings in a `plain` text, each with its clause."""
    if not _HINT.search(text):
        return
    if match := _UNLESS_PAID.search(text):
        yield _finding("fees", match[0])
    for sentence in _SENTENCE.finditer(text):
        words = sentence[0]
        if not _HINT.search(words) or _WARNED.search(words):
            continue
        duty, denied = _DUTY.search(words) is not None, False
        for clause in _CLAUSE.finditer(words):
            listed = denied and _ONLY_FEES.match(clause[0]) is not None
            yield from _of_clause(clause[0], listed, duty)
            denied = listed or any(_denied(clause[0], m) for m in _FEE_WORD.finditer(clause[0]))


def _of_clause(words: str, listed: bool, duty: bool) -> Iterator[Finding]:
    owed = not duty or _FROM_WORKER.search(words) is not None
    for match in _FEE_WORD.finditer(words):
        if owed and not listed and not _denied(words, match):
            yield _finding("fees", words)
            return
    for rule, pattern in (("fees", _PAY_FIRST), ("papers", _PAPERS)):
        found = pattern.search(words)
        if found is None or _NEGATION.search(words[: found.start()]):
            continue
        innocent = not owed if rule == "fees" else _OTHERS_PAPERS.search(words[: found.start()]) is not None
        if not innocent and not (rule == "fees" and _AFTER_NEGATION.match(words[found.end() :])):
            yield _finding(rule, words)
            return


def _denied(words: str, match: re.Match[str]) -> bool:
    """Whether the clause says of this fee that it is not taken, or that the employer pays it."""
    before, behind = words[: match.start()], words[match.end() :]
    return _NEGATION.search(before) is not None or _AFTER_NEGATION.match(behind) is not None


def _finding(rule: str, words: str) -> Finding:
    return Finding(rule, "block", words.strip(" ,、"), MESSAGE, MEND)
