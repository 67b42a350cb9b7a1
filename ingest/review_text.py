"""Rules that are about words: fees and seized papers, discrimination, late pay, under-age work (pure).

Each pattern is looked for clause by clause, since a negation (不收押金) holds for its clause and for what that clause
enumerates, and no further: 不收押金,培训费200元 is half innocent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ingest.fields.ages import age_limits
from ingest.fields.found import plain
from ingest.findings import Finding

_SENTENCE = re.compile(r"[^。!?;\n]+")
_CLAUSE = re.compile(r"[^,:]+")

_FEE = (
    r"押金|保证金|报名费|服装费|工[装服]费|工[装服]押金|培训费|介绍费|中介费|管理费|信息费|资料费|体检费|建档费|办卡费|会费|"
    r"岗前费|手续费|入职费|面试费|定金|服务费|餐卡费|培训押金|工牌费|住宿押金"
)
_FEE_WORD = re.compile(_FEE)
_ONLY_FEES = re.compile(rf"^\s*(?:(?:{_FEE}|任何|其他|等|一切|各种|的)[、和及与或]?)+(?:等?费用)?[)）]?\s*$")
_UNLESS_PAID = re.compile(
    rf"(?:不|没|未)(?:交|缴|付)[^。;]{{0,6}}?(?:{_FEE})[^。;]{{0,10}}?(?:不能|不让|不予|不得|不给|别来|不安排|免谈|者?勿)"
)
_NEGATION = re.compile(
    r"不(?:收|交|缴|需|用|要|向|会|得|存在|扣|以|再|产生|另收|涉及)|无需?|免(?:交|收|缴|除|费)?|没有|没|未|零|拒绝|禁止|杜绝|严禁|谨防|警惕|"
    r"公司承担|单位承担|用工方承担|老板出|公司出|报销|举报|退还给?顾客|如遇|凡是?"
)
_AFTER_NEGATION = re.compile(
    r"^[^,。;]{0,6}(?:全免|免了|一律不收|都不收|不收|不用|[由归](?:公司|单位|平台|用工方|我方|老板)|公司(?:出|承担|报销)|单位(?:出|承担|报销)|"
    r"报销|的(?:都)?是骗子|请举报|可举报|违法|[:为]?\s*(?:(?<!\d)0元|无|免))"
)
_OTHERS_MONEY = re.compile(
    r"(?:顾客|客户|租客|住户|业主|会员|学员|家长|商户|车主|患者|玩家)[^,。;]{0,8}(?:的)?$|"
    r"(?:收银|收取|催收|登记|核对|退还|代收|负责)[^,。;]{0,8}(?:租车|租房|物业|停车|房屋|球拍|雨伞|充电宝|器材|图书)[^,。;]{0,4}$|"
    r"(?:租车|租房|停车|房屋|物业|球拍|雨伞|充电宝|图书)$"
)
_PLACE_OF_FEE = re.compile(r"^(?:收据|单据|登记表|条|台账|窗口|核算员|专员|催收员|收缴员|收费员|系统)")
_PAY_FIRST = re.compile(
    r"(?:先|需|要|须|得|自己?|每人)(?:交|缴|付|垫)\s*\d+\s*(?:元|块)|(?:交|缴|付)\s*\d+\s*(?:元|块)钱?(?:押|才能|方可|就能|即可)|"
    r"押\s*\d+\s*(?:元|块)(?:钱)?(?!的)|(?:服装|工[装服]|培训|体检)[^,。;]{0,6}(?:自费|自理|自己出钱|从工资(?:里|中)?扣)"
)
_PAPERS = re.compile(
    r"(?<![不勿])(?<!不得)(?<!禁止)(?<!严禁)(?:扣押|扣留|扣下?|押|收走|上交|抵押|交由?公司保管|统一保管|留存)(?:的)?[^,。;]{0,6}(?:身份证|证件|驾驶证|银行卡|毕业证|护照)(?!复印)|"
    r"(?:身份证|证件|驾驶证|银行卡|毕业证|护照)(?:原件)?[^,。;]{0,8}(?:扣押|扣留|扣下|抵押|押(?:在|给|到|前台|公司|这)|由?公司保管|统一保管|前台保管|先?放(?:在)?(?:公司|我们|我)|"
    r"收走|上交|代为?保管)"
)

_SEX_OPEN = re.compile(
    r"男女不限|男女均可|男女都(?:可|行|要)|性别不限|不限男女|不限性别|不分男女|男女老少|男女平等|无性别要求"
)
_SEX = re.compile(
    r"(?:只|仅|限|专?招|只要|要求|需要|急招|诚招)(?:收|要|限|招|用|聘)?\s*(?:\d+|[一两二三四五六七八九十几])?(?:名|个|位)?(?P<a>男|女)"
    r"(?!装|鞋|包|袜|帽|裤|裙|科|厕|卫|浴|更衣|宿舍|寝|团|足|篮|排|童|神节|企业家|子?(?:监狱|学校|中学|篮球|足球|排球|组|单|双))(?:性|士|工|的|生|孩|同志)?|"
    r"(?:男|女)(?:性|士|工|生|孩|同志)(?:优先|为主|勿扰|免谈|不要|不招|佳)|(?:男|女)的?(?:优先|勿扰|免谈|不要)|"
    r"(?:不要|不招|不收|谢绝|拒绝|不考虑)(?:男|女)(?:性|士|工|的|生|孩)?(?!装|鞋)|男女各\s*\S{1,2}|"
    r"性别(?:要求)?[:为是]?\s*(?:男|女)(?!不限|均可|都)|(?<![\u4e00-\u9fff])(?:男|女)(?:性|士)?(?:,|、|\s)\s*(?:年龄|\d{2})|"
    r"(?:已婚|未婚|未育|已育|不孕|近期不怀孕)(?:女|男)?(?:性|士)?(?:优先|者|勿扰|佳)|(?:怀孕|孕妇|哺乳期)[^,。;]{0,4}(?:勿扰|不要|不招|免谈)"
)
_PEOPLES = r"(?:少数民族|(?:回|维吾尔|维|藏|彝|壮|满|苗|侗|瑶|土家|哈萨克|朝鲜|蒙古|傣|黎)族|穆斯林)"
_ETHNIC = re.compile(
    rf"(?:不要|不招|不收|谢绝|拒绝|除){_PEOPLES}(?!风|特色|服)|"
    rf"{_PEOPLES}[^,。;]{{0,3}}(?:勿扰|除外|不要|不招|免谈|不考虑|勿来)|"
    r"(?:只|仅|限)(?:要|招|收)?汉族|汉族(?:优先|人优先)|民族(?:要求)?[:为]\s*汉"
)
_RELIGION = re.compile(
    r"(?:不要|不招|不收|谢绝|拒绝)(?:有)?(?:宗教信仰|信教|信佛|信基督|信[\u4e00-\u9fff]{1,3}教|教徒|[\u4e00-\u9fff]{1,3}教徒)|"
    r"(?:有宗教信仰|信教)(?:的|者)?[^,。;]{0,3}(?:勿扰|不要|除外|免谈|不考虑)|(?:要求|须|需)?无宗教信仰(?!要求|限制)"
)
_ORIGIN_OPEN = re.compile(
    r"户口不限|户籍不限|不限户[口籍]|不限地域|地域不限|不限籍贯|籍贯不限|不论户籍|不看户口|外地人?(?:也|均|都)(?:可|行|要)"
)
_ORIGIN = re.compile(
    r"(?:只|仅|限|需|要求|要)(?:要|招|收)?\s*(?:青岛|本市|本地|本区|当地|市区|山东|城镇|农村)(?:市|省|区)?(?:户[口籍]|籍|人(?!民|才|力|社|士集))|"
    r"(?:青岛|本市|本地|当地|山东)(?:户[口籍]|籍|人)(?:的|者)?(?:优先|为主|佳)|"
    r"(?:不要|不招|不收|谢绝|拒绝|除)(?:外地|外省|[\u4e00-\u9fff]{2,3}(?:省|籍)|东北|河南|四川|安徽|新疆|西藏|云南|贵州|农村)(?:人|的|户口|籍)?(?!货|菜|大米|车)|"
    r"(?:外地|外省|东北|河南|四川|安徽|新疆|西藏|云南|贵州)(?:人|的|户口|籍)[^,。;]{0,2}(?:勿扰|不要|不招|除外|免谈|勿来|不考虑)|"
    r"(?:户籍|户口|籍贯)(?:要求)?[:为是]\s*(?!不限|无)"
)
_HEPATITIS = re.compile(r"乙肝|两对半|二对半|大三阳|小三阳|HBV|hbv|表面抗原|澳抗")
_HEALTH_NEGATION = re.compile(
    r"不(?:做|查|要求|得|检|需|用|含|包括|强制|限)|无需|不会|禁止|严禁|取消|免检|免|没有要求|疫苗"
)
_DENIED_AFTER = re.compile(r"^[^,。;]{0,6}(?:不(?:查|做|检|限|要求|影响|作)|均可|也可|都可|不得|疫苗)|^(?:不限|疫苗)")

_LATE = re.compile(
    r"压(?:\s*(?:1|2|3|一|两|二|三|半)个?月|\s*(?:1[6-9]|[2-9]\d)\s*天)(?:工资|的?钱|薪)?|"
    r"(?:(?:1[6-9]|[2-9]\d)\s*(?:天|日)|(?:一|两|二|三|[1-3])个月)(?:后|之后|以后)(?:再)?(?:结|发|付|给钱|打款)|年底(?:再|才|统一)?(?:结|发工资|算账)"
)
_NEXT_DAY = re.compile(r"日结[^。;]{0,6}(?:次日|第二天|隔天|隔日|明天)(?:再)?(?:发|结|付|到账|给)")
_NO_DELAY = re.compile(r"不$|从不$|绝不$|不会$|无$")

FEE_MEND: Final = "请删除收费或扣押证件的要求"


def review_text(text: str) -> list[Finding]:
    """Findings in running text, in the order of the rules; each words and rule once."""
    text = plain(text)
    findings = [*_under_age(text), *_discrimination(text), *_fees(text), *_late_pay(text)]
    unique = {(finding.rule, finding.words): finding for finding in findings}
    return list(unique.values())


def _under_age(text: str) -> Iterator[Finding]:
    found = age_limits(text)
    if found and found.value[0] is not None and found.value[0] < 16:
        yield Finding("under_16", "block", found.words, "未满16周岁,不得招用或介绍就业", "请把最低年龄改为16周岁或以上")


def _block(rule: str, words: str, message: str, mend: str) -> Finding:
    return Finding(rule, "block", words.strip(" ,、"), message, mend)


def _discrimination(text: str) -> Iterator[Finding]:
    limits = (
        ("sex", _SEX, _SEX_OPEN, "性别"),
        ("ethnicity", _ETHNIC, None, "民族"),
        ("religion", _RELIGION, None, "宗教信仰"),
        ("origin", _ORIGIN, _ORIGIN_OPEN, "户籍或地域"),
    )
    for name, pattern, innocent, what in limits:
        read = innocent.sub("#", text) if innocent else text
        for match in pattern.finditer(read):
            if not re.search(r"(?:不得|禁止|严禁|不准|不可以?|并非|不是|不)$", read[: match.start()]):
                message = f"含歧视性内容(限制{what}),请删除"
                yield _block(
                    f"discrimination_{name}", match[0], message, f"请删除“{match[0].strip()}”,{what}不作为录用条件"
                )
                break
    for match in _HEPATITIS.finditer(text):
        before = re.split(r"[,。;!?\n]", text[: match.start()])[-1]
        if not _HEALTH_NEGATION.search(before) and not _DENIED_AFTER.match(text[match.end() :]):
            yield _block(
                "discrimination_hepatitis",
                match[0],
                "含歧视性内容(乙肝检测),请删除",
                "入职体检不得检查乙肝,请删除这项要求",
            )
            return


def _fees(text: str) -> Iterator[Finding]:
    message = "不得向劳动者收取费用或扣押证件"
    if match := _UNLESS_PAID.search(text):
        yield _block("fees", match[0], message, FEE_MEND)
    for sentence in _SENTENCE.finditer(text):
        denied = False
        for clause in _CLAUSE.finditer(sentence[0]):
            words = clause[0]
            denied = bool(_NEGATION.search(words)) or (denied and bool(_ONLY_FEES.match(words)))
            yield from _fees_of_clause(words, denied, message)


def _fees_of_clause(words: str, denied: bool, message: str) -> Iterator[Finding]:
    for match in _FEE_WORD.finditer(words):
        before, after = words[: match.start()], words[match.end() :]
        inherited = denied and (_NEGATION.search(before) or _ONLY_FEES.match(words))
        innocent = (
            inherited or _AFTER_NEGATION.match(after) or _OTHERS_MONEY.search(before) or _PLACE_OF_FEE.match(after)
        )
        if not innocent:
            yield _block("fees", words, message, FEE_MEND)
            return
    for rule, pattern in (("fees", _PAY_FIRST), ("papers", _PAPERS)):
        found = pattern.search(words)
        if found and not _NEGATION.search(words[: found.start()]):
            yield _block(rule, words, message, FEE_MEND)
            return


def _late_pay(text: str) -> Iterator[Finding]:
    mend = "请改为15日内结清;写“日结”的须当天付清"
    for match in _LATE.finditer(text):
        if not _NO_DELAY.search(text[: match.start()]):
            yield _block("pay_late", match[0], "结算周期最长不得超过15日", mend)
            break
    next_day = _NEXT_DAY.search(text)
    if next_day:
        yield _block("pay_late", next_day[0], "写“日结”的,工资须在当天付清", mend)
