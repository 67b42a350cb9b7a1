"""Why who was asked, in which order, and whether an award follows from what was published (pure).

A third person needs nothing but what is shown here: the waves with their reasons, the list of acceptances with what
decided each place, the commitment and the last revealed seed, from which every ticket and place is computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from matcher import draw
from matcher.model import (
    AcceptanceState,
    AssignmentState,
    Award,
    Channel,
    Entry,
    OfferState,
    PostingRecord,
    PostingState,
)
from matcher.questions import WhyAnswer
from matcher.waves import HALL_M, RADII_M

OFFERS: Final[Mapping[str, str]] = {
    "open": "等待回复",
    "accepted": "接单",
    "declined": "不去",
    "expired": "没有回复",
    "withdrawn": "已收回",
}
TO_ONESELF: Final[Mapping[str, str]] = {
    "open": "还在等你答复",
    "accepted": "你答应了",
    "declined": "你说了不去",
    "expired": "你没来得及答复",
    "withdrawn": "后来收回了:名额满了,或岗位有变动",
}
CHANNELS: Final[Mapping[str, str]] = {
    "inbox": "手机", "push": "手机推送", "sms": "短信", "call": "电话", "kiosk": "大厅",
}  # fmt: skip
PLACES: Final[Mapping[str, str]] = {
    "waiting": "等待公布", "gathering": "等同班组的人", "seated": "录用", "standby": "候补", "called": "候补待确认",
    "passed_over": "这个时间已有别的活", "lapsed": "候补过时", "withdrawn": "已取消",
}  # fmt: skip


class Asked(Struct, frozen=True, kw_only=True):
    """One person in a wave, by pseudonym."""

    profile: str
    rank: int
    channel: Channel
    distance_m: int
    reasons: tuple[str, ...]
    offer: OfferState
    answered_ms: int | None
    answered_by: str


class WaveTold(Struct, frozen=True, kw_only=True):
    """One wave: when, how far it looked, whom it asked in which order."""

    number: int
    offered_ms: int
    circle: str
    asked: list[Asked]


class PlaceTold(Struct, frozen=True, kw_only=True):
    """One place of the list of acceptances, and what decided it."""

    profile: str
    order: int
    answered_ms: int | None
    round: int | None
    last_work_ms: int
    queue_no: int | None
    ticket: str
    acceptance: AcceptanceState | None
    assignment: AssignmentState | None


class Explanation(Struct, frozen=True, kw_only=True):
    """A posting's whole story. `faults` is what does not follow from what was published; empty: everything does."""

    posting: str
    state: PostingState
    award: Award
    headcount: int
    taken: int
    commitment: str
    rounds: int
    seed: str
    waves: list[WaveTold]
    order: list[PlaceTold]
    faults: list[str]


def explained(record: PostingRecord, entries: Mapping[str, Entry]) -> Explanation:
    """The story of a posting from its record and all its entries."""
    return Explanation(
        posting=record.id,
        state=record.state,
        award=record.award,
        headcount=record.headcount,
        taken=record.taken,
        commitment=record.commitment,
        rounds=record.rounds,
        seed=record.seed,
        waves=_waves(entries),
        order=_order(entries),
        faults=list(_faults(record, entries)),
    )


def circle(within_m: int) -> str:
    """How far a wave looked, in words."""
    if within_m == HALL_M:
        return "大厅"
    return "全市" if within_m >= RADII_M[-1] else f"{within_m / 1_000:g}公里内"


def _waves(entries: Mapping[str, Entry]) -> list[WaveTold]:
    by_number: dict[int, list[tuple[str, Entry]]] = {}
    for profile, entry in entries.items():
        by_number.setdefault(entry.wave, []).append((profile, entry))
    told = []
    for number, people in sorted(by_number.items()):
        people.sort(key=lambda item: (item[1].rank, item[0]))
        same = ("rank", "channel", "distance_m", "reasons", "offer", "answered_ms", "answered_by")
        asked = [Asked(profile=p, **{name: getattr(e, name) for name in same}) for p, e in people]
        first = people[0][1]
        widest = max(e.within_m for _, e in people)
        told.append(WaveTold(number=number, offered_ms=first.offered_ms, circle=circle(widest), asked=asked))
    return told


def _order(entries: Mapping[str, Entry]) -> list[PlaceTold]:
    places = [
        PlaceTold(
            profile=p,
            order=e.order,
            last_work_ms=e.last_work_ms or 0,
            **{n: getattr(e, n) for n in ("answered_ms", "round", "queue_no", "ticket", "acceptance", "assignment")},
        )
        for p, e in entries.items()
        if e.order is not None
    ]
    return sorted(places, key=lambda place: place.order)


def _faults(record: PostingRecord, entries: Mapping[str, Entry]) -> Iterator[str]:
    if record.rounds:
        yield from draw.faults(record.commitment, record.seed, record.rounds, entries)
    arrived = sorted((e.order, e.answered_ms or 0, p) for p, e in entries.items() if e.order and not e.together)
    if record.award == "instant":
        for (_, before_ms, ahead), (_, after_ms, behind) in pairwise(arrived):
            if before_ms > after_ms:
                yield f"{ahead} stands before {behind}, who answered earlier"


def clock(at_ms: int | None, zone_offset_ms: int) -> str:
    """An instant as the market's wall clock shows it."""
    if not at_ms:
        return "-"
    return f"{datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms + zone_offset_ms):%m-%d %H:%M:%S}"


def lines(told: Explanation, zone_offset_ms: int) -> Iterator[str]:
    """The explanation as people read it."""
    award = "先到先得" if told.award == "instant" else "按公布的顺序"
    yield f"岗位 {told.posting}: {told.headcount}人,已录用{told.taken}人;{award}"
    for wave in told.waves:
        yield f"第{wave.number}批 {clock(wave.offered_ms, zone_offset_ms)} {wave.circle},问了{len(wave.asked)}人"
        for one in wave.asked:
            answer = f"{OFFERS[one.offer]} {clock(one.answered_ms, zone_offset_ms)}".removesuffix(" -")
            yield f"  {one.rank:>3} {one.profile} {CHANNELS[one.channel]} {' · '.join(one.reasons)} | {answer}"
    if told.order:
        yield "接单的顺序(最久没活的在先,其次大厅排号,再次抽签)" if told.award == "fair" else "接单的顺序(先到先得)"
    for place in told.order:
        why = f"上次干活 {clock(place.last_work_ms, zone_offset_ms)} 排号 {place.queue_no or '-'}"
        drawn = f"第{place.round}轮" if place.round else clock(place.answered_ms, zone_offset_ms)
        became = PLACES.get(place.acceptance or "", "-")
        yield f"  {place.order:>3} {place.profile} {drawn} {why} 签 {place.ticket[:8] or '-'} | {became}"
    yield f"承诺 {told.commitment or '-'}"
    yield f"公布的种子 {told.seed or '(还没有抽签)'} 轮数 {told.rounds}"
    if told.faults:
        yield from (f"不一致: {fault}" for fault in told.faults)
    elif told.rounds:
        yield "已用公布的种子重算:承诺、每个签和每个名次都一致"
    else:
        yield "没有抽签:顺序由接单的先后决定" if told.order else "还没有人接单"


def own_words(entry: Entry | None, answer: WhyAnswer) -> str:
    """One sentence for a worker about a posting: that they were asked, what keeps them out, or where they stand."""
    if entry is not None:
        place = f",先问{circle(entry.within_m)}的人,你排第{entry.rank}位"
        where = f"第{entry.wave}批问过你{place}" if entry.rank else "问过你"
        return f"{where};{TO_ONESELF[entry.offer]}"
    if answer.excluded:
        return "没有问你,因为:" + ";".join(reason.words for reason in answer.excluded)
    if answer.rank is None:
        return "没有问你"
    before = ",前面的人多半" + "、".join(reason.words for reason in answer.before) if answer.before else ""
    return f"还没有问到你:合适的{answer.among}人里你排第{answer.rank}位{before}"
