"""Every case of tests/vectors/wealth.json that is about drift, bands and deposits; the sources stand in the file."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from planning_pieces import DOLLAR, NOW, make_mandate, make_snapshot

from controller.model import Snapshot
from controller.planning.due import due
from controller.planning.flows import route_in
from controller.planning.rules import Bands, deviation
from controller.units import BPS, D18
from controller.wealth.flows import plan_flow

CASES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors" / "wealth.json").read_text())
TESTED = {"betterment_drift", "vanguard_200_175", "wealthfolio_1248", "daryanani"}
TAXES = {
    "betterment_taxmin_2014",
    "wash_sale_pub550",
    "long_term_boundary",
    "hmrc_s104",
    "lots_example",
}  # tests/controller/unit/tax/test_tax_vectors.py


def bps(share: float) -> int:
    return round(share * BPS)


def sixty_forty(share: float, **changes: object) -> Snapshot:
    """A million dollars with so much of the first of two assets, target 60/40."""
    first = bps(share) * 100
    mandate = make_mandate((6_000, 4_000), (0, 0), band=200, min_trade=1, **changes)
    return make_snapshot(mandate, (first, 1_000_000 - first), (DOLLAR, DOLLAR))


def after(snapshot: Snapshot) -> Fraction:
    """{1} of the first asset when everything that is due has been traded to the nearest point of the destination."""
    answer = due(snapshot, NOW)
    moved = answer.moves[0] if answer.due else 0
    return Fraction(snapshot.balances[0] * DOLLAR + moved, answer.total)


def test_vectors__when_read__then_every_case_is_tested_somewhere() -> None:
    assert set(CASES) == TESTED | TAXES


def test_drift__of_the_published_portfolio__then_by_all_three_definitions() -> None:
    case = CASES["betterment_drift"]
    mandate = make_mandate(tuple(map(bps, case["target"])), (0,) * 4)
    snapshot = make_snapshot(mandate, tuple(map(bps, case["current"])), (DOLLAR,) * 4)
    standing = plan_flow(snapshot, 0, inward=True).before
    assert standing.turnover == round(case["drift_half_l1"] * 10) * D18 // 10
    assert standing.largest == round(case["max_abs_dev"] * 100) * D18 // 100
    assert due(snapshot, NOW).largest_relative_drift == round(case["max_rel_dev"] * 10) * D18 // 10


@pytest.mark.parametrize("case", CASES["vanguard_200_175"]["cases"], ids=lambda case: str(case["w"]))
@pytest.mark.parametrize(("destination", "key"), [(175, "after"), (100, "after_200_100"), (0, "after_200_0")])
def test_rebalance__at_200_to_a_destination__then_as_published(
    case: dict[str, float], destination: int, key: str
) -> None:
    assert after(sixty_forty(case["w"], destination=destination)) == Fraction(str(case[key]))


def test_rebalance__by_a_relative_band_of_a_fifth__then_at_72_and_back_to_66_percent() -> None:
    bands, target, total = Bands(0, 2_000, 0, 1_000, 0), 6_000, 10_000 * DOLLAR
    for dollars, fires in ((7_199, False), (7_200, True)):
        assert bands.is_breach(deviation(dollars * DOLLAR, target, total), target, total) is fires
    # D36{quote} = {bps} * D36{quote} / {bps} + D36{quote * bps} / {bps}
    assert (target * total + bands.reach(target, total)) // BPS == 6_600 * DOLLAR


def test_deposit__of_the_published_portfolio__then_its_buys_and_weights() -> None:
    case = CASES["wealthfolio_1248"]
    held = [int(Fraction(value) * DOLLAR) for value in case["values"]]
    targets = tuple(map(bps, case["weights"]))
    buys = route_in(held, targets, int(Fraction(str(case["deploy"])) * DOLLAR))
    assert [round(buy / DOLLAR, 4) for buy in buys] == case["buys_lazy"]
    total = sum(held) + sum(buys)
    weights = [100 * (value + buy) / total for value, buy in zip(held, buys, strict=True)]
    assert [round(weight, 4) for weight in weights] == case["after_pct"]
    mandate = make_mandate(targets, (18,) * 5)
    planned = plan_flow(
        make_snapshot(mandate, [value // 10**18 for value in held], (10**18,) * 5),
        int(Fraction(str(case["deploy"])) * DOLLAR),
        inward=True,
    )
    assert planned.values == buys
    assert planned.after.turnover / D18 == pytest.approx(case["half_l1_after"], abs=1e-12)
