"""`evenkeel flow plan` on a real vault: what it would take to be in band, and what trading would cost instead."""

from __future__ import annotations

import re

import pytest
from command import Here
from vault_world import VaultWorld

DOLLAR = 10**36


def test_flow_plan__out_of_its_band__then_the_least_deposit_is_exactly_enough(world: VaultWorld, here: Here) -> None:
    world.move(140)
    document = here("flow", "plan", "--deposit", "1000 USD", "--json").document
    assert document["before"]["in_breach"] == ["EQUITY", "BOND"]
    assert document["after"]["in_breach"] == ["EQUITY", "BOND"]
    # whole dollars up, since the command takes no finer ones than 10^-18
    enough = -(-int(document["into_band"]) // DOLLAR)
    assert here("flow", "plan", "--deposit", f"{enough} USD", "--json").document["after"]["in_breach"] == []
    assert here("flow", "plan", "--deposit", f"{enough - 1} USD", "--json").document["after"]["in_breach"]
    assert int(document["rebalance_cost"]) > 0
    assert int(document["rebalance_turnover"]) > 50_000 * DOLLAR
    said = here("flow", "plan", "--withdraw", "1000 USD").said
    assert "The least withdrawal that brings it inside every band" in said
    assert "lose" in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 64),
        (("--deposit", "1 USD", "--withdraw", "1 USD"), 64),
        (("--deposit", "much"), 64),
        (("--deposit", "0 USD"), 64),
        (("--withdraw", "99999999999 USD"), 65),
    ],
)
def test_flow_plan__of_what_cannot_be__then_refused(
    world: VaultWorld, here: Here, arguments: tuple[str, ...], code: int
) -> None:
    assert here("flow", "plan", *arguments).code == code


def test_flow_plan__of_a_vault_on_its_targets__then_nothing_to_trade_and_out_of_band_the_asset_by_name(
    world: VaultWorld, here: Here
) -> None:
    said = here("flow", "plan", "--deposit", "1000 USD").said
    assert "There is nothing that a rebalance could trade instead." in said
    assert "inside every band" in said
    world.move(160)
    said = here("flow", "plan", "--deposit", "1000 USD").said
    assert re.search(r"EQUITY[A-Z, ]* in breach of a band", said)


def test_flow_plan__without_a_price__then_the_asset_is_named(world: VaultWorld, here: Here) -> None:
    world.push("GOLD", 0)
    done = here("flow", "plan", "--deposit", "1000 USD")
    assert done.code == 65
    assert "Prices are missing" in done.said
