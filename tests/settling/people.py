"""Operations on people."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from matcher.connection import Done
from matcher.model import HOUR_MS, Presence
from tests.builders import MODEL, profile, vector
from tests.market_view import View
from tests.settling.machine import Market, action, rarely, workers


class People(Market):
    """Who is there, and where."""

    @action(1, who=workers, skills=st.integers(0, 1))
    def register(self, who: str, skills: int) -> None:
        doc = profile(skills=f"虚构技能{skills}")
        known = self.view.profiles.get(who)
        self.do(
            lambda: self.store.register(who, doc, b"sealed", vector(), MODEL),
            {"key_reused": known is not None and known.doc != doc},
        )

    @action(1, who=workers, skills=st.integers(0, 2), stale=rarely)
    def amend_profile(self, who: str, skills: int, stale: bool) -> None:
        known = self.view.profiles.get(who)
        expected_v = (known.v + 1 if stale else known.v) if known else 0
        doc = profile(skills=f"虚构技能{skills}")
        self.do(
            lambda: self.store.amend_profile(who, doc, vector(), MODEL, expected_v),
            {"no_profile": known is None, "stale_version": stale and known is not None and known.doc != doc},
        )

    @action(
        1, who=workers, state=st.sampled_from(["away", "available", "in_hall"]), queue_no=st.none() | st.integers(1, 9)
    )
    def presence(self, who: str, state: Any, queue_no: int | None) -> None:
        until_ms = self.now_ms + 2 * HOUR_MS

        def no_pause(before: View, after: View, done: Done) -> None:
            assert after.profiles[who].paused == (state == "away" and before.profiles[who].paused)

        self.do(
            lambda: self.store.presence(who, Presence(state=state, queue_no=queue_no), until_ms),
            {"no_profile": who not in self.view.profiles},
            check=no_pause,
        )
