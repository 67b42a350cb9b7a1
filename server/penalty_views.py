"""Penalties as the API takes and shows them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from matcher.penalties import FADED, Penalty, PenaltyKind, PenaltyRole, PenaltyState, down_to_ms, worth

Said = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=100, description="the penalty's `id`")]

WHY: Final[dict[PenaltyKind, str]] = {
    "late_release": "临近开工退出已录用的岗位",
    "no_show": "开工时没有到岗",
    "late_withdraw": "临近开工撤回岗位或不再要已录用的人",
}


class PenaltyView(Struct, kw_only=True):
    """One penalty: why, what it is worth now, and until when it counts."""

    id: str
    kind: PenaltyKind
    posting: str
    at_ms: int
    points: float
    counts_until_ms: int
    state: PenaltyState
    appeal: str
    decision: str
    words: str


class PenaltyList(Struct, kw_only=True):
    """Somebody's penalties, the newest first, and what all of them are worth now. They never cost money: above the
    market's limit a worker's offers pause, or an employer's postings are reviewed, until `suspended_until_ms`."""

    id: str
    points: float
    suspended_until_ms: int
    penalties: list[PenaltyView]


class Appeal(Struct, forbid_unknown_fields=True):
    """What somebody has to say against a penalty."""

    penalty: Name
    reason: Said


class PenaltyDecision(Struct, forbid_unknown_fields=True):
    """A clerk's decision: lift the penalty, or let it stand; the reason is shown to whom it concerns."""

    penalty: Name
    lift: bool
    reason: Said


class WaitingAppeal(Struct, kw_only=True):
    """An appeal that waits for a clerk: of the profile or employer `id`."""

    role: PenaltyRole
    id: str
    penalty: PenaltyView


class AppealList(Struct):
    """Appeals that wait for a clerk."""

    appeals: list[WaitingAppeal]

    @property
    def about(self) -> list[str]:
        """Whose they are."""
        return [each.id for each in self.appeals]


def penalty_view(name: str, penalty: Penalty, now_ms: int, half_life_ms: int) -> PenaltyView:
    """A stored penalty as shown."""
    points = worth([penalty], now_ms, half_life_ms)
    return PenaltyView(
        id=name,
        kind=penalty.kind,
        posting=penalty.posting,
        at_ms=penalty.at_ms,
        points=round(points, 2),
        counts_until_ms=down_to_ms(points, FADED, now_ms, half_life_ms),
        state=penalty.state,
        appeal=penalty.appeal,
        decision=penalty.decision,
        words=WHY[penalty.kind],
    )
