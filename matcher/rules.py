"""The hard rules between a worker and a posting: one function and one plain sentence each (pure).

A rule sees the worker's row (`row.ROW`), the posting's terms (`ask.TERMS`) and the town beside them
(`row.Town`), and answers whether the row may be offered the posting. The rules are compiled into one loop
(`search`), which is all there is: finding who may be asked and telling what kept somebody out run the same functions.
A new rule is a function here with its sentence, and a test; rules are asked and told in this order.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, Final

from msgspec import Struct

from matcher.compiled import inner
from matcher.grid import METRES_PER_DEGREE
from matcher.model import CHANNELS, DAY_MS, HOUR_MS
from matcher.row import MORE_EXPIRY, MORE_REFUSAL, MORE_SUSPENSION, MORE_TRADE, PRESENCE, Town
from matcher.trades import MAX_TRADES

Row = Any
"""A record of `row.ROW`."""
Terms = Any
"""A record of `ask.TERMS`."""
Test = Callable[[Row, Terms, Town], bool]


class Rule(Struct, frozen=True):
    """A rule: its code, the sentence that people read, and the compiled test."""

    code: str
    words: str
    passes: Test


RULES: Final[list[Rule]] = []
"""In the order in which they are asked and told."""
AWAY: Final = PRESENCE["away"]
UNTOLD: Final = frozenset({"not_blocked"})
"""Rules that only staff read: neither side is told that the other one blocked it."""
NIGHT_ENDS_MS: Final = 5 * HOUR_MS
"""Work between midnight and this hour is night work."""
IN_HALL: Final = PRESENCE["in_hall"]
BY_PHONE: Final = (CHANNELS.index("call"), CHANNELS.index("kiosk"))
"""Who names one of these has no other way to be reached outside the hall."""


def rule(words: str) -> Callable[[Test], Test]:
    """Adds a rule with the sentence that tells whom it keeps out."""

    def add(test: Test) -> Test:
        RULES.append(Rule(test.__name__, words, inner(test)))
        return RULES[-1].passes

    return add


@inner
def metres(w: Row, ask: Terms) -> float:
    """Distance: equirectangular, within 0.1 % of the great circle over a city."""
    north, east = w.lat - ask.lat, (w.lon - ask.lon) * ask.east
    return METRES_PER_DEGREE * sqrt(north * north + east * east)


@inner
def between_ms(shift: Row, ask: Terms) -> int:
    """Time between a shift held and the posting's, whichever comes first; negative where they overlap."""
    return max(ask.start_ms - shift.end_ms, shift.start_ms - ask.end_ms)


@inner
def by_night(shift: Row, ask: Terms) -> bool:
    """Whether a shift, held or asked for, reaches into the night."""
    begins = (shift.start_ms + ask.zone_ms) % DAY_MS
    return begins < NIGHT_ENDS_MS or begins + shift.end_ms - shift.start_ms > DAY_MS


@inner
def worked_ms(shift: Row, day: int, ask: Terms) -> int:
    """How much of a shift lies in a local day."""
    begins = day * DAY_MS - ask.zone_ms
    return max(0, min(shift.end_ms, begins + DAY_MS) - max(shift.start_ms, begins))


@inner
def is_present(w: Row, ask: Terms) -> bool:
    """Available today or in the hall, right now."""
    return w.presence != AWAY and w.presence_until_s * 1000 > ask.now_ms


@inner
def among(rows: Any, w: Row) -> bool:
    """Whether the worker's row is one of these, which ascend."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < w.row:
            low = middle + 1
        else:
            high = middle
    return low < len(rows) and rows[low] == w.row


@inner
def place_of_trade(w: Row, ask: Terms, town: Town) -> int:
    """The first place that one of the worker's trades has among the posting's; 0 where none has."""
    best = 0xFF  # places from 0, and none is -1, are compared without a branch
    for number in w.trades:
        best = min(best, (ask.place_of[number] - 1) & 0xFF)
    link = w.more
    while link != 0:
        more = town.more[link]
        if more.kind == MORE_TRADE:
            best = min(best, (ask.place_of[more.number] - 1) & 0xFF)
        link = more.next
    return (best + 1) & 0xFF


@inner
def further(w: Row, town: Town, kind: int, number: int) -> int:
    """The link in `more` of this kind and number; 0 where the worker has none (link 0 says nothing)."""
    link = w.more
    while link != 0 and (town.more[link].kind != kind or town.more[link].number != number):
        link = town.more[link].next
    return link


@rule("登记已注销")
def registered(w: Row, ask: Terms, town: Town) -> bool:
    """Still registered."""
    return w.alive


@rule("不做这个工种,也不做相近的工种")
def trade(w: Row, ask: Terms, town: Town) -> bool:
    """Does this trade, or one close to it."""
    return place_of_trade(w, ask, town) != 0


@rule("你说过不做这样的活")
def refused(w: Row, ask: Terms, town: Town) -> bool:
    """Neither this trade nor one of its hazards is among what the worker never does."""
    link = w.more
    while link != 0:
        more = town.more[link]
        if more.kind == MORE_REFUSAL:
            hazard = more.number - MAX_TRADES - 1
            if more.number == ask.trade or (hazard >= 0 and ask.hazards >> hazard & 1):
                return False
        link = more.next
    return True


@rule("离得太远")
def place(w: Row, ask: Terms, town: Town) -> bool:
    """Within the widest radius of the posting and of how far the worker will go."""
    return metres(w, ask) <= min(w.radius_m, ask.radius_m)


@rule("这个时间不在愿意干活的时间里")
def hours(w: Row, ask: Terms, town: Town) -> bool:
    """The whole shift lies in the worker's hours."""
    wanted, missing = town.weeks[w.hours], ask.hours[0] & 0
    for word in range(len(ask.hours)):
        missing |= ask.hours[word] & ~wanted[word]
    return missing == 0


@rule("工钱低于期望")
def pay(w: Row, ask: Terms, town: Town) -> bool:
    """The pay reaches the wish; piece pay has no hourly value and passes."""
    return ask.pay_fen == 0 or w.pay_fen <= ask.pay_fen


@rule("未满16周岁,不得招用或介绍就业")
def working_age(w: Row, ask: Terms, town: Town) -> bool:
    """At least 16 on the work date."""
    return w.born <= ask.born_working


@rule("未成年工不得从事该作业")
def minor_hazard(w: Row, ask: Terms, town: Town) -> bool:
    """16 and 17 year-olds do no hazardous work."""
    return w.born <= ask.born_adult


@rule("年龄不在岗位要求内")
def age(w: Row, ask: Terms, town: Town) -> bool:
    """Within the posting's reviewed age limits on the work date (age_max included)."""
    return ask.born_from <= w.born <= ask.born_until


@rule("工地上对年龄有规定,这个活不能派给你")
def building_age(w: Row, ask: Terms, town: Town) -> bool:
    """Not above the age that the city sets for building sites, on the work date."""
    return w.born >= ask.born_building


@rule("缺少岗位需要的有效证书")
def certificate(w: Row, ask: Terms, town: Town) -> bool:
    """Holds every certificate needed, valid on the work date; nobody holds an unknown one."""
    needed = ask.certificates
    if w.certificates & needed != needed:
        return False
    for i in range(len(w.expiry_kind)):
        if needed >> w.expiry_kind[i] & 1 and w.expiry_day[i] < ask.work_day and w.expiry_kind[i] != 0:
            return False
    link = w.more
    while link != 0:
        more = town.more[link]
        if more.kind == MORE_EXPIRY and needed >> more.number & 1 and more.until < ask.work_day:
            return False
        link = more.next
    return True


@rule("已暂停接单")
def paused(w: Row, ask: Terms, town: Town) -> bool:
    """Not paused after unanswered offers."""
    return not w.paused


@rule("派单暂停期间;有不同意见请找工作人员")
def suspended(w: Row, ask: Terms, town: Town) -> bool:
    """Not suspended by a clerk or a penalty at this moment."""
    return town.more[further(w, town, MORE_SUSPENSION, 0)].until * 1000 <= ask.now_ms


@rule("手上待回复的派单已满")
def live_cap(w: Row, ask: Terms, town: Town) -> bool:
    """Has room for one more open offer."""
    return w.live_offers < ask.live_cap


@rule("今天收到的派单已满")
def daily_cap(w: Row, ask: Terms, town: Town) -> bool:
    """Has not had the day's offers yet."""
    return w.offers_day != ask.today or w.offers_today < ask.daily_cap


@rule("夜里不打扰:没有打开今天能干")
def quiet_hours(w: Row, ask: Terms, town: Town) -> bool:
    """Nobody is woken at night, except who is in the hall or has 今天能干 on; nobody is rung up at night at all."""
    if not ask.is_quiet:
        return True
    return is_present(w, ask) and (w.presence == IN_HALL or w.channel not in BY_PHONE)


@rule("这个岗位已经问过")
def not_asked(w: Row, ask: Terms, town: Town) -> bool:
    """Has not had this posting before."""
    return not among(town.asked, w)


@rule("这家的活暂时不派给你")
def not_blocked(w: Row, ask: Terms, town: Town) -> bool:
    """Neither has the worker blocked the employer nor the other way round."""
    return not among(town.blocked, w)


@rule("这个时间已经有别的活")
def calendar(w: Row, ask: Terms, town: Town) -> bool:
    """No other shift at that time."""
    link = w.shifts
    while link != 0:
        shift = town.shifts[link]
        if shift.start_ms < ask.end_ms and ask.start_ms < shift.end_ms:
            return False
        link = shift.next
    return True


@rule("跟前后的活离得远,路上来不及")
def travel(w: Row, ask: Terms, town: Town) -> bool:
    """Time enough to get from the shift before, and to the shift after."""
    link = w.shifts
    while link != 0:
        shift = town.shifts[link]
        gap_ms = between_ms(shift, ask)
        if gap_ms >= 0 and gap_ms * ask.travel_m_per_ms < metres(shift, ask):
            return False
        link = shift.next
    return True


@rule("夜班前后要歇够,这次先不派")
def rest(w: Row, ask: Terms, town: Town) -> bool:
    """Rest between a shift that reaches into the night and the one before or after it."""
    link = w.shifts
    while link != 0:
        shift = town.shifts[link]
        if 0 <= between_ms(shift, ask) < ask.rest_ms and (by_night(shift, ask) or by_night(ask, ask)):
            return False
        link = shift.next
    return True


@rule("这一天的活加起来太长了,身体要紧")
def daily_hours(w: Row, ask: Terms, town: Town) -> bool:
    """Together with the other shifts of a day it touches not more work than a day may hold (a single long shift is the
    review's affair)."""
    if w.shifts == 0:
        return True
    first = (ask.start_ms + ask.zone_ms) // DAY_MS
    last = (ask.end_ms + ask.zone_ms - 1) // DAY_MS
    for day in range(first, last + 1):
        held_ms, link = 0, w.shifts
        while link != 0:
            held_ms += worked_ms(town.shifts[link], day, ask)
            link = town.shifts[link].next
        if held_ms > 0 and held_ms + worked_ms(ask, day, ask) > ask.most_daily_ms:
            return False
    return True
