"""The text of a profile or posting that is turned into its vector."""

from __future__ import annotations

from matcher.model import Posting, Profile
from matcher.trades import trades


def profile_text(doc: Profile) -> str:
    """Names of the trades, then the skills in own words."""
    names = [trades()[t].name for t in doc.trades if t in trades()]
    return " ".join([*names, doc.skills]).strip()


def posting_text(doc: Posting) -> str:
    """Name of the trade, then the posting's words."""
    trade = trades().get(doc.trade)
    return f"{trade.name} {doc.text}" if trade else doc.text
