"""The sites as configured: place, hours, how each keeps its records, how they are fetched. A new site is a table."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct, ValidationError, convert, field

from ingest import gazetteer
from matcher.model import Place, Site

SHIPPED: Final = Path(__file__).parent / "sites.toml"
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600}

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Every = Annotated[str, Meta(pattern=r"^[1-9]\d{0,4}[smh]$", description="how often: 30s, 10m, 2h")]


class _Connector(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One way in which a site's records arrive.

    `complete`: each delivery lists all that the site has, so that what is missing was withdrawn there.
    """

    name: Name
    every: Every = "10m"
    enabled: bool = True
    complete: bool = False

    @property
    def every_s(self) -> int:
        """How often, in seconds."""
        return int(self.every[:-1]) * _UNITS_S[self.every[-1]]


class Folder(_Connector, kw_only=True, frozen=True, tag="folder"):
    """A watched folder: a file that is whole is taken in and moved to `taken/`. Relative to the data directory."""

    folder: str


class Paging(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How a feed goes on: by a number in the address, or by the address (or value) that an answer holds."""

    parameter: str = ""
    first: int = 1
    step: int = 1
    next: str = ""
    """Path of keys to the next address, or to the value of `parameter`: `paging.next`."""
    most: Annotated[int, Meta(ge=1, le=100_000)] = 1_000


class Feed(_Connector, kw_only=True, frozen=True, tag="feed"):
    """Records over HTTP: JSON (a list anywhere in the answer), JSON lines, CSV or a workbook, by what comes.

    `token_variable` names an environment variable whose value is sent as a bearer token.
    """

    address: str
    paging: Paging | None = None
    headers: dict[str, str] = {}
    token_variable: str = ""
    timeout_s: Annotated[float, Meta(gt=0, le=600)] = 30.0


class Page(_Connector, kw_only=True, frozen=True, tag="page"):
    """A public web page. Selectors are CSS; `selector@attribute` takes an attribute, `` the row's own text.

    `rows` finds the records of a list page; `fields` gives each column of a row; `detail` finds the link to a row's own
    page, whose columns `detail_fields` gives; `next` finds the link to the next list page.
    """

    address: str
    rows: str
    fields: dict[str, str]
    detail: str = ""
    detail_fields: dict[str, str] = {}
    next: str = ""
    pause_s: Annotated[float, Meta(ge=0, le=60)] = 1.0
    most_pages: Annotated[int, Meta(ge=1, le=1_000)] = 50
    timeout_s: Annotated[float, Meta(gt=0, le=600)] = 30.0


Connector = Folder | Feed | Page


class ConfiguredSite(Struct, frozen=True):
    """A site as it is stored, its connectors, and the names of its columns: header -> field, beside the usual ones."""

    site: Site
    connectors: list[Connector]
    columns: dict[str, str]


class _Row(Struct, forbid_unknown_fields=True):
    name: str
    district: str
    street: str = ""
    lat: float | None = None
    lon: float | None = None
    opens: str = "05:00"
    closes: str = "18:00"
    columns: dict[str, str] = {}
    connectors: list[Connector] = field(default_factory=list, name="connector")


class BadSites(ValueError):
    """A sites file that cannot be used; the sentence is for the operator."""


def read_sites(path: Path) -> dict[str, ConfiguredSite]:
    """Sites of a file by id, in its order.

    A site lies at `lat`/`lon` or else at its street. Raises BadSites with the site's id when neither is known, or with
    the place in the file where something is wrong; OSError when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            rows = convert(tomllib.load(file), dict[Name, _Row])
        return {id_: _configured(id_, row) for id_, row in rows.items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as exc:
        raise BadSites(f"{path}: {exc}") from exc


def _configured(id_: str, row: _Row) -> ConfiguredSite:
    names = [connector.name for connector in row.connectors]
    if len(set(names)) < len(names):
        raise BadSites(f"sites.toml: 站点 {id_} 有两个同名的连接")
    return ConfiguredSite(_site(id_, row), row.connectors, row.columns)


def _site(id_: str, row: _Row) -> Site:
    if row.lat is not None and row.lon is not None:
        place = Place(lat=row.lat, lon=row.lon, text=row.district + row.street)
    else:
        found = gazetteer.place(row.district + row.street)
        if found is None:
            raise BadSites(f"sites.toml: 站点 {id_} 的地点不在地名表中,请填写 lat 和 lon")
        place = found.value
    return Site(name=row.name, district=row.district, place=place, opens=row.opens, closes=row.closes)


@cache
def configured(path: str = "") -> dict[str, ConfiguredSite]:
    """The sites of a file, or the shipped sample, by id. Raises as `read_sites`."""
    return read_sites(Path(path) if path else SHIPPED)


def sites() -> dict[str, Site]:
    """The shipped sample's sites by id."""
    return {id_: each.site for id_, each in configured().items()}


def plain_address(address: str) -> str:
    """An address without what may be secret: user, password and query."""
    return re.sub(r"(?<=//)[^/@]*@|\?.*$", "", address)
