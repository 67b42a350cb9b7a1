"""Duplicates: marks by which the same person or the same shift is found again, and whether two postings are one (pure).

A person is found by a keyed hash of the ID number, of name and telephone, or of the telephone alone; a shift by its
employer (credit code, or name without the usual endings), trade and start. The store refuses a second record under a
mark (marks.lua), except under a telephone alone.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from ingest.fields.found import plain
from ingest.gazetteer import distance_m
from ingest.persons import Vault
from matcher.model import Employer, Person, Place, Posting

SAME_PLACE_M: Final = 1_500
"""Two sites put the same address this far apart at most: one knows the house, the other the street."""
SAME_TEXT: Final = 0.4
"""Least share of two-character pieces that the shorter text has in common with the longer."""
_MARK_CHARS: Final = 16
_ENDINGS: Final = re.compile(r"\(.*?\)|有限责任公司|股份有限公司|有限公司|公司|集团|[\s·.,-]")


def person_marks(person: Person, vault: Vault) -> list[str]:
    """`i:` and the hash of the ID number, where there is one; `n:` and that of name and telephone; `t:` and that of the
    telephone, which a family may share: it finds people and makes no twins."""
    marks = [_name_mark(person.name, person.telephone, vault)]
    if person.id_number:
        marks.insert(0, id_mark(person.id_number, vault))
    return [*marks, telephone_mark(person.telephone, vault)]


def row_marks(name: str, telephone: str, id_number: str, vault: Vault) -> list[str]:
    """Marks of whom a row names that stays out, of what can be read of it. The telephone alone counts where there is no
    name: another name on it is another of the family."""
    marks = [id_mark(id_number, vault)] if id_number else []
    if name and telephone:
        return [*marks, _name_mark(name, telephone, vault)]
    return [*marks, telephone_mark(telephone, vault)] if telephone else marks


def id_mark(id_number: str, vault: Vault) -> str:
    """The mark under which whoever has this ID number is found."""
    return f"i:{vault.keyed_hash(f'mark id {id_number}')[:_MARK_CHARS]}"


def telephone_mark(telephone: str, vault: Vault) -> str:
    """The mark under which everybody with this telephone is found."""
    return f"t:{vault.keyed_hash(f'mark telephone {telephone}')[:_MARK_CHARS]}"


def _name_mark(name: str, telephone: str, vault: Vault) -> str:
    return f"n:{vault.keyed_hash(f'mark name {name} {telephone}')[:_MARK_CHARS]}"


def posting_marks(posting: Posting, employer: Employer) -> list[str]:
    """`s:` and a hash of employer, trade and start; one by the credit code where there is one, one by the name."""
    names = [employer.credit_code, _ENDINGS.sub("", plain(employer.name))]
    return [f"s:{_hash(name, posting.trade, str(posting.start_ms))}" for name in names if name]


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=_MARK_CHARS // 2).hexdigest()


def same_person(marks: list[str], other: list[str]) -> bool:
    """Whether two people who share a mark are one: not when both have an ID number and the numbers differ."""
    mine, theirs = ({m for m in some if m.startswith("i:")} for some in (marks, other))
    return not (mine and theirs) or mine == theirs


def same_shift(one: Posting, two: Posting) -> bool:
    """Whether two postings of an employer for a trade at a time are one: at one place, and said alike."""
    if distance_m(one.place.lat, one.place.lon, two.place.lat, two.place.lon) > SAME_PLACE_M:
        return False
    return _alike(one.text, two.text) >= SAME_TEXT


def _alike(one: str, two: str) -> float:
    """Share of the two-character pieces of the shorter text that the other has; texts that say nothing are alike."""
    pieces = [{text[i : i + 2] for i in range(len(text) - 1)} for text in map(_only_words, (one, two))]
    fewest = min(map(len, pieces))
    return len(pieces[0] & pieces[1]) / fewest if fewest else 1.0


def _only_words(text: str) -> str:
    return re.sub(r"[\W\d]", "", plain(text))


def differences(old: Posting, new: Posting) -> list[str]:
    """Names of the fields in which two postings differ, for the clerk who looks at the merge."""
    return [words for field, words in _FIELDS.items() if _shown(getattr(old, field)) != _shown(getattr(new, field))]


def _shown(value: object) -> object:
    return (round(value.lat, 3), round(value.lon, 3)) if isinstance(value, Place) else value


_FIELDS: Final = {
    "text": "工作内容",
    "headcount": "人数",
    "end_ms": "结束时间",
    "place": "地点",
    "pay": "工资",
    "settlement": "结算",
    "age_min": "最低年龄",
    "age_max": "最高年龄",
    "certificates": "证书",
    "site": "站点",
}
