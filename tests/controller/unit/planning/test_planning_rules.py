"""The contract's rules, on the vectors that forge asserts as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planning_pieces import make_mandate

from controller.model import Mandate, Quote, Scope
from controller.planning import rules

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "rules.json").read_text())
CASES: list[dict[str, Any]] = VECTORS["cases"]


def integers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts]


def mandate_of(case: dict[str, Any]) -> Mandate:
    plain = make_mandate(
        case["targets"],
        band=case["band"],
        destination=case["destination"],
        scope=Scope[case["scope"]],
        max_loss=case["maxLoss"],
        min_trade=int(case["minTradeValue"]) // 10**18,
    )
    assert plain.min_trade_value == int(case["minTradeValue"])
    return plain


def test_vectors__when_read__then_there_are_some_of_every_kind() -> None:
    expected = {case["after"]["expect"] for case in CASES if case["after"]}
    assert expected == {"OK", "TargetCrossed", "DestinationMissed", "LossTooHigh"}
    assert {case["due"] for case in CASES} == {True, False}
    assert len(VECTORS["floors"]) > 5


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_rules__on_a_shared_vector__then_as_the_contract_says(case: dict[str, Any]) -> None:
    balances, prices = integers(case["balances"]), integers(case["prices"])
    held = rules.values(balances, prices)
    assert rules.largest_drift(held, case["targets"]) == int(case["drift"])
    assert rules.is_due(held, case["targets"], case["band"]) is case["due"]
    assert list(rules.breaches(held, case["targets"], case["band"])) == case["breaches"]
    if case["after"]:
        violation = rules.check_net(balances, integers(case["after"]["balances"]), prices, mandate_of(case))
        assert (violation.name if violation else "OK") == case["after"]["expect"]


@pytest.mark.parametrize("case", VECTORS["floors"])
def test_oracle_floor__on_a_shared_vector__then_rounded_up(case: dict[str, Any]) -> None:
    amount, sell, buy = (int(case[key]) for key in ("amountIn", "priceSell", "priceBuy"))
    assert rules.oracle_floor(amount, sell, buy, case["maxSlippage"]) == int(case["floor"])


def test_drift__without_value__then_zero() -> None:
    assert rules.drift(0, 5_000, 0) == 0


def test_check_net__when_several_rules_break__then_the_first_asset_and_its_first_rule() -> None:
    mandate = make_mandate((5_000, 3_000, 2_000), destination=0, min_trade=1, max_loss=1)
    price = 10**18
    before = (60 * 10**18, 20 * 10**18, 20 * 10**18)
    # asset 0 misses, asset 1 crosses, the loss is too high: asset 0 comes first
    after = (58 * 10**18, 31 * 10**18, 5 * 10**18)
    violation = rules.check_net(before, after, (price,) * 3, mandate)
    assert violation is not None
    assert violation.name == "DestinationMissed"
    assert dict(violation.arguments)["asset"] == 0
    assert str(violation).startswith("DestinationMissed(asset=0, drift=")


def test_check_net__when_the_loss_is_too_high__then_says_loss_and_maximum() -> None:
    mandate = make_mandate((5_000, 5_000), destination=499, min_trade=1, max_loss=50)
    before, after = (56 * 10**18, 44 * 10**18), (52 * 10**18, 47 * 10**18)
    violation = rules.check_net(before, after, (10**18, 10**18), mandate)
    assert violation is not None
    assert violation.name == "LossTooHigh"
    assert violation.arguments == (("loss", 10**36), ("maximum", 5 * 10**35))


@pytest.mark.parametrize(
    ("amount_in", "amount_out", "name"),
    [
        (100 * 10**18, 99 * 10**18, None),
        (100 * 10**18, 99 * 10**18 - 1, "OutputTooLow"),
        (100 * 10**18 - 1, 99 * 10**18, "TradeTooSmall"),
    ],
)
def test_check_trade__at_the_boundary__then_exact(amount_in: int, amount_out: int, name: str | None) -> None:
    mandate = make_mandate((5_000, 5_000), max_slippage=100, min_trade=100 * 10**18)
    violation = rules.check_trade(0, Quote(0, 1, 0, amount_in, amount_out, b""), (10**18, 10**18), mandate)
    assert (violation.name if violation else None) == name
