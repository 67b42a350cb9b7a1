"""`python -m server.pinyin.build`: writes words.tsv, the common words and characters that the keyboard offers.

Counts are jieba's (MIT), readings pypinyin's (MIT); both are needed here only. A line is a word, how often jieba's
corpus of 56 million words held it, and its readings where they are not the first readings of its characters. A
character's line names all its readings, the usual one first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pypinyin import Style, lazy_pinyin, pinyin

from embeddings.teacher import default_cache, word_frequencies

TABLE: Final = Path(__file__).with_name("words.tsv")
WORDS: Final = 40_000
PEOPLE_AND_FIRMS: Final = ("nr", "nt")
"""jieba's marks of words that a hall does not need; names of cities stay."""
BESIDES: Final = "喆堃翀赟犇骉燚垚昇玥珺琋瑄祎昉晗婳璟烜湉甯偲煊珩钰瞭冚啰葚嫚"
"""Characters of given names and of the trade that the standard of 1980 lacks, or that the corpus never held."""
WORDS_OF_THE_TRADE: Final = {
    "蛤蜊": "ge li", "择菜": "zhai cai", "削皮": "xiao pi", "削面": "xiao mian", "校准": "jiao zhun",
    "审校": "shen jiao", "调音": "tiao yin", "调色": "tiao se", "泊车": "bo che", "丹参": "dan shen",
    "刨花": "bao hua", "刨床": "bao chuang", "乐手": "yue shou", "乐理": "yue li", "盛饭": "cheng fan",
    "家什": "jia shi", "还书": "huan shu", "还价": "huan jia",
}  # fmt: skip
"""Words whose reading does not follow from their characters, and that are too rare in the corpus."""
TRADE_COUNT: Final = 500
HAN: Final = re.compile(r"[\u4e00-\u9fff]+")
SPELLED: Final = re.compile(r"[a-z]*[aeiouv][a-z]*")


def believable(counts: dict[str, int]) -> dict[str, int]:
    """The counts, a character's at most twenty times that of all words it is part of: the corpus holds texts that were
    decoded wrongly, which made characters that nobody writes frequent."""
    within: Counter[str] = Counter()
    for word, count in counts.items():
        if len(word) > 1:
            within.update(dict.fromkeys(word, count))
    return {w: count if len(w) > 1 else min(count, 20 * (within[w] + 1)) for w, count in counts.items()}


def in_use(character: str) -> bool:
    """One of the 6,763 characters of GB 2312, or one of ours besides."""
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return character in BESIDES


def readings(character: str) -> list[str]:
    """All readings without tones, the usual one first; ü is written v."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    return [each for each in dict.fromkeys(found) if SPELLED.fullmatch(each)]


def lines(counts: dict[str, int]) -> Iterable[str]:
    """The table's lines, characters first, each by count."""
    by_count = sorted(counts, key=lambda word: (-counts[word], word))
    characters = [w for w in by_count if len(w) == 1 and HAN.fullmatch(w) and in_use(w)]
    characters += [c for c in BESIDES if c not in counts]
    usual = {}
    for character in characters:
        if spelled := readings(character):
            usual[character] = spelled[0]
            yield f"{character}\t{counts.get(character, 1)}\t{' '.join(spelled)}"
    words = [w for w in by_count if 2 <= len(w) <= 4 and all(c in usual for c in w)]
    for word, said in WORDS_OF_THE_TRADE.items():
        yield f"{word}\t{max(counts.get(word, 0), TRADE_COUNT)}\t{said}"
    for word in [w for w in words if w not in WORDS_OF_THE_TRADE][:WORDS]:
        spelled = lazy_pinyin(word, style=Style.NORMAL, v_to_u=False)
        said = "" if spelled == [usual[c] for c in word] else "\t" + " ".join(spelled)
        yield f"{word}\t{counts[word]}{said}"


if __name__ == "__main__":
    TABLE.write_text("\n".join(lines(believable(word_frequencies(default_cache(), PEOPLE_AND_FIRMS)))) + "\n", "utf-8")
