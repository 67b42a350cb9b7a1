"""The states and their moves as the design states them, written out by hand: what the tests hold the code against."""

from __future__ import annotations

from typing import Final

ENDED: Final = ("closed", "withdrawn", "expired")
POSTING: Final = {
    "draft": {"open", "blocked", "awaiting_review", *ENDED},
    "awaiting_review": {"open", "draft", *ENDED},
    "blocked": {"draft", "open", *ENDED},
    "open": {"awaiting_review", "filled", *ENDED},
    "filled": {"open", *ENDED},
    "closed": set(),
    "withdrawn": set(),
    "expired": set(),
}
OFFER: Final = {
    "open": {"accepted", "declined", "expired", "withdrawn"},
    "accepted": set(),
    "declined": set(),
    "expired": set(),
    "withdrawn": set(),
}
ACCEPTANCE: Final = {
    "gathering": {"waiting", "withdrawn"},
    "waiting": {"seated", "standby", "passed_over", "withdrawn"},
    "standby": {"seated", "called", "lapsed", "withdrawn"},
    "called": {"seated", "lapsed", "withdrawn"},
    "seated": set(),
    "passed_over": set(),
    "lapsed": set(),
    "withdrawn": set(),
}
ASSIGNMENT: Final = {
    "seated": {"confirmed", "checked_in", "consent_due", "released", "no_show"},
    "confirmed": {"checked_in", "consent_due", "released", "no_show"},
    "consent_due": {"seated", "confirmed", "released"},
    "checked_in": {"done"},
    "done": {"paid"},
    "paid": set(),
    "released": set(),
    "no_show": set(),
}
IN_LINE: Final = {"waiting", "standby", "called"}
HOLDING: Final = {"seated", "confirmed", "consent_due", "checked_in", "done", "paid"}
BEFORE_WORK: Final = {"seated", "confirmed", "consent_due"}


def within(moves: dict[str, set[str]], state: str) -> set[str]:
    """What can follow a state in one move or several."""
    reached: set[str] = set()
    ahead = set(moves[state])
    while ahead:
        reached |= ahead
        ahead = {to for state in ahead for to in moves[state]} - reached
    return reached
