"""The sprite: a picture for every trade, all drawn alike, and for every name that a page asks for."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from matcher.trades import trades
from server.assets import FOLDER

SPRITE = ElementTree.fromstring((FOLDER / "design/pictograms.svg").read_text("utf-8"))
SYMBOLS = {symbol.attrib["id"]: symbol for symbol in SPRITE}
ASKED_FOR = re.compile(r"\bpicture\(\"([a-z]+)\"\)")


def test_every_trade_has_a_picture() -> None:
    assert {trade.pictogram for trade in trades().values()} <= SYMBOLS.keys()


def test_every_picture_that_a_page_asks_for_is_there() -> None:
    asked = {name for path in FOLDER.rglob("*.js") for name in ASKED_FOR.findall(path.read_text("utf-8"))}
    assert asked <= SYMBOLS.keys()


def test_pictures_are_drawn_alike() -> None:
    for name, symbol in SYMBOLS.items():
        assert symbol.attrib["viewBox"] == "0 0 48 48", name
        for element in symbol:
            kind = element.tag.rpartition("}")[2]
            assert kind in ("path", "circle"), name
            assert element.attrib.keys() <= {"d", "cx", "cy", "r", "fill", "stroke", "stroke-width", "stroke-linecap"}
            assert element.attrib.get("fill", "currentColor") == "currentColor", name
            if kind == "circle":
                x, y, r = (float(element.attrib[key]) for key in ("cx", "cy", "r"))
                assert min(x, y) - r >= 2, name
                assert max(x, y) + r <= 46, name


def test_the_sprite_is_small() -> None:
    assert len((FOLDER / "design/pictograms.svg").read_bytes()) < 25_000
