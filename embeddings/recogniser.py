"""From a text to the trades it speaks of and the occupations of the national classification nearest to it.

Words of the lexicon lead where they are titles (搬运工, 电焊师傅); where a text only describes work, vectors lead,
and short words for actions (打磨, 装袋), which many trades share, merely lean. Weights and the confidence curve were
chosen on this project's own postings and titles; see the model card for figures.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from embeddings.occupations import Occupation, occupations
from embeddings.references import References, Scores, TextEncoder, Vectors
from matcher.trade_words import Hit, Reading, Word, WordFinder
from matcher.trades import (
    NAME_CONFIDENCE,
    POSTING_CONFIDENCE,
    WORKER_CONFIDENCE,
    Found,
    Trade,
    chatter_words,
    neutral_words,
    simplified_characters,
    trades,
)

MOST_TRADES = 5
MOST_CODES = 5
LEAST_CONFIDENCE = 0.15
"""Trades below it are not reported: the text more likely speaks of something else."""
LEAST_LIKENESS = 0.33
"""Occupations less like a text are not reported: of 20,000 real texts the least like its best was .38, of 5,000 words
of random letters the most .32."""
BATCH_TEXTS = 256

_FACT_CONFIDENCE = 0.9
_TERMS_CONFIDENCE = 0.35
"""Of further titles of a whole group, which tell terms more than work: 寒假工, 小时工, 点工."""
_GROUP = "-00-00"
_YIELDING_CONFIDENCE = 0.3
"""Of a lexicon word that is also a known title of an occupation: there the title's occupation comes first."""
_MODIFIER_WEIGHT = 0.55
"""Of a word that runs straight into a title: it says where or of what kind."""
_ACTION_SHARE = 0.3
"""Of the confidence of a short word that names an action rather than a worker."""
_LONGEST_ACTION = 3
_ONE = np.float32(1.0)
_TRADE_WORDS_WEIGHT = np.float32(0.3)
_CODE_WORDS_WEIGHT = np.float32(0.5)
_SURE_LIKENESS = 0.55
_LIKENESS_SLOPE = 0.06
_RIVAL_WIDTH = 0.08
_HIGHEST_CONFIDENCE = 0.99
_TITLE = re.compile(
    r"(?:[工员师手匠嫂姨哥妹倌户民]|司机|兼职|保安|保姆|教练|老师|护士|骑手|的)$|^.{4,}$|^[a-z ]+$"
    r"|^(?:装卸|搬运|搬家|保洁|家政|安保|门卫|安检|客服|收银|导购|传菜|快递|外卖|跑腿|代驾|叉车|挖机|铲车|吊车|电焊|绿化|"
    r"环卫|会计|出纳|前台|翻译|司仪|模特|礼仪|群演|充场|派单|地推|主播|家教)$"
)
_LETTER = re.compile(r"[a-z\u4e00-\u9fff]")


class Recognition(msgspec.Struct, frozen=True):
    """Trades surest first (at most MOST_TRADES) and occupation codes best first (at most MOST_CODES)."""

    trades: tuple[Found, ...]
    occupation_codes: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """What `kuaizhao trades` writes for a text: trades with id, occupation_code, confidence and words."""
        return {
            "trades": [
                {
                    "id": found.id,
                    "occupation_code": trades()[found.id].code,
                    "confidence": found.confidence,
                    "words": list(found.words),
                }
                for found in self.trades
            ],
            "occupation_codes": list(self.occupation_codes),
        }


_NOTHING = Recognition((), ())


class Recogniser:
    """Recognises texts with the given encoder, over the given facts and lexicon (default: those shipped).

    To measure on titles that were not seen, give facts without them and `lexicon_without_words`. Raises KeyError
    when a trade's occupation is not among the facts. From then on the process's BLAS keeps to one thread: where others
    compute on the same cores, its threads wait for each other busily, and a text took ten times as long.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        facts: Iterable[Occupation] | None = None,
        lexicon: Iterable[Trade] | None = None,
    ) -> None:
        threadpool_limits(1, "blas")
        self._encoder = encoder
        self._facts = list(occupations().values() if facts is None else facts)
        self._code_at = {fact.code: position for position, fact in enumerate(self._facts)}
        held = trades().values() if lexicon is None else lexicon
        self._lexicon = sorted(held, key=lambda trade: self._code_at[trade.code])
        self._trade_at = {trade.id: position for position, trade in enumerate(self._lexicon)}
        self._code_of_trade = np.array([self._code_at[trade.code] for trade in self._lexicon], np.intp)
        words = [*_lexicon_words(self._lexicon), *_fact_words(self._facts)]
        self._finder = WordFinder(words, neutral_words(), dict(simplified_characters()), chatter_words())
        self._references = References(encoder, self._lexicon, self._facts, self._code_of_trade, self._finder.normalise)

    def recognise(self, text: str) -> Recognition:
        """Trades and occupations of one text; nothing for a text without a letter or a Chinese character."""
        return self.recognise_many([text])[0]

    def recognise_many(self, texts: Sequence[str]) -> list[Recognition]:
        """As `recognise`, for many texts at once and much faster."""
        found: list[Recognition] = []
        for start in range(0, len(texts), BATCH_TEXTS):
            found += self._recognise_batch(texts[start : start + BATCH_TEXTS])
        return found

    def _recognise_batch(self, texts: Sequence[str]) -> list[Recognition]:
        readings = [self._finder.read(text) for text in texts]
        said = [position for position, reading in enumerate(readings) if _LETTER.search(reading.affirmed)]
        answers = [_NOTHING] * len(texts)
        if not said:
            return answers
        spoken = [readings[position] for position in said]
        vectors = self._encoder.encode([reading.asked for reading in spoken], "query")
        trade_likeness, code_likeness = self._references.likenesses(vectors)
        found = self._trades_of(spoken, trade_likeness, vectors)
        codes = self._codes_of(spoken, code_likeness)
        for position, its_trades, its_codes in zip(said, found, codes, strict=True):
            answers[position] = Recognition(its_trades, its_codes)
        return answers

    def _trades_of(self, readings: Sequence[Reading], likeness: Scores, vectors: Vectors) -> list[tuple[Found, ...]]:
        doubt = np.ones_like(likeness)
        words: list[dict[int, dict[str, None]]] = [{} for _ in readings]
        for row, reading in enumerate(readings):
            for hit in reading.hits:
                named = [(self._trade_at[owner], how) for owner, how in hit.owners if owner in self._trade_at]
                for trade, confidence in named:
                    if hit.text not in words[row].setdefault(trade, {}):
                        words[row][trade][hit.text] = None
                        doubt[row, trade] *= 1.0 - _says(hit, confidence, len(named))
        chances = _chances(likeness + _TRADE_WORDS_WEIGHT * (_ONE - doubt))
        sure: Scores = _ONE - doubt * (_ONE - chances)
        return [
            tuple(
                Found(
                    self._lexicon[trade].id,
                    min(_HIGHEST_CONFIDENCE, round(float(sure[row, trade]), 4)),
                    tuple(words[row].get(trade, ())) or (self._references.nearest_word(vectors[row], trade),),
                )
                for trade in best
                if sure[row, trade] >= LEAST_CONFIDENCE
            )
            for row, best in enumerate(_highest(sure, MOST_TRADES))
        ]

    def _codes_of(self, readings: Sequence[Reading], likeness: Scores) -> list[tuple[str, ...]]:
        doubt = np.ones_like(likeness)
        for row, reading in enumerate(readings):
            for hit, weight in zip(reading.hits, self._leads(reading), strict=True):
                for code, confidence in self._said_codes(hit).items():
                    doubt[row, code] *= 1.0 - confidence * weight
        scores = likeness + _CODE_WORDS_WEIGHT * (_ONE - doubt)
        best = _highest(scores, MOST_CODES)
        return [
            tuple(self._facts[code].code for code in codes if row[code] >= LEAST_LIKENESS)
            for row, codes in zip(scores, best, strict=True)
        ]

    @staticmethod
    def _leads(reading: Reading) -> list[float]:
        """How far each hit may name the occupation: of titles in one breath the last one does, 保洁 of 酒店前台保洁."""
        leads = [1.0] * len(reading.hits)
        for position, (hit, following) in enumerate(itertools.pairwise(reading.hits)):
            if following.start == hit.end and any(confidence >= NAME_CONFIDENCE for _, confidence in following.owners):
                leads[position] = _MODIFIER_WEIGHT
        return leads

    def _said_codes(self, hit: Hit) -> dict[int, float]:
        """Positions of the occupations a hit names, and how surely; a trade names its occupation."""
        titled = sum(owner in self._code_at for owner, _ in hit.owners)
        said: dict[int, float] = {}
        for owner, confidence in hit.owners:
            code = self._code_at.get(owner)
            if code is None:
                code = int(self._code_of_trade[self._trade_at[owner]])
                confidence = min(confidence, _YIELDING_CONFIDENCE) if titled else confidence
            said[code] = max(said.get(code, 0.0), _says(hit, confidence, titled or len(hit.owners)))
        return said


def lexicon_without_words(left_out: Collection[str]) -> list[Trade]:
    """The shipped trades without the aliases and phrases among `left_out`; their names stay."""

    def rest(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in words if word not in left_out)

    return [
        msgspec.structs.replace(
            trade,
            aliases=rest(trade.aliases),
            posting_phrases=rest(trade.posting_phrases),
            worker_phrases=rest(trade.worker_phrases),
        )
        for trade in trades().values()
    ]


def _lexicon_words(lexicon: Iterable[Trade]) -> Iterator[Word]:
    for trade in lexicon:
        yield Word(trade.id.replace("_", " "), trade.id, NAME_CONFIDENCE)
        yield from (Word(text, trade.id, NAME_CONFIDENCE) for text in (trade.name, *trade.aliases))
        yield from (Word(text, trade.id, POSTING_CONFIDENCE) for text in trade.posting_phrases)
        yield from (Word(text, trade.id, WORKER_CONFIDENCE) for text in trade.worker_phrases)


def _fact_words(facts: Iterable[Occupation]) -> Iterator[Word]:
    for fact in facts:
        for text in (fact.name, *fact.titles, *fact.parts_of_titles()):
            yield Word(text, fact.code, _FACT_CONFIDENCE)
        confidence = _TERMS_CONFIDENCE if fact.code.endswith(_GROUP) else _FACT_CONFIDENCE
        yield from (Word(text, fact.code, confidence) for text in fact.further)


def _says(hit: Hit, confidence: float, rivals: int) -> float:
    """How surely the hit names each of so many trades, or of so many occupations, 0..1."""
    share = 1.0 if len(hit.text) > _LONGEST_ACTION or _TITLE.search(hit.text) else _ACTION_SHARE
    return float(confidence * share * hit.weight * rivals**-0.5)


def _chances(scores: Scores) -> Scores:
    """Chance of each trade by its likeness, (texts, trades): its share among rivals within _RIVAL_WIDTH, times
    how far the likeness itself can be believed. On our own postings 80 % mean 96 % right, 40-60 % mean 69 %."""
    if not scores.shape[1]:
        return scores
    rivals = np.exp((scores - scores.max(axis=1, keepdims=True)) / np.float32(_RIVAL_WIDTH))
    believed = 1.0 / (1.0 + np.exp((_SURE_LIKENESS - scores) / np.float32(_LIKENESS_SLOPE)))
    chances: Scores = rivals / rivals.sum(axis=1, keepdims=True) * believed
    return chances


def _highest(scores: Scores, count: int) -> list[list[int]]:
    """Positions of the `count` highest scores of each row, highest first; of equals the first."""
    count = min(count, scores.shape[1])
    if not count:
        return [[] for _ in scores]
    candidates = np.sort(np.argpartition(-scores, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(scores, candidates, axis=1), axis=1, kind="stable")
    ranked: list[list[int]] = np.take_along_axis(candidates, order, axis=1).tolist()
    return ranked
