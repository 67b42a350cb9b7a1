"""The people of a morning as locust's users: workers on their phones, firms, clerks, screens in halls, and people at
kiosks (`loadtest/crowd/visits.py`).

    locust -f loadtest/locustfile.py --host http://127.0.0.1:8080 --cast cast.json [--shape dawn] [--headless]

`python -m loadtest.crowd.cast cast.json` writes the cast of a running service; `make load` does all of it by itself.
Without --headless there is locust's page, from which a run may be started again: ids of postings and telephones of
newcomers begin with the moment of the start. Distributed by locust's own means (`--processes`, or `--master` and
`--worker`): give every generator the same cast and `--generators N`; each takes every N-th of the workers and postings.
"""

from __future__ import annotations

from argparse import ArgumentParser
from random import Random
from typing import Any, Final

import gevent
import numpy as np
import websocket
from locust import LoadTestShape, events, task
from locust.env import Environment
from locust.runners import MasterRunner
from msgspec import structs

from loadtest import population
from loadtest.audit_checks import ClientRecord
from loadtest.crowd.actors import HABITS, KIOSKS, Actor, Play, says_yes, shape_of
from loadtest.crowd.diary import Line, Posted, Received, Told, Withdrawn, now_ms
from loadtest.crowd.late import LATE
from loadtest.crowd.visits import KioskUser as KioskUser
from loadtest.crowd.wires import Json, Socket
from matcher.model import DAY_MS, Posting

EMPLOYERS: Final = 20
CLERKS: Final = 3
SCREENS: Final = 10
OTHERS: Final = EMPLOYERS + KIOSKS + CLERKS + SCREENS
SPAWN_A_SECOND: Final = 500


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
