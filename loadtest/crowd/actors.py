"""What everybody in the crowd shares: the play of one generator, and how somebody thinks and answers."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random
from typing import Any, Final

import gevent
import numpy as np
from locust import User, constant
from locust.env import Environment

from loadtest.audit_checks import ClientRecord
from loadtest.behaviour import Behaviour, prompt_s
from loadtest.crowd import cast
from loadtest.crowd.diary import Diary, Refused, Told, now_ms
from loadtest.crowd.late import LATE
from loadtest.crowd.shapes import Shape
from loadtest.crowd.wires import Http, Json
from matcher.model import HOUR_MS, Pay, hourly_fen

KIOSKS: Final = 5
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
