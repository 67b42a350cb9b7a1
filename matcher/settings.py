"""Settings: one frozen object from the environment, and one of the market that the store keeps.

Every field is documented in README.md; a test says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, get_type_hints

from msgspec import Meta, Struct, structs

from matcher.model import DAY_MS, HOUR_MS

Span = Annotated[int, Meta(ge=0, le=DAY_MS, description="milliseconds")]
MinuteOfDay = Annotated[int, Meta(ge=0, lt=24 * 60, description="minutes from local midnight")]
Weight = Annotated[int, Meta(ge=0, le=1_000, description="share of the score; only the proportions count")]
Points = Annotated[int, Meta(ge=0, le=1_000)]
PREFIX = "KUAIZHAO_"


class Settings(Struct, frozen=True, kw_only=True):
    """Where things are and how much is allowed. `KUAIZHAO_<FIELD>` overrides a field."""

    production: bool = False
    """Refuse to start where something real people's data needs is missing (1 or 0)."""
    market: str = "qingdao"
    """The city served: the hash tag of every key."""
    redis_url: str = ""
    """Redis or Valkey to use; empty: the embedded one."""
    data_dir: str = "var"
    """Store files, snapshot, logs and the master key."""
    host: str = "127.0.0.1"
    """Address the web server listens on."""
    port: int = 8080
    """Port the web server listens on."""
    model_path: str = ""
    """A sentence-transformers model to use instead of the shipped one: a path or a hub id."""
    model_dimension: int = 0
    """Keep only so many numbers of each vector (Matryoshka models; ours: 256, 128 or 64); 0: all."""
    model_prompt_posting: str = ""
    """What the model wants before the text of a posting, such as `query: `."""
    model_prompt_profile: str = ""
    """The same before what a worker says of themselves, such as `passage: `."""
    model_prompt_query: str = ""
    """The same before words that are looked up."""
    sites_file: str = ""
    """The sites and how their records are fetched (TOML); empty: the shipped sample of ten."""
    consent_file: str = ""
    """What people consent to (TOML: `version`, `text`, `earlier` versions of papers); empty: the shipped one."""
    gateway_url: str = ""
    """Where short messages are handed over (`POST {"id", "to", "text"}`); empty: nobody can log in by telephone."""
    gateway_key: str = ""
    """Bearer key of the gateway."""
    tls_cert: str = ""
    """Certificate chain (PEM) to serve HTTPS with; empty: plain HTTP, for a proxy in front or one machine."""
    tls_key: str = ""
    """Private key (PEM) of the certificate."""
    trusted_proxies: str = ""
    """Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count, with commas between."""
    lines_per_address: int = 2_048
    """Connections that one address may hold open, trusted proxies apart: a whole hall or mobile network may be one."""
    body_limit_bytes: int = 262_144
    """Largest request body."""
    request_timeout_s: float = 10.0
    """Longest time a request may take."""
    requests_at_once: int = 512
    """Requests worked on at the same time; more are answered 503."""
    socket_queue: int = 256
    """Messages waiting for one slow socket before it is dropped."""
    store_connections: int = 64
    """Connections to the store for one process."""
    snapshot_every_s: float = 300.0
    """How often the matcher writes its snapshot when something has changed."""

    @property
    def store_socket(self) -> str:
        """Unix socket of the embedded store."""
        return os.path.join(os.path.abspath(self.data_dir), "store.sock")

    @property
    def store_url(self) -> str:
        """Where the store is: the configured one or the embedded one's socket."""
        return self.redis_url or f"unix://{self.store_socket}"


class MarketSettings(Struct, frozen=True, kw_only=True):
    """The market's own rules of play. They live in the store, so that every process plays by the same."""

    zone_offset_ms: Annotated[int, Meta(ge=-14 * HOUR_MS, le=14 * HOUR_MS)] = 8 * HOUR_MS
    """Market's zone, milliseconds east of UTC (Asia/Shanghai has no summer time)."""
    window_ms: Span = 30_000
    """Fair award: how long acceptances are collected from the first one."""
    live_cap: Annotated[int, Meta(ge=1, le=255)] = 2
    """Open offers one worker may have at a time."""
    daily_cap: Annotated[int, Meta(ge=1, le=255)] = 8
    """Offers one worker may get in a day."""
    quiet_from_minute: MinuteOfDay = 21 * 60 + 30
    """Quiet hours begin (minute of the day): no offers except to who asked, is present or is available."""
    quiet_until_minute: MinuteOfDay = 5 * 60
    """Quiet hours end."""
    travel_m_per_minute: Annotated[int, Meta(ge=1, le=2_000)] = 250
    """How fast people get from one shift to the next, waiting for the bus included (15 km/h)."""
    rest_ms: Span = 8 * HOUR_MS
    """Rest between a shift that reaches into the night (00:00-05:00) and the one before or after it."""
    most_daily_ms: Span = 11 * HOUR_MS
    """Most work that several shifts of one day may add up to."""
    building_age_max: Annotated[int, Meta(ge=0, le=100)] = 0
    """Oldest age on building sites (trades of the domain construction); 0: no limit of its own."""
    reconfirm_within_ms: Span = 2 * HOUR_MS
    """A standby whose seat opens closer to the start than this must reconfirm."""
    call_ms: Span = 300_000
    """How long a called standby has to reconfirm."""
    consent_ms: Span = 1_800_000
    """How long seated people have to consent to changed terms."""
    check_in_before_ms: Span = 2 * HOUR_MS
    """How early before the start a worker may check in."""
    late_within_ms: Span = 4 * HOUR_MS
    """A release or withdrawal closer to the start than this is late and leaves a penalty."""
    penalty_late_release: Points = 1
    """Points of a worker's late release."""
    penalty_no_show: Points = 2
    """Points of a no-show."""
    penalty_late_withdraw: Points = 1
    """Points of an employer's late withdrawal of a posting, or of somebody seated."""
    penalty_half_life_ms: Annotated[int, Meta(ge=HOUR_MS, le=366 * DAY_MS)] = 14 * DAY_MS
    """After so long a penalty is worth half of its points."""
    penalty_limit: Annotated[int, Meta(ge=1, le=1_000)] = 2
    """More points than this pause a worker's offers, or have an employer's postings reviewed, until they decay."""
    unmarked_ms: Span = DAY_MS
    """So long after its end a shift that nobody marked counts as worked by whoever had a seat."""
    history_kept_ms: Annotated[int, Meta(ge=32 * DAY_MS, le=3_660 * DAY_MS)] = 180 * DAY_MS
    """How long after its end a posting is kept, with everything that hangs on it."""
    timeouts_to_pause: Annotated[int, Meta(ge=1, le=1_000)] = 3
    """Unanswered offers in a row after which a worker is paused (暂停接单)."""
    weight_skill: Weight = 25
    """Score: words that fit the posting's, and how often somebody did this trade."""
    weight_near: Weight = 16
    """Score: nearness."""
    weight_pay: Weight = 7
    """Score: pay above the wish."""
    weight_reliable: Weight = 7
    """Score: shifts done against shifts missed; new people start at the average."""
    weight_waited: Weight = 12
    """Score: days since the last work."""
    weight_present: Weight = 10
    """Score: in the hall, or available today."""
    weight_focus: Weight = 5
    """Score: belongs to a group that the city puts first."""
    weight_answers: Weight = 5
    """Score: the chance of an answer."""
    weight_known: Weight = 5
    """Score: has worked for this employer, or is one of its favourites."""
    weight_spare: Weight = 8
    """Score: room for further offers; who holds none comes before who holds one already."""
    person_kept_days: Annotated[int, Meta(ge=30, le=3_660)] = 730
    """People who have not changed, worked or been here for so many days are erased."""
    withdrawn_kept_days: Annotated[int, Meta(ge=1, le=365)] = 15
    """Who has withdrawn the consent is erased after so many days, once seats and wages are settled."""
    events_kept: Annotated[int, Meta(ge=1_000)] = 1_000_000
    """Events kept in the stream, about; whoever is further behind reads the records."""

    def __post_init__(self) -> None:
        if not any(getattr(self, name) for name in self.__struct_fields__ if name.startswith("weight_")):
            raise ValueError("at least one weight_ must be above 0")


_SWITCH = {"1": True, "0": False, "True": True, "False": False}


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads `KUAIZHAO_*`. Raises ValueError with the variable's name where a value does not fit."""
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for field in structs.fields(Settings):
        raw = environ.get(PREFIX + field.name.upper())
        if raw is None:
            continue
        try:
            value = values[field.name] = _SWITCH[raw] if hints[field.name] is bool else hints[field.name](raw)
            if not isinstance(value, str) and value < 0:
                raise ValueError("must not be negative")
        except (ValueError, KeyError) as exc:
            raise ValueError(f"{PREFIX}{field.name.upper()}={raw!r}: {exc}") from exc
    return Settings(**values)
