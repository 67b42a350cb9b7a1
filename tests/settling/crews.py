"""Operations on crews."""

from __future__ import annotations

from hypothesis import strategies as st

from matcher.connection import Done
from tests.market_view import View
from tests.settling.machine import WAITS, Market, action, crews, workers


class Crews(Market):
    """Who works together."""

    def in_a_crew(self, who: str) -> bool:
        return any(who in crew.consented for crew in self.view.crews.values())

    @action(1, id_=crews, leader=workers, invited=st.lists(workers, min_size=1, max_size=3))
    def form_crew(self, id_: str, leader: str, invited: list[str]) -> None:
        known = self.view.crews.get(id_)
        unknown = any(who not in self.view.profiles for who in (leader, *invited))
        self.do(
            lambda: self.store.form_crew(id_, leader, invited),
            {
                "key_reused": known is not None,
                "no_profile": known is None and unknown,
                "in_a_crew": known is None and self.in_a_crew(leader),
            },
        )

    @action(1, needs=lambda m: m.view.crews, id_=crews, who=workers)
    def invite(self, id_: str, who: str) -> None:
        crew = self.view.crews.get(id_)
        self.do(
            lambda: self.store.invite(id_, who),
            {"no_crew": crew is None, "no_profile": crew is not None and who not in self.view.profiles},
        )

    @action(2, needs=lambda m: m.view.crews, id_=crews, who=workers)
    def join_crew(self, id_: str, who: str) -> None:
        crew = self.view.crews.get(id_)
        self.do(
            lambda: self.store.join_crew(id_, who),
            {
                "no_crew": crew is None,
                "not_invited": crew is not None and who not in crew.members,
                "in_a_crew": crew is not None and who in crew.members and self.in_a_crew(who),
            },
        )

    @action(1, needs=lambda m: m.view.crews, id_=crews, who=workers)
    def leave_crew(self, id_: str, who: str) -> None:
        crew = self.view.crews.get(id_)
        waits = [p for p, w, _, e in self.view.pairs() if w == who and e.together and e.acceptance in WAITS]

        def out(before: View, after: View, done: Done) -> None:
            assert id_ not in after.crews or who not in after.crews[id_].members
            for posting_ in waits:
                assert after.entries[posting_][who].acceptance not in WAITS

        self.do(
            lambda: self.store.leave_crew(id_, who),
            {"no_crew": crew is None},
            settles=[p for p in self.view.postings if any(e.together for e in self.view.entries[p].values())],
            check=out,
            again="no_crew" if crew is not None and crew.leader == who else "replay",
        )
