"""Denied words: 不做高空, 非电工, 保安勿扰, 不要焊工、瓦工 say what somebody is not or does not want."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

# A denial stands close to its word: so many characters are looked at on either side.
_REACH_BEFORE = 12
_REACH_AFTER = 14
_UNABLE = "(?:干|做|搬|扛|拿|当|接|弄|胜任|适应)不(?:了|动|来)"
_NEGATORS = (
    # "特别", "分别", "别的" hold 别 without forbidding anything, 拆除 and 避免 hold 除 and 免.
    f"{_UNABLE}|不|没|無|无|非|勿|(?<![特分区个级差性类辞告送])别(?!的)|莫|禁|"
    "(?<![拆清删去排免消扫解辞开铲切扣剔])除(?:了|开|去)?|(?<![避难减])免|拒绝|谢绝|婉拒|不用|无需|不需"
)
_FILLERS = (
    "再|想|会|能|敢|愿意|愿|肯|是|要|用|需要|需|必|接受|接|招聘|招|收|做过|做|干过|干|当|从事|考虑|"
    "有|找我|找|叫我|喊我|让我|给我|派|安排|介绍|推荐|推送|推|去工地|去厂里|去店里|去|得|可以|可|提供|涉及|属于|算|包括|包含|含|带|"
    "持|的|任何"
)
_NEGATED_BEFORE = re.compile(rf"(?:{_NEGATORS})(?:{_FILLERS})*$")
# "要不要", "能不能" ask.
_QUESTION = re.compile(r"(会|能|要|是|做|干|招|有|用|想|接)[不没]\1")
_REFUSED = (
    "(?:(?:不|别|没)(?:想|会|能|敢|愿意|愿|再|用|需要|太|怎么|大)*"
    f"(?:[做干学开]过?|接|要求?|招|收|去|考虑|会|懂|行|来|需要|用|想|投|是)|{_UNABLE}|别[找叫喊]我|免|算了)(?:了|的|啊|哈|呀)*(?=$|[^\\w])"
)
_NEGATED_AFTER = re.compile(
    rf"^(?:的|活|工作|活儿|岗位|岗|类|证|师傅|人员|员|工|都|也|就|我|一律|暂时|现在)*(?:{_REFUSED}"
    r"|勿扰|勿投|勿来|免谈|除外|[之以]?外(?=$|[^\w]|都|其|的)|免投|绕道|绕行|已满|已招满|招满)"
    r"|^[, ]?(?:我|现在|如今|后来|早就|已经)*(?:不|没)(?:再|想|能)*[干做]了"
)
# 非电工勿扰, 没有焊工证的别来, 没经验的瓦工不要 turn away who is none: that asks for the work, twice denied.
_LACKING_BEFORE = re.compile(
    r"(?:非|不是|不会|不懂|不能|不熟悉|没有?|无|未)"
    r"(?:专业|熟练|熟手|正规|正式|持|相关|有|(?:做|干|当|学|开|从事)过|从事|做|干|当|开|\w{0,2}经验|的)*$"
    r"|不(?:熟练|专业)的?$"
)
_TURNED_AWAY_AFTER = re.compile(
    r"^(?:操作|上岗|资格|等级|证书?|经验|功底|基础|技术|手艺)*(?:的|者|人员|师傅|工)*[, ]?(?:请|都|一律|就|均)*"
    r"(?:勿[扰投来加]|勿联系|勿打扰|[别莫][来投扰加打]|免谈|免投|免来|绕道|绕行|不(?:予)?(?:要|招|收|录用|考虑))"
)
_THESE = "(?:[这那](?:些|[几两]样|种|类)|之类|什么|等)的?(?:活|工作|工种)?"
_ALL_OF = (
    f"[ ,]*(?:{_THESE}|(?:{_THESE}|的|我|俺|现在|目前|[一哪两三四几][个样种])*(?:都|也|全|统统|通通|一概|一律|均)+)"
)
_ALL_REFUSED = re.compile(f"^{_ALL_OF}(?:{_REFUSED})")
MAY_DENY = re.compile("[不没無无非勿别莫禁除拒谢免满绕算]")
"""A text without one of these denies nothing."""
_JOINER = re.compile(r"^(?:(?:类|等|工|员)?(?:、|/|和|或者|或|及|跟|与|,?也不|,?还有)(?:的|做|干|要|会)*)?$")


_BARE_JOINERS = ("", " ", ",", ", ")

# A clause that only says what is not done, in words that no lexicon has: 不做高空; 不要求经验; 无中介费.
_CLAUSE = re.compile(
    rf"(?<![^\W_])(?:我|也|都|只是|但|绝|恐高)?(?:不|别|没|拒绝|谢绝|{_UNABLE})(?:做|干|接|要|招|会|去|能|想|愿意)*\w{{1,8}}(?!\w)"
    r"|(?:无|非|免|没有?|不[是收])(?:任何)?中介\w{0,3}(?!\w)|中介\w{0,4}(?:勿扰|绕道|免谈|绕行)"
)
_CLAUSE_OF_ALL = re.compile(rf"(?<!\w)\w{{1,8}}?{_ALL_OF}(?:{_REFUSED})")


def denied_clauses(text: str) -> list[tuple[int, int]]:
    """Where the clauses of a normalised text lie that only say what is not done or not wanted."""
    if MAY_DENY.search(text) is None:
        return []
    return [clause.span() for kind in (_CLAUSE, _CLAUSE_OF_ALL) for clause in kind.finditer(text)]


def denied(text: str, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """For each span (start, end) of a normalised text, in reading order, whether the text denies it.

    What denies one word denies those listed with it: 不要焊工、瓦工; 保安保洁都不做. What denies all of a list reaches
    over blanks and commas to words that stand there bare: 电工 焊工 都不是, but not 会电工,焊工都不会. Who turns away
    those that are none of it asks for it: 非电工、焊工勿扰.
    """
    if MAY_DENY.search(text) is None:
        return [False] * len(spans)
    before = [_denied_before(text[max(0, start - _REACH_BEFORE) : start]) for start, _ in spans]
    after = [_NEGATED_AFTER.match(text[end : end + _REACH_AFTER]) is not None for _, end in spans]
    every = [_ALL_REFUSED.match(text[end : end + _REACH_AFTER]) is not None for _, end in spans]
    lacking = [_LACKING_BEFORE.search(text[max(0, start - _REACH_BEFORE) : start]) is not None for start, _ in spans]
    away = [_TURNED_AWAY_AFTER.match(text[end : end + _REACH_AFTER]) is not None for _, end in spans]
    joined = [_JOINER.match(text[left[1] : right[0]]) is not None for left, right in itertools.pairwise(spans)]
    for ahead in (before, lacking):
        for position, listed in enumerate(joined):
            ahead[position + 1] = ahead[position + 1] or (ahead[position] and listed)
    for behind in (after, away):
        for position, listed in reversed(list(enumerate(joined))):
            behind[position] = behind[position] or (behind[position + 1] and listed)
    for position in range(len(spans) - 1, 0, -1):
        every[position - 1] = every[position - 1] or (
            every[position] and (joined[position - 1] or _bare(text, spans, position - 1))
        )
    asked = [none_of_it and turned for none_of_it, turned in zip(lacking, away, strict=True)]
    return [any(ways) and not twice for *ways, twice in zip(before, after, every, asked, strict=True)]


def _bare(text: str, spans: Sequence[tuple[int, int]], position: int) -> bool:
    """Whether nothing but a blank or a comma follows the span up to the next one, and no verb stands before it."""
    start, end = spans[position]
    alone = not text[:start].rstrip("我俺")[-1:].isalnum() or (position > 0 and spans[position - 1][1] == start)
    return alone and text[end : spans[position + 1][0]] in _BARE_JOINERS


def denial(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the denial of a denied span begins and ends: all of 不做保安, all of 保安勿扰."""
    opened = max(0, start - _REACH_BEFORE)
    before = _NEGATED_BEFORE.search(text[opened:start])
    following = text[end : end + _REACH_AFTER]
    after = _NEGATED_AFTER.match(following) or _ALL_REFUSED.match(following)
    return (opened + before.start() if before else start), end + (after.end() if after else 0)


def _denied_before(before: str) -> bool:
    match = _NEGATED_BEFORE.search(before)
    return match is not None and not _QUESTION.search(before[max(0, match.start() - 1) :])
