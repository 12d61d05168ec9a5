"""Whether forecasts were worth it: against equal weights and against not trading at all, after costs and after luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.forecast.features import panel
from controller.strategy.forecast.protocol import Family
from controller.strategy.forecast.walk import Walk, walk
from controller.strategy.statistics import deflated_sharpe, sharpe

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """What one way of investing came to, costs paid.

    Parameters
    ----------
    growth : {1/year} compound. volatility : {1/year}. sharpe : {1} annual, of the returns as they are.
    fall : {1} from the highest value so far to the lowest after it.
    turnover : {1/year} value sold over value.
    active : {1} annual Sharpe ratio of what it earned above equal weights; zero for those.
    deflated : {1} probability that this is more than the luck of so many trials; none for what needs no forecast.
    correlation : {1} of forecasts with outcomes by rank; none for what needs no forecast.
    returns : (T,) {1/period}
    """

    name: str
    growth: float
    volatility: float
    sharpe: float
    fall: float
    turnover: float
    active: float
    deflated: float | None
    correlation: float | None
    returns: FloatArray


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every family beside equal weights and no trade, over the same periods.

    Parameters
    ----------
    trials : how many forecasters were tried in all; what the best of them earned is held against that.
    start : the row of the returns with which the comparison begins.
    """

    lines: tuple[Line, ...]
    trials: int
    start: int

    def winner(self) -> Line | None:
        """The best forecast, where it beats equal weights and no trade in their Sharpe ratios; none where it loses."""
        forecasts = [line for line in self.lines if line.deflated is not None]
        others = [line for line in self.lines if line.deflated is None]
        best = max(forecasts, key=lambda line: line.sharpe)
        return best if all(best.sharpe > other.sharpe for other in others) else None


def judge(
    returns: FloatArray,
    families: Sequence[Family],
    periods_per_year: float,
    *,
    horizon: int = 21,
    train: int = 60,
    cost: float = 0.001,
    progress: Callable[[float], None] = lambda done: None,
) -> Judgement:
    """Walks forward with every family, invests by its forecasts, and compares.

    Weights are (1 + score) / n, long only, with the score of each asset's forecast between -1 and 1, decided once every
    horizon. Equal weights are rebalanced at the same moments; "no trade" buys them once.

    Parameters
    ----------
    returns : (T, n) {1/period} simple, oldest first.
    horizon : {period} from one decision to the next.
    train : {decision} of the first learning.
    cost : {1} lost on each unit of value sold.

    Raises
    ------
    InputError
        For a history that is too short, a cost outside of 0 to 1, or no family.
    """
    if not families or not 0 <= cost < 1:
        raise InputError("There must be a forecaster, and a cost from 0 to below 1.", "Name one: ridge.")
    samples = panel(returns, horizon=horizon)
    walks = [
        walk(samples, family, train=train, progress=_share(progress, number, len(families)))
        for number, family in enumerate(families)
    ]
    first = walks[0].first
    start = int(samples.moments[first]) + 1
    trials = sum(len(family.members) for family in families)
    moments, size = samples.moments[first:] - samples.moments[first], returns.shape[1]
    held = returns[start:]
    equal = np.full((len(moments), size), 1 / size)
    baseline = _invest(held, equal, moments, cost)
    idle = _invest(held, equal[:1], moments[:1], cost)
    tilts = [_invest(held, _weights(one), moments, cost) for one in walks]
    active = [_ratio(tilt[0] - baseline[0]) for tilt in tilts]
    variance = max(float(np.var(active, ddof=1)) if len(active) > 1 else 0.0, 1 / max(len(held) - 1, 1))
    lines = [
        _line("equal weights", baseline, baseline[0], periods_per_year),
        _line("no trade", idle, baseline[0], periods_per_year),
    ]
    for one, tilt in zip(walks, tilts, strict=True):
        luck = _deflated(tilt[0] - baseline[0], trials, variance)
        lines.append(_line(one.family.name, tilt, baseline[0], periods_per_year, luck, one.correlation))
    return Judgement(tuple(lines), trials, start)


def _share(progress: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    return lambda done: progress((number + done) / count)


def _weights(found: Walk) -> FloatArray:
    """(D, n) {1} from forecasts: a forecast that is one standard deviation better than the mean doubles a weight."""
    off = found.forecasts - found.forecasts.mean(axis=1, keepdims=True)
    spread = off.std(axis=1, keepdims=True)
    score = np.clip(np.divide(off, spread, out=np.zeros_like(off), where=spread > 1e-12), -1, 1)
    return np.asarray((1 + score) / (1 + score).sum(axis=1, keepdims=True), dtype=np.float64)


def _invest(
    returns: FloatArray, weights: FloatArray, moments: npt.NDArray[np.intp], cost: float
) -> tuple[FloatArray, float]:
    """(T,) {1/period} returns after costs, and {1} value sold in all; `weights` are taken before row `moments`."""
    found, sold = np.empty(len(returns)), 0.0
    turns = {int(moment): row for row, moment in enumerate(moments)}
    held = np.zeros(returns.shape[1])
    for period, row in enumerate(returns):
        paid = 0.0
        if period in turns:
            wanted = weights[turns[period]]
            if period:
                moved = float(np.abs(wanted - held).sum() / 2)
                paid, sold = cost * moved, sold + moved
            held = wanted
        grown = held * (1 + row)
        total = float(grown.sum())
        found[period] = (1 - paid) * total - 1
        held = grown / total if total > 0 else held
    return found, sold


def _ratio(returns: FloatArray) -> float:
    """{1} per period; zero of what never changes."""
    return sharpe(returns).ratio if np.ptp(returns) > 1e-15 else 0.0


def _deflated(active: FloatArray, trials: int, variance: float) -> float:
    return deflated_sharpe(sharpe(active), trials, variance) if np.ptp(active) > 1e-15 else 0.0


def _line(
    name: str,
    invested: tuple[FloatArray, float],
    baseline: FloatArray,
    periods_per_year: float,
    deflated: float | None = None,
    correlation: float | None = None,
) -> Line:
    returns, sold = invested
    values = np.cumprod(1 + returns)
    years, root = len(returns) / periods_per_year, float(np.sqrt(periods_per_year))
    peak = np.maximum.accumulate(np.r_[1.0, values])
    return Line(
        name=name,
        growth=float(values[-1] ** (1 / years) - 1),
        volatility=float(returns.std(ddof=1)) * root,
        sharpe=_ratio(returns) * root,
        fall=float((1 - np.r_[1.0, values] / peak).max()),
        turnover=sold / years,
        active=_ratio(returns - baseline) * root,
        deflated=deflated,
        correlation=correlation,
        returns=returns,
    )
