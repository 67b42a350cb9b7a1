"""The store: every write is one atomic function that also writes the event; reads give typed records.

Two clients: one for commands (short timeout, no automatic retries, since a retried command may be applied twice) and
one for blocking reads of the event stream.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
import numpy as np
import redis.asyncio as redis
from msgspec import Struct
from numpy.typing import NDArray
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from matcher import codec, library, records
from matcher.errors import KuaizhaoError, StoreUnavailable
from matcher.model import (
    SCHEMA,
    Employer,
    Entry,
    Posting,
    PostingRecord,
    PostingState,
    Presence,
    Profile,
    ProfileRecord,
    Site,
)
from matcher.settings import MarketSettings
from matcher.waves import standby_target

Vector = NDArray[np.float32]
REFUSES_WRITES = (OutOfMemoryError, ReadOnlyError, ClusterDownError, TryAgainError)
"""What the client makes of OOM, READONLY, CLUSTERDOWN, MASTERDOWN and TRYAGAIN; LOADING is a ConnectionError to it."""
COMMAND_TIMEOUT_S = 10.0
SCAN_TIMEOUT_S = 120.0
SWEEP_AT_ONCE = 100


class Done(Struct, kw_only=True):
    """What an operation answered. `v` is the record's version afterwards; `replay`: it had been done before."""

    v: int = 0
    replay: bool = False
    state: str = ""
    acceptance: str | None = None
    assignment: str | None = None
    order: int | None = None
    window_until_ms: int = 0
    offered: int = 0
    left_out: list[str] = []
    deadline_ms: int = 0
    done: int = 0
    next_ms: int = 0
    now_ms: int = 0


class Change(Struct, frozen=True):
    """One event: what happened to which record, its version, and the profiles whose entry changed."""

    stream_id: str
    seq: int
    kind: str
    id: str
    v: int
    who: tuple[str, ...]


class Offered(Struct, frozen=True):
    """One line of a wave: whom to offer, and what they are told beside it."""

    profile: str
    distance_m: int
    reasons: list[str]


class PostingWrite(Struct, kw_only=True, frozen=True):
    """A reviewed and encoded posting, ready to be written."""

    doc: Posting
    vector: Vector
    model: str


def _unavailable(exc: Exception) -> bool:
    if isinstance(exc, (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)):
        return True
    # a store that is loading, read-only, out of memory or disk refuses to write: nothing was acknowledged
    return isinstance(exc, REFUSES_WRITES) or (
        isinstance(exc, ResponseError) and str(exc).startswith(("MISCONF", "NOREPLICAS", "BUSY"))
    )


def _not_loaded(exc: Exception) -> bool:
    """Whether the library, or this market's settings, are not there: a new store, or one that was emptied."""
    return isinstance(exc, ResponseError) and ("Function not found" in str(exc) or "NOSETTINGS" in str(exc))


class Store:
    """One market in one store. `prefix` is `{market}:`, so that all keys share a cluster slot."""

    def __init__(self, url: str, market: str, *, connections: int = 64, clock: str | None = None) -> None:
        self.market = market
        self.prefix = f"{{{market}}}:"
        self._clock = clock
        no_retry: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), "protocol": 2}
        # Any: the stubs of redis-py mix answers of both protocols, bytes and str
        self.commands: Any = redis.Redis(
            connection_pool=redis.BlockingConnectionPool.from_url(
                url,
                max_connections=connections,
                timeout=COMMAND_TIMEOUT_S,
                socket_timeout=None,  # `guarded` limits the time
                socket_connect_timeout=2.0,
                **no_retry,
            )
        )
        self.blocking: Any = redis.Redis(
            connection_pool=redis.ConnectionPool.from_url(
                url, socket_timeout=None, socket_connect_timeout=2.0, **no_retry
            )
        )

    async def load(self, settings: MarketSettings | None = None) -> None:
        """Loads the function library and writes the market's settings (given ones, else defaults for missing ones)."""
        async with guarded():
            await self.commands.function_load(library.source(self._clock), replace=True)
            key = self.key("settings")
            for name, value in codec.unpack(codec.pack(settings or MarketSettings())).items():
                if settings is None:
                    await self.commands.hsetnx(key, name, value)
                else:
                    await self.commands.hset(key, name, value)

    async def close(self) -> None:
        """Closes every connection."""
        for client in (self.commands, self.blocking):
            await client.aclose(close_connection_pool=True)  # a pool that was handed in is not closed by itself

    def key(self, kind: str, id_: str | None = None) -> str:
        """Key of a record, or of a single thing of the market."""
        return f"{self.prefix}{kind}" if id_ is None else f"{self.prefix}{kind}:{id_}"

    # -- calling functions ------------------------------------------------------------------------------------------

    async def call(self, name: str, *args: Any) -> Done:
        """Runs one operation. Raises KuaizhaoError with the function's code, StoreUnavailable when nothing is sure."""
        (result,) = await self.call_many([(name, args)])
        if isinstance(result, KuaizhaoError):
            raise result
        return result

    async def call_many(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Done | KuaizhaoError]:
        """Runs operations in one round trip; each is atomic by itself, and each has its own answer."""
        replies = await self._send(calls)
        if any(isinstance(r, Exception) and _not_loaded(r) for r in replies):
            await self.load()
            replies = await self._send(calls)
        answers: list[Done | KuaizhaoError] = []
        for reply in replies:
            if isinstance(reply, Exception):
                if _unavailable(reply):
                    raise StoreUnavailable(str(reply)) from reply
                raise reply
            answers.append(self._answer(reply))
        return answers

    async def _send(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        async with guarded():
            pipe = self.commands.pipeline(transaction=False)
            for name, args in calls:
                pipe.fcall(f"kz_{name}", 1, self.prefix, *args)
            return list(await pipe.execute(raise_on_error=False))

    @staticmethod
    def _answer(reply: bytes) -> Done | KuaizhaoError:
        answer = codec.unpack(reply)
        if "no" in answer:
            return KuaizhaoError(answer["no"], answer["detail"])
        answer.pop("ok")
        return Done(**answer)

    # -- people -----------------------------------------------------------------------------------------------------

    @staticmethod
    def register_call(
        id_: str, doc: Profile, person: bytes, vector: Vector, model: str, person_mark: str = ""
    ) -> tuple[str, list[Any]]:
        """The call that `register` makes; ingest sends many in one round trip."""
        body = codec.pack(doc)
        encoded = [records.vector_bytes(vector), model]
        return "register", [id_, records.digest(body), SCHEMA, body, *encoded, person, person_mark]

    async def register(
        self, id_: str, doc: Profile, person: bytes, vector: Vector, model: str, person_mark: str = ""
    ) -> Done:
        """A new profile with its sealed person (b"": none) and its mark, a keyed hash that tells whether two sealed
        persons are the same. The same again replays; another document or person: `key_reused`."""
        name, args = self.register_call(id_, doc, person, vector, model, person_mark)
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
    ) -> tuple[str, list[Any]]:
        """The call that `amend_profile` makes."""
        body = codec.pack(doc)
        encoded = [records.vector_bytes(vector), model]
        return "amend_profile", [
            id_, expected_v, records.digest(body), SCHEMA, body, *encoded, person, person_mark,
        ]  # fmt: skip

    async def amend_profile(self, id_: str, doc: Profile, vector: Vector, model: str, expected_v: int = 0) -> Done:
        """A new document for a profile; `expected_v` guards against overwriting another's change (0: any)."""
        name, args = self.amend_profile_call(id_, doc, vector, model, expected_v)
        return await self.call(name, *args)

    async def presence(self, id_: str, presence: Presence, until_ms: int) -> Done:
        """Sets where the person is, until `until_ms`."""
        return await self.call("presence", id_, presence.state, until_ms, presence.queue_no or "")

    async def put_employer(self, id_: str, doc: Employer, expected_v: int = 0) -> Done:
        """Writes an employer (`expected_v` -1: must be new)."""
        body = codec.pack(doc)
        return await self.call(
            "put", "employer", id_, expected_v, records.digest(body), SCHEMA, body, int(doc.verified)
        )

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
    ) -> tuple[str, list[Any]]:
        """The call that `post` makes. `seed` (hex) stays secret; its SHA-256 is the published commitment."""
        doc, body = write.doc, codec.pack(write.doc)
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
            seed,
            records.commitment(seed),
        ]

    async def post(
        self, id_: str, write: PostingWrite, *, verdict: PostingState, reason: str, award: str, seed: str
    ) -> Done:
        """A new posting. The same again replays; another document under the id: `key_reused`."""
        name, args = self.post_call(id_, write, verdict=verdict, reason=reason, award=award, seed=seed)
        return await self.call(name, *args)

    async def review(self, id_: str, to: PostingState, reason: str = "") -> Done:
        """Moves a posting that is not open yet: to `open`, `draft`, `blocked` or `awaiting_review`."""
        return await self.call("review", id_, to, reason)

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
        doc, body = write.doc, codec.pack(write.doc)
        return await self.call(
            "amend",
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
            *release,
        )

    async def close_posting(self, id_: str) -> Done:
        """Nobody else is needed; seats stay."""
        return await self.call("close", id_)

    async def withdraw(self, id_: str) -> Done:
        """Taken back; everybody is released."""
        return await self.call("withdraw", id_)

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

    # -- offers, acceptances, seats ---------------------------------------------------------------------------------

    @staticmethod
    def offer_call(
        id_: str, *, terms: int, wave: int, reply_ms: int, gap_ms: int, offered: Iterable[Offered]
    ) -> tuple[str, list[Any]]:
        """The call that `offer` makes."""
        args: list[Any] = [id_, terms, wave, reply_ms, gap_ms]
        for line in offered:
            args += [line.profile, codec.pack({"distance_m": line.distance_m, "reasons": line.reasons})]
        return "offer", args

    async def offer(
        self, id_: str, *, terms: int, wave: int, reply_ms: int, gap_ms: int, offered: Iterable[Offered]
    ) -> Done:
        """Writes one wave; `stale_wave` when another matcher did, or the terms changed."""
        name, args = self.offer_call(id_, terms=terms, wave=wave, reply_ms=reply_ms, gap_ms=gap_ms, offered=offered)
        return await self.call(name, *args)

    async def accept(self, posting: str, profile: str, terms: int) -> Done:
        """A worker's yes."""
        return await self.call("accept", posting, profile, terms)

    async def decline(self, posting: str, profile: str, terms: int, reason: str = "") -> Done:
        """A worker's no."""
        return await self.call("decline", posting, profile, terms, reason)

    async def withdraw_acceptance(self, posting: str, profile: str) -> Done:
        """Steps back from waiting, standby or a call."""
        return await self.call("withdraw_acceptance", posting, profile)

    async def reconfirm(self, posting: str, profile: str) -> Done:
        """A called standby says yes."""
        return await self.call("reconfirm", posting, profile)

    async def confirm(self, posting: str, profile: str) -> Done:
        """The seated worker will come."""
        return await self.call("confirm", posting, profile)

    async def reconsent(self, posting: str, profile: str, terms: int, yes: bool) -> Done:
        """Answers changed terms."""
        return await self.call("reconsent", posting, profile, terms, int(yes))

    async def release(self, posting: str, profile: str, by: str, reason: str = "") -> Done:
        """Gives a seat back; the next in the list is seated."""
        return await self.call("release", posting, profile, by, reason)

    async def check_in(self, posting: str, profile: str) -> Done:
        """The worker has arrived."""
        return await self.call("check_in", posting, profile)

    async def no_show(self, posting: str, profile: str) -> Done:
        """The worker did not come; the seat is given on."""
        return await self.call("no_show", posting, profile)

    async def done(self, posting: str, profile: str) -> Done:
        """The work is finished."""
        return await self.call("done", posting, profile)

    async def paid(self, posting: str, profile: str) -> Done:
        """The worker has the money."""
        return await self.call("paid", posting, profile)

    async def sweep(self, limit: int = SWEEP_AT_ONCE) -> Done:
        """Does up to `limit` things that have come due; answers with when to come again (0: nothing planned)."""
        return await self.call("sweep", limit)

    # -- reading ----------------------------------------------------------------------------------------------------

    async def hashes(self, kind: str, ids: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The raw records, in one round trip; an empty dict where there is none."""
        if not ids:
            return []
        async with guarded():
            pipe = self.commands.pipeline(transaction=False)
            for id_ in ids:
                pipe.hgetall(self.key(kind, id_))
            return list(await pipe.execute())

    async def profile(self, id_: str) -> ProfileRecord:
        """Raises `no_profile`."""
        (raw,) = await self.hashes("profile", [id_])
        if not raw:
            raise KuaizhaoError("no_profile")
        return records.profile_record(id_, raw)

    async def posting(self, id_: str) -> PostingRecord:
        """Raises `no_posting`."""
        (raw,) = await self.hashes("posting", [id_])
        if not raw:
            raise KuaizhaoError("no_posting")
        return records.posting_record(id_, raw)

    async def postings(self, ids: Sequence[str]) -> list[PostingRecord]:
        """The postings that exist among `ids`, in that order."""
        raws = await self.hashes("posting", ids)
        return [records.posting_record(i, raw) for i, raw in zip(ids, raws, strict=True) if raw]

    async def ended_after(self, ids: Sequence[str], at_ms: int) -> list[str]:
        """Those of the postings whose shift ends after an instant; reads one number of each."""
        async with guarded():
            pipe = self.commands.pipeline(transaction=False)
            for id_ in ids:
                pipe.hget(self.key("posting", id_), "end_ms")
            ends = await pipe.execute() if ids else []
        return [id_ for id_, end in zip(ids, ends, strict=True) if int(end or 0) > at_ms]

    async def employer(self, id_: str) -> records.EmployerRecord:
        """Raises `no_employer`."""
        (raw,) = await self.hashes("employer", [id_])
        if not raw:
            raise KuaizhaoError("no_employer")
        return records.employer_record(id_, raw)

    async def site(self, id_: str) -> records.SiteRecord:
        """Raises `no_site`."""
        (raw,) = await self.hashes("site", [id_])
        if not raw:
            raise KuaizhaoError("no_site")
        return records.site_record(id_, raw)

    async def entries(self, posting: str, profiles: Sequence[str] | None = None) -> dict[str, Entry]:
        """Profile -> entry with this posting; all, or those asked for that exist."""
        key = self.key("offers", posting)
        async with guarded():
            if profiles is None:
                flat = await self.commands.hgetall(key)
                return {p.decode(): records.entry(raw) for p, raw in flat.items()}
            if not profiles:
                return {}
            raws = await self.commands.hmget(key, list(profiles))
        return {p: records.entry(raw) for p, raw in zip(profiles, raws, strict=True) if raw}

    async def entries_of(
        self, postings: Sequence[str], profiles: Sequence[Sequence[str] | None]
    ) -> list[dict[str, Entry]]:
        """`entries` of many postings in one round trip; for each, all (None) or those of the profiles named."""
        async with guarded():
            pipe = self.commands.pipeline(transaction=False)
            for posting, some in zip(postings, profiles, strict=True):
                if some is None:
                    pipe.hgetall(self.key("offers", posting))
                else:
                    pipe.hmget(self.key("offers", posting), some or [""])
            replies = await pipe.execute() if postings else []
        found = []
        for some, reply in zip(profiles, replies, strict=True):
            if some is None:
                found.append({p.decode(): records.entry(raw) for p, raw in reply.items()})
            else:
                found.append({p: records.entry(raw) for p, raw in zip(some, reply, strict=False) if raw})
        return found

    async def postings_of_worker(self, profile: str) -> list[str]:
        """Postings that this person has an open offer of, or has accepted; unordered, without doubles."""
        async with guarded():
            pipe = self.commands.pipeline(transaction=False)
            pipe.zrange(self.key("live", profile), 0, -1)
            pipe.zrange(self.key("mine", profile), 0, -1)
            live, mine = await pipe.execute()
        return [p.decode() for p in dict.fromkeys([*live, *mine])]

    async def postings_in(self, state: PostingState) -> list[str]:
        """Ids of the postings in a state; unordered."""
        return await self._members(self.key("in", state))

    async def postings_of_employer(self, employer: str) -> list[str]:
        """Every posting of an employer; unordered."""
        return await self._members(self.key("postings_of", employer))

    async def messages(self, profile: str) -> list[records.Message]:
        """The worker's last messages (at most 20), oldest first."""
        async with guarded():
            raws = await self.commands.lrange(self.key("inbox", profile), 0, -1)
        return [codec.decode(raw, records.Message) for raw in reversed(raws)]

    async def calendar(self, profile: str) -> dict[str, tuple[int, int]]:
        """Posting -> (start_ms, end_ms) of every shift held."""
        async with guarded():
            raw = await self.commands.hgetall(self.key("calendar", profile))
        held = {}
        for posting, times in raw.items():
            start, end = times.split()
            held[posting.decode()] = (int(start), int(end))
        return held

    async def person(self, id_: str) -> bytes:
        """The sealed person, or b'' when there is none."""
        async with guarded():
            return await self.commands.get(self.key("person", id_)) or b""

    async def ids(self, kind: str) -> list[str]:
        """Ids of all records of a kind (profile, posting, employer, site)."""
        return await self._members(self.key("ids", kind))

    async def any_id(self, kind: str) -> str | None:
        """Some record's id, or None."""
        async with guarded():
            found = await self.commands.srandmember(self.key("ids", kind))
        return found.decode() if found else None

    async def count(self, kind: str) -> int:
        """How many records of a kind there are."""
        async with guarded():
            return int(await self.commands.scard(self.key("ids", kind)))

    async def _members(self, key: str) -> list[str]:
        async with guarded(SCAN_TIMEOUT_S):
            scanned = [m.decode() async for m in self.commands.sscan_iter(key, count=5000)]
        return list(dict.fromkeys(scanned))  # a scan may name a member twice

    async def market_settings(self) -> MarketSettings:
        """The settings in force."""
        async with guarded():
            raw = await self.commands.hgetall(self.key("settings"))
        known = MarketSettings.__struct_fields__
        return MarketSettings(**{k.decode(): int(v) for k, v in raw.items() if k.decode() in known})

    async def now_ms(self) -> int:
        """The store's real clock."""
        async with guarded():
            seconds, micros = await self.commands.time()
        return int(seconds) * 1000 + int(micros) // 1000

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

    async def model(self) -> tuple[str, int]:
        """The model in force and its dimension; `("", 1)` before any is named."""
        (raw,) = await self.hashes("model", ["current"])
        if not raw:
            return "", 1
        held = codec.unpack(raw[b"doc"])
        return held["model"], held["dimension"]

    async def settled(self, name: str, value: str) -> str:
        """Writes `value` under a name of the market unless something is there already; answers with what is there."""
        async with guarded():
            await self.commands.set(self.key(name), value, nx=True)
            return str((await self.commands.get(self.key(name))).decode())

    async def epoch(self) -> str:
        """Names this life of the market's data: a store that was emptied has another."""
        return await self.settled("epoch", secrets.token_hex(8))

    async def beat(self, who: str, for_s: float) -> None:
        """Says that `who` is alive for the next seconds."""
        async with guarded():
            await self.commands.set(self.key("alive", who), 1, px=int(for_s * 1000))

    async def is_alive(self, who: str) -> bool:
        """Whether `who` has said so lately."""
        async with guarded():
            return bool(await self.commands.exists(self.key("alive", who)))

    async def ping(self) -> None:
        """Raises StoreUnavailable unless the store answers."""
        async with guarded():
            await self.commands.ping()

    # -- events -----------------------------------------------------------------------------------------------------

    async def stream_end(self) -> tuple[str, int]:
        """Where the stream ends now: (stream id, number of the last event); `("0-0", 0)` before the first."""
        async with guarded():
            pipe = self.commands.pipeline(transaction=True)
            pipe.xrevrange(self.key("events"), count=1)
            pipe.get(self.key("event_seq"))
            last, seq = await pipe.execute()
        return (last[0][0].decode() if last else "0-0"), int(seq or 0)

    async def stream_reaches(self, seq: int) -> bool:
        """Whether every event after number `seq` is still in the stream."""
        async with guarded():
            pipe = self.commands.pipeline(transaction=True)
            pipe.xrange(self.key("events"), count=1)
            pipe.get(self.key("event_seq"))
            first, last_seq = await pipe.execute()
        oldest = int(first[0][1][b"seq"]) if first else int(last_seq or 0) + 1
        return oldest <= seq + 1 <= int(last_seq or 0) + 1

    async def changes(self, after: str, *, block_ms: int = 5_000, count: int = 1_000) -> list[Change]:
        """Events after a stream id, oldest first; waits up to `block_ms` for the first one, then answers []."""
        async with guarded(block_ms / 1000 + COMMAND_TIMEOUT_S):
            reply = await self.blocking.xread({self.key("events"): after}, count=count, block=block_ms)
        if not reply:
            return []
        ((_, rows),) = reply
        return [
            Change(
                stream_id=sid.decode(),
                seq=int(f[b"seq"]),
                kind=f[b"kind"].decode(),
                id=f[b"id"].decode(),
                v=int(f[b"v"]),
                who=tuple(f[b"who"].decode().split()),
            )
            for sid, f in rows
        ]


@asynccontextmanager
async def guarded(timeout_s: float | None = COMMAND_TIMEOUT_S) -> AsyncIterator[None]:
    """Turns a store that cannot be reached, takes too long or refuses to write into StoreUnavailable.

    The time limit is ours and not the client's: on Python 3.11 the client's own (asyncio.wait_for around a send) can
    swallow the cancellation of a task.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (RedisError, OSError) as exc:
        if _unavailable(exc):
            raise StoreUnavailable(str(exc) or type(exc).__name__) from exc
        raise


@asynccontextmanager
async def opened(url: str, market: str, *, connections: int = 64) -> AsyncIterator[Store]:
    """A store with its library loaded, closed at the end."""
    store = Store(url, market, connections=connections)
    try:
        await store.load()
        yield store
    finally:
        await store.close()
