"""Who may be asked, and who fits best, worked out person by person in plain Python from the documents.

It shares no code with the matcher's rules, columns or score: only the documents' types and the facts of the lexicon.
Slow and plain on purpose: what the matcher answers has to be the same.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from matcher import trades
from matcher.model import Hours, Pay, Place, Posting, Profile, ProfileRecord
from matcher.settings import MarketSettings

KM_PER_DEGREE = 111.195
DAY_MS = 86_400_000
WEIGHTS = {
    "skill": 0.25, "near": 0.16, "pay": 0.07, "reliable": 0.07, "waited": 0.12, "present": 0.10, "focus": 0.05,
    "answers": 0.05, "known": 0.05, "spare": 0.08,
}  # fmt: skip
ANSWERS = {"inbox": 0.7, "push": 0.7, "sms": 0.4, "call": 0.7, "kiosk": 0.9}


class Known(Struct):
    """A worker as the market knows them: record, open offers, offers had today, shifts held (start, end, lat, lon), and
    postings asked of and declined. Offers had today are one that ran out; a shift held is an offer accepted."""

    record: ProfileRecord
    live: int = 0
    today: int = 0
    shifts: tuple[tuple[int, int, float, float], ...] = ()
    asked: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    worked_for: frozenset[str] = frozenset()


class Question(Struct):
    """A posting to be dispatched at a moment, looking as far as `radius_m`."""

    id: str
    doc: Posting
    radius_m: float
    now_ms: int
    settings: MarketSettings


def local(at_ms: int, settings: MarketSettings) -> datetime:
    """Wall-clock time in the market."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms + settings.zone_offset_ms)


def able(trade: str, named: list[str]) -> bool:
    """Does the trade or one related at 0.6 or more, in either direction."""
    facts = trades.trades()
    if trade not in facts:
        return False
    for other in named:
        if other == trade:
            return True
        if other in facts and max(facts[trade].related.get(other, 0), facts[other].related.get(trade, 0)) >= 0.6:
            return True
    return False


def refuses(doc: Profile, posting: Posting) -> bool:
    """Has said that they never do this trade, or one of its hazards."""
    trade = trades.trades().get(posting.trade)
    about = {posting.trade, *posting.hazards} | ({trade.hazard} if trade and trade.hazard else set())
    return bool(about & set(doc.refused))


def metres(place: Place, posting: Posting) -> float:
    """Flat-map distance with degrees of longitude shrunk as at the posting."""
    north = (place.lat - posting.place.lat) * KM_PER_DEGREE
    east = (place.lon - posting.place.lon) * KM_PER_DEGREE * math.cos(math.radians(posting.place.lat))
    return 1000 * math.hypot(north, east)


def covers(windows: list[Hours], moment: datetime) -> bool:
    """Whether the half-hour that begins at `moment` lies wholly in one of the weekly windows."""
    minute, today = moment.hour * 60 + moment.minute, moment.isoweekday()
    yesterday = 7 if today == 1 else today - 1
    for window in windows:
        start, end = (int(x[:2]) * 60 + int(x[3:]) for x in (window.start, window.end))
        if end <= start:
            end += 1440
        if today in window.days and start <= minute and minute + 30 <= end:
            return True
        if yesterday in window.days and start <= minute + 1440 and minute + 1470 <= end:
            return True
    return False


def free_for(windows: list[Hours], posting: Posting, settings: MarketSettings) -> bool:
    """Every half-hour that the shift touches is wanted."""
    if not windows:
        return True
    moment = local(posting.start_ms, settings)
    moment = moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
    end = local(posting.end_ms, settings)
    while moment < end:
        if not covers(windows, moment):
            return False
        moment += timedelta(minutes=30)
    return True


def per_hour(pay: Pay, hours: float) -> int:
    """Fen an hour; 0 where that is not known."""
    divisor = {"hour": 1.0, "day": hours, "shift": hours, "month": 174.0}.get(pay.unit)
    return int(pay.fen / divisor) if divisor else 0


def years_old(born: date, day: date) -> int:
    """Birthdays had."""
    had = (day.month, day.day) >= (born.month, born.day)
    return day.year - born.year - (0 if had else 1)


def certified(doc: Profile, posting: Posting, day: date) -> bool:
    """Holds what the posting and its trade ask for, on that day."""
    trade = trades.trades().get(posting.trade)
    needed = set(posting.certificates) | ({trade.certificate} if trade and trade.certificate else set())
    return all(
        kind in trades.certificates()
        and any(c.kind == kind and (c.expires is None or c.expires >= day) for c in doc.certificates)
        for kind in needed
    )


def is_here(record: ProfileRecord, now_ms: int) -> bool:
    """Available or in the hall now."""
    return record.presence != "away" and record.presence_until_ms > now_ms


def is_quiet(q: Question) -> bool:
    """Whether people are not to be woken at this moment."""
    now = local(q.now_ms, q.settings)
    minute, begins, ends = now.hour * 60 + now.minute, q.settings.quiet_from_minute, q.settings.quiet_until_minute
    return begins <= minute < ends if begins <= ends else minute >= begins or minute < ends


def day_hours(spans: list[tuple[int, int]], settings: MarketSettings) -> dict[date, float]:
    """Hours worked by calendar day, counted in minutes of a clock on the wall."""
    hours: dict[date, float] = {}
    for start_ms, end_ms in spans:
        moment, end = local(start_ms, settings), local(end_ms, settings)
        while moment < end:
            midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), UTC)
            part = (min(end, midnight) - moment).total_seconds() / 3_600
            hours[moment.date()] = hours.get(moment.date(), 0.0) + part
            moment = midnight
    return hours


def in_the_night(start_ms: int, end_ms: int, settings: MarketSettings) -> bool:
    """Whether some minute of it lies between midnight and five."""
    moment, end = local(start_ms, settings), local(end_ms, settings)
    while moment < end:
        if moment.hour < 5:
            return True
        moment += timedelta(minutes=1)
    return False


def has_time(k: Known, q: Question) -> bool:
    """Neither booked nor too far away to come in time nor tired."""
    posting, settings = q.doc, q.settings
    for start, end, lat, lon in k.shifts:
        if start < posting.end_ms and posting.start_ms < end:
            return False
        gap_ms = posting.start_ms - end if end <= posting.start_ms else start - posting.end_ms
        if gap_ms / 60_000 * settings.travel_m_per_minute < metres(Place(lat=lat, lon=lon), posting):
            return False
        night = in_the_night(start, end, settings) or in_the_night(posting.start_ms, posting.end_ms, settings)
        if night and gap_ms < settings.rest_ms:
            return False
    own = day_hours([(posting.start_ms, posting.end_ms)], settings)
    others = day_hours([(start, end) for start, end, _, _ in k.shifts], settings)
    most = settings.most_daily_ms / 3_600_000
    return all(others.get(day, 0.0) == 0 or others[day] + hours <= most + 1e-9 for day, hours in own.items())


def may_be_asked(k: Known, q: Question) -> bool:
    """All hard rules, for one worker."""
    record, doc, posting = k.record, k.record.doc, q.doc
    if (
        refuses(doc, posting)
        or record.paused
        or record.suspended_until_ms > q.now_ms
        or not able(posting.trade, doc.trades + doc.recognised)
    ):
        return False
    if metres(doc.place, posting) > min(q.radius_m, doc.radius_m):
        return False
    offered = per_hour(posting.pay, (posting.end_ms - posting.start_ms) / 3_600_000)
    if offered and per_hour(doc.pay, 8.0) > offered:
        return False
    day = local(posting.start_ms, q.settings).date()
    years = years_old(doc.born, day)
    trade = trades.trades().get(posting.trade)
    hazardous = bool(posting.hazards) or (trade is not None and trade.hazard is not None)
    youngest = max(16, 18 if hazardous else 0, posting.age_min or 0)
    if years < youngest or (posting.age_max is not None and years > posting.age_max):
        return False
    oldest = q.settings.building_age_max
    if oldest and trade is not None and trade.domain == "construction" and years > oldest:
        return False
    if posting.employer in k.blocked:
        return False
    if k.live >= q.settings.live_cap or k.today >= q.settings.daily_cap or q.id in k.asked:
        return False
    if is_quiet(q) and not is_here(record, q.now_ms):
        return False
    if is_quiet(q) and record.presence != "in_hall" and doc.channels[:1] in (["call"], ["kiosk"]):
        return False
    return has_time(k, q) and certified(doc, posting, day) and free_for(doc.hours, posting, q.settings)


def score(k: Known, q: Question, similarity: float) -> float:
    """The published weighted sum."""
    record, doc = k.record, k.record.doc
    offered = per_hour(q.doc.pay, (q.doc.end_ms - q.doc.start_ms) / 3_600_000)
    here = q.now_ms < record.presence_until_ms
    words, times = min(max(similarity, 0.0), 1.0), record.done_in.get(q.doc.trade, 0)
    usual = ANSWERS[doc.channels[0] if doc.channels else "inbox"]
    answered = len(k.asked) + len(k.shifts)
    parts = {
        "skill": words + (1 - words) * times / (times + 10),
        "near": math.exp(-metres(doc.place, q.doc) / 5_000),
        "pay": min(max(offered / max(per_hour(doc.pay, 8.0), 1) - 1, 0.0), 0.5) * 2 if offered else 0.0,
        "reliable": (record.done + 9.2) / (record.done + record.no_shows + 10),
        "waited": min(max(q.now_ms - record.last_work_ms, 0) / (7 * DAY_MS), 1.0),
        "present": (1.0 if record.presence == "in_hall" else 0.6) if here else 0.0,
        "focus": 1.0 if doc.group else 0.0,
        "known": 1.0 if q.doc.employer in k.worked_for else 0.0,
        "spare": max(1 - k.live / q.settings.live_cap, 0.0),
        "answers": (answered + 4 * usual) / (answered + (1 if k.today else 0) + 4),
    }
    return sum(WEIGHTS[name] * value for name, value in parts.items())
