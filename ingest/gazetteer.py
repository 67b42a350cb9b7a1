"""Places of Qingdao by name: districts, streets and towns with a point inside each (WGS-84).

The coordinates lie in `gazetteer.csv`, which is derived from OpenStreetMap and under the ODbL, as its head says.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from math import cos, hypot, radians
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest.fields.found import Found, plain
from matcher.model import Place

_FILE = Path(__file__).parent / "gazetteer.csv"
_OTHER_NAMES: Final = {
    "黄岛区": ("黄岛", "西海岸新区", "西海岸", "青岛西海岸"),
    "城阳区": ("高新区",),
}
_AMBIGUOUS: Final = frozenset({"温泉", "南村", "中山路", "龙山", "灵山", "团岛", "大学路", "延安路"})
"""Short names that also mean something else; they count only beside their district."""
_ELSEWHERE: Final = re.compile(
    r"(?:北京|上海|天津|重庆|济南|烟台|潍坊|日照|威海|临沂|淄博)市|"
    r"(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海)省|"
    r"内蒙古|广西壮|西藏自|宁夏回|新疆维"
)
"""Other places, with their 省 or 市: 江苏路 and 重庆路 are streets of Qingdao."""
_PROVINCE: Final = re.compile(r"^山东省?\W*")
_METRES_A_DEGREE: Final = 111_195.0


class Spot(Struct, frozen=True):
    """A named area and a point inside it; `district` equals `name` for a district itself."""

    district: str
    name: str
    lat: float
    lon: float


@cache
def spots() -> tuple[Spot, ...]:
    """All areas, districts first."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        read = [(r["kind"], Spot(r["district"], r["name"], float(r["lat"]), float(r["lon"]))) for r in rows]
    return tuple(spot for kind, spot in sorted(read, key=lambda pair: pair[0] != "district"))


@cache
def districts() -> dict[str, Spot]:
    """The ten districts by name."""
    return {spot.name: spot for spot in spots() if spot.name == spot.district}


@cache
def streets_of(district: str) -> tuple[Spot, ...]:
    """Streets and towns of a district."""
    return tuple(spot for spot in spots() if spot.district == district and spot.name != district)


@cache
def _names() -> tuple[re.Pattern[str], dict[str, tuple[Spot, ...]], re.Pattern[str], dict[str, str]]:
    by_name: dict[str, list[Spot]] = {}
    for spot in spots():
        if spot.name == spot.district:
            continue
        by_name.setdefault(spot.name, []).append(spot)
        stem = re.sub(r"(街道|镇|乡)$", "", spot.name)
        if len(stem) >= 2 and stem != spot.name:
            by_name.setdefault(stem, []).append(spot)
    district_names = {name: name for name in districts()}
    for name in districts():
        district_names[name[:-1]] = name
        district_names |= dict.fromkeys(_OTHER_NAMES.get(name, ()), name)
    by_name = {name: held for name, held in by_name.items() if name not in district_names}
    return (
        _longest_first(by_name),
        {name: tuple(held) for name, held in by_name.items()},
        _longest_first(district_names),
        district_names,
    )


def _longest_first(names: dict[str, object] | dict[str, list[Spot]] | dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))


def elsewhere(text: str) -> str:
    """The other city or province that an address begins with; empty where it begins with none."""
    match = _ELSEWHERE.match(_PROVINCE.sub("", plain(text)))
    return match[0] if match else ""


def find(text: str, home: str = "") -> Found[Spot] | None:
    """The street, town or else district named in `text`; None when none is, or the address begins elsewhere.

    Args:
        text: an address or running text.
        home: the district to prefer when a street's name is met without one.
    """
    text = plain(text)
    if elsewhere(text):
        return None
    street_names, streets, district_names, official = _names()
    district_match = district_names.search(text)
    district = official[district_match[0]] if district_match else ""
    for match in street_names.finditer(text):
        near = [spot for spot in streets[match[0]] if spot.district == (district or home)]
        if near:
            return Found(near[0], match[0])
        if not district and match[0] not in _AMBIGUOUS:
            return Found(streets[match[0]][0], match[0])
    if district_match:
        return Found(districts()[district], district_match[0])
    return None


def place(text: str, home: str = "") -> Found[Place] | None:
    """`find`, as a place that keeps the address as written."""
    found = find(text, home)
    if found is None:
        return None
    return Found(Place(lat=found.value.lat, lon=found.value.lon, text=text.strip()[:200]), found.words)


def district_at(lat: float, lon: float) -> str:
    """The district whose nearest street lies nearest (equirectangular distance)."""
    return min(spots(), key=lambda spot: distance_m(lat, lon, spot.lat, spot.lon)).district


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Equirectangular distance in metres; within 0.1 % over a city."""
    return _METRES_A_DEGREE * hypot(lat - other_lat, (lon - other_lon) * cos(radians((lat + other_lat) / 2)))
