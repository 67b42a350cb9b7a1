"""The soft score and its words."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from matcher import score, search
from matcher.columns import Columns
from matcher.model import DAY_MS, Pay, Place, ProfileRecord
from matcher.score import Weights
from matcher.settings import MarketSettings
from tests import builders
from tests.test_rules import NOON_MS, ask


def scored(
    *records: ProfileRecord,
    similarity: list[float] | None = None,
    known: str = "",
    live: dict[str, int] | None = None,
    **over: object,
) -> tuple[dict[str, np.ndarray], list[list[str]], np.ndarray]:
    """Every part by name, the reasons and the totals of these people."""
    columns = Columns()
    for record in records:
        columns.put(record)
    for id_, held in (live or {}).items():
        columns.put_ledger(id_, held, ())
    asked = structs.replace(ask(**over), known=frozenset({known}))
    rows = np.arange(columns.size, dtype=np.int64)
    similar = np.array(similarity or [0.0] * columns.size, dtype=np.float32)
    p = score.parts(search.town(columns, asked), asked, rows, similar)
    by_name = {part.name: p.values[:, k] for k, part in enumerate(score.PARTS)}
    told = score.reasons(columns.table[rows], asked, p, Weights())
    return by_name, told, score.totals(search.town(columns, asked), asked, Weights(), rows, similar)


def person(id_: str, **over: object) -> ProfileRecord:
    doc = {k: over.pop(k) for k in ("pay", "place", "group", "channels") if k in over}
    return ProfileRecord(id=id_, v=1, schema=1, doc=builders.profile(**doc), **over)  # type: ignore[arg-type]


def test_weights_add_up_to_one() -> None:
    weights = Weights()
    assert sum(getattr(weights, name) for name in Weights.__struct_fields__) == pytest.approx(1.0)


def test_each_part_prefers_what_it_should() -> None:
    far = Place(lat=builders.HERE.lat + 0.05, lon=builders.HERE.lon)
    p, _, total = scored(
        person("a", done=20, presence="in_hall", presence_until_ms=NOON_MS + 1, pay=Pay(fen=1_500), group="虚构群体"),
        person("b", channels=["sms"], no_shows=5, place=far, last_work_ms=NOON_MS, pay=Pay(fen=2_500)),
        similarity=[0.9, 0.1],
        known="a",
        live={"b": 1},
    )
    assert tuple(p) == Weights.__struct_fields__
    for name, part in p.items():
        assert part[0] > part[1], name
        assert ((part >= 0) & (part <= 1)).all(), name
    assert 0 <= total[1] < total[0] <= 1


def test_new_people_start_at_the_average() -> None:
    p, _, _ = scored(person("new"), person("steady", done=100), person("unsteady", done=2, no_shows=3))
    assert p["reliable"][0] == pytest.approx(0.92)
    assert p["reliable"][1] > p["reliable"][0] > p["reliable"][2]


def test_who_has_worked_for_the_employer_comes_earlier() -> None:
    columns = Columns()
    for record in (person("a"), person("b")):
        columns.put(record)
    asked, rows = structs.replace(ask(), known=frozenset({"b"})), np.arange(2)
    parts = score.parts(search.town(columns, asked), asked, rows, np.zeros(2, dtype=np.float32))
    assert parts.values[:, list(Weights.__struct_fields__).index("known")].tolist() == [0.0, 1.0]
    told = score.reasons(columns.table[rows], asked, parts, Weights(known=1.0))
    assert "这家以前找过你干活" in told[1]
    assert "这家以前找过你干活" not in told[0]


def test_offers_go_round_before_anybody_holds_two() -> None:
    live_cap = MarketSettings().live_cap
    p, _, total = scored(person("full"), person("one"), person("none"), live={"full": live_cap, "one": 1})
    assert p["spare"].tolist() == [0.0, 1 - 1 / live_cap, 1.0]
    assert total[0] < total[1] < total[2]


def test_presence_that_has_ended_counts_no_more() -> None:
    p, _, _ = scored(person("a", presence="in_hall", presence_until_ms=NOON_MS))
    assert p["present"][0] == 0


def test_reasons_are_plain_words_and_the_distance_comes_first() -> None:
    place = Place(lat=builders.HERE.lat + 2_100 / 111_195, lon=builders.HERE.lon)
    _, (words,), _ = scored(
        person(
            "a",
            place=place,
            done=12,
            last_work_ms=NOON_MS - 3 * DAY_MS,
            presence="in_hall",
            presence_until_ms=NOON_MS + 1,
        ),
        similarity=[0.2],
    )
    assert words[0] == "离你2.1公里"
    assert words[1:] == ["你在大厅", "干过12次零工"]
    assert score.kilometres(347) == "离你350米"


def test_practice_in_the_trade_counts_and_is_told() -> None:
    three_days_ago = NOON_MS - 3 * DAY_MS
    p, (often, elsewhere), total = scored(
        person("often", done=12, done_in={"porter": 12}, last_work_ms=three_days_ago),
        person("elsewhere", done=12, done_in={"cleaner": 12}, last_work_ms=three_days_ago),
        similarity=[0.3, 0.3],
    )
    assert often == ["离你50米", "做过12次搬运", "3天没接到活"]
    assert elsewhere == ["离你50米", "干过12次零工", "3天没接到活"]
    assert p["skill"][0] > p["skill"][1] == pytest.approx(0.3)
    assert total[0] > total[1]


def test_who_answered_lately_is_likelier_to_answer_again() -> None:
    columns = Columns()
    for id_, lately in (("never", (6, 0)), ("new", (0, 0)), ("always", (6, 6))):
        columns.put(person(id_))
        columns.put_ledger(id_, 0, [], lately)
    rows = np.arange(3, dtype=np.int64)
    p = score.parts(search.town(columns, ask()), ask(), rows, np.zeros(3, dtype=np.float32))
    never, new, always = p.values[:, [part.name for part in score.PARTS].index("answers")]
    assert new == pytest.approx(0.7)
    assert never < new < always


def test_weights_are_the_markets_and_only_their_proportions_count() -> None:
    assert score.weights_of(MarketSettings()) == Weights()
    doubled = {f"weight_{name}": 2 * getattr(MarketSettings(), f"weight_{name}") for name in Weights.__struct_fields__}
    assert score.weights_of(MarketSettings(**doubled)) == Weights()
    with pytest.raises(ValueError, match="weight_"):
        MarketSettings(**dict.fromkeys(doubled, 0))


def test_somebody_without_a_history_still_gets_a_reason() -> None:
    _, (words,), _ = scored(person("a", pay=Pay(fen=2_500)))
    assert words[0].startswith("离你")
    assert all("0天" not in w and "0次" not in w for w in words)


def test_a_point_of_penalty_halves_reliability_and_fades() -> None:
    long_ago_ms = NOON_MS - 10 * MarketSettings().penalty_half_life_ms
    p, _, _ = scored(
        person("clean"), person("one", penalty_one_ms=NOON_MS), person("faded", penalty_one_ms=long_ago_ms)
    )
    clean, one, faded = p["reliable"]
    assert one == pytest.approx(clean / 2, rel=1e-3)
    assert faded == pytest.approx(clean, rel=2e-3)
