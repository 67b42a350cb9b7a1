"""Finding known words in running text: longest match, negation, traditional characters.

The finder knows nothing of trades: it maps words to owners (any string ids) with a confidence each, so the
same automaton serves the trade lexicon and the national occupation titles.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import ahocorasick

MAX_TEXT_CHARS = 4_000
"""Longer texts are cut: no posting or profile says anything new about its trade after so many characters."""


class Word(NamedTuple):
    """A word of the lexicon: who owns it and how surely it names its owner (0..1)."""

    text: str
    owner: str
    confidence: float


class Hit(NamedTuple):
    """A word met in a text, `start` and `end` in characters of the normalised text."""

    start: int
    end: int
    text: str
    owners: tuple[tuple[str, float], ...]
    weight: float = 1.0
    """How much the place in the text lets it name the work; see `WordFinder.find`."""


class Reading(NamedTuple):
    """What a finder made of a text: the words met, and the normalised text without the denied ones."""

    hits: list[Hit]
    affirmed: str


_WORKER_SUFFIX = re.compile(r"师傅|人员|学徒|工人|[工员师]")
_WORKPLACE = re.compile(
    r"(?:门店|公司|集团|工作室|车间|机构|中心|学校|学院|基地|市场|行业|企业|连锁|专卖|工厂|厂家|材料|用品|设备|机械|"
    r"[店厂馆院])"
)
WORKPLACE_WEIGHT = 0.55
_HIRING = re.compile(r"招|聘|寻找|急需|急找")
BEFORE_HIRING_WEIGHT = 0.6

_NEGATORS = "不|没|無|无|非|勿|别|莫|禁|除了|除开|除去|拒绝|谢绝|不用|无需|不需"
_FILLERS = (
    "再|想|会|能|敢|愿意|愿|肯|是|要|用|需要|需|必|接受|接|招聘|招|收|做过|做|干过|干|当|从事|考虑|"
    "有|找|去|得|可以|可|提供|涉及|属于|算|包括|包含|含|带|持|的|任何"
)
# "特别", "分别", "别墅" hold 别 without forbidding anything; "要不要", "能不能" ask.
_NEGATED_BEFORE = re.compile(rf"(?:(?<![特分区个级差性类辞告送])(?:{_NEGATORS}))(?:{_FILLERS})*$")
_QUESTION = re.compile(r"(会|能|要|是|做|干|招|有|用|想|接)[不没]\1")
_NEGATED_AFTER = re.compile(
    r"^(?:的|活|工作|活儿|岗位|岗|类|证|师傅|人员|员|工|都|也|就|我|一律|暂时|现在)*"
    r"(?:(?:不|别|没)(?:想|会|能|敢|愿意|愿|再|用|需要)*"
    r"(?:做|干|接|要|招|收|去|考虑|会|行|来|需要|用|想|投)(?:了|的|啊|哈|呀)*(?=$|[^\w]|[,。;])"
    r"|勿扰|勿投|勿来|免谈|除外|免投|绕道|绕行|已满|已招满|招满|不干|不做|不接|不招)"
)
_JOINER = re.compile(r"^(?:(?:类|等|工|员)?(?:、|/|和|或者|或|及|跟|与|,?也不|,?还有)(?:的|做|干|要|会)*)?$")
_SPACED_OUT = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?: [\u4e00-\u9fff])+(?![\u4e00-\u9fff])")
_LATIN = re.compile(r"[a-z]")
# 维护工程师 is no 护工 and 电工工资 speaks of pay: a word ending in 工 must not take it from one of these.
_NOT_A_WORKER = re.compile(
    r"作(?!业)|程|艺(?!术)|资(?!深|质)|具(?!备|有|体)|业(?!余|务)|商(?!场|业|务)|伤|序|钱|龄|地(?!点|址|区|铁|下|方)|厂(?!区|内|里|房|门)"
)


def normalise(text: str, simplified: Mapping[int, int] | None = None) -> str:
    """NFKC, lower case, spaced-out titles closed (仓 管), traditional characters to simplified by the given
    `str.translate` table."""
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT_CHARS]).lower()
    if " " in folded:
        folded = _SPACED_OUT.sub(lambda match: match[0].replace(" ", ""), folded)
    return folded.translate(simplified) if simplified else folded


class WordFinder:
    """An Aho-Corasick automaton over the words of many owners.

    `neutral` words belong to nobody and swallow what they contain: 木工板 is a board, not a carpenter.
    """

    def __init__(
        self,
        words: Iterable[Word],
        neutral: Iterable[str] = (),
        simplified: Mapping[int, int] | None = None,
    ) -> None:
        self._simplified = simplified
        owners: dict[str, dict[str, float]] = {normalise(word, simplified): {} for word in neutral}
        for word in words:
            text = normalise(word.text, simplified)
            held = owners.setdefault(text, {})
            held[word.owner] = max(held.get(word.owner, 0.0), word.confidence)
        self._automaton = ahocorasick.Automaton()
        for text, held in owners.items():
            if text:
                self._automaton.add_word(text, (text, tuple(held.items())))
        self._empty = not len(self._automaton)
        if not self._empty:
            self._automaton.make_automaton()

    def normalise(self, text: str) -> str:
        """The text as the finder reads it; hits give positions in this."""
        return normalise(text, self._simplified)

    def matches(self, normalised: str) -> list[Hit]:
        """Longest words first win, never overlapping; in reading order, neutral words included."""
        if self._empty or not normalised:
            return []
        found: list[Hit] = []
        for last, (text, owners) in self._automaton.iter(normalised):
            start = last + 1 - len(text)
            if _cuts_latin(normalised, start, last + 1) or _cuts_work(normalised, last):
                continue
            found.append(Hit(start, last + 1, text, owners))
        if len(found) > 1:
            found = _longest(normalised, found)
        return found

    def find(self, text: str) -> list[Hit]:
        """Words of `text` that say yes, in reading order; see `read`."""
        return self.read(text).hits

    def read(self, text: str) -> Reading:
        """Words of `text` that say yes, and the text without what it denies.

        Negated and neutral words are left out. A word that names where the work is weighs less: 家电维修 in
        家电维修店招派单员 stands before a word for premises, and before the word for hiring.
        """
        normalised = self.normalise(text)
        hits = self.matches(normalised)
        if not hits:
            return Reading([], normalised)
        kept: list[Hit] = []
        affirmed = normalised
        for hit, denied in reversed(list(zip(hits, negated_hits(normalised, hits), strict=True))):
            if denied:
                affirmed = affirmed[: hit.start] + affirmed[hit.end :]
            elif hit.owners:
                kept.append(hit)
        kept.reverse()
        return Reading(_weighed(normalised, kept) if len(kept) > 1 else kept, affirmed)


def _weighed(text: str, hits: list[Hit]) -> list[Hit]:
    hiring = _HIRING.search(text)
    turn = hiring.start() if hiring and hits[-1].start >= hiring.end() else 0
    weighed: list[Hit] = []
    for hit in hits:
        weight = BEFORE_HIRING_WEIGHT if hit.end <= turn else 1.0
        if _WORKPLACE.match(text, hit.end):
            weight *= WORKPLACE_WEIGHT
        weighed.append(hit if weight == 1.0 else hit._replace(weight=weight))
    return weighed


def negated_hits(text: str, hits: list[Hit]) -> list[bool]:
    """For each hit, in reading order, whether the text denies it: 不做高空, 非电工, 保安勿扰."""
    before = [_denied_before(text[max(0, hit.start - 12) : hit.start]) for hit in hits]
    after = [_NEGATED_AFTER.match(text[hit.end : hit.end + 14]) is not None for hit in hits]
    joined = [_JOINER.match(text[left.end : right.start]) is not None for left, right in itertools.pairwise(hits)]
    # What denies one word denies those listed with it: 不要焊工、瓦工; 保安保洁都不做.
    for position, listed in enumerate(joined):
        before[position + 1] = before[position + 1] or (before[position] and listed)
    for position, listed in reversed(list(enumerate(joined))):
        after[position] = after[position] or (after[position + 1] and listed)
    return [by_before or by_after for by_before, by_after in zip(before, after, strict=True)]


def _denied_before(before: str) -> bool:
    match = _NEGATED_BEFORE.search(before)
    return match is not None and not _QUESTION.search(before[max(0, match.start() - 1) :])


def _cuts_latin(text: str, start: int, end: int) -> bool:
    """Whether the match would cut a Latin word in two: `ps` in `psychology`."""
    if _LATIN.match(text[start]) and start and _LATIN.match(text[start - 1]):
        return True
    return bool(_LATIN.match(text[end - 1]) and end < len(text) and _LATIN.match(text[end]))


def _cuts_work(text: str, last: int) -> bool:
    """Whether the match's final 工 belongs to the word after it: 护工 in 维护工程师."""
    return text[last] == "工" and _NOT_A_WORKER.match(text, last + 1) is not None


def _longest(text: str, found: list[Hit]) -> list[Hit]:
    def rank(hit: Hit) -> tuple[int, int, int]:
        # 师傅 belongs to what it follows: 水电安装 in 水电安装师傅, not 安装师傅. Of two words of one length the
        # later wins, for the head of a Chinese title is last: 保洁 in 室内保洁, not 内保.
        suffix = _WORKER_SUFFIX.match(text, hit.end)
        return hit.start - (suffix.end() if suffix else hit.end), -hit.start, -hit.end

    taken: list[Hit] = []
    covered: set[int] = set()
    for hit in sorted(found, key=rank):
        span = range(hit.start, hit.end)
        if covered.isdisjoint(span):
            covered.update(span)
            taken.append(hit)
    taken.sort()
    return taken
