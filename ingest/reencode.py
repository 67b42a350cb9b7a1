"""Vectors of another model for every profile and live posting, while the market goes on.

Vectors are written first, the model is named last. A record that is rewritten keeps the vector of the model in force
beside the new one, and matchers read whichever is of the model they match by: until the model is named they match by
the old vectors, afterwards by the new ones, never by both, and nobody's words stop counting in between. (Naming first
would leave every record without a score until its turn came; overwriting in place would do so towards the end.)
Naming makes matchers build their memory anew, as after any such change; then the old vectors are dropped.

Every record is written by one atomic function, and only while its document is the one that was encoded: who amends it
in the meantime wins, and the next pass finds it. A record that has the model's vector is passed over, so a run that
was cut off is finished by running it again, and running it twice is the same as once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Protocol

from msgspec import Struct

from ingest.prepare import Encodes
from ingest.texts import posting_text, profile_text
from matcher import codec
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import Posting, PostingState, Profile
from matcher.records import Hash
from matcher.store import Store

Kind = Literal["profile", "posting"]
Progress = Callable[[str, int, int], None]
"""Told the step in words, the records seen in it and the records there are."""

LIVE: Final[tuple[PostingState, ...]] = ("draft", "blocked", "awaiting_review", "open", "filled")
"""States in which a posting may still be matched."""
BATCH_ROWS: Final = 500
"""Records a round trip, as many as an import's."""
PASSES: Final = 3
"""Before the model is named: each finds what others wrote by the old model during the one before."""
_PASSED_BY: Final = frozenset({"no_profile", "no_posting", "stale_version"})
"""Erased, or amended since it was read: there is nothing to rewrite, or the next pass does it."""


class Reencoded(Struct, kw_only=True):
    """What became of the records. `before` is the model that was in force, empty when none was."""

    model: str
    before: str
    profiles: int = 0
    postings: int = 0

    @property
    def switched(self) -> bool:
        """Whether the market matches by another model now than before."""
        return self.before != self.model


class SizedEncoder(Encodes, Protocol):
    """An encoder that can be named in the store."""

    dimension: int


def _ignore(step: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


async def reencode(store: Store, encoder: SizedEncoder, progress: Progress = _ignore) -> Reencoded:
    """Rewrites the records that have no vector of the encoder's model, and names that model.

    Raises StoreUnavailable when the store is gone; what was rewritten stays so.
    """
    report = Reencoded(model=encoder.model_id, before=(await store.model())[0])
    rewriting = _Rewriting(store, encoder, report, progress)
    for _ in range(PASSES):
        if await rewriting.run("写入新向量") == 0:
            break
    await store.put_model(encoder.model_id, encoder.dimension)
    await rewriting.run("启用新模型")
    return report


class _Rewriting:
    """The records of one market on their way to one model."""

    def __init__(self, store: Store, encoder: SizedEncoder, report: Reencoded, progress: Progress) -> None:
        self._store, self._encoder = store, encoder
        self._report, self._progress = report, progress

    async def run(self, step: str) -> int:
        """One pass over all records; answers with how many were rewritten."""
        postings = [id_ for state in LIVE for id_ in await self._store.postings_in(state)]
        work: list[tuple[Kind, list[str]]] = [
            ("profile", await self._store.ids("profile")),
            ("posting", list(dict.fromkeys(postings))),
        ]
        total, seen, rewritten = sum(len(ids) for _, ids in work), 0, 0
        for kind, ids in work:
            for first in range(0, len(ids), BATCH_ROWS):
                some = ids[first : first + BATCH_ROWS]
                count = await self._batch(kind, some)
                setattr(self._report, f"{kind}s", getattr(self._report, f"{kind}s") + count)
                seen, rewritten = seen + len(some), rewritten + count
                self._progress(step, seen, total)
        return rewritten

    async def _batch(self, kind: Kind, ids: Sequence[str]) -> int:
        raws = zip(ids, await self._store.hashes(kind, ids), strict=True)
        model = self._encoder.model_id
        held = [(id_, raw) for id_, raw in raws if raw]
        other = [(id_, raw) for id_, raw in held if raw.get(b"model", b"").decode() != model]
        tidy: list[tuple[str, list[Any]]] = [
            self._store.reencode_call(kind, id_, raw[b"digest"].decode(), None, model)
            for id_, raw in held
            if raw.get(b"model", b"").decode() == model and b"previous_vec" in raw
        ]
        calls = []
        if other:
            texts = [_text(kind, raw) for _, raw in other]
            vectors = await asyncio.to_thread(self._encoder.encode, texts, kind)
            calls = [
                self._store.reencode_call(kind, id_, raw[b"digest"].decode(), vector, model)
                for (id_, raw), vector in zip(other, vectors, strict=True)
            ]
        done = [_done(answer) for answer in (await self._store.call_many(calls + tidy) if calls or tidy else [])]
        return sum(done[: len(calls)])


def _text(kind: Kind, raw: Hash) -> str:
    if kind == "profile":
        return profile_text(codec.decode(raw[b"doc"], Profile))
    return posting_text(codec.decode(raw[b"doc"], Posting))


def _done(answer: Done | KuaizhaoError) -> bool:
    if isinstance(answer, Done):
        return not answer.replay
    if answer.code not in _PASSED_BY:
        raise answer
    return False
