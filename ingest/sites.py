"""The sites as configured in `sites.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from msgspec import Struct, convert

from ingest import gazetteer
from matcher.model import Place, Site

_FILE = Path(__file__).parent / "sites.toml"


class _Row(Struct, forbid_unknown_fields=True):
    name: str
    district: str
    street: str = ""
    lat: float | None = None
    lon: float | None = None
    opens: str = "05:00"
    closes: str = "18:00"


def read_sites(path: Path) -> dict[str, Site]:
    """Sites of a file by id, in its order.

    A site lies at `lat`/`lon` or else at its street. Raises ValueError with the site's id when neither is known.
    """
    with path.open("rb") as file:
        rows = convert(tomllib.load(file), dict[str, _Row])
    return {id_: _site(id_, row) for id_, row in rows.items()}


def _site(id_: str, row: _Row) -> Site:
    if row.lat is not None and row.lon is not None:
        place = Place(lat=row.lat, lon=row.lon, text=row.district + row.street)
    else:
        found = gazetteer.place(row.district + row.street)
        if found is None:
            raise ValueError(f"sites.toml: 站点 {id_} 的地点不在地名表中,请填写 lat 和 lon")
        place = found.value
    return Site(name=row.name, district=row.district, place=place, opens=row.opens, closes=row.closes)


@cache
def sites() -> dict[str, Site]:
    """The configured sites by id."""
    return read_sites(_FILE)
