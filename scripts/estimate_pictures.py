"""Draws the pictures of docs/STRATEGIES.md that show estimates, machine learning, and when and how far to trade.

.venv/bin/python scripts/estimate_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from skfolio.datasets import load_sp500_dataset

from controller.market.datasets import macro
from controller.report.advice import advice_picture
from controller.report.axes import Axis, axis_for, time_marks
from controller.report.figure import Plane, Series, figure
from controller.strategy.advise import advise
from controller.strategy.covariance import Exponential, Sample, StressSwitch, diversification_ratio
from controller.strategy.drifting import Setting
from controller.strategy.forecast.judge import judge
from controller.strategy.forecast.learners import families
from controller.strategy.multiperiod import Market, policy
from controller.strategy.no_trade import half_width, region
from controller.strategy.periods import simple_returns

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MEMORY = 1000
"""{period} that the estimates look back."""


def crises() -> str:
    """The diversification ratio of twenty stocks in equal weights, estimated each week from the past alone."""
    returns = load_sp500_dataset().pct_change().iloc[1:]
    weights = np.full(returns.shape[1], 1 / returns.shape[1])
    days = returns.loc["2006-06":"2021-06"].index[::5]
    span = (days[-1] - days[0]).total_seconds()
    lines = []
    estimators = {
        "sample, 4 years": Sample(),
        "exponential, half-life 21": Exponential(21),
        "stress switch": StressSwitch(),
    }
    for name, estimator in estimators.items():
        points = []
        for day in days:
            past = returns.loc[:day].iloc[-MEMORY:].to_numpy()
            ratio = diversification_ratio(weights, estimator.covariance(past))
            points.append(((day - days[0]).total_seconds() / span, ratio))
        lines.append(Series(name, points))
    plane = Plane(
        Axis(0, 1),
        axis_for([value for line in lines for _, value in line.points]),
        "20 stocks of the S&P 500, equal weights",
        "diversification ratio",
        marks=time_marks(*(pd.Timestamp(day, tz="UTC").to_pydatetime() for day in (days[0], days[-1])), 8),
    )
    return figure("In 2008 and 2020 everything fell together; estimates that follow show it", plane, lines)


def region_widths() -> str:
    """The exact half-width beside its expansion, at a target of 50%."""
    costs = np.geomspace(1e-4, 0.03, 40)
    lines = []
    for aversion in (1, 5):
        lines.append(
            Series(
                f"exact, risk aversion {aversion}",
                [(c * 1e4, region(0.5, aversion, c).half_width * 100) for c in costs],
            )
        )
        lines.append(
            Series(f"formula, risk aversion {aversion}", [(c * 1e4, half_width(0.5, aversion, c) * 100) for c in costs])
        )
    plane = Plane(
        Axis(1, 300, logarithmic=True),
        axis_for([0.0, *(value for line in lines for _, value in line.points)]),
        "cost of trading, bps of what is traded (logarithmic)",
        "half-width, % of the value",
    )
    return figure("How far an asset of target 50% may drift before it is worth trading", plane, lines)


def advice() -> str:
    """The advice for 60/30/10 of equity, bonds and gold."""
    returns = np.log1p(simple_returns(macro().loc["2000":], ("EQUITY", "BOND", "GOLD")))
    return advice_picture(advise(Setting(np.array([0.6, 0.3, 0.1]), np.cov(returns.T) * 12, 3.0, 0.003, 2e-6)))


def forecasts() -> str:
    """What machine learning came to on the twenty stocks, 1996 to 2022."""
    prices = load_sp500_dataset()
    found = judge(simple_returns(prices), families(("ridge", "boosting")), 252)
    days = prices.index[1 + found.start :]
    span = (days[-1] - days[0]).total_seconds()
    at = [(day - days[0]).total_seconds() / span for day in days[::10]]
    lines = []
    for line in found.lines:
        values = np.cumprod(1 + line.returns)[::10]
        luck = "" if line.deflated is None else f" ({line.deflated:.1%})"
        lines.append(Series(line.name + luck, list(zip(at, values.tolist(), strict=True))))
    plane = Plane(
        Axis(0, 1),
        axis_for([value for line in lines for _, value in line.points if value], logarithmic=True),
        "walked forward, monthly decisions, 10 bps a trade",
        "value of 1 (logarithmic)",
        marks=time_marks(*(pd.Timestamp(day, tz="UTC").to_pydatetime() for day in (days[0], days[-1])), 6),
    )
    return figure("Forecasts beside what needs none; in brackets the deflated Sharpe ratio", plane, lines)


def decaying() -> str:
    """Positions of one asset after a signal that decays slowly, and after one that decays fast."""
    lines = []
    for name, decay in (("slow", 0.03), ("fast", 0.3)):
        market = Market(
            np.array([[4e-4]]), 5.0, np.array([[4e-3]]), np.array([[1e-3]]), np.array([decay]), discount=0.01
        )
        found, position, held, wanted = policy(market), np.zeros(1), [], []
        for period in range(60):
            signal = np.array([(1 - decay) ** period])
            position = found.next(position, signal)
            held.append((float(period), float(position[0])))
            wanted.append((float(period), float(market.loadings[0, 0] * signal[0] / (5.0 * 4e-4))))
        lines += [Series(f"{name}, without costs", wanted), Series(f"{name}, held", held)]
    plane = Plane(
        Axis(0, 60),
        axis_for([0.0, *(value for line in lines for _, value in line.points if value)]),
        "period",
        "deviation",
    )
    return figure("A signal that decays: the faster, the less is made of it", plane, lines)


def main() -> None:
    for draw in (region_widths, decaying, advice, crises, forecasts):
        path = IMAGES / f"{draw.__name__}.svg"
        path.write_text(draw(), encoding="utf-8")
        print(path.name)


if __name__ == "__main__":
    main()
