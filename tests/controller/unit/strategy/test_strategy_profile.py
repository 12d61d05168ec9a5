"""Risk aversion by closed forms: each against the thing that its formula solves."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.strategy.profile import MOST, YEAR, Answers, Market, Profile, assess, glide, outside_wealth
from controller.units import BPS

ADA = Answers(bad_year=2_000, fee=400, stocks=6_000, savings=500, years=20)


def scores(answers: Answers) -> dict[str, float]:
    return dict(assess(answers).scores)


def test_bad_year__implied_risk_aversion__then_a_merton_investor_loses_that_much_one_year_in_twenty() -> None:
    gamma, sharpe = scores(ADA)["bad_year"], Market().sharpe
    year = NormalDist(mu=sharpe**2 / gamma, sigma=sharpe / gamma)
    assert year.inv_cdf(0.05) == pytest.approx(-0.20, rel=1e-12)


def test_fee__implied_risk_aversion__then_the_fee_is_about_the_certainty_equivalent_of_the_stake() -> None:
    small = Answers(bad_year=2_000, fee=100, stocks=6_000, savings=0, years=0)
    gamma = scores(small)["fee"]
    assert gamma == pytest.approx(0.5)
    worth = ((1.2 ** (1 - gamma) + 0.8 ** (1 - gamma)) / 2) ** (1 / (1 - gamma))
    assert 1 - worth == pytest.approx(0.01, rel=0.03)  # Pratt's approximation is of the second order


def test_stocks__implied_risk_aversion__then_the_merton_share_is_the_answer() -> None:
    market = Market()
    gamma = scores(ADA)["stocks"]
    assert market.sharpe / (market.volatility * gamma) == pytest.approx(0.60)


def test_outside_wealth__of_savings__then_the_sum_of_their_present_values() -> None:
    paid = sum(0.05 / 1.02**year for year in range(1, 21))
    assert outside_wealth(ADA, Market()) == pytest.approx(paid, rel=1e-12)
    assert outside_wealth(ADA, Market(rate=0.0)) == pytest.approx(1.0)
    assert outside_wealth(ADA, Market(), elapsed=25) == 0


def test_assess__five_answers__then_their_geometric_mean_spread_over_all_wealth() -> None:
    risk = assess(ADA)
    expected = math.prod(score for _, score in risk.scores) ** (1 / 3)
    assert risk.tolerance == pytest.approx(expected)
    assert risk.aversion == pytest.approx(expected / (1 + risk.outside))
    assert risk.volatility == pytest.approx(risk.stocks * Market().volatility)
    assert risk.is_consistent


def test_assess__answers_far_apart__then_not_consistent() -> None:
    assert not assess(Answers(bad_year=500, fee=10, stocks=10_000, savings=0, years=0)).is_consistent


@given(
    st.integers(100, 9_000), st.integers(10, 1_900), st.integers(100, BPS), st.integers(0, 10 * BPS), st.integers(0, 80)
)
def test_assess__more_caution_in_any_answer__then_never_more_stocks(
    bad_year: int, fee: int, stocks: int, savings: int, years: int
) -> None:
    answers = Answers(bad_year, fee, stocks, savings, years)
    risk = assess(answers)
    assert 1.0 <= risk.aversion <= MOST
    assert 0 < risk.stocks <= 1
    for cautious in (
        Answers(max(bad_year // 2, 1), fee, stocks, savings, years),
        Answers(bad_year, fee * 2, stocks, savings, years),
        Answers(bad_year, fee, max(stocks // 2, 1), savings, years),
        Answers(bad_year, fee, stocks, savings // 2, years),
        Answers(bad_year, fee, stocks, savings, years // 2),
    ):
        assert assess(cautious).stocks <= risk.stocks + 1e-12


def test_glide__until_the_money_is_needed__then_it_only_falls_and_ends_without_savings_to_come() -> None:
    points = glide(Profile("Ada", ADA), 1_000, 8)
    shares = [share for _, share in points]
    assert [time for time, _ in points] == [1_000 + round(20 * YEAR * step / 8) for step in range(9)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == BPS  # savings to come are worth as much again
    assert shares[-1] == round(assess(Answers(2_000, 400, 6_000, 0, 0)).stocks * BPS)
