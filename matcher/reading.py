"""Reading one market: typed records, what follows from them, and the events (no writes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from msgspec import Struct

from matcher import codec, records
from matcher.complaints import Complaint, complaint
from matcher.connection import LISTENS_S, Connection, guarded
from matcher.counts import Counts
from matcher.errors import KuaizhaoError
from matcher.line import Command
from matcher.model import Crew, Entry, Heat, PostingRecord, PostingState, ProfileRecord, Tie
from matcher.penalties import Penalty, PenaltyRole
from matcher.settings import MarketSettings

SCAN_TIMEOUT_S = 120.0
_COUNTED = (b"counts", *(name.encode() for name in records.COUNTS))
"""Where a posting's numbers are: together, or, last written by an earlier version, each by itself."""


class Change(Struct, frozen=True):
    """One event: what happened to which record, its version, and the profiles whose entry changed."""

    stream_id: str
    seq: int
    kind: str
    id: str
    v: int
    who: tuple[str, ...]


class Reading(Connection):
    """What can be read of one market."""

    async def hashes(self, kind: str, ids: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The raw records, in one round trip; an empty dict where there is none."""
        return [fields(reply) for reply in await self.ask([("HGETALL", self.key(kind, id_)) for id_ in ids])]

    async def profile(self, id_: str) -> ProfileRecord:
        """Raises `no_profile`."""
        (raw,) = await self.hashes("profile", [id_])
        if not raw:
            raise KuaizhaoError("no_profile")
        return records.profile_record(id_, raw)

    async def sealed_person(self, id_: str) -> bytes:
        """Who a profile is, sealed. Raises `no_profile` where there is none, or nobody said who it is."""
        async with guarded():
            sealed = await self.commands.get(self.key("person", id_))
        if sealed is None:
            raise KuaizhaoError("no_profile", "person")
        return bytes(sealed)

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

    async def posting_counts(self, ids: Sequence[str]) -> list[dict[str, int]]:
        """The numbers of each posting (`records.COUNTS`) without the rest of its record; all 0 where there is none."""
        replies = await self.ask([("HMGET", self.key("posting", id_), *_COUNTED) for id_ in ids])
        named = [zip(_COUNTED, reply, strict=True) for reply in replies]
        return [records.counts({name: value for name, value in some if value is not None}) for some in named]

    async def ended_after(self, ids: Sequence[str], at_ms: int) -> list[str]:
        """Those of the postings whose shift ends after an instant."""
        return [id_ for id_, found in zip(ids, await self.posting_counts(ids), strict=True) if found["end_ms"] > at_ms]

    async def employer(self, id_: str) -> records.EmployerRecord:
        """Raises `no_employer`."""
        (raw,) = await self.hashes("employer", [id_])
        if not raw:
            raise KuaizhaoError("no_employer")
        return records.employer_record(id_, raw)

    async def penalties(self, role: PenaltyRole, id_: str) -> dict[str, Penalty]:
        """Every penalty that is kept of a worker or an employer, by its name, the newest first."""
        async with guarded():
            raw = await self.commands.hgetall(self.key(f"penalties:{role}", id_))
        found = {name.decode(): codec.decode(body, Penalty) for name, body in raw.items()}
        return dict(sorted(found.items(), key=lambda item: -item[1].at_ms))

    async def appeals(self, count: int = 500) -> list[tuple[PenaltyRole, str, str]]:
        """(role, id, name) of the penalties that wait for a clerk, the oldest first."""
        async with guarded():
            raws = await self.commands.zrange(self.key("appeals"), 0, count - 1)
        return [tuple(raw.decode().split(" ")) for raw in raws]

    async def complaints(self, profile: str | None = None, count: int = 500) -> list[Complaint]:
        """Somebody's complaints, the newest first; or (None) those that wait for a clerk, the oldest first."""
        async with guarded():
            if profile is None:
                raws = await self.commands.zrange(self.key("complaints"), 0, count - 1)
            else:
                raws = await self.commands.zrange(self.key("complaints_of", profile), 0, count - 1, desc=True)
        ids = [raw.decode() for raw in raws]
        found = zip(ids, await self.hashes("complaint", ids), strict=True)
        return [complaint(id_, raw) for id_, raw in found if raw]

    async def series(self, id_: str) -> list[PostingRecord]:
        """Every day of a series, by start. Raises `no_series`."""
        async with guarded():
            ids = await self.commands.smembers(self.key("days_of", id_))
        if not ids:
            raise KuaizhaoError("no_series")
        return sorted(await self.postings([i.decode() for i in ids]), key=lambda p: p.start_ms)

    async def crew(self, id_: str) -> Crew:
        """Raises `no_crew`."""
        (raw,) = await self.hashes("crew", [id_])
        if not raw:
            raise KuaizhaoError("no_crew")
        return records.crew(id_, raw)

    async def crews_of(self, profile: str) -> list[Crew]:
        """The crew that somebody has consented to, first; then those that they are invited to."""
        async with guarded():
            own = await self.commands.get(self.key("crew_of", profile))
            invited = await self.commands.smembers(self.key("invited", profile))
        ids = [id_.decode() for id_ in ([own] if own else []) + sorted(invited)]
        return [records.crew(id_, raw) for id_, raw in zip(ids, await self.hashes("crew", ids), strict=True) if raw]

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
        replies = await self.ask([self._asking_entries(p, some) for p, some in zip(postings, profiles, strict=True)])
        return [entries_in(some, reply) for some, reply in zip(profiles, replies, strict=True)]

    async def postings_with_entries(
        self, wanted: Mapping[str, Sequence[str] | None]
    ) -> list[tuple[dict[bytes, bytes], list[Any]]]:
        """The raw record of each posting ({}: there is none) and what `entries_in` makes its entries of: all (None), or
        those of the profiles named. In one round trip, and entries after their posting: they are never the older."""
        commands: list[Command] = []
        for posting, some in wanted.items():
            commands += [("HGETALL", self.key("posting", posting)), self._asking_entries(posting, some)]
        replies = await self.ask(commands)
        return [(fields(raw), entries) for raw, entries in zip(replies[::2], replies[1::2], strict=True)]

    def _asking_entries(self, posting: str, profiles: Sequence[str] | None) -> Command:
        key = self.key("offers", posting)
        return ("HGETALL", key) if profiles is None else ("HMGET", key, *(profiles or ("",)))

    async def entries_of_profile(self, profile: str) -> dict[str, Entry]:
        """Posting -> entry of everything that a profile was offered and that is kept; every posting is looked at."""
        found: dict[str, Entry] = {}
        ids = await self.ids("posting")
        for some in (ids[first : first + 1_000] for first in range(0, len(ids), 1_000)):
            for posting, entries in zip(some, await self.entries_of(some, [[profile]] * len(some)), strict=True):
                if profile in entries:
                    found[posting] = entries[profile]
        return found

    async def heat(self, since: date) -> list[Heat]:
        """Temperatures entered for a day and those after it, in the order of the days."""
        ids = sorted(id_ for id_ in await self.ids("heat") if id_ >= since.isoformat())
        return [codec.decode(raw[b"doc"], Heat) for raw in await self.hashes("heat", ids) if raw]

    async def ties(self, wanted: Mapping[str, Sequence[str] | None]) -> dict[str, dict[str, Tie]]:
        """Employer -> profile -> tie, in one round trip: of each employer all (None), or of the profiles named."""
        async with guarded():
            pipe = self.commands.pipeline(transaction=False)
            for employer, some in wanted.items():
                key = self.key("people_of", employer)
                pipe.hgetall(key) if some is None else pipe.hmget(key, list(some) or [""])
            replies = await pipe.execute() if wanted else []
        found = {}
        for (employer, some), reply in zip(wanted.items(), replies, strict=True):
            named = [(p.decode(), raw) for p, raw in reply.items()] if some is None else zip(some, reply, strict=False)
            found[employer] = {p: codec.decode(raw, Tie) for p, raw in named if raw}
        return found

    async def employers_of(self, profile: str) -> list[str]:
        """Employers that this person has a tie with; unordered."""
        return await self._members(self.key("employers_of", profile))

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

    async def postings_with_calls(self, now_ms: int) -> list[str]:
        """Postings with an offer by telephone that may still be open."""
        async with guarded():
            found = await self.commands.zrangebyscore(self.key("calls"), f"({now_ms}", "+inf")
        return [p.decode() for p in found]

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

    async def marked(self, mark: str) -> list[str]:
        """Ids of the records that have the mark; the same work whether there are any."""
        async with guarded():
            return str(((await self.commands.hget(self.key("marks"), mark)) or b"").decode()).split()

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

    async def model(self) -> tuple[str, int]:
        """The model in force and its dimension; `("", 1)` before any is named."""
        (raw,) = await self.hashes("model", ["current"])
        if not raw:
            return "", 1
        held = codec.unpack(raw[b"doc"])
        return held["model"], held["dimension"]

    async def is_alive(self, who: str) -> bool:
        """Whether `who` has said so lately."""
        async with guarded():
            return bool(await self.commands.exists(self.key("alive", who)))

    async def counts_of(self, who: str) -> Counts | None:
        """What `who` said last that it has done; None while it is not alive."""
        async with guarded():
            raw = await self.commands.get(self.key("alive", who))
        return codec.decode(raw, Counts) if raw else None

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

    async def changes(self, after: str, *, block_ms: int = int(LISTENS_S * 1000), count: int = 1_000) -> list[Change]:
        """Events after a stream id, oldest first; waits up to `block_ms` for the first one, then answers []."""
        command = ("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", self.key("events"), after)
        reply = await self.listen(command)
        if not reply:
            return []
        ((_, rows),) = reply
        return [_change(stream_id, fields(flat)) for stream_id, flat in rows]


def entries_in(profiles: Sequence[str] | None, reply: Sequence[bytes | None]) -> dict[str, Entry]:
    """Profile -> entry, of what the store answers when asked for all (None) or for the profiles named."""
    if profiles is None:
        return {p.decode(): records.entry(raw) for p, raw in fields(cast(Sequence[bytes], reply)).items()}
    return {p: records.entry(raw) for p, raw in zip(profiles, reply, strict=False) if raw}


def fields(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """Names and values in turn, as the store answers, as a dict."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _change(stream_id: bytes, event: dict[bytes, bytes]) -> Change:
    return Change(
        stream_id=stream_id.decode(),
        seq=int(event[b"seq"]),
        kind=event[b"kind"].decode(),
        id=event[b"id"].decode(),
        v=int(event[b"v"]),
        who=tuple(event[b"who"].decode().split()),
    )
