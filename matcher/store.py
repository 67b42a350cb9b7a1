"""The store: every write is one atomic function that also writes the event; reads give typed records."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import codec, draw, records
from matcher.complaints import Category
from matcher.connection import Done, guarded
from matcher.counts import Counts
from matcher.errors import KuaizhaoError
from matcher.model import SCHEMA, Employer, Heat, Posting, PostingState, Presence, Profile, Site
from matcher.seating import Seating
from matcher.settings import MarketSettings
from matcher.waves import standby_target

Vector = NDArray[np.float32]


def heat_id(day: date, district: str) -> str:
    """The record of a district's temperature on a day; ids ascend with the days."""
    return f"{day.isoformat()} {district}"


class PostingWrite(Struct, kw_only=True, frozen=True):
    """A reviewed and encoded posting, ready to be written."""

    doc: Posting
    vector: Vector
    model: str


class Store(Seating):
    """One market's store: its operations."""

    # -- people -----------------------------------------------------------------------------------------------------

    @staticmethod
    def register_call(
        id_: str,
        doc: Profile,
        person: bytes,
        vector: Vector,
        model: str,
        person_mark: str = "",
        marks: Sequence[str] = (),
        apart: Sequence[str] = (),
        *,
        listed: bool = False,
    ) -> tuple[str, list[Any]]:
        """The call that `register` makes; ingest sends many in one round trip.

        Somebody else registered under one of the `marks` is refused as `known_twin`, unless named in `apart`; somebody
        who was erased as `erased`, where only a list names them (`listed`).
        """
        body = codec.pack(doc)
        encoded = [records.vector_bytes(vector), model]
        args = [id_, records.digest(body), SCHEMA, body, *encoded, person, person_mark]
        return "register", [*args, " ".join(marks), " ".join(apart), int(listed)]

    async def register(
        self,
        id_: str,
        doc: Profile,
        person: bytes,
        vector: Vector,
        model: str,
        person_mark: str = "",
        marks: Sequence[str] = (),
    ) -> Done:
        """A new profile with its sealed person (b"": none) and its mark, a keyed hash that tells whether two sealed
        persons are the same. The same again replays; another document or person: `key_reused`; somebody
        under another id with one of the `marks`: `known_twin`."""
        name, args = self.register_call(id_, doc, person, vector, model, person_mark, marks)
        return await self.call(name, *args)

    @staticmethod
    def amend_profile_call(
        id_: str,
        doc: Profile,
        vector: Vector,
        model: str,
        expected_v: int = 0,
        person: bytes = b"",
        person_mark: str = "",
        marks: Sequence[str] = (),
    ) -> tuple[str, list[Any]]:
        """The call that `amend_profile` makes; no `person` and no `marks` leave them as they are."""
        body = codec.pack(doc)
        encoded = [records.vector_bytes(vector), model]
        return "amend_profile", [
            id_, expected_v, records.digest(body), SCHEMA, body, *encoded, person, person_mark, " ".join(marks),
        ]  # fmt: skip

    async def amend_profile(self, id_: str, doc: Profile, vector: Vector, model: str, expected_v: int = 0) -> Done:
        """A new document for a profile; `expected_v` guards against overwriting another's change (0: any)."""
        name, args = self.amend_profile_call(id_, doc, vector, model, expected_v)
        return await self.call(name, *args)

    async def end_sessions(self, whose: str, token_hash: str | None = None) -> Done:
        """Ends log-ins of `ROLE:SUBJECT`, all or the one of a token; `done` says how many tokens ended."""
        return await self.call("end_sessions", whose, *([token_hash] if token_hash else []))

    async def presence(self, id_: str, presence: Presence, until_ms: int) -> Done:
        """Sets where the person is, until `until_ms`."""
        return await self.call("presence", id_, presence.state, until_ms, presence.queue_no or "")

    async def call_number(self, site: str, day: str, queue_no: int | None) -> Done:
        """A queue number is called, or the next one; `v` says which. Raises `no_number`."""
        return await self.call("call_number", site, day, queue_no or "")

    async def pause(self, id_: str, paused: bool) -> Done:
        """No offers (暂停接单), until the person says that they can work, or it is taken back here."""
        return await self.call("pause", id_, int(paused))

    async def erase(self, id_: str, by: str = "", why: str = "") -> Done:
        """Whatever says who the person is, and the profile. `state` is `erased`, or `waiting` while a seat or wage is
        open: then they get no offers, and it is to be asked again. `by` goes into the audit log in the same step."""
        return await self.call("erase", id_, by, why)

    async def withdraw_consent(self, id_: str) -> Done:
        """No offers, no waiting in line and no crew any more, until the person consents again; seats stay theirs."""
        return await self.call("withdraw_consent", id_)

    async def give_consent(self, id_: str, person: bytes, person_mark: str) -> Done:
        """The sealed person names the text consented to. After a withdrawal, things are as they were before."""
        return await self.call("give_consent", id_, person, person_mark)

    async def suspend(self, id_: str, until_ms: int, reason: str) -> Done:
        """No offers and no new acceptances until a moment; one that is past, or 0, ends it now. The person is told."""
        return await self.call("suspend", id_, until_ms, reason)

    async def block(
        self, employer: str, profile: str, by: Literal["worker", "employer"], blocks: bool, reason: str = ""
    ) -> Done:
        """One side wants nothing more from the other (or takes that back): nothing is offered between them any more,
        and open offers are withdrawn. Who has said yes or has a seat keeps it."""
        return await self.call("block", employer, profile, by, int(blocks), reason)

    async def favour(
        self, employer: str, profile: str, favourite: bool, by: Literal["worker", "employer"] = "employer"
    ) -> Done:
        """One side marks the other as a favourite, or takes that back."""
        return await self.call("favour", employer, profile, by, int(favourite))

    async def complain(
        self, id_: str, profile: str, category: Category, posting: str, text: bytes, digest: str
    ) -> Done:
        """A worker complains, perhaps about a posting (""), in sealed words; `digest` tells equal complaints."""
        return await self.call("complain", id_, profile, digest, category, posting, text)

    async def answer_complaint(self, id_: str, answer: bytes, digest: str, by: str) -> Done:
        """A clerk's sealed answer, of which the worker is told; a later one replaces it."""
        return await self.call("answer_complaint", id_, digest, answer, by)

    async def put_employer(
        self, id_: str, doc: Employer, expected_v: int = 0, contact: bytes = b"", contact_mark: str = ""
    ) -> Done:
        """Writes an employer and its sealed contact (`expected_v` -1: must be new). The mark is the same for the same
        contact, whose sealed bytes are others each time."""
        body = codec.pack(doc)
        digest = records.digest(body, contact_mark)
        return await self.call("put", "employer", id_, expected_v, digest, SCHEMA, body, int(doc.verified), contact)

    async def put_heat(self, doc: Heat) -> Done:
        """The day's temperature in a district."""
        body = codec.pack(doc)
        return await self.call("put", "heat", heat_id(doc.day, doc.district), 0, records.digest(body), SCHEMA, body, 0)

    async def put_site(self, id_: str, doc: Site, expected_v: int = 0) -> Done:
        """Writes a site."""
        body = codec.pack(doc)
        return await self.call("put", "site", id_, expected_v, records.digest(body), SCHEMA, body, 0)

    async def configure(self, values: Mapping[str, int]) -> Done:
        """Changes market settings; matchers begin anew with them. Raises `bad_field` for what cannot be."""
        for name in values:
            if name not in MarketSettings.__struct_fields__:
                raise KuaizhaoError("bad_field", name)
        try:
            msgspec.convert(dict(values), MarketSettings)
        except msgspec.ValidationError as exc:
            raise KuaizhaoError("bad_field", str(exc)) from exc
        return await self.call("configure", *(part for item in values.items() for part in item))

    # -- postings ---------------------------------------------------------------------------------------------------

    @staticmethod
    def post_call(
        id_: str,
        write: PostingWrite,
        *,
        verdict: PostingState,
        reason: str,
        award: str,
        seed: str,
        marks: Sequence[str] = (),
        apart: Sequence[str] = (),
    ) -> tuple[str, list[Any]]:
        """The call that `post` makes. The seeds of a fair award's rounds follow from `seed`, which nobody else knows.

        Living postings with one of the `marks` are refused as `known_twin`, unless named in `apart`.
        """
        doc, body = write.doc, codec.pack(write.doc)
        seeds = draw.chain(seed) if award == "fair" else []
        return "post", [
            id_,
            records.digest(body),
            SCHEMA,
            body,
            records.vector_bytes(write.vector),
            write.model,
            doc.employer,
            verdict,
            reason,
            award,
            doc.headcount,
            doc.start_ms,
            doc.end_ms,
            doc.valid_until_ms,
            standby_target(doc.headcount),
            draw.packed(seeds),
            draw.commitment(seeds),
            " ".join(marks),
            " ".join(apart),
            doc.crews,
            doc.series or "",
        ]

    async def post(
        self, id_: str, write: PostingWrite, *, verdict: PostingState, reason: str, award: str, seed: str
    ) -> Done:
        """A new posting. The same again replays; another document under the id: `key_reused`."""
        name, args = self.post_call(id_, write, verdict=verdict, reason=reason, award=award, seed=seed)
        return await self.call(name, *args)

    async def post_series(self, series: str, days: Sequence[tuple[str, list[Any]]]) -> Done:
        """The days of a series that is taken as a whole, each as `post_call` gives it; all are written or none."""
        args = [part for _, day in days for part in day]
        return await self.call("post_series", series, len(days[0][1]), *args)

    async def withdraw_series(self, series: str, by: str = "clerk") -> Done:
        """Takes back every day that has not ended."""
        return await self.call("withdraw_series", series, by)

    async def review(self, id_: str, to: PostingState, reason: str = "") -> Done:
        """Moves a posting that is not open yet: to `open`, `draft`, `blocked` or `awaiting_review`."""
        return await self.call("review", id_, to, reason)

    @staticmethod
    def amend_call(
        id_: str,
        write: PostingWrite,
        *,
        material: bool,
        warns: bool,
        reason: str = "",
        expected_v: int = 0,
        release: Iterable[str] = (),
    ) -> tuple[str, list[Any]]:
        """The call that `amend` makes."""
        doc, body = write.doc, codec.pack(write.doc)
        return "amend", [
            id_,
            expected_v,
            records.digest(body),
            SCHEMA,
            body,
            records.vector_bytes(write.vector),
            write.model,
            doc.headcount,
            doc.start_ms,
            doc.end_ms,
            doc.valid_until_ms,
            standby_target(doc.headcount),
            int(material),
            int(warns),
            reason,
            doc.crews,
            *release,
        ]

    async def amend(
        self,
        id_: str,
        write: PostingWrite,
        *,
        material: bool,
        warns: bool,
        reason: str = "",
        expected_v: int = 0,
        release: Iterable[str] = (),
    ) -> Done:
        """A new document for a posting; `material` when it is worse for the worker, `warns` when a clerk must look."""
        name, args = self.amend_call(
            id_, write, material=material, warns=warns, reason=reason, expected_v=expected_v, release=release
        )
        return await self.call(name, *args)

    async def hold(self, id_: str, held: bool, reason: str = "") -> Done:
        """Asks for nobody while held: it cannot go on as it stands. Whoever waits or has a seat is told."""
        return await self.call("hold", id_, int(held), reason)

    async def close_posting(self, id_: str) -> Done:
        """Nobody else is needed; seats stay."""
        return await self.call("close", id_)

    async def withdraw(self, id_: str, by: str = "clerk") -> Done:
        """Taken back; everybody is released. By the employer, and late, it is a penalty."""
        return await self.call("withdraw", id_, by)

    async def expire(self, id_: str) -> Done:
        """Validity has ended."""
        return await self.call("expire", id_)

    # -- vectors of another model -----------------------------------------------------------------------------------

    @staticmethod
    def reencode_call(
        kind: Literal["profile", "posting"], id_: str, digest: str, vector: Vector | None, model: str
    ) -> tuple[str, list[Any]]:
        """The call that `reencode` makes."""
        return "reencode", [kind, id_, digest, b"" if vector is None else records.vector_bytes(vector), model]

    async def reencode(
        self, kind: Literal["profile", "posting"], id_: str, digest: str, vector: Vector | None, model: str
    ) -> Done:
        """The vector of another model, unless the document is not the one with this `digest` any more
        (`stale_version`). The vector in force stays beside it until `put_model` has named the new model and the record
        is reencoded once more, now with None for the vector."""
        name, args = self.reencode_call(kind, id_, digest, vector, model)
        return await self.call(name, *args)

    # -- the market ---------------------------------------------------------------------------------------------------

    async def put_model(self, model: str, dimension: int) -> Done:
        """Names the model whose vectors the index holds; a change makes matchers build their memory anew."""
        body = codec.pack({"model": model, "dimension": dimension})
        return await self.call("put", "model", "current", 0, records.digest(body), SCHEMA, body, 0)

    async def propose_model(self, model: str, dimension: int) -> str:
        """Names the model where none is named yet; answers with the one in force, which may be another."""
        body = codec.pack({"model": model, "dimension": dimension})
        try:
            await self.call("put", "model", "current", -1, records.digest(body), SCHEMA, body, 0)
        except KuaizhaoError as exc:
            if exc.code != "key_reused":
                raise
            return (await self.model())[0]
        return model

    async def settled(self, name: str, value: str) -> str:
        """Writes `value` under a name of the market unless something is there already; answers with what is there."""
        async with guarded():
            await self.commands.set(self.key(name), value, nx=True)
            return str((await self.commands.get(self.key(name))).decode())

    async def epoch(self) -> str:
        """Names this life of the market's data: a store that was emptied has another."""
        return await self.settled("epoch", secrets.token_hex(8))

    async def beat(self, who: str, for_s: float, counts: Counts) -> None:
        """Says that `who` is alive for the next seconds, and what it has done."""
        async with guarded():
            await self.commands.set(self.key("alive", who), codec.pack(counts), px=int(for_s * 1000))


@asynccontextmanager
async def opened(url: str, market: str, *, connections: int = 64) -> AsyncIterator[Store]:
    """A store with its library loaded, closed at the end."""
    store = Store(url, market, connections=connections)
    try:
        await store.load()
        yield store
    finally:
        await store.close()
