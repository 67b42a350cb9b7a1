"""What the first posting would otherwise pay for: the lexicon of trades, the gazetteer and the rules' word lists."""

from __future__ import annotations

from datetime import date

from ingest.review import review
from ingest.texts import posting_text
from matcher.model import HOUR_MS, Pay, Place, Posting
from matcher.trades import certificates, hazards, trades


def warm_rules(now_ms: int) -> None:
    """Reads them by reviewing a posting that nobody made; takes about half a second, once in a process."""
    trade = next(iter(trades()))
    certificates()
    hazards()
    doc = Posting(
        employer="nobody",
        site="nowhere",
        trade=trade,
        text="搬运",
        headcount=1,
        start_ms=now_ms + HOUR_MS,
        end_ms=now_ms + 2 * HOUR_MS,
        place=Place(lat=36.3, lon=120.4, text="城阳"),
        pay=Pay(fen=3_000),
        valid_until_ms=now_ms + HOUR_MS,
    )
    posting_text(doc)
    review(doc, now_ms=now_ms, today=date.fromtimestamp(now_ms / 1000))
