"""How sure a number is: how much a Sharpe ratio is worth once its sample, its shape and the number of trials are taken
into account, and the intervals of what was counted or drawn.

Sources: Bailey, D. and Lopez de Prado, M. (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2); the same
(2014), The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5). All Sharpe ratios are per observation, not
annualised, of returns above what the safe asset earned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from controller.errors import InputError

EULER = 0.5772156649015329
"""{1} the Euler-Mascheroni constant."""

NORMAL_95 = 1.959963984540054
"""{1} standard deviations around the mean that hold 95% of a normal distribution."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Sharpe:
    """A Sharpe ratio with the shape of the returns behind it.

    Parameters
    ----------
    ratio : {1} mean over standard deviation, per observation.
    observations : how many returns.
    skew, kurtosis : {1} of the returns; 0 and 3 for a normal distribution.
    """

    ratio: float
    observations: int
    skew: float = 0.0
    kurtosis: float = 3.0

    def annual(self, periods_per_year: float) -> float:
        """{1} the ratio of a year of independent observations."""
        return self.ratio * math.sqrt(periods_per_year)


def sharpe(returns: Sequence[float] | npt.NDArray[np.float64]) -> Sharpe:
    """The Sharpe ratio of a series of excess returns.

    Parameters
    ----------
    returns : (T,) {1/period} simple excess returns.

    Raises
    ------
    InputError
        For fewer than 2 returns, numbers that are not finite, or returns that never change.
    """
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise InputError(
            "A Sharpe ratio needs at least 2 returns, all of them finite numbers.", "Give a longer or a cleaned series."
        )
    centred = values - values.mean()
    deviation = float(np.sqrt(np.mean(centred**2)))
    if deviation <= 1e-14 * max(1.0, float(np.abs(values).max())):
        raise InputError("These returns never change, so they have no Sharpe ratio.", "Give returns that carry risk.")
    scaled = centred / deviation
    return Sharpe(
        ratio=float(values.mean() / values.std(ddof=1)),
        observations=len(values),
        skew=float(np.mean(scaled**3)),
        kurtosis=float(np.mean(scaled**4)),
    )


def probabilistic_sharpe(found: Sharpe, benchmark: float = 0.0) -> float:
    """{1} the probability that the true Sharpe ratio is above `benchmark`.

    PSR = N((SR - SR*) sqrt(T - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2))    (2012, equation 11)

    The root's argument is positive for every distribution that exists, because kurtosis >= 1 + skew^2.
    """
    spread = 1 - found.skew * found.ratio + (found.kurtosis - 1) / 4 * found.ratio**2
    distance = (found.ratio - benchmark) * math.sqrt(found.observations - 1)
    if spread <= 0:  # only on the edge of what can exist: two outcomes, where the ratio is certain
        return float(distance > 0)
    return _NORMAL.cdf(distance / math.sqrt(spread))


def expected_maximum(trials: float, variance: float) -> float:
    """{1} the largest Sharpe ratio to expect of `trials` independent strategies without any skill.

    SR0 = sqrt(V) ((1 - e) N^-1(1 - 1/n) + e N^-1(1 - 1/(n exp(1))))    (2014, equation 1), e Euler's constant

    Parameters
    ----------
    trials : number of independent trials; one is no selection at all.
    variance : {1} of the trials' Sharpe ratios, per observation.

    Raises
    ------
    InputError
        For fewer than one trial or a negative variance.
    """
    if not (trials >= 1 and variance >= 0):
        raise InputError("There is at least one trial, and a variance is not negative.", "Count the trials again.")
    if trials == 1 or variance == 0:
        return 0.0
    first = _NORMAL.inv_cdf(1 - 1 / trials)
    second = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - EULER) * first + EULER * second)


def deflated_sharpe(found: Sharpe, trials: float, variance: float) -> float:
    """{1} the probability that the best of `trials` has any skill: PSR above the luck to expect (2014, eq. 2)."""
    return probabilistic_sharpe(found, expected_maximum(trials, variance))


def deflated_of(series: Sequence[Sequence[float]] | npt.NDArray[np.float64]) -> tuple[float, int]:
    """The deflated Sharpe ratio of the best of several trials, each of them a series of excess returns.

    Parameters
    ----------
    series : (trials, T) {1/period}

    Returns
    -------
    {1} the deflated Sharpe ratio, and which trial it is of. The trials count as independent, so it errs low.
    """
    found = [sharpe(row) for row in series]
    ratios = np.array([one.ratio for one in found])
    best = int(ratios.argmax())
    variance = float(ratios.var(ddof=1)) if len(found) > 1 else 0.0
    return deflated_sharpe(found[best], len(found), variance), best


# ---- what was counted


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability that was counted."""

    share: float  # {1} of the simulated futures
    low: float  # {1} the interval that holds the true one in 95 cases of 100 (Wilson, JASA 1927)
    high: float

    @classmethod
    def of(cls, successes: int, trials: int) -> Chance:
        share, z = successes / trials, NORMAL_95
        spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
        centre, scale = share + z * z / (2 * trials), 1 + z * z / trials
        low, high = (centre - spread) / scale, (centre + spread) / scale
        # at no or all successes one end is the share itself, but for the last digit
        return cls(share, max(min(low, share), 0.0), min(max(high, share), 1.0))


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of what was drawn, and the interval that holds the true one in 95 cases of 100 or more.

    Parameters
    ----------
    low, high : infinite where so few were drawn that none of them bounds it.
    """

    at: float  # {1}
    value: float
    low: float
    high: float


def quantiles(drawn: Sequence[float], at: Sequence[float] = (0.05, 0.5, 0.95)) -> tuple[Quantile, ...]:
    """Quantiles with intervals between order statistics, which no distribution is assumed for (David and Nagaraja,
    Order Statistics, 2003, 7.1).

    Raises
    ------
    InputError
        For nothing, and for what is no number.
    """
    values = np.sort(np.asarray(drawn, dtype=np.float64))
    if not len(values) or not np.isfinite(values).all():
        raise InputError("There are no numbers to take quantiles of.", "Draw some.")
    padded = np.concatenate([[-math.inf], values, [math.inf]])
    return tuple(
        Quantile(one, float(np.quantile(values, one)), *(float(padded[place]) for place in _around(len(values), one)))
        for one in at
    )


def _around(count: int, at: float) -> tuple[int, int]:
    """Ranks, from 1 to `count`, between which a quantile lies: so many of the values are below it, binomially.

    0 and `count` + 1 where no value is low or high enough.
    """
    spread = NORMAL_95 * math.sqrt(count * at * (1.0 - at))
    low, high = math.floor(count * at - spread), math.ceil(count * at + spread) + 1
    return max(low, 0), min(high, count + 1)
