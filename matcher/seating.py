"""The operations on offers, acceptances, seats and crews of one market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from matcher import codec, records
from matcher.connection import Done
from matcher.model import Channel
from matcher.penalties import PenaltyRole
from matcher.reading import Reading

SWEEP_AT_ONCE = 100


class Offered(Struct, frozen=True):
    """One line of a wave: whom to offer, and what they are told beside it."""

    profile: str
    distance_m: int
    reasons: list[str]
    crew: str = ""
    """The crew that this line is a part of; lines of one crew follow each other."""
    within_m: int = 0
    """How far the wave looked; 0: in the hall."""
    channel: Channel = "inbox"
    """How the offer reaches them."""
    reply_ms: int | None = None
    """How long they have, where it is not the wave's usual time."""
    wished: bool = False
    """They asked for it themselves: the posting's own waves follow when they would have."""

    def card(self, rank: int) -> dict[str, Any]:
        """The line as the store keeps it; `rank` is its place in the wave, from 1."""
        card: dict[str, Any] = {
            "distance_m": self.distance_m,
            "reasons": self.reasons,
            "within_m": self.within_m,
            "channel": self.channel,
            "rank": rank,
        }
        if self.crew:
            card["crew"] = self.crew
        if self.reply_ms is not None:
            card["reply_ms"] = self.reply_ms
        if self.wished:
            card["wished"] = True
        return card


class Seating(Reading):
    """What becomes of a posting's seats."""

    @staticmethod
    def offer_call(
        id_: str, *, terms: int, wave: int, reply_ms: int, gap_ms: int, offered: Iterable[Offered]
    ) -> tuple[str, list[Any]]:
        """The call that `offer` makes."""
        args: list[Any] = [id_, terms, wave, reply_ms, gap_ms]
        for rank, line in enumerate(offered, 1):
            args += [line.profile, codec.pack(line.card(rank))]
        return "offer", args

    async def offer(
        self, id_: str, *, terms: int, wave: int, reply_ms: int, gap_ms: int, offered: Iterable[Offered]
    ) -> Done:
        """Writes one wave; `stale_wave` when another matcher did, or the terms changed."""
        name, args = self.offer_call(id_, terms=terms, wave=wave, reply_ms=reply_ms, gap_ms=gap_ms, offered=offered)
        return await self.call(name, *args)

    async def accept(self, posting: str, profile: str, terms: int, by: str = "") -> Done:
        """A worker's yes; `by` is the channel on which it came."""
        return await self.call("accept", posting, profile, terms, by)

    async def decline(self, posting: str, profile: str, terms: int, reason: str = "", by: str = "") -> Done:
        """A worker's no."""
        return await self.call("decline", posting, profile, terms, reason, by)

    async def ring(self, posting: str, profile: str, terms: int, nth: int, reached: bool) -> Done:
        """A clerk rang up, for the `nth` time, somebody on the call list, and reached them or not. The same ring again
        replays; refused in quiet hours."""
        return await self.call("ring", posting, profile, terms, nth, int(reached))

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

    async def clock_ms(self) -> int:
        """The clock that the operations go by."""
        return (await self.sweep(0)).now_ms

    # -- penalties --------------------------------------------------------------------------------------------------

    async def appeal(self, role: PenaltyRole, id_: str, penalty: str, reason: str) -> Done:
        """Objects to a penalty."""
        return await self.call("appeal", role, id_, penalty, reason)

    async def decide(self, role: PenaltyRole, id_: str, penalty: str, *, lift: bool, reason: str) -> Done:
        """A clerk lifts a penalty or lets it stand."""
        return await self.call("decide", role, id_, penalty, "lifted" if lift else "upheld", reason)

    # -- crews ------------------------------------------------------------------------------------------------------

    async def form_crew(self, id_: str, leader: str, invited: Sequence[str] = ()) -> Done:
        """A new crew: the leader consents, the others are invited. The same again replays."""
        return await self.call("form_crew", id_, leader, records.digest(leader, *invited), *invited)

    async def invite(self, crew: str, profile: str) -> Done:
        """Asks one more person."""
        return await self.call("invite", crew, profile)

    async def join_crew(self, crew: str, profile: str) -> Done:
        """Who was invited consents."""
        return await self.call("join_crew", crew, profile)

    async def leave_crew(self, crew: str, profile: str) -> Done:
        """Takes the consent back or declines the invitation; a leader who leaves dissolves the crew."""
        return await self.call("leave_crew", crew, profile)
