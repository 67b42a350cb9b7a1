"""The nouns of the trade as types, with their states (pure: no IO, no clock).

Units: instants are epoch milliseconds (`_ms`), money is integer fen (`_fen`), places are WGS-84 degrees, distances are
metres (`_m`). The same types check what comes in over the API, what is stored and what OpenAPI shows.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

SCHEMA: Final = 1
"""Version of the stored shape of every record; raised when a stored struct changes incompatibly."""

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Text = Annotated[str, Meta(max_length=2000)]
ShortText = Annotated[str, Meta(max_length=200)]
EpochMs = Annotated[int, Meta(ge=946_684_800_000, le=4_102_444_800_000, description="epoch milliseconds")]
Fen = Annotated[int, Meta(ge=0, le=100_000_000, description="money in fen (1/100 yuan)")]

PostingState = Literal["draft", "blocked", "awaiting_review", "open", "filled", "closed", "withdrawn", "expired"]
OfferState = Literal["open", "accepted", "declined", "expired", "withdrawn"]
AcceptanceState = Literal["gathering", "waiting", "seated", "standby", "called", "passed_over", "lapsed", "withdrawn"]
AssignmentState = Literal["seated", "confirmed", "consent_due", "checked_in", "done", "paid", "released", "no_show"]
PresenceState = Literal["away", "available", "in_hall"]
Award = Literal["instant", "fair"]
Crews = Literal["none", "whole", "split"]
"""Whether a posting takes crews: not, 整组 (seated together or not at all) or 可拆 (offered together)."""
PayUnit = Literal["hour", "day", "shift", "piece", "month"]
Settlement = Literal["daily", "on_completion", "weekly", "monthly"]
Channel = Literal["inbox", "push", "sms", "call", "kiosk"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
"""The ways on which offers reach people; `call`: a clerk rings them up, `kiosk`: they are in the hall."""
Role = Literal["worker", "employer", "kiosk", "clerk", "manager", "integration", "newcomer"]
"""Who asks; a newcomer has proved a telephone and is not registered yet."""

SEAT_HOLDING: Final = frozenset({"seated", "confirmed", "consent_due", "checked_in", "done", "paid"})
"""Assignment states that occupy one of the posting's seats."""
CALENDAR_HOLDING: Final = frozenset({"seated", "confirmed", "consent_due", "checked_in", "done", "paid"})
"""Assignment states that keep the shift in the worker's calendar: the time is taken, or was worked."""


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the map (WGS-84) and how people call it."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    text: ShortText = ""


class Pay(Struct, frozen=True, forbid_unknown_fields=True):
    """Money per unit; `piece` has no hourly value until the work is done."""

    fen: Fen
    unit: PayUnit = "hour"


class Certificate(Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate held; without `expires` it does not run out. It counts up to and including that day."""

    kind: Id
    expires: date | None = None


class Hours(Struct, frozen=True, forbid_unknown_fields=True):
    """A weekly window in the market's zone. Days are 1 (Monday) to 7; `end` <= `start` crosses midnight."""

    days: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1, max_length=7)]
    start: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    end: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """零工登记: what a person can and wants to do. No name, no number."""

    site: Id
    trades: Annotated[list[Id], Meta(max_length=20)]
    skills: Text = ""
    recognised: Annotated[
        list[Id],
        Meta(max_length=20, description="trades that `skills` speaks of; filled in by the service"),
    ] = []
    refused: Annotated[
        list[Id],
        Meta(max_length=40, description="trades and hazards never done; what `skills` denies (不做高空) is added"),
    ] = []
    certificates: Annotated[list[Certificate], Meta(max_length=20)] = []
    born: date
    place: Place
    radius_m: Annotated[int, Meta(ge=500, le=200_000, description="how far they will go, metres")] = 10_000
    hours: Annotated[list[Hours], Meta(max_length=20, description="empty: any time")] = []
    pay: Pay
    group: ShortText = ""
    channels: Annotated[list[Channel], Meta(max_length=5, description="empty: inbox")] = []


class Block(Struct, frozen=True):
    """When one side said that it wants nothing more from the other, and why (for clerks)."""

    at_ms: int
    reason: str = ""


class Tie(Struct, frozen=True):
    """What a worker and an employer have to do with each other. Neither side is told of the other's block, nor the
    employer that it is a worker's favourite: that gives nobody a better place."""

    done: int = 0
    last_work_ms: int = 0
    favourite: bool = False
    worker_favourite: bool = False
    worker_block: Block | None = None
    employer_block: Block | None = None

    @property
    def blocked(self) -> bool:
        """Blocked by either side."""
        return self.worker_block is not None or self.employer_block is not None

    @property
    def known(self) -> bool:
        """Worked there, or marked as a favourite."""
        return self.done > 0 or self.favourite


class Person(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """人员: who someone is. Kept sealed and apart from the profile."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    telephone: Annotated[str, Meta(pattern=r"^1\d{10}$")]
    id_number: Annotated[str, Meta(pattern=r"^(\d{17}[\dX])?$")] = ""
    consent: Annotated[str, Meta(min_length=1, max_length=40, description="version consented to")]


class Presence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """到场: available today, or in the hall with a queue number; ends by itself at `until_ms`."""

    state: PresenceState
    until_ms: EpochMs | None = None
    queue_no: Annotated[int, Meta(ge=1, le=99_999)] | None = None


class Employer(Struct, frozen=True, kw_only=True):
    """用工方 as everybody may see it; whom to call there is sealed, beside this document (`ingest.employers`).
    `verified` is set by a clerk and decides whether postings open at once."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    credit_code: Annotated[str, Meta(pattern=r"^([0-9A-Z]{18})?$", description="统一社会信用代码")] = ""
    verified: bool = False


class Site(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """站点: one 零工之家."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    district: ShortText
    place: Place
    opens: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "05:00"
    closes: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "18:00"


class Heat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The highest temperature of a day in a district, as a manager enters it."""

    district: Annotated[str, Meta(min_length=2, max_length=20)]
    day: date
    celsius: Annotated[int, Meta(ge=-30, le=60)]


class Posting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """岗位: one shift. `award` left out: `fair`, or `instant` when it starts within the hour."""

    employer: Id
    site: Id
    trade: Id
    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    headcount: Annotated[int, Meta(ge=1, le=500)]
    start_ms: EpochMs
    end_ms: EpochMs
    place: Place
    pay: Pay
    settlement: Settlement = "daily"
    age_min: Annotated[int, Meta(ge=16, le=100)] | None = None
    age_max: Annotated[int, Meta(ge=16, le=100)] | None = None
    certificates: Annotated[list[Id], Meta(max_length=10)] = []
    hazards: Annotated[list[Id], Meta(max_length=10)] = []
    meals: bool = False
    transport: bool = False
    outdoor: bool = False
    insurance: ShortText = ""
    meeting_point: ShortText = ""
    award: Award | None = None
    crews: Crews = "none"
    valid_until_ms: EpochMs
    series: Id | None = None
    whole_series: bool = False
    listed_only: bool = False
    first: Annotated[
        list[Id],
        Meta(max_length=50, description="再叫他们: people who worked here before, asked before anybody else"),
    ] = []


def shift_hours(posting: Posting) -> float:
    """Length of the shift in hours."""
    return (posting.end_ms - posting.start_ms) / HOUR_MS


def hourly_fen(pay: Pay, hours: float) -> int:
    """Pay in fen an hour; a day or shift is spread over `hours`, a month over 21.75 days of 8 hours
    (the statutory average of paid days). `piece` gives 0: unknown."""
    if pay.unit == "hour":
        return pay.fen
    if pay.unit in ("day", "shift"):
        return int(pay.fen / hours) if hours > 0 else 0
    if pay.unit == "month":
        return int(pay.fen / (21.75 * 8))
    return 0


def age_on(born: date, day: date) -> int:
    """Completed years of life on a day; negative for someone not born yet."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Reason(Struct, frozen=True):
    """One plain reason: a stable code and the words a person reads."""

    code: str
    words: str


class Entry(Struct, kw_only=True, gc=False):
    """One profile's life with one posting: the offer, what was answered, and the seat (field of `offers:POSTING`).

    `rank` is the place within the wave from 1, `within_m` how far the wave looked (0: only in the hall); `wished` says
    that they asked for it; `rings` counts a clerk's calls where the offer goes by telephone. `answered_by` is the door
    through which the yes or no came.
    """

    offer: OfferState
    wave: int
    terms: int
    offered_ms: int
    deadline_ms: int
    nth_today: int = 1
    rank: int = 0
    within_m: int = 0
    channel: Channel = "inbox"
    wished: bool = False
    rings: int = 0
    rung_ms: int | None = None
    reached: bool = False
    crew: str = ""
    together: bool = False
    mates: tuple[str, ...] = ()
    distance_m: int = 0
    reasons: tuple[str, ...] = ()
    answered_ms: int | None = None
    answered_by: str = ""
    decline_reason: str = ""
    acceptance: AcceptanceState | None = None
    order: int | None = None
    last_work_ms: int | None = None
    queue_no: int | None = None
    round: int | None = None
    ticket: str = ""
    call_deadline_ms: int | None = None
    assignment: AssignmentState | None = None
    reconfirmed: bool = False
    consent_deadline_ms: int | None = None
    before_consent: str = ""
    consented_terms: int | None = None
    refused_terms: int | None = None
    seated_ms: int | None = None
    ended_by: str = ""


class Crew(Struct, kw_only=True):
    """班组: people who are offered work together; only members who have consented are asked."""

    id: str
    v: int
    leader: str
    members: dict[str, Literal["invited", "consented"]]

    @property
    def consented(self) -> list[str]:
        """Who is in, sorted."""
        return sorted(profile for profile, state in self.members.items() if state == "consented")


class ProfileRecord(Struct, kw_only=True):
    """A stored profile: document, version, presence and counters that the functions keep; `done_in` counts the shifts
    done in each trade."""

    id: str
    v: int
    schema: int
    doc: Profile
    presence: PresenceState = "away"
    presence_until_ms: int = 0
    queue_no: int | None = None
    paused: bool = False
    suspended_until_ms: int = 0
    suspended_reason: str = ""
    withdrawn_ms: int = 0
    """When the consent was withdrawn; 0: it is in force."""
    penalty_one_ms: int = 0
    """When the penalties have decayed to one point (matcher/penalties.py); 0: there are none."""
    last_work_ms: int = 0
    done: int = 0
    done_in: dict[str, int] = {}
    no_shows: int = 0
    releases: int = 0
    model: str = ""


class PostingRecord(Struct, kw_only=True):
    """A stored posting: document, version, state and counters. `seed` is the one of the last of `rounds` draws."""

    id: str
    v: int
    schema: int
    doc: Posting
    state: PostingState
    award: Award
    terms: int
    wave: int
    offered: int
    open_offers: int
    taken: int
    called: int
    waiting: int
    standby: int
    headcount: int
    start_ms: int
    end_ms: int
    valid_until_ms: int
    standby_target: int
    window_until_ms: int = 0
    opened_ms: int = 0
    filled_ms: int = 0
    commitment: str = ""
    seed: str = ""
    rounds: int = 0
    orders: int = 0
    open_calls: int = 0
    whole: str = ""
    """The series that this posting is a day of, where it is taken as a whole (全程)."""
    begins_ms: int = 0
    """When that series begins: until then its first day, which starts at this moment, leads."""
    awarded: bool = False
    held: bool = False
    review_reason: str = ""
    model: str = ""


def seats_open(record: PostingRecord) -> int:
    """Seats that nobody has, is called for or waits for."""
    return record.headcount - record.taken - record.called - record.waiting
