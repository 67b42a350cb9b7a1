"""The moves that states allow, each state with those that may follow it; matcher/functions makes them, the audit
checks them (pure)."""

from __future__ import annotations

from typing import Final

POSTING_MOVES: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset({"open", "blocked", "awaiting_review", "closed", "withdrawn", "expired"}),
    "awaiting_review": frozenset({"open", "draft", "closed", "withdrawn", "expired"}),
    "blocked": frozenset({"draft", "open", "closed", "withdrawn", "expired"}),
    "open": frozenset({"filled", "awaiting_review", "closed", "withdrawn", "expired"}),
    "filled": frozenset({"open", "closed", "withdrawn", "expired"}),
    "closed": frozenset(),
    "withdrawn": frozenset(),
    "expired": frozenset(),
}
OFFER_MOVES: Final[dict[str, frozenset[str]]] = {
    "open": frozenset({"accepted", "declined", "expired", "withdrawn"}),
    "accepted": frozenset(),
    "declined": frozenset(),
    "expired": frozenset(),
    "withdrawn": frozenset(),
}
ACCEPTANCE_MOVES: Final[dict[str, frozenset[str]]] = {
    "gathering": frozenset({"waiting", "withdrawn"}),
    "waiting": frozenset({"seated", "standby", "passed_over", "withdrawn"}),
    "standby": frozenset({"seated", "called", "lapsed", "withdrawn"}),
    "called": frozenset({"seated", "lapsed", "withdrawn"}),
    "seated": frozenset(),
    "passed_over": frozenset(),
    "lapsed": frozenset(),
    "withdrawn": frozenset(),
}
ASSIGNMENT_MOVES: Final[dict[str, frozenset[str]]] = {
    "seated": frozenset({"confirmed", "checked_in", "consent_due", "released", "no_show"}),
    "confirmed": frozenset({"checked_in", "consent_due", "released", "no_show"}),
    "consent_due": frozenset({"seated", "confirmed", "released"}),
    "checked_in": frozenset({"done"}),
    "done": frozenset({"paid"}),
    "paid": frozenset(),
    "released": frozenset(),
    "no_show": frozenset(),
}
