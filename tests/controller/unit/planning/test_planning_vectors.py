"""The contract's arithmetic, on the vectors that forge asserts as well."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.model import Knot, Period, Trigger, TriggerKind
from controller.planning import budget, calendar, flows, path, rules
from controller.planning.budget import Bucket
from controller.planning.rules import Bands

HERE = Path(__file__).parents[3] / "vectors"


def vectors(name: str) -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = json.loads((HERE / f"{name}.json").read_text())
    return loaded


def integers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts]


def bits(flags: list[bool]) -> int:
    return sum(1 << index for index, flag in enumerate(flags) if flag)


RULES = vectors("rules")
CALENDAR = vectors("calendar")
PATH = vectors("path")
BUDGET = vectors("budget")
FLOWS = vectors("flows")


def test_vectors__when_read__then_there_are_some_of_every_kind() -> None:
    cases = RULES["cases"]
    expected = {case["after"]["expect"] for case in cases if case["after"]}
    assert expected == {"OK", "TargetCrossed", "DestinationMissed", "LossTooHigh"}
    assert {case["due"] for case in cases} == {True, False}
    assert {bool(case["relativeBand"]) for case in cases} == {True, False}
    assert {case["period"] for case in CALENDAR["cases"]} == {period.name for period in Period}
    assert {case["direction"] for case in FLOWS["cases"]} == {"IN", "OUT"}
    assert {fits for run in BUDGET["runs"] for fits in run["accepted"]} == {True, False}
    assert all(len(rows) > 5 for rows in (RULES["floors"], PATH["paths"], PATH["interpolations"], BUDGET["leaks"]))


# ---- rules


@pytest.mark.parametrize("case", RULES["cases"], ids=[case["name"] for case in RULES["cases"]])
def test_rules__on_a_shared_vector__then_as_the_contract_says(case: dict[str, Any]) -> None:
    prices, targets = integers(case["prices"]), case["targets"]
    held = rules.values(integers(case["balances"]), prices)
    total = sum(held)
    offs = [rules.deviation(value, target, total) for value, target in zip(held, targets, strict=True)]
    bands = Bands(
        case["band"],
        case["relativeBand"],
        case["destination"],
        case["relativeDestination"],
        10_000 * int(case["minTradeValue"]),
    )
    assert rules.largest_drift(held, targets) == rules.drift(max(offs), total) == int(case["drift"])
    relative = [rules.relative_drift(off, target, total) for off, target in zip(offs, targets, strict=True)]
    assert max(relative) == int(case["relativeDrift"])
    assert bands.breaches(held, targets) == bits(case["breaches"])
    assert bool(bands.breaches(held, targets)) is case["due"]
    if case["after"]:
        after = rules.values(integers(case["after"]["balances"]), prices)
        inside = [
            bands.is_inside(rules.deviation(value, target, sum(after)), target, sum(after))
            for value, target in zip(after, targets, strict=True)
        ]
        assert inside == case["after"]["inside"]
        assert first_broken(case, held, after, inside) == case["after"]["expect"]


def first_broken(case: dict[str, Any], held: tuple[int, ...], after: tuple[int, ...], inside: list[bool]) -> str:
    """In the contract's order, with the functions under test."""
    for asset, target in enumerate(case["targets"]):
        if rules.is_crossed(
            sold=after[asset] < held[asset],
            bought=after[asset] > held[asset],
            before=rules.side(held[asset], target, sum(held)),
            after=rules.side(after[asset], target, sum(after)),
        ):
            return "TargetCrossed"
        if (case["scope"] == "BOOK" or case["breaches"][asset]) and not inside[asset]:
            return "DestinationMissed"
    loss = sum(held) - sum(after)
    return "LossTooHigh" if loss > rules.max_loss_value(sum(held), case["maxLoss"]) else "OK"


@pytest.mark.parametrize("case", RULES["floors"])
def test_floor_up__on_a_shared_vector__then_rounded_up(case: dict[str, Any]) -> None:
    amount, sell, buy = (int(case[key]) for key in ("amountIn", "priceSell", "priceBuy"))
    assert rules.floor_up(amount, sell, buy, case["maxSlippage"]) == int(case["floor"])


def test_drift__without_value_or_target__then_zero() -> None:
    assert rules.drift(5, 0) == 0
    assert rules.relative_drift(5, 0, 10) == rules.relative_drift(5, 10, 0) == 0


@pytest.mark.parametrize("before", [-1, 0, 1])
@pytest.mark.parametrize("after", [-1, 0, 1])
def test_is_crossed__for_every_way__then_only_towards_the_target_is_not(before: int, after: int) -> None:
    def crossed(*, sold: bool, bought: bool) -> bool:
        return rules.is_crossed(sold=sold, bought=bought, before=before, after=after)

    assert crossed(sold=True, bought=False) is not (before == 1 and after >= 0)
    assert crossed(sold=False, bought=True) is not (before == -1 and after <= 0)
    assert crossed(sold=True, bought=True)
    assert not crossed(sold=False, bought=False)


# ---- calendar


@pytest.mark.parametrize("period", Period)
def test_calendar__on_the_shared_vectors__then_as_the_contract_says(period: Period) -> None:
    for case in CALENDAR["cases"]:
        if case["period"] != period.name:
            continue
        trigger = Trigger(TriggerKind.CALENDAR, 0, 0, period, case["every"], case["anchor"], 0)
        assert calendar.period_start(trigger, case["time"]) == case["start"], case
        assert calendar.next_start(trigger, case["time"]) == case["next"], case


def test_calendar__beyond_the_year_9999__then_the_calendar_goes_on_in_its_cycle_of_400_years() -> None:
    trigger = Trigger(TriggerKind.CALENDAR, 0, 0, Period.YEAR, 65_535, 951_782_400, 0)  # 29 February 2000
    # 65,535 years are 163 cycles and 335 years: the end of February in 2335, which is no leap year
    in_2335 = int(datetime(2335, 2, 28, tzinfo=UTC).timestamp())
    assert calendar.next_start(trigger, trigger.anchor) == 163 * calendar.CYCLE + in_2335
    later = calendar.next_start(trigger, trigger.anchor)
    assert calendar.period_start(trigger, later - 1) == trigger.anchor
    assert calendar.period_start(trigger, later) == later


# ---- path


@pytest.mark.parametrize("case", PATH["interpolations"], ids=[case["name"] for case in PATH["interpolations"]])
def test_interpolate__on_a_shared_vector__then_as_the_contract_says(case: dict[str, Any]) -> None:
    found = path.interpolate(case["from"], case["to"], case["elapsed"], case["duration"])
    assert list(found) == case["weights"]


@pytest.mark.parametrize("case", PATH["paths"], ids=[case["name"] for case in PATH["paths"]])
def test_targets_at__on_a_shared_vector__then_as_the_contract_says(case: dict[str, Any]) -> None:
    knots = [Knot(time, tuple(weights)) for time, weights in zip(case["times"], case["knots"], strict=True)]
    assert list(path.targets_at(knots, case["time"])) == case["weights"]


# ---- budget


def test_leaked_and_fraction_up__on_the_shared_vectors__then_as_the_contract_says() -> None:
    for case in BUDGET["leaks"]:
        found = budget.leaked(int(case["level"]), case["elapsed"], case["budget"], case["window"])
        assert found == int(case["after"]), case
    for case in BUDGET["fractions"]:
        assert budget.fraction_up(int(case["amount"]), int(case["total"])) == int(case["fraction"]), case


@pytest.mark.parametrize("run", BUDGET["runs"], ids=[run["name"] for run in BUDGET["runs"]])
def test_bucket__on_a_shared_run__then_accepts_and_refuses_as_the_contract_does(run: dict[str, Any]) -> None:
    bucket, held_at = Bucket(0, run["budget"], run["window"]), 0
    assert bucket.capacity == int(run["capacity"])
    rows = zip(run["times"], run["amounts"], run["totals"], run["accepted"], run["levels"], strict=True)
    for time, amount_text, total_text, accepted, level in rows:
        amount, total = int(amount_text), int(total_text)
        now = bucket.after(time - held_at)
        assert (now.used(amount, total) <= now.capacity) is accepted
        assert (amount <= now.room(total)) is accepted, "room is exactly what is accepted"
        wait = now.wait(amount, total)
        if wait is None:
            assert amount > now.most(total)
        else:
            assert amount <= now.after(wait).room(total), "it fits after the wait"
            assert wait == 0 or amount > now.after(wait - 1).room(total), "and not a second before"
        if accepted:
            bucket, held_at = Bucket(now.used(amount, total), run["budget"], run["window"]), time
        assert bucket.level == int(level)


# ---- flows


@pytest.mark.parametrize("case", FLOWS["cases"], ids=[case["name"] for case in FLOWS["cases"]])
def test_route__on_a_shared_vector__then_as_the_contract_says(case: dict[str, Any]) -> None:
    held, targets, amount = integers(case["values"]), case["targets"], int(case["amount"])
    route = flows.route_in if case["direction"] == "IN" else flows.route_out
    found = route(held, targets, amount)
    assert list(found) == integers(case["amounts"])
    total = sum(held) + (sum(found) if case["direction"] == "IN" else -sum(found))
    for value, target, moved in zip(held, targets, found, strict=True):
        if moved and case["direction"] == "IN":
            assert not flows.is_above(value + moved, target, total, 0)
        elif moved:
            assert not flows.is_below(value - moved, target, total, 0)
