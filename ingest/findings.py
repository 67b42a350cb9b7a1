"""What a review answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["block", "warn"]
Outcome = Literal["open", "awaiting_review", "blocked"]


class Finding(Struct, frozen=True):
    """One thing against the rules: a stable code, the words that caused it, and how to mend it (Chinese)."""

    rule: str
    severity: Severity
    words: str
    message: str
    mend: str


class Verdict(Struct, frozen=True):
    """What a posting may become, and why. `risk` says from 0 to 100 how much it looks like a lure."""

    state: Outcome
    findings: list[Finding]
    risk: int = 0

    @property
    def reason(self) -> str:
        """All sentences in one, for the record."""
        return ";".join(dict.fromkeys(finding.message for finding in self.findings))[:500]


def verdict(findings: list[Finding], risk: int = 0) -> Verdict:
    """Blocked by any block, else held for a clerk by any warning, else open."""
    if any(finding.severity == "block" for finding in findings):
        return Verdict("blocked", findings, risk)
    return Verdict("awaiting_review" if findings else "open", findings, risk)
