"""The people of a morning as locust's users: workers on their phones, firms, kiosks, clerks, the screens in the halls.

    locust -f loadtest/locustfile.py --host http://127.0.0.1:8080 --cast cast.json [--shape dawn] [--headless]

`python -m loadtest.crowd.cast cast.json` writes the cast of a running service; `make load` does all of it by itself.
Without --headless there is locust's page, from which a run may be started again: ids of postings and telephones of
newcomers begin with the moment of the start. Distributed by locust's own means (`--processes`, or `--master` and
`--worker`): give every generator the same cast and `--generators N`; each takes every N-th of the workers and postings.
"""

from __future__ import annotations

import itertools
from argparse import ArgumentParser
from pathlib import Path
from random import Random
from typing import Any, Final

import gevent
import numpy as np
import websocket
from locust import LoadTestShape, User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner
from msgspec import Struct, field, structs

from loadtest import population
from loadtest.audit_checks import ClientRecord
from loadtest.behaviour import Behaviour, prompt_s
from loadtest.crowd import cast
from loadtest.crowd.diary import Diary, Line, Posted, Received, Refused, Told, Withdrawn, now_ms
from loadtest.crowd.late import LATE
from loadtest.crowd.shapes import Shape
from loadtest.crowd.wires import Http, Json, Socket
from loadtest.moving_in import day_of
from matcher.model import DAY_MS, HOUR_MS, Pay, Posting, hourly_fen

EMPLOYERS: Final = 20
KIOSKS: Final = 5
CLERKS: Final = 3
SCREENS: Final = 10
OTHERS: Final = EMPLOYERS + KIOSKS + CLERKS + SCREENS
SPAWN_A_SECOND: Final = 500
LOOKS_S: Final = (2.0, 8.0)
"""How long staff and people at kiosks take from one thing to the next."""
HABITS: Final = Behaviour()


class Play:
    """One generator's share of the run: whose turn it is, and the wires that all users share."""

    def __init__(self, environment: Environment) -> None:
        options: Any = environment.parsed_options
        number = max(0, getattr(environment.runner, "worker_index", 0))
        everybody = cast.load(Path(options.cast))
        self.http = Http(environment)
        self.diary = Diary(Path(options.diary) if options.diary else None, f"generator-{number}")
        self.shape = shape_of(options, everybody.seed)
        self.workers = iter(everybody.workers[number :: options.generators])
        self.employers, self.kiosks, self.clerks = (
            itertools.cycle(some) for some in (everybody.employers, everybody.kiosks, everybody.clerks)
        )
        self.due = iter(list(enumerate(self.shape.postings_at()))[number :: options.generators])
        self.seed, self.options = everybody.seed, options
        self.began_ms = now_ms()
        self.run = f"load-{int(self.began_ms / 1000):x}-"
        self.numbers = itertools.count(number * 1_000_000 + int(self.began_ms / 1000) * KIOSKS)
        self.ends_ms: float | None = None
        """When everybody was told to go home; the lines go one after the other."""


def shape_of(options: Any, seed: int) -> Shape:
    """The run that the options ask for."""
    return Shape(options.shape, options.workers, options.postings, options.seconds, options.drain, seed)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # locust's
def _(parser: ArgumentParser) -> None:
    parser.add_argument("--cast", default="cast.json", help="file with everybody's sessions")
    parser.add_argument("--diary", default="", help="folder for what the crowd saw")
    parser.add_argument("--shape", default="dawn", choices=["dawn", "steady", "spike", "soak"])
    parser.add_argument("--workers", type=int, default=8_000, help="workers connected at the peak")
    parser.add_argument("--postings", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=90.0, help="how long it lasts; a dawn is compressed to it")
    parser.add_argument("--generators", type=int, default=1, help="how many generators share the crowd")
    parser.add_argument("--drain", type=float, default=75.0, help="how long everybody stays after the last posting")
    parser.add_argument(
        "--withdraw-after", type=float, default=0.0, help="seconds until a posting is taken back; 0: not"
    )
    parser.add_argument("--prompt", action="store_true", help="everybody waits for offers and answers within 5 s")
    parser.add_argument("--days-ahead", type=int, default=0, help="shifts lie up to so many days ahead")


@events.test_start.add_listener  # type: ignore[untyped-decorator]  # locust's
def _(environment: Environment, **_: Any) -> None:
    if not isinstance(environment.runner, MasterRunner):  # which has no users, and would write over a generator's diary
        environment.play = Play(environment)  # type: ignore[attr-defined]  # what the users of a test share


@events.test_stopping.add_listener  # type: ignore[untyped-decorator]  # locust's
def _(environment: Environment, **_: Any) -> None:
    if hasattr(environment, "play"):
        environment.play.ends_ms = now_ms()


@events.test_stop.add_listener  # type: ignore[untyped-decorator]  # locust's
def _(environment: Environment, **_: Any) -> None:
    if hasattr(environment, "play"):
        environment.play.diary.close()


def says_yes(draw: Random, posting: Json, distance_m: float, wished_fen: int) -> bool:
    """Whether the work is good enough."""
    hours = (posting["end_ms"] - posting["start_ms"]) / HOUR_MS
    pay_fen = hourly_fen(Pay(posting["pay"]["fen"], posting["pay"]["unit"]), hours)
    return draw.random() < HABITS.chance_of_yes(distance_m, pay_fen, wished_fen)


class Actor(User):
    """Somebody of the cast."""

    abstract = True
    wait_time = constant(0)

    def on_start(self) -> None:
        """Takes part in the play."""
        self.play: Play = self.environment.play
        self.http = self.play.http

    def pause(self) -> None:
        """A while until the next thing."""
        gevent.sleep(np.random.default_rng().uniform(*LOOKS_S))

    def thinks_s(self, draw: Random, age: int) -> float:
        """Seconds from seeing an offer to the answer."""
        return prompt_s(draw) if self.play.options.prompt else HABITS.answer_s(draw, age)

    def note_answer(self, operation: str, profile: str, card: Json, told: Json | None, terms: int = 0) -> None:
        """For the audit: what a worker was told, or that it came too late."""
        if told is None:
            return
        posting, entry = card["posting"]["id"], card["entry"]
        if code := told.get("refused"):
            until_ms = entry["call_deadline_ms" if operation == "reconfirm" else "deadline_ms"]
            self.play.diary.note(Refused(operation, posting, profile, entry["wave"], until_ms, now_ms(), code))
            return
        state = told.get("acceptance" if operation in ("accept", "decline") else "assignment") or ""
        record = ClientRecord(
            operation=operation,
            posting=posting,
            profile=profile,
            answer="" if told.get("replay") else state,
            terms=terms,
            v=told["v"],
            at_ms=int(now_ms()),
        )
        self.play.diary.note(Told(record))

    def answer(self, profile: str, token: str, card: Json, *, yes: bool) -> None:
        """Yes or no to an offer."""
        offer, operation = card["entry"]["offer"], "accept" if yes else "decline"
        body = None if yes else {"reason": "今天去不了"}
        path, name = f"/v1/offers/{offer}/{operation}", f"/v1/offers/{{}}/{operation}"
        told = self.http.call("POST", path, token, body, name=name, late=LATE[operation])
        self.note_answer(operation, profile, card, told, int(offer.rpartition(":")[2]))


class WorkerUser(Actor):
    """Says that they can work today, keeps the page open, thinks about offers and answers."""

    weight = 1

    def on_start(self) -> None:
        """Somebody who has not come yet."""
        super().on_start()
        self.who = next(self.play.workers, None)
        self.line: Socket | None = None
        self.answered: set[tuple[str, int]] = set()
        """Offers by id and wave: whoever let one pass may be asked again."""
        self.since_ms = 0.0
        if self.who is not None:
            self.draw = Random(f"{self.play.seed} {self.who.profile}")  # noqa: S311 - behaviour

    @task
    def stay(self) -> None:
        """From the button in the morning until the line is gone; then once more."""
        if self.who is None:
            gevent.sleep(60)
            return
        if not self.since_ms:
            self.put_presence()
        try:
            self.line = Socket(self.environment, "/v1/inbox", self.who.token)
        except (OSError, ValueError, websocket.WebSocketException):
            gevent.sleep(self.draw.uniform(0.2, 1.0))
            return
        self.since_ms = now_ms()
        for card in self.line.hello["cards"]:
            self.take(card, with_hello=True)
        try:
            while True:
                frame = self.line.receive()
                if frame["type"] == "card":
                    self.take(frame, with_hello=False)
        except (OSError, ValueError, websocket.WebSocketException) as exc:
            self.line.dropped(exc)
            self.leave(dropped=True)

    def on_stop(self) -> None:
        """Goes home."""
        self.leave()

    def leave(self, *, dropped: bool = False) -> None:
        """The line is closed."""
        if self.line is not None and self.who is not None:
            self.play.diary.note(Line(self.who.profile, self.since_ms, self.play.ends_ms or now_ms(), dropped))
            self.line.close()
            self.line = None

    def put_presence(self) -> None:
        """今天能干."""
        assert self.who is not None
        path = f"/v1/profiles/{self.who.profile}/presence"
        self.http.call("PUT", path, self.who.token, {"state": "available"}, name="/v1/profiles/{}/presence")

    def take(self, card: Json, *, with_hello: bool) -> None:
        """Notes the offer, and thinks about it."""
        assert self.who is not None
        entry, posting = card["entry"], card["posting"]
        offer = entry["offer"]
        if (offer, entry["wave"]) not in self.answered:
            self.answered.add((offer, entry["wave"]))
            self.play.diary.note(
                Received(
                    posting["id"], self.who.profile, offer, entry["wave"], entry["offered_ms"], now_ms(), with_hello
                )
            )
            after_s = self.answers_after_s(self.who.age)
            if entry["offer_state"] == "open" and after_s is not None:
                gevent.spawn_later(after_s, self.decide, card)
        if entry["acceptance"] == "called":
            gevent.spawn_later(HABITS.answer_s(self.draw, self.who.age), self.act, "reconfirm", card)
        elif entry["assignment"] == "seated":
            gevent.spawn_later(HABITS.answer_s(self.draw, self.who.age), self.act, "confirm", card)

    def answers_after_s(self, age: int) -> float | None:
        """Seconds from an offer to its answer, or None where it is not seen."""
        seen_s = 0.0 if self.play.options.prompt else HABITS.seen_after_s(self.draw, "inbox")
        return None if seen_s is None else seen_s + self.thinks_s(self.draw, age)

    def decide(self, card: Json) -> None:
        """Yes or no."""
        assert self.who is not None
        yes = says_yes(self.draw, card["posting"], card["entry"]["distance_m"], self.who.wished_fen)
        self.answer(self.who.profile, self.who.token, card, yes=yes)

    def act(self, operation: str, card: Json) -> None:
        """Something about a seat."""
        assert self.who is not None
        path = f"/v1/assignments/{card['posting']['id']}:{self.who.profile}/{operation}"
        name = f"/v1/assignments/{{}}/{operation}"
        told = self.http.call("POST", path, self.who.token, name=name, late=LATE[operation])
        self.note_answer(operation, self.who.profile, card, told)


class EmployerUser(Actor):
    """Posts what is due, on time."""

    fixed_count = EMPLOYERS

    @task
    def post(self) -> None:
        """The next posting of the plan; when there is none, watches."""
        due = next(self.play.due, None)
        if due is None:
            gevent.sleep(60)
            return
        number, at_s = due
        due_ms = self.play.began_ms + at_s * 1000
        gevent.sleep(max(0.0, (due_ms - now_ms()) / 1000))
        firm, id_ = next(self.play.employers), f"{self.play.run}{number}"
        doc = self.document(number, firm.id, int(due_ms))
        sent_ms = now_ms()
        told = self.http.call("POST", "/v1/postings", firm.token, {"id": id_, "posting": doc})
        if told is not None:
            self.play.diary.note(Posted(id_, due_ms, sent_ms, now_ms(), told["state"]))
            self.note("post", id_, told)
            if self.play.options.withdraw_after:
                gevent.spawn_later(self.play.options.withdraw_after, self.withdraw, id_, firm.token)

    def document(self, number: int, firm: str, at_ms: int) -> Posting:
        """What is posted: of today, or of one of the days ahead."""
        rng = np.random.default_rng([self.play.seed, number])
        doc = population.urgent_posting(rng, firm, at_ms)
        later_ms = int(rng.integers(self.play.options.days_ahead + 1)) * DAY_MS
        times = {name: getattr(doc, name) + later_ms for name in ("start_ms", "end_ms", "valid_until_ms")}
        return structs.replace(doc, **times)

    def withdraw(self, id_: str, token: str) -> None:
        """Takes it back: whoever has a seat is free again."""
        self.play.diary.note(Withdrawn(id_, now_ms()))
        told = self.http.call("POST", f"/v1/postings/{id_}/withdraw", token, name="/v1/postings/{}/withdraw")
        if told is not None:
            self.note("withdraw", id_, told)

    def note(self, operation: str, posting: str, told: Json) -> None:
        """For the audit: what was acknowledged."""
        record = ClientRecord(operation=operation, posting=posting, answer=told["state"], v=told["v"])
        self.play.diary.note(Told(record))


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


class ClerkUser(Actor):
    """Looks at what waits at the desk: reviews, calls, rows that stayed out."""

    fixed_count = CLERKS

    def on_start(self) -> None:
        """One of them."""
        super().on_start()
        self.clerk = next(self.play.clerks)

    @task
    def look(self) -> None:
        """Queue by queue."""
        for path in ("/v1/reviews", "/v1/calls", "/v1/ingest/quarantine"):
            self.http.call("GET", path, self.clerk.token)
            self.pause()


class ScreenUser(Actor):
    """The screen in a hall: a socket on which postings come as they change."""

    fixed_count = SCREENS

    def on_start(self) -> None:
        """At one of the sites."""
        super().on_start()
        self.kiosk = next(self.play.kiosks)

    @task
    def watch(self) -> None:
        """Until the line is gone."""
        try:
            line = Socket(self.environment, f"/v1/board?site={self.kiosk.site}", self.kiosk.token)
        except (OSError, ValueError, websocket.WebSocketException):
            gevent.sleep(1)
            return
        try:
            while True:
                line.receive()
        except (OSError, ValueError, websocket.WebSocketException) as exc:
            line.dropped(exc)


class Morning(LoadTestShape):
    """Follows the shape that the options name."""

    def tick(self) -> tuple[int, float] | None:
        """Users now, and how fast they may come; None at the end."""
        assert self.runner is not None
        shape = shape_of(self.runner.environment.parsed_options, 1)
        second: float = self.get_run_time()  # type: ignore[no-untyped-call]  # locust's
        if shape.over(second):
            return None
        return OTHERS + shape.workers_at(second), SPAWN_A_SECOND
