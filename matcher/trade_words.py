"""Finding known words in running text: longest match, what is denied, traditional characters.

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

from matcher.asides import asides
from matcher.denials import MAY_DENY, denial, denied, denied_clauses

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


Met = tuple[int, int, str, tuple[tuple[str, float], ...]]
"""A word met: start, end, the word, its owners."""


class Reading(NamedTuple):
    """What a finder made of a text: the words met, the normalised text without chatter and denied words, and what of
    that is asked for: 派单员 of 家电维修店招派单员."""

    hits: list[Hit]
    affirmed: str
    asked: str


_WORKER_SUFFIX = re.compile(r"师傅|人员|学徒|工人|[工员师]")
_WORKPLACE = re.compile(
    r"(?:门店|公司|集团|工作室|车间|机构|中心|学校|学院|基地|市场|行业|企业|连锁|专卖|工厂|厂家|材料|用品|设备|机械|"
    r"租赁|批发|[店厂馆院])"
)
_HEAD = re.compile(r"(?:[工员师手]|司机|阿姨|大姐|小哥)$")
_PREMISES = ("店", "厂", "馆", "院", "场", "吧")
WORKPLACE_WEIGHT = 0.55
_HIRING = re.compile(
    r"招(?:聘|募|收)?(?!待|呼|商|生|牌|手|标|揽|工)|聘(?:请|用)?|寻找|急需|急找|缺(?![德席货勤陷失点])少?"
)
BEFORE_HIRING_WEIGHT = 0.6
ASIDE_WEIGHT = 0.3
"""Of what would be welcome besides, was before, or is whom one works for (`matcher.asides`)."""
_LISTED = "、,;/"
_TITLE_CHARS = 40
"""Texts up to this long are titles: what stands before 招 in them names the employer, not the work."""

_GAP = r"[ .·★☆*_|-]{1,3}"
_SPACED_OUT = re.compile(rf"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?:{_GAP}[\u4e00-\u9fff])+(?![\u4e00-\u9fff])")
_GAPS = re.compile(_GAP)
_INVISIBLE = re.compile(
    r"[\0-\b\x0e-\x1f\x7f\xad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
"""Signs that nobody sees in a text: zero-width ones, directions, marks left over, control characters."""
_LATIN = re.compile(r"[a-z]")
_PLURAL = re.compile(r"s(?![a-z])")
_SHORTEST_PLURAL = 3
# 维护工程师 is no 护工 and 电工工资 speaks of pay: a word ending in 工 must not take it from one of these.
_NOT_A_WORKER = re.compile(
    r"作(?!业)|程|艺(?!术)|资(?!深|质)|具(?!备|有|体)|业(?!余|务)|商(?!场|业|务)|伤|序|钱|龄|地(?!点|址|区|铁|下|方)|厂(?!区|内|里|房|门)"
)


def normalise(text: str, simplified: Mapping[int, int] | None = None) -> str:
    """NFKC, lower case, invisible signs left out, spaced-out titles closed (仓 管, 保★安), traditional characters to
    simplified by the given `str.translate` table."""
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:MAX_TEXT_CHARS]).lower())
    if _GAPS.search(folded):
        folded = _SPACED_OUT.sub(lambda match: _GAPS.sub("", match[0]), folded)
    return folded.translate(simplified) if simplified else folded


class WordFinder:
    """An Aho-Corasick automaton over the words of many owners.

    `neutral` words belong to nobody and swallow what they contain: 木工板 is a board, not a carpenter. So does
    `chatter`, which is also cut from the text: 大巴接送.
    """

    def __init__(
        self,
        words: Iterable[Word],
        neutral: Iterable[str] = (),
        simplified: Mapping[int, int] | None = None,
        chatter: Iterable[str] = (),
    ) -> None:
        self._simplified = simplified
        self._chatter = frozenset(normalise(word, simplified) for word in chatter)
        owners: dict[str, dict[str, float]] = {normalise(word, simplified): {} for word in (*neutral, *self._chatter)}
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
        if self._empty:
            return []
        return [Hit(*met) for met in _longest(normalised, self._met(normalised))]

    def _met(self, text: str) -> list[Met]:
        """Every word of the automaton in the text, in the order of their ends."""
        met: list[Met] = []
        for last, (word, owners) in self._automaton.iter(text):
            start = last + 1 - len(word)
            if word[-1] == "工" and _NOT_A_WORKER.match(text, last + 1) is not None:
                continue  # the 工 belongs to the word after it: 护工 in 维护工程师
            if (word[0] <= "z" or word[-1] <= "z") and _cuts_latin(text, start, last + 1):
                continue
            met.append((start, last + 1, word, owners))
        return met

    def find(self, text: str) -> list[Hit]:
        """Words of `text` that say yes, in reading order; see `read`."""
        normalised = self.normalise(text)
        kept, _ = _affirmed(normalised, self.matches(normalised))
        aside = asides(normalised, [(hit.start, hit.end) for hit in kept])
        return _weighed(normalised, kept, aside, _turn(normalised, kept)) if len(kept) > 1 else kept

    def read(self, text: str) -> Reading:
        """Words of `text` that say yes, and the text without what it denies.

        Negated and neutral words are left out. A word that names where the work is weighs less: 家电维修 in
        家电维修店招派单员 stands before a word for premises, and before the word for hiring. So does an aside
        (会开叉车优先), which is not asked for.
        """
        normalised = self.normalise(text)
        hits = self.matches(normalised)
        kept, cut = _affirmed(normalised, hits)
        for start, end in denied_clauses(normalised):
            if not any(start < hit.end and hit.start < end for hit in kept):
                cut.append((start, end))
        chatter = [(hit.start, hit.end) for hit in hits if not hit.owners and hit.text in self._chatter]
        affirmed = _without(normalised, [*cut, *chatter])
        if not kept:
            return Reading([], affirmed, affirmed)
        turn = _turn(normalised, kept)
        aside = asides(normalised, [(hit.start, hit.end) for hit in kept])
        beside = [span for span in aside if span is not None]
        if turn and not cut and len(normalised) <= _TITLE_CHARS:
            asked = _without(normalised, [(0, turn), *chatter, *beside])
        else:
            asked = _without(normalised, [*cut, *chatter, *beside]) if beside else affirmed
        return Reading(_weighed(normalised, kept, aside, turn) if len(kept) > 1 else kept, affirmed, asked)


def _affirmed(text: str, hits: list[Hit]) -> tuple[list[Hit], list[tuple[int, int]]]:
    """The hits that somebody owns and nothing denies, and where the denials lie."""
    if MAY_DENY.search(text) is None:
        return [hit for hit in hits if hit.owners], []
    kept: list[Hit] = []
    cut: list[tuple[int, int]] = []
    for hit, is_denied in zip(hits, denied(text, [(hit.start, hit.end) for hit in hits]), strict=True):
        if is_denied:
            cut.append(denial(text, hit.start, hit.end))
        elif hit.owners:
            kept.append(hit)
    return kept, cut


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text without these spans, which may overlap."""
    if not spans:
        return text
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at:start])
        at = max(at, end)
    return "".join([*kept, text[at:]])


def _turn(text: str, hits: list[Hit]) -> int:
    """Where the word for hiring ends that stands before the last hit, 0 when there is none."""
    for hiring in _HIRING.finditer(text):
        end = hiring.end()
        covered = any(hit.start < end <= hit.end for hit in hits)
        if hits and hits[-1].start >= end and not covered and text[end] not in _LISTED:
            return end
    return 0


def _weighed(text: str, hits: list[Hit], aside: list[tuple[int, int] | None], turn: int) -> list[Hit]:
    weighed: list[Hit] = []
    meant = {hit.text for hit, beside in zip(hits, aside, strict=True) if beside is None}
    for hit, following, beside in itertools.zip_longest(hits, hits[1:], aside):
        weight = BEFORE_HIRING_WEIGHT if hit.end <= turn else 1.0
        if beside is not None and hit.text not in meant:
            weight *= ASIDE_WEIGHT
        if _WORKPLACE.match(text, hit.end) or (following and _modifies(hit, following)):
            weight *= WORKPLACE_WEIGHT
        weighed.append(hit if weight == 1.0 else hit._replace(weight=weight))
    return weighed


def _modifies(hit: Hit, following: Hit) -> bool:
    """Whether the hit only tells where or what for: 药店 before anything, 啤酒节 in 啤酒节服务员."""
    if hit.text.endswith(_PREMISES):
        return True
    return hit.end == following.start and bool(_HEAD.search(following.text)) and not _HEAD.search(hit.text)


def _cuts_latin(text: str, start: int, end: int) -> bool:
    """Whether the match would cut a Latin word in two: `ps` in `psychology`, but not `waiter` in `waiters`."""
    if end - start > _SHORTEST_PLURAL and _PLURAL.match(text, end):
        end += 1
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return True
    return end < len(text) and _LATIN.match(text[end - 1]) is not None and _LATIN.match(text[end]) is not None


def _longest(text: str, met: list[Met]) -> list[Met]:
    """Of the words that overlap the longest ones, in reading order; `met` is in the order of the ends."""
    taken: list[Met] = []
    group: list[Met] = []
    begin = len(text)
    for each in reversed(met):
        if each[1] <= begin:
            taken += _apart(text, group) if len(group) > 1 else group
            group = []
            begin = each[0]
        elif each[0] < begin:
            begin = each[0]
        group.append(each)
    taken += _apart(text, group) if len(group) > 1 else group
    taken.sort()
    return taken


def _apart(text: str, group: list[Met]) -> list[Met]:
    """Of a group of overlapping words those that win, none overlapping."""

    def rank(met: Met) -> tuple[int, int, int]:
        # 师傅 belongs to what it follows: 水电安装 in 水电安装师傅, not 安装师傅. Of two words of one length the
        # later wins, for the head of a Chinese title is last: 保洁 in 室内保洁, not 内保.
        suffix = _WORKER_SUFFIX.match(text, met[1])
        return met[0] - (suffix.end() if suffix else met[1]), -met[0], -met[1]

    won: list[Met] = []
    for each in sorted(group, key=rank):
        for other in won:
            if each[0] < other[1] and other[0] < each[1]:
                break
        else:
            won.append(each)
    return won
