"""Who has worked for an employer or is a favourite, and who is blocked, by employer (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from matcher.model import Tie

NOBODY: frozenset[str] = frozenset()


class Ties:
    """The ties of a market as far as the matcher asks for them."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}
        self._blocked: dict[str, set[str]] = {}

    def put(self, employer: str, profile: str, tie: Tie | None) -> None:
        """Takes over one tie as the store has it; None where there is none any more."""
        _say(self._known, employer, profile, tie is not None and tie.known)
        _say(self._blocked, employer, profile, tie is not None and tie.blocked)

    def told(self, employer: str, profile: str) -> tuple[bool, bool]:
        """Whether this profile is blocked, and whether it is known."""
        blocked, known = self._blocked.get(employer, NOBODY), self._known.get(employer, NOBODY)
        return profile in blocked, profile in known

    def known(self, employer: str) -> frozenset[str]:
        """Profiles that have worked there or are favourites."""
        return frozenset(self._known.get(employer, NOBODY))

    def blocked(self, employer: str) -> frozenset[str]:
        """Profiles that the employer is never to be matched with."""
        return frozenset(self._blocked.get(employer, NOBODY))

    def dump(self) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
        """Everything, comparable."""
        return self._known, self._blocked


def _say(of: dict[str, set[str]], employer: str, profile: str, is_so: bool) -> None:
    if is_so:
        of.setdefault(employer, set()).add(profile)
    elif employer in of:
        of[employer].discard(profile)
        if not of[employer]:
            del of[employer]
