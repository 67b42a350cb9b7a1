"""What the sample's people and postings have in common: trades, places, pay."""

from __future__ import annotations

from random import Random
from typing import Final

from ingest import gazetteer
from matcher import trades
from matcher.model import Site
from matcher.trades import Trade

_COMMON: Final[dict[str, int]] = {
    "porter": 60,
    "loader": 50,
    "construction_labourer": 45,
    "line_worker_factory": 45,
    "mover": 25,
    "express_sorter": 35,
    "packer": 30,
    "warehouse_helper": 30,
    "order_picker": 20,
    "home_cleaner": 35,
    "office_cleaner": 20,
    "renovation_cleaner": 20,
    "waiter": 35,
    "kitchen_helper": 30,
    "dishwasher": 30,
    "vegetable_washer": 12,
    "security_guard": 20,
    "event_steward": 15,
    "flyer_distributor": 15,
    "food_courier": 15,
    "delivery_driver": 15,
    "forklift_driver": 15,
    "electrician": 12,
    "welder": 15,
    "painter": 12,
    "bricklayer": 15,
    "rebar_worker": 10,
    "tiler": 10,
    "shelf_stocker": 15,
    "seafood_processor": 15,
    "food_factory_worker": 15,
    "gardener": 12,
    "farm_labourer": 15,
    "fruit_picker": 10,
    "greenhouse_worker": 8,
    "electronics_assembler": 15,
    "appliance_factory_worker": 12,
    "sewing_worker": 12,
    "elderly_carer": 10,
    "hospital_carer": 10,
    "banquet_helper": 10,
    "snow_shoveler": 6,
    "beach_cleaner": 5,
    "window_cleaner": 8,
    "event_helper": 12,
    "expo_staff": 8,
    "cold_store_worker": 8,
    "truck_helper": 12,
    "shop_assistant": 12,
    "cashier": 8,
    "data_entry": 6,
    "parking_attendant": 6,
}
"""How often a trade comes, against 1 for every other: our guess of a gig market's mix."""


def trade_weights() -> tuple[list[Trade], list[int]]:
    """All trades, and how often each comes."""
    known = list(trades.trades().values())
    return known, [_COMMON.get(trade.id, 1) for trade in known]


def spot(draw: Random, site: Site, kind: str) -> dict[str, str]:
    """An address in a street of the site's district, with coordinates about a kilometre around its middle."""
    streets = [spot for spot in gazetteer.streets_of(site.district) if spot.name.endswith(("街道", "镇"))]
    street = draw.choice(streets)
    where = f"样本小区{draw.randint(1, 30)}号楼" if kind == "profile" else f"样本园区{draw.randint(1, 60)}号"
    return {
        "place": f"{site.district}{street.name}{where}",
        "lat": f"{street.lat + draw.gauss(0, 0.008):.5f}",
        "lon": f"{street.lon + draw.gauss(0, 0.010):.5f}",
    }


def usual_yuan(draw: Random, trade: Trade, low: float, high: float) -> float:
    """Near what is usual, rounded as people do: to half a yuan an hour, ten yuan a day, a hundred a month."""
    step = {"hour": 0.5, "piece": 1, "month": 100}.get(trade.pay_unit, 10)
    return max(step, round(trade.pay_fen / 100 * draw.uniform(low, high) / step) * step)


def pay_text(draw: Random, amount: float, unit: str) -> str:
    """The pay, written in one of the usual ways."""
    name = {"hour": "小时", "day": "天", "shift": "班", "piece": "件", "month": "月"}[unit]
    forms = [f"{amount:g}元/{name}", f"{amount:g}块/{name}"]
    if unit == "hour":
        forms += [f"{amount:g}-{amount + 2:g}元/小时", f"时薪{amount:g}元", f"每小时{amount:g}元"]
    elif unit == "day":
        forms += [f"{amount:g}元一天", f"日薪{amount:g}元", f"{amount:g}/天"]
    return draw.choice(forms)
