"""From entries to movements: what is looked through, what is pooled, and what is named as missing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from planning_pieces import address
from tax_pieces import at
from tax_steps import KEEPER, OWNER, STRANGER, TRADED, VAULT, Life, amounts, prices, random_life, two_years

from controller.chain.entries import Declared
from controller.errors import InputError
from controller.tax.booking import Method, book
from controller.tax.movements import Disposal, Lot, Nature, Transfer

WEI = Fraction(2_500 * 10**18)  # D36{quote/wei} of a coin at 2,500


def test_reading__of_a_first_mint__then_lots_at_the_markets_value_marked_so() -> None:
    life = Life()
    life.create("2023-12-01")
    life.mint("2023-12-04", amounts(60, 0, 1), prices(100, 10, 2_000))
    lots = [one for one in life.read().movements if isinstance(one, Lot)]
    assert [(lot.asset, lot.quantity, lot.cost, lot.assumed) for lot in lots] == [
        ("EQUITY", 60 * 10**18, 6_000 * 10**36, True),
        ("GOLD", 10**8, 2_000 * 10**36, True),
    ]
    assert lots[0].source.where == "entry 1"
    assert lots[0].nature is Nature.PAID_IN


def test_reading__of_a_fill__then_a_disposal_and_a_lot_of_the_same_value() -> None:
    life = Life()
    life.create("2023-12-01")
    life.mint("2023-12-04", amounts(60, 300, 1), prices(100, 10, 2_000))
    life.trade("2024-03-01", prices(120, 10, 2_000), (0, 1, amounts(10, 0, 0)[0]))
    sold, lot = life.read().movements[-2:]
    assert isinstance(sold, Disposal)
    assert isinstance(lot, Lot)
    assert (sold.asset, lot.asset) == ("EQUITY", "BOND")
    assert sold.proceeds == lot.cost == Fraction("1198.8") * 10**36
    assert sold.source == lot.source
    assert sold.source.where == "entry 2, fill 0"


@pytest.mark.parametrize("method", [Method.FIFO, Method.HIFO, Method.LEAST_TAX, Method.AVERAGE])
def test_reading__of_a_whole_life__then_the_books_hold_what_the_vault_holds(method: Method) -> None:
    for life in (two_years(), random_life(3, 200)):
        booked = book(life.read().movements, method)
        assert [booked.quantity(asset, VAULT) for asset in TRADED] == life.held


def test_reading__of_a_withdrawal_by_the_owner__then_lots_move_to_the_account() -> None:
    moves = [one for one in two_years().read().movements if isinstance(one, Transfer)]
    assert [(one.wallet, one.receiver) for one in moves] == [(VAULT, OWNER)] * 3


def test_reading__of_shares_redeemed_by_who_takes_the_fees__then_a_fee_at_that_days_prices() -> None:
    reading = two_years().read()
    fees = [one for one in reading.movements if isinstance(one, Disposal) and one.nature is Nature.FEE]
    assert [(one.asset, one.quantity) for one in fees] == [("EQUITY", 5 * 10**17), ("BOND", 2 * 10**6), ("GOLD", 10**6)]
    assert fees[0].proceeds == Fraction("65.5") * 10**36
    assert reading.fee_shares == 0
    assert not reading.pooled


def test_reading__of_a_payment_to_somebody_else__then_given_away_at_its_value() -> None:
    life = two_years()
    life.redeem("2025-12-01", amounts(1, 0, 0), prices(111, 10, 3_900), receiver=STRANGER)
    last = life.read().movements[-1]
    assert isinstance(last, Disposal)
    assert (last.nature, last.proceeds) == (Nature.PAID_OUT, 111 * 10**36)


def test_reading__when_lots_of_the_payers_wallet_are_known__then_they_come_along() -> None:
    life = Life()
    life.create("2023-12-01")
    life.mint("2023-12-04", amounts(60, 0, 0), (), caller=OWNER)
    old = Lot("old", "EQUITY", OWNER, at("2020-01-01"), 60 * 10**18, 600 * 10**36, two_years().steps[0].source)
    booked = book([old, *life.read(known_wallets=frozenset({OWNER})).movements], Method.FIFO)
    (held,) = booked.holdings["EQUITY", VAULT]
    assert (held.lot.time, held.cost, held.lot.assumed) == (old.time, old.cost, False)


def test_reading__of_a_vault_with_another_holder__then_its_shares_are_the_lots() -> None:
    life = two_years()
    life.mint("2025-12-01", amounts(6, 30, "0.1"), prices(110, 10, 3_900), caller=STRANGER, receiver=STRANGER)
    reading = life.read()
    assert STRANGER in reading.pooled
    assert f"entry {len(life.steps) - 1}" in reading.pooled
    shares = [one for one in reading.movements if one.asset == "shares"]
    assert [type(one) for one in shares] == [Lot, Disposal]
    assert isinstance(shares[0], Lot)
    assert (shares[0].quantity, shares[0].cost) == (10**18, 11_000 * 10**36)
    assert isinstance(shares[1], Disposal)
    assert shares[1].proceeds == (5 * 128 + 20 * 10 + Fraction("0.05") * 2_900) * 10**36
    assert {one.wallet for one in reading.movements} == {OWNER}


def test_reading__without_prices__then_every_entry_that_needs_them_is_named() -> None:
    life = Life()
    life.create("2023-12-01")
    life.mint("2023-12-04", amounts(60, 300, 1), ())
    life.steps[-1] = replace(life.steps[-1], why_not="StalePrice(EQUITY)")
    life.mint("2023-12-05", amounts(60, 300, 1), prices(100, 0, 2_000))
    with pytest.raises(InputError) as caught:
        life.read()
    assert [mistake.where for mistake in caught.value.mistakes] == ["entry 1", "entry 2"]
    assert "StalePrice" in caught.value.mistakes[0].what


def test_reading__of_gas_that_the_owner_paid__then_coins_are_disposed_of_and_proceeds_lessened() -> None:
    life = Life()
    life.create("2023-12-01")
    life.mint("2023-12-04", amounts(60, 300, 1), prices(100, 10, 2_000))
    life.trade("2024-03-01", prices(120, 10, 2_000), (0, 1, amounts(10, 0, 0)[0]), gas=4 * 10**15)
    reading = life.read(coin_price=lambda time: WEI)
    sold, _, gas = reading.movements[-3:]
    assert isinstance(sold, Disposal)
    assert isinstance(gas, Disposal)
    assert sold.proceeds == (Fraction("1198.8") - 10) * 10**36
    assert (gas.asset, gas.wallet, gas.quantity, gas.proceeds) == ("ETH", OWNER, 4 * 10**15, 10 * 10**36)
    assert life.read().gas_left_out == 4 * 10**15
    with pytest.raises(InputError, match="gas"):
        life.read(coin_price=lambda time: None)


def test_reading__of_gas_that_a_keeper_paid__then_nothing_of_the_owners() -> None:
    life = two_years()
    life.steps = [replace(step, gas=10**15 if step.sender == KEEPER else 0) for step in life.steps]
    assert life.read().gas_left_out == 0


def test_reading__of_declarations__then_entry_time_and_hash() -> None:
    life = two_years()
    life.add("2025-12-01", Declared(b"\x05" * 32), sender=OWNER)
    assert life.read().declared == [(len(life.steps) - 1, at("2025-12-01"), b"\x05" * 32)]


def test_reading__of_another_owner__then_none_of_this_is_theirs() -> None:
    reading = two_years().read(accounts=frozenset({address(5)}))
    assert reading.pooled
    assert reading.movements == []
