"""The words of the shipped model, and the tokenizer that finds them in running text.

The tokenizer is a Unigram model over Chinese words with their frequencies, so the most probable split is found without
a segmenter at run time. Figures, punctuation and emoji are dropped: pay, dates and places are fields, not meaning.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.generator import Concept
from embeddings.scenes import SCENE

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "<unk>"
HAN_WORD = re.compile(r"[\u4e00-\u9fff]+")
LATIN_WORD = re.compile(r"[a-z]+[0-9]?")
OWN_WORD_COUNT = 2_000
"""A word of the lexicon counts as if jieba's corpus (60 million words) had held it so often: enough for the split to
prefer 腻子工 to 腻子 + 工, too little for it to take letters away from the words around."""


RARE = 20
"""How often jieba's corpus must have held what one scene alone says, for it to be a word."""


@dataclass(frozen=True)
class Vocabulary:
    """Words with counts, in the order of the model's rows; row 0 is the unknown word."""

    counts: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.counts) + 1

    @property
    def words(self) -> list[str]:
        return list(self.counts)

    def probabilities(self) -> list[float]:
        """Each word's share of all counts, in row order without the unknown word."""
        total = sum(self.counts.values())
        return [count / total for count in self.counts.values()]


def choose(frequencies: Mapping[str, int], own: Iterable[str], *, characters: int, words: int) -> Vocabulary:
    """The ``characters`` and the ``words`` (2-4 characters) seen most often, and all our ``own`` words.

    Own words shorter than two characters or with other signs than Han or Latin letters are passed over.
    """
    by_count = sorted(frequencies.items(), key=lambda item: (-item[1], item[0]))
    single = [item for item in by_count if len(item[0]) == 1 and HAN_WORD.fullmatch(item[0])]
    several = [item for item in by_count if 2 <= len(item[0]) <= 4 and HAN_WORD.fullmatch(item[0])]
    counts = dict(single[:characters] + several[:words])
    for word in sorted(set(own)):
        if LATIN_WORD.fullmatch(word) or (len(word) > 1 and HAN_WORD.fullmatch(word)):
            counts[word] = max(counts.get(word, 0), frequencies.get(word, 0), OWN_WORD_COUNT)
        elif HAN_WORD.fullmatch(word):
            counts.setdefault(word, frequencies.get(word, 1))
    return Vocabulary({word: max(1, count) for word, count in counts.items()})


def own_words(known: Iterable[Concept], places: Iterable[str] = ()) -> set[str]:
    """The lexicon's short words: phrases of up to 3 signs, jargon of up to 4, Latin words, names of places.

    Longer phrases stay split: as words of their own they would teach their parts nothing.
    """
    own = {place for place in places if len(place) > 1}
    for concept in known:
        own |= {text for text in (*concept.names, *concept.posting, *concept.worker) if len(text) <= 3}
        own |= {word for word in concept.words if len(word) <= 4}
        own |= {word for text in concept.texts for word in LATIN_WORD.findall(text.lower()) if len(word) > 1}
    return {word.lower() for word in own}


def passing_phrases(known: Collection[Concept], frequencies: Mapping[str, int]) -> set[str]:
    """What one scene of everyday life alone says and jieba's corpus held less than ``RARE`` times.

    收玩具 is no word: it stays split as well, or it would take the room of one and teach 玩具 nothing.
    """
    said = Counter(text for concept in known for text in concept.texts)
    scenes = (concept for concept in known if concept.id.startswith(SCENE))
    once = (text for scene in scenes for text in scene.texts if said[text] == 1 and len(text) > 1)
    return {text for text in once if frequencies.get(text, 0) < RARE and HAN_WORD.fullmatch(text)}


def traditional_spellings(words: Iterable[str], simplified: Mapping[int, int]) -> dict[str, str]:
    """Traditional spelling -> simplified, for every known character and for ``words``.

    ``simplified`` is a ``str.translate`` table from traditional to simplified characters.
    """
    spellings = {chr(old): chr(new) for old, new in simplified.items()}
    back: dict[int, str] = {}
    for old, new in simplified.items():
        back.setdefault(new, chr(old))
    for word in words:
        old_spelling = word.translate(back)
        if len(word) > 1 and old_spelling != word:
            spellings.setdefault(old_spelling, word)
    return spellings


def word_pattern(vocabulary: Vocabulary) -> str:
    """What of a text is split into words: runs of Han letters, and Latin words of the vocabulary.

    An unknown Latin word would be cut into known ones: PA, who cleans hotels, and RT, who rehabilitates, are in "part".
    """
    latin = "|".join(sorted(filter(LATIN_WORD.fullmatch, vocabulary.words), key=lambda word: (-len(word), word)))
    return rf"{HAN_WORD.pattern}|(?<![a-z])(?=[a-z])(?:{latin})(?:(?<=[0-9])|(?![a-z]))" if latin else HAN_WORD.pattern


def build_tokenizer(vocabulary: Vocabulary, spellings: Mapping[str, str]) -> tuple[Tokenizer, NDArray[np.int64]]:
    """A ``tokenizers`` Unigram tokenizer, and the number of each token's word in the vocabulary (-1: unknown).

    NFKC, lower case, everything but Han letters and known Latin words dropped; token 0 is the unknown word.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    scores = [round(math.log(share), 3) for share in vocabulary.probabilities()]  # long figures would cost a megabyte
    number = {word: row for row, word in enumerate(vocabulary.words)}
    variants = {old: number[new] for old, new in spellings.items() if new in number and old not in number}
    pieces = [(UNKNOWN, min(scores) - 10), *zip(vocabulary.words, scores, strict=True)]
    pieces += [(old, scores[row]) for old, row in variants.items()]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(word_pattern(vocabulary)), behavior="removed", invert=True)
    return tokenizer, np.array([-1, *range(len(number)), *variants.values()], np.int64)
