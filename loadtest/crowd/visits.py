"""People without a phone, at the window and at the kiosk of a hall."""

from __future__ import annotations

from random import Random

import gevent
import numpy as np
from locust import task
from msgspec import Struct, field

from loadtest import population
from loadtest.audit_checks import ClientRecord
from loadtest.crowd.actors import KIOSKS, Actor, says_yes
from loadtest.crowd.diary import Refused, Told, now_ms
from loadtest.crowd.late import LATE
from loadtest.crowd.wires import Json
from loadtest.moving_in import day_of


class Visitor(Struct):
    """Somebody in the hall; `token` is of their session at the kiosk, `wished_fen` fen an hour. They do not ask for
    what they said no to."""

    profile: str
    token: str
    age: int
    wished_fen: int
    draw: Random
    declined: set[str] = field(default_factory=set)


class KioskUser(Actor):
    """People without a phone: registered at the window, they come in at the machine with their slip and look for work.

    A visit takes a quarter of a minute and more; a kiosk lets in at most sixty in ten minutes.
    """

    fixed_count = KIOSKS

    def on_start(self) -> None:
        """At one of the sites."""
        super().on_start()
        self.kiosk, self.clerk = next(self.play.kiosks), next(self.play.clerks)

    @task
    def visit(self) -> None:
        """From the window to the machine, and home."""
        self.pause()
        number = next(self.play.numbers)
        age = 20 + number % 45
        profile, wished_fen = self.register(number, age)
        path, name = f"/v1/profiles/{profile}/ticket", "/v1/profiles/{}/ticket"
        slip = self.http.call("POST", path, self.clerk.token, name=name) if profile else None
        self.pause()
        if slip is None:
            return
        ticket = {"queue_no": slip["queue_no"], "pin": slip["pin"]}
        session = self.http.call("POST", "/v1/login/ticket", self.kiosk.token, ticket)
        if session is None:
            return
        draw = Random(f"{self.play.seed} hall {number}")  # noqa: S311 - behaviour
        visitor = Visitor(profile, session["token"], age, wished_fen, draw)
        self.look_for_work(visitor)
        path, name = f"/v1/profiles/{profile}/presence", "/v1/profiles/{}/presence"
        self.http.call("PUT", path, visitor.token, {"state": "away"}, name=name)
        self.http.call("POST", "/v1/session/end", visitor.token, {})

    def register(self, number: int, age: int) -> tuple[str, int]:
        """Whoever stands at the window says in their own words what they can do: their profile, and wish in fen an
        hour; "" where they were not registered."""
        rng = np.random.default_rng([self.play.seed, 2, number])
        (where,), (trade,) = population.places(rng, 1), population.trades_drawn(rng, 1)
        wished_fen = population.wished_fen(trade)
        self.http.call("POST", "/v1/recognise", self.kiosk.token, {"text": "搬货,能扛,打扫卫生也行"})
        profile = {
            "site": self.kiosk.site,
            "trades": [trade],
            "skills": "随叫随到",
            "born": f"{day_of(int(self.play.began_ms)).year - age}-01-01",
            "place": {"lat": where.place.lat, "lon": where.place.lon, "text": where.place.text},
            "pay": {"fen": wished_fen, "unit": "hour"},
        }
        person = {"name": f"样本大厅{number}", "telephone": f"1991{number % 10_000_000:07d}", "consent": "2026-01"}
        told = self.http.call("POST", "/v1/profiles", self.clerk.token, {"profile": profile, "person": person})
        if told is None:
            return "", wished_fen
        self.play.diary.note(Told(ClientRecord(operation="register", profile=told["id"], v=told["v"])))
        return told["id"], wished_fen

    def look_for_work(self, visitor: Visitor) -> None:
        """Answers what is offered; else looks at what there is today, best first, and asks for the first that is good
        enough. Whoever has offers in hand answers them before: with two of them there is no third."""
        if self.takes_an_offer(visitor):
            return
        today = self.http.call("GET", "/v1/today", visitor.token)
        self.pause()
        for fit in today["fits"] if today is not None else ():
            if says_yes(visitor.draw, fit["posting"], fit["distance_m"], visitor.wished_fen):
                if self.takes_an_offer(visitor):
                    return
                posting = fit["posting"]["id"]
                card = self.wish(visitor, posting) if posting not in visitor.declined else None
                if card is not None:
                    gevent.sleep(self.thinks_s(visitor.draw, visitor.age))
                    self.answer(visitor.profile, visitor.token, card, yes=True)
                    return

    def takes_an_offer(self, visitor: Visitor) -> bool:
        """Whether one of the offers in hand is taken; those before it are declined."""
        held = self.http.call("GET", "/v1/offers", visitor.token)
        for card in held["cards"] if held is not None else ():
            gevent.sleep(self.thinks_s(visitor.draw, visitor.age))
            yes = says_yes(visitor.draw, card["posting"], card["entry"]["distance_m"], visitor.wished_fen)
            self.answer(visitor.profile, visitor.token, card, yes=yes)
            if yes:
                return True
            visitor.declined.add(card["posting"]["id"])
        return False

    def wish(self, visitor: Visitor, posting: str) -> Json | None:
        """The card of the offer that was asked for, or None where the posting has gone meanwhile."""
        path, name = f"/v1/postings/{posting}/wish", "/v1/postings/{}/wish"
        card = self.http.call("POST", path, visitor.token, name=name, late=LATE["wish"])
        if card is not None and "refused" in card:
            self.play.diary.note(Refused("wish", posting, visitor.profile, 0, 0, now_ms(), card["refused"]))
            return None
        return card
