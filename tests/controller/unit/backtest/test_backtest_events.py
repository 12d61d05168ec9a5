"""Money that comes and goes, fees, splits and delistings, against closed forms and other libraries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from planning_pieces import make_mandate

from controller.backtest.attribution import attribute
from controller.backtest.engine import Setting, run
from controller.backtest.events import delisted, unsplit, with_flows
from controller.backtest.feeds import Feeds
from controller.backtest.history import moments
from controller.backtest.moments import Moment
from controller.backtest.paper import Proportional
from controller.backtest.performance import flows_with_ends, money_weighted
from controller.errors import InputError
from controller.market import datasets
from controller.market.history import freeze
from controller.model import Fees, Mandate, TickRecord
from controller.report.shadows import frictionless, value_per_share
from controller.strategy.observed import FloatArray
from controller.units import BPS

NAMES = ("EQUITY", "BOND", "GOLD")
MANDATE = make_mandate([6_000, 3_000, 1_000])
ONE = 10**36
VALUE = 10**6 * ONE
YEAR = 365 * 86_400


def history(days: int = 400, seed: int | None = 1) -> list[Moment]:
    steps = np.zeros((days, 3)) if seed is None else np.random.default_rng(seed).normal(0, 0.01, (days, 3))
    index = pd.date_range("2001-01-01", periods=days, tz="UTC").to_pydatetime()
    return moments(MANDATE, NAMES, freeze(100 * np.exp(np.cumsum(steps, 0)), NAMES, index))


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def ticks(mandate: Mandate, found: list[Moment], cost: int = 10, **setting: bool) -> list[TickRecord]:
    return run(Setting(mandate, Proportional(cost), **setting), found, VALUE)  # type: ignore[arg-type]


def shares(of: list[TickRecord]) -> FloatArray:
    return np.array([value_per_share(tick) for tick in of], dtype=float) / ONE


# ---- flows


@pytest.mark.parametrize("spread", [0, 10])
def test_with_flows__then_a_share_is_worth_the_same_but_for_the_spread(spread: int) -> None:
    mandate = replace(MANDATE, spread=spread)
    flows = [(at("2001-03-01"), Fraction(500_000)), (at("2001-06-01"), Fraction(-200_000))]
    found = ticks(mandate, with_flows(history(seed=None), flows))
    per_share = shares(found)
    assert found[58].value == pytest.approx(VALUE, rel=1e-12)
    assert found[59].value == pytest.approx(1.5 * VALUE, rel=1e-12)
    assert found[-1].value == pytest.approx(1.3 * VALUE, rel=1e-9)
    assert per_share[-1] >= per_share[0]
    # who pays in leaves a spread of a third of all shares, who takes out one of two thirteenths
    gained = spread / BPS * (1 / 3 + 2 / 13)
    assert per_share[-1] / per_share[0] - 1 == pytest.approx(gained, rel=0.01, abs=1e-12)


def test_with_flows__when_the_mandate_has_a_spread__then_money_goes_where_most_is_missing() -> None:
    falling = [100.0, 100.0, 80.0, 80.0, 80.0]
    index = pd.date_range("2001-01-01", periods=5, tz="UTC").to_pydatetime()
    prices = freeze(np.array([falling, [100.0] * 5, [100.0] * 5]).T.copy(), NAMES, index)
    mandate = make_mandate([6_000, 3_000, 1_000], band=2_000, spread=10)
    found = moments(mandate, NAMES, prices)
    before, after = ticks(mandate, found), ticks(mandate, with_flows(found, [(at("2001-01-04"), Fraction(50_000))]))
    assert after[3].balances[0] > before[3].balances[0]
    assert after[3].balances[1:] == before[3].balances[1:]
    kind = make_mandate([6_000, 3_000, 1_000], band=2_000)
    in_kind = ticks(kind, with_flows(found, [(at("2001-01-04"), Fraction(50_000))]))
    assert all(more > less for more, less in zip(in_kind[3].balances, before[3].balances, strict=True))
    assert in_kind[3].drift == pytest.approx(before[3].drift, rel=1e-9)


def test_money_weighted__of_an_owner_who_pays_in_at_the_top__then_less_than_of_a_share() -> None:
    """The rate at which what was paid in, each for its own time, becomes what is there: checked by compounding."""
    found = with_flows(history(), [(at("2001-07-01"), Fraction(3_000_000))])
    done = ticks(MANDATE, found, 0)
    rate = money_weighted(flows_with_ends(found, done))
    assert rate is not None
    end = done[-1].block.timestamp
    paid = [(done[0].block.timestamp, 10**6), (at("2001-07-01"), 3 * 10**6)]
    grown = sum(amount * (1 + rate) ** ((end - time) / YEAR) for time, amount in paid)
    assert grown == pytest.approx(done[-1].value / ONE, rel=1e-6)
    alone = ticks(MANDATE, history(), 0)
    weighted = money_weighted(flows_with_ends(history(), alone))
    assert weighted == pytest.approx((shares(alone)[-1] / shares(alone)[0]) ** (365 / 399) - 1, rel=1e-6)


def test_with_flows__of_too_much_or_at_the_wrong_time__then_an_error() -> None:
    with pytest.raises(InputError, match="are to go out of a vault worth"):
        ticks(MANDATE, with_flows(history(), [(at("2001-03-01"), Fraction(-2_000_000))]))
    with pytest.raises(InputError, match="flow of 1999-03-01 is outside"):
        with_flows(history(), [(at("1999-03-01"), Fraction(1))])
    late = Feeds(deviation=10_000, heartbeat=9 * 86_400).seen(history())
    with pytest.raises(InputError, match="older than its heartbeat"):
        ticks(MANDATE, with_flows(late, [(late[5].block.timestamp, Fraction(1))]))


# ---- fees


def charged(management: int = 0, performance: int = 0) -> Mandate:
    return replace(MANDATE, fees=Fees("0x" + "aa" * 20, management, performance))


def test_fees__of_management__then_a_share_loses_the_rate_a_year() -> None:
    found = ticks(charged(management=200), history(366, seed=None))
    per_share = shares(found)
    # taken every day: the recipient owns 2% / 365 of what is there then
    assert per_share[-1] / per_share[0] == pytest.approx((1 - 0.02 / 365) ** 365, rel=1e-12)
    assert found[-1].value == pytest.approx(VALUE, rel=1e-12)
    assert found[0].supply == 10**6 * 10**18  # nothing is owed at the beginning
    waiting = ticks(charged(management=200), history(366, seed=None), takes_fees=False)
    assert shares(waiting)[-1] == shares(waiting)[0]


def test_fees__of_performance__then_a_part_of_every_rise_above_the_mark_and_of_no_other() -> None:
    up, down = [100.0 + place for place in range(101)], [200.0 - place for place in range(1, 101)]
    path = [*up, *down, *up[1:], 210.0]
    index = pd.date_range("2001-01-01", periods=len(path), tz="UTC").to_pydatetime()
    prices = freeze(np.array([path] * 3).T.copy(), NAMES, index)
    found = ticks(charged(performance=1_000), moments(MANDATE, NAMES, prices))
    per_share = shares(found)
    top = per_share[100]
    gains = np.diff(np.array(up)) / np.array(up[:-1])
    assert top == pytest.approx(np.prod(1 + gains * 0.9), rel=1e-4)
    supplies = [tick.supply for tick in found]
    # nothing is taken below the mark, which a share reaches again only when the price is above its old top
    assert len(set(supplies[101:301])) == 1
    assert supplies[301] > supplies[300]


def test_fees__then_they_are_what_the_shares_lose_beside_the_shadow() -> None:
    mandate = charged(management=200)
    done = ticks(mandate, history(366, seed=None), 0)
    parts = attribute(done, frictionless(done, mandate), Proportional(0).kept)
    assert parts.shares == pytest.approx((1 - 0.02 / 365) ** 365 - 1, rel=1e-9)
    assert parts.total == pytest.approx(parts.shares, abs=1e-12)


# ---- tokens


def test_unsplit__then_nothing_of_the_value_is_lost_and_nothing_is_traded() -> None:
    days = pd.date_range("2001-01-01", periods=20, tz="UTC")
    plain = pd.DataFrame(100.0, days, list(NAMES))
    raw = plain.copy()
    raw.iloc[10:, 0] /= 4
    raw.iloc[15:, 0] /= 2
    whole = ticks(MANDATE, moments(MANDATE, NAMES, plain))
    splits = [(at("2001-01-11"), "EQUITY", Fraction(4)), (at("2001-01-16"), "EQUITY", Fraction(2))]
    assert ticks(MANDATE, moments(MANDATE, NAMES, unsplit(raw, splits))) == whole
    assert not any(tick.outcome for tick in whole)
    assert any(tick.outcome for tick in ticks(MANDATE, moments(MANDATE, NAMES, raw)))  # without it, a fall


def test_unsplit__then_its_shadows_do_not_take_it_for_a_fall() -> None:
    prices = datasets.macro().loc["1990":"1999", list(NAMES)]
    raw = prices.copy()
    raw.loc["1995":, "EQUITY"] /= 4
    found = unsplit(raw, [(at("1995-01-01"), "EQUITY", Fraction(4))])
    done, plain = (ticks(MANDATE, moments(MANDATE, NAMES, each)) for each in (found, prices))
    ours, theirs = (attribute(each, frictionless(each, MANDATE), Proportional(10).kept) for each in (done, plain))
    assert ours.as_dict() == pytest.approx(theirs.as_dict(), rel=1e-6)


def test_unsplit__of_what_is_not_there__then_an_error() -> None:
    prices = datasets.macro().loc["1990":"1999", list(NAMES)]
    with pytest.raises(InputError, match="split of SILVER"):
        unsplit(prices, [(at("1995-03-01"), "SILVER", Fraction(2))])
    with pytest.raises(InputError, match="by -2"):
        unsplit(prices, [(at("1995-03-01"), "GOLD", Fraction(-2))])
    with pytest.raises(InputError, match="split of 2009-03-01 is outside"):
        unsplit(prices, [(at("2009-03-01"), "GOLD", Fraction(2))])


def test_delisted__then_the_asset_is_worth_its_part_from_that_day_on() -> None:
    prices = datasets.macro().loc["2008":"2010"]
    gone = prices.copy()
    gone.loc["2009-02":, "GOLD"] = np.nan
    with pytest.raises(InputError, match="GOLD: has no price on 23 days"):
        moments(MANDATE, NAMES, gone)
    day = pd.Timestamp("2009-02-01", tz="UTC")
    found = delisted(gone, {"GOLD": (day, 0.4)})
    assert (found.loc["2009-02":, "GOLD"] == 0.4 * prices.loc["2009-01-01", "GOLD"]).all()
    assert (found.loc[:"2009-01", "GOLD"] == prices.loc[:"2009-01", "GOLD"]).all()
    assert len(ticks(MANDATE, moments(MANDATE, NAMES, found))) == len(prices)
    for name, when, part in (("TIN", day, 0.4), ("GOLD", pd.Timestamp("1990", tz="UTC"), 0.4), ("GOLD", day, 1.5)):
        with pytest.raises(InputError):
            delisted(gone, {name: (when, part)})
