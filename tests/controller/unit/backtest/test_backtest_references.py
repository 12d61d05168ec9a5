"""What keeping constant weights is worth, against closed forms that know neither the engine nor the pools."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from planning_pieces import DAY, make_mandate

from controller.backtest.engine import Setting
from controller.backtest.engine import run as run_engine
from controller.backtest.fast import Track
from controller.backtest.moments import moments_of
from controller.backtest.paper import HUB, Proportional, full_range
from controller.market import concentrated
from controller.market.depth import sqrt_price

SIGMA = 0.01  # {1/moment**0.5}
MOMENTS = 4_000
START = 10_957 * DAY
VALUE = 10**6 * 10**36
Q96 = 1 << 96


def brownian(seed: int, moments: int = MOMENTS) -> npt.NDArray[np.int64]:
    """(moments + 1,) answers, in 8 decimals, of a geometric Brownian motion without a trend.

    Its steps are stratified, one from each of `moments` equally likely parts of the normal distribution in random
    order: the variance of the path is then known better than by independent steps (McKay et al., Technometrics 1979).
    """
    from scipy.special import ndtri

    chance = np.random.default_rng(seed)
    steps = ndtri((chance.permutation(moments) + chance.random(moments)) / moments)
    logs = np.concatenate([[0.0], np.cumsum(SIGMA * steps - SIGMA**2 / 2)])
    found: npt.NDArray[np.int64] = np.round(1e10 * np.exp(logs)).astype(np.int64)
    return found


@pytest.mark.parametrize("weight", [2_000, 5_000, 8_000])
def test_constant_weights__beside_a_pool_of_these_weights__then_ahead_by_half_variance_w_one_minus_w(
    weight: int,
) -> None:
    """Loss versus rebalancing (Milionis, Moallemi, Roughgarden and Zhang 2022): a pool x^w y^(1-w) is worth a multiple
    of P^w, and falls behind who rebalances to w all the time by sigma^2/2 w (1 - w)."""
    mandate = make_mandate([weight, 10_000 - weight], band=1, destination=0, cooldown=0, min_trade=10**18)
    answers = brownian(weight)
    rows = [[int(answer), 10**10] for answer in answers]
    moments = moments_of(mandate, [START + day * DAY for day in range(len(rows))], rows)
    setting = Setting(mandate, Proportional(0))
    found = Track.of(mandate, moments).run(setting, VALUE)
    share = weight / 10_000
    ahead = np.log(found.values[-1] / found.values[0]) - share * np.log(answers[-1] / answers[0])
    assert ahead / MOMENTS == pytest.approx(SIGMA**2 / 2 * share * (1 - share), rel=0.002)
    ticks = run_engine(setting, moments[:100], VALUE)  # the engine itself
    assert found.values[:100] == pytest.approx([tick.value / 10**36 for tick in ticks], rel=1e-12)


def test_pool__when_arbitrageurs_keep_it_at_the_price__then_they_take_an_eighth_of_the_variance() -> None:
    """The same rate from the other side: what they gain in a constant-product pool without a fee (w = 1/2)."""
    mandate = make_mandate([10_000])
    market = full_range(mandate, 10**9 * 10**36)
    market.fee = 0
    scale = 10**10  # D36{quote/qTok} of an answer's unit, for a token of 18 decimals
    answers = [int(answer) for answer in brownian(7)]
    market.move([answers[0] * scale])
    (token,) = market.tokens
    pool, gains = market.pools[token], []
    for answer in answers[1:]:
        price, target = answer * scale, sqrt_price(token, answer * scale, HUB, market.hub_price)
        down = target < pool.price
        paid = _needed(pool, target)
        done = concentrated.swap(market, pool, paid, down=down)
        prices = (price, market.hub_price) if down else (market.hub_price, price)
        held = 2 * pool.liquidity * target // Q96 * market.hub_price  # D36{quote} of both halves
        gains.append((done.given * prices[1] - paid * prices[0]) / held)
        pool = done.standing
        assert pool.price == pytest.approx(target, rel=1e-9)
    assert np.mean(gains) == pytest.approx(SIGMA**2 / 8, rel=0.002)


def _needed(pool: concentrated.Standing, target: int) -> int:
    """{qTok in} that moves the price to `target` (Uniswap v3 Core, equations 6.14 and 6.16)."""
    if target < pool.price:
        return pool.liquidity * Q96 * (pool.price - target) // (pool.price * target)
    return pool.liquidity * (target - pool.price) // Q96
