"""Places of Qingdao by name, each with a point (WGS-84): districts, streets and towns, landmarks, villages and roads.

The coordinates lie in `gazetteer.csv`, which is derived from OpenStreetMap and under the ODbL, as its head says. What
lies in which street is told by `landmarks.csv`, which is the project's own and holds no coordinates.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from math import cos, hypot, radians
from pathlib import Path
from typing import Final, Literal, cast

import ahocorasick
from msgspec import Struct

from ingest.elsewhere import elsewhere
from ingest.fields.found import Found, plain, stretch
from matcher.model import Place

Kind = Literal["district", "street", "landmark", "road"]

_FOLDER: Final = Path(__file__).parent
_OTHER_NAMES: Final = {
    "黄岛区": ("黄岛", "西海岸新区", "西海岸", "青岛西海岸"),
    "城阳区": ("高新区",),
}
_AMBIGUOUS: Final = frozenset(
    [
        "温泉",
        "南村",
        "中山路",
        "龙山",
        "灵山",
        "团岛",
        "大学路",
        "延安路",
        "四方",
        "河西",
        "大港",
        "珠海",
        "滨海",
        "九龙",
        "宝山",
        "铁山",
        "大村",
        "大场",
        "云山",
        "龙泉",
        "明村",
        "新河",
        "同和",
        "凤台",
        "店子",
        "大信",
        "海青",
        "湖岛",
        "双山",
        "虎山",
        "金口",
        "田庄",
        "洋河",
        "东阁",
        "李园",
        "院上",
    ]
)
"""Short names that also mean something else; they count only beside their district, or as a whole address."""
_STEM: Final = re.compile(r"(街道|镇|乡)$")
_BEST_FIRST: Final = ("street", "landmark", "road")
_METRES_A_DEGREE: Final = 111_195.0


class Spot(Struct, frozen=True):
    """A named place and a point: inside an area, or, for a landmark or a road, inside the street where it lies."""

    district: str
    name: str
    lat: float
    lon: float
    kind: Kind = "street"


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


@cache
def spots() -> tuple[Spot, ...]:
    """All areas, districts first."""
    read = [
        Spot(r["district"], r["name"], float(r["lat"]), float(r["lon"]), cast(Kind, r["kind"]))
        for r in _rows("gazetteer.csv")
    ]
    return tuple(sorted(read, key=lambda spot: spot.kind != "district"))


@cache
def landmarks() -> tuple[Spot, ...]:
    """Landmarks, villages and roads, each at the point of its street."""
    streets = {(spot.district, spot.name): spot for spot in spots()}
    found = []
    for row in _rows("landmarks.csv"):
        at = streets[row["district"], row["street"]]
        kind: Kind = "road" if row["kind"] == "road" else "landmark"
        found.append(Spot(row["district"], row["name"], at.lat, at.lon, kind))
    return tuple(found)


@cache
def districts() -> dict[str, Spot]:
    """The ten districts by name."""
    return {spot.name: spot for spot in spots() if spot.kind == "district"}


@cache
def streets_of(district: str) -> tuple[Spot, ...]:
    """Streets and towns of a district."""
    return tuple(spot for spot in spots() if spot.district == district and spot.kind != "district")


@cache
def _by_name() -> dict[str, tuple[Spot, ...]]:
    """Every name with the places that carry it, areas before landmarks."""
    by_name: dict[str, list[Spot]] = {}
    for district in districts().values():
        for name in (district.name, district.name[:-1], *_OTHER_NAMES.get(district.name, ())):
            by_name[name] = [district]
    for spot in (*spots(), *landmarks()):
        if spot.kind == "district":
            continue
        for name in dict.fromkeys((spot.name, _STEM.sub("", spot.name))):
            if len(name) > 1:  # not the 西 of 西镇
                held = by_name.setdefault(name, [])
                if not any(other.kind == "district" for other in held):
                    held.append(spot)
    return {name: tuple(held) for name, held in by_name.items()}


def names() -> tuple[str, ...]:
    """Every name of a place, short ones (李村 for 李村街道) included."""
    return tuple(_by_name())


@cache
def _automaton() -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for name, held in _by_name().items():
        automaton.add_word(name, (name, held))
    automaton.make_automaton()
    return automaton


def find(text: str, home: str = "") -> Found[Spot] | None:
    """The nearest place named in `text`: a street, landmark or road, else a district; None when none is, or when the
    address begins elsewhere. `guessed` says that only its street's point is known.

    Args:
        text: an address or running text.
        home: the district to prefer when a name is met without one.
    """
    text = plain(text)
    if elsewhere(text):
        return None
    named = [(name, held) for _, (name, held) in _automaton().iter_long(text)]
    own = next(((name, held[0]) for name, held in named if held[0].kind == "district"), None)
    district = own[1].district if own else ""
    met: list[tuple[Spot, str]] = []
    for name, held in named:
        near = [spot for spot in held if spot.district == (district or home)]
        sure = name not in _AMBIGUOUS or name == text
        if held[0].kind != "district" and (sure or (near and district)) and (near or not district):
            met.append((near[0] if near else held[0], name))
    if not met:
        return Found(own[1], own[0]) if own else None
    spot, name = min(met, key=lambda each: _BEST_FIRST.index(each[0].kind))
    words = stretch(text, name, own[0]) if own and _beside(text, own[0], name) else name
    return Found(spot, words, guessed=spot.kind in ("landmark", "road"))


def _beside(text: str, district: str, name: str) -> bool:
    """Whether a district's name stands right before the other."""
    return 0 <= text.find(name) - text.find(district) - len(district) <= 1


def place(text: str, home: str = "") -> Found[Place] | None:
    """`find`, as a place that keeps the address as written."""
    found = find(text, home)
    if found is None:
        return None
    return Found(Place(lat=found.value.lat, lon=found.value.lon, text=text.strip()[:200]), found.words, found.guessed)


@lru_cache(maxsize=4096)
def district_at(lat: float, lon: float) -> str:
    """The district whose nearest street lies nearest (equirectangular distance)."""
    return min(spots(), key=lambda spot: distance_m(lat, lon, spot.lat, spot.lon)).district


def district_of(place: Place) -> str:
    """The district that the address names, else the one around the point."""
    return _district_named(place.text) or district_at(place.lat, place.lon)


@lru_cache(maxsize=4096)
def _district_named(text: str) -> str:
    found = find(text)
    return found.value.district if found else ""


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Equirectangular distance in metres; within 0.1 % over a city."""
    return _METRES_A_DEGREE * hypot(lat - other_lat, (lon - other_lon) * cos(radians((lat + other_lat) / 2)))
