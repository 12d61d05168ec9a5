"""Each guard: what it holds, exactly where it begins to, and which come first."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeper_pieces import ACCOUNT, APART, ETHER, EVEN, GWEI, MANDATE, NOW, PRICES, control, flights, intent, offer, plan
from planning_pieces import make_snapshot

from controller.chain.wire import Fees
from controller.keeper import guards
from controller.keeper.guards import Answer, Coin, Costs, Guard, Hold
from controller.keeper.standing import Standing, Trips, Word, fold
from controller.model import Price, Snapshot

FRESH = Standing()
WRAPPED = Coin(wrapped=MANDATE.assets[0].token)  # priced at 100 quote units


def _failing(*failures: str) -> Snapshot:
    prices = tuple(
        replace(price, value=0 if why else price.value, failure=why)
        for price, why in zip(APART.prices, failures, strict=True)
    )
    return replace(APART, prices=prices)


def _held(hold: Hold | int | None) -> Guard | None:
    return hold.guard if isinstance(hold, Hold) else None


# ---- switches


def test_stopped__when_the_kill_file_exists__then_held_before_anything_else() -> None:
    """F-28"""
    paused = fold([control(0, Word.PAUSE)], Trips(), None)
    held = guards.stopped(paused, replace(APART, status=replace(APART.status, paused=True)), "/run/stop")
    assert held is not None
    assert (held.guard, held.person) == (Guard.KILL_FILE, True)
    assert "/run/stop" in held.why


def test_stopped__when_the_vault_is_paused_on_chain__then_held() -> None:
    """F-28"""
    assert _held(guards.stopped(FRESH, replace(APART, status=replace(APART.status, paused=True)))) is Guard.VAULT_PAUSED
    assert guards.stopped(FRESH, APART) is None


@pytest.mark.parametrize(
    ("failure", "guard"),
    [
        ("SequencerDown(feed=0x1)", Guard.SEQUENCER),
        ("SequencerInGrace(feed=0x1, startedAt=1, grace=3600)", Guard.SEQUENCER),
        ("PriceStale(feed=0x1, updatedAt=1, heartbeat=2)", Guard.PRICE),
        ("PriceNotPositive(feed=0x1, answer=0)", Guard.PRICE),
        ("PriceOutOfBounds(feed=0x1, answer=9, minAnswer=1, maxAnswer=2)", Guard.PRICE),
        ("PriceDeviates(feed=0x1, price=1, twap=2, maxDeviation=3)", Guard.PRICE),
        ("FeedDecimalsMismatch(asset=1, stated=8, actual=18)", Guard.PRICE),
    ],
)
def test_stopped__when_a_price_is_refused__then_held_by_the_oracles_own_name(failure: str, guard: Guard) -> None:
    """F-16, F-17"""
    held = guards.stopped(FRESH, _failing("", failure))
    assert held is not None
    assert held.guard is guard
    assert failure in held.why
    assert MANDATE.assets[1].token in held.why
    assert not held.person, "it goes on by itself when the price is back"


def test_unusable_price__when_a_price_is_zero_without_a_name__then_held_all_the_same() -> None:
    """F-17"""
    snapshot = replace(APART, prices=(Price(0, 1, NOW), APART.prices[1]))
    held = guards.unusable_price(snapshot)
    assert held == Hold(Guard.PRICE, f"asset 0 ({MANDATE.assets[0].token}): no price")


# ---- feeds


@given(heartbeat=st.integers(1, 10**6), age=st.integers(0, 10**6))
def test_ageing_feeds__when_older_than_four_fifths_of_the_heartbeat__then_named(heartbeat: int, age: int) -> None:
    """F-17: the warning comes before the heartbeat ends."""
    assets = tuple(replace(asset, feed=replace(asset.feed, heartbeat=heartbeat)) for asset in MANDATE.assets)
    prices = (Price(1, 1, NOW - age), Price(1, 1, NOW))
    snapshot = replace(APART, mandate=replace(MANDATE, assets=assets), prices=prices)
    assert guards.ageing_feeds(snapshot, NOW) == ((0,) if Fraction(age, heartbeat) > Fraction(8, 10) else ())


def test_ageing_feeds__when_exactly_four_fifths__then_not_yet() -> None:
    """F-17"""
    for age, named in ((69_120, ()), (69_121, (1,))):
        snapshot = replace(APART, prices=(APART.prices[0], Price(1, 1, NOW - age)))
        assert guards.ageing_feeds(snapshot, NOW) == named


def test_ageing_feeds__when_the_price_is_refused_already__then_that_is_said_elsewhere() -> None:
    """F-17"""
    snapshot = replace(_failing("PriceStale()", ""), prices=(Price(0, 1, 0, "PriceStale()"), Price(1, 1, 0)))
    assert guards.ageing_feeds(snapshot, NOW) == (1,)


# ---- gas


@given(base=st.integers(0, 10**12), tip=st.integers(0, 10**12), ceiling=st.integers(0, 10**12))
def test_gas_ceiling__when_the_chain_asks_more__then_held_and_at_the_ceiling_not(
    base: int, tip: int, ceiling: int
) -> None:
    """F-01"""
    assert _held(guards.gas_ceiling(Fees(base, tip), ceiling)) == (Guard.GAS_CEILING if base + tip > ceiling else None)
    assert guards.gas_ceiling(Fees(base, tip), base + tip) is None
    assert guards.gas_ceiling(Fees(base, tip), None) is None


def test_gas_ceiling__when_held__then_says_both_in_gwei() -> None:
    held = guards.gas_ceiling(Fees(150 * GWEI, GWEI), 100 * GWEI)
    assert held is not None
    assert held.why == "the chain asks 151.000 gwei for gas, the ceiling is 100.000"


@given(
    gas=st.integers(21_000, 10**7),
    base=st.integers(0, 10**12),
    sold=st.integers(1, 10**24),
    most=st.integers(1, 10_000),
)
def test_gas_cost__when_gas_costs_more_than_its_part_of_what_is_sold__then_held(
    gas: int, base: int, sold: int, most: int
) -> None:
    """F-27: the same as exact fractions."""
    made = offer(plan=plan(sold), gas=gas, fees=Fees(base, 1))
    cost = Fraction(gas * (base + 1), ETHER) * 100
    moved = Fraction(sold, 10**18) * 100
    expected = Guard.GAS_COST if cost / moved > Fraction(most, 10_000) else None
    assert _held(guards.gas_cost(made, most, WRAPPED, NOW)) == expected


def test_gas_cost__when_exactly_at_the_limit__then_worth_it() -> None:
    """F-27"""
    # 10^17 {wei} of a coin of 100 are 10 quote units; 1% of the 1,000 that are sold
    made = offer(plan=plan(10 * 10**18), gas=10**8, fees=Fees(GWEI, 0))
    assert guards.gas_cost(made, 100, WRAPPED, NOW) is None
    dearer = guards.gas_cost(replace(made, gas=10**8 + 1), 100, WRAPPED, NOW)
    assert dearer is not None
    assert dearer.why == "gas would cost 10.00, at most 100 bps of the 1,000.00 that the plan sells"


def test_gas_cost__when_the_coin_has_no_price__then_held_by_name_unless_the_gate_is_off() -> None:
    """F-17: fail closed."""
    held = guards.gas_cost(offer(), 100, Coin(), NOW)
    assert _held(held) is Guard.COIN_PRICE
    assert guards.gas_cost(offer(), None, Coin(), NOW) is None


ANSWER = Answer(2_000 * 10**8, 8, NOW - 3_600, 3_600)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ANSWER, 2_000 * 10**18),
        (replace(ANSWER, value=2_000 * 10**18, decimals=18), 2_000 * 10**18),
        (replace(ANSWER, updated_at=NOW - 3_601), None),
        (replace(ANSWER, value=0), None),
        (replace(ANSWER, value=-1), None),
        (None, None),
    ],
)
def test_coin_price__when_a_feed_is_configured__then_its_answer_while_it_is_good(
    answer: Answer | None, expected: int | None
) -> None:
    """F-17"""
    found = guards.coin_price(APART, Coin(answer=answer), NOW)
    assert found == expected if expected is not None else _held(found) is Guard.COIN_PRICE


def test_coin_price__when_the_mandate_prices_the_wrapped_coin__then_that_goes_first() -> None:
    coin = Coin(MANDATE.assets[0].token, ANSWER)
    assert guards.coin_price(APART, coin, NOW) == PRICES[0]
    assert guards.coin_price(_failing("PriceStale()", ""), coin, NOW) == 2_000 * 10**18, (
        "the other one where it has none"
    )
    other = replace(
        APART, mandate=replace(MANDATE, assets=tuple(replace(asset, decimals=6) for asset in MANDATE.assets))
    )
    assert guards.coin_price(other, coin, NOW) == 2_000 * 10**18, "a token of other decimals is not the coin"


# ---- budget and balance


def test_daily_spend__when_little_is_left__then_held_until_enough_has_leaked() -> None:
    """F-27"""
    spent = fold([], Trips(), 2 * ETHER)
    assert guards.daily_spend(spent, ETHER, NOW) is None
    under_way = fold([intent(0, APART.vault, worst=ETHER // 2)], Trips(), 2 * ETHER)
    assert guards.daily_spend(under_way, ETHER // 2, NOW) is None
    held = guards.daily_spend(under_way, ETHER // 2 + 1, NOW)
    assert held is not None
    assert (held.guard, held.person, held.until) == (Guard.DAILY_SPEND, False, NOW + 1)


def test_daily_spend__when_one_plan_is_more_than_it_ever_allows__then_needs_a_person() -> None:
    """F-27"""
    held = guards.daily_spend(fold([], Trips(), 2 * ETHER), ETHER + 1, NOW)
    assert held is not None
    assert (held.guard, held.person, held.until) == (Guard.DAILY_SPEND, True, 0)
    assert guards.daily_spend(fold([], Trips(), None), 10**40, NOW) is None


@given(balance=st.integers(0, 10**20), worst=st.integers(1, 10**20), many=st.integers(1, 100))
def test_balance__when_it_pays_for_too_few_rebalances__then_warned_and_for_none_then_held(
    balance: int, worst: int, many: int
) -> None:
    """F-02"""
    pays = balance // worst
    assert _held(guards.low_balance(ACCOUNT, balance, worst)) == (None if pays >= 1 else Guard.LOW_BALANCE)
    assert guards.runs_low(balance, worst, Costs(low_balance=many)) == (pays < many)


# ---- together


def test_check__when_several_hold__then_in_the_order_of_their_list() -> None:
    """F-27, F-28"""
    dear = Fees(10**15, 10**15)
    costs = Costs(gas_ceiling=GWEI, max_gas_cost=1)
    broke = offer(fees=dear, balance=0, worst=10 * ETHER)
    opened = flights(*["REVERTED"] * 3)
    standing = fold([], Trips(), 2 * ETHER)
    found = [
        _held(
            guards.check(broke, costs, fold([*opened, control(9, Word.PAUSE)], Trips(), ETHER), Coin(), NOW, "/stop")
        ),
        _held(guards.check(broke, costs, fold([*opened, control(9, Word.PAUSE)], Trips(), ETHER), Coin(), NOW)),
        _held(guards.check(broke, costs, fold(opened, Trips(), ETHER), Coin(), NOW)),
        _held(guards.check(broke, costs, standing, Coin(), NOW)),
        _held(guards.check(broke, replace(costs, gas_ceiling=None), standing, Coin(), NOW)),
        _held(guards.check(broke, replace(costs, gas_ceiling=None), standing, WRAPPED, NOW)),
        _held(guards.check(broke, Costs(), standing, WRAPPED, NOW)),
        _held(guards.check(broke, Costs(), FRESH, WRAPPED, NOW)),
        _held(guards.check(offer(), Costs(50 * GWEI, 50), standing, WRAPPED, NOW)),
    ]
    assert found == [
        Guard.KILL_FILE,
        Guard.PAUSED,
        Guard.VAULT_BREAKER,
        Guard.GAS_CEILING,
        Guard.COIN_PRICE,
        Guard.GAS_COST,
        Guard.DAILY_SPEND,
        Guard.LOW_BALANCE,
        None,
    ]


def test_check__when_the_vault_is_even__then_it_is_not_the_guards_that_say_so() -> None:
    assert guards.check(offer(EVEN), Costs(), FRESH, Coin(), NOW) is None
    assert guards.check(offer(make_snapshot(MANDATE, EVEN.balances, PRICES)), Costs(), FRESH, Coin(), NOW) is None
