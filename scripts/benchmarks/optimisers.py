"""Optimisers beside the libraries of the field: the same covariance and returns, each library in its usual call."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping

import cvxpy as cp
import numpy as np
import pandas as pd
import riskfolio
from pypfopt import EfficientFrontier, HRPOpt
from pypfopt.exceptions import OptimizationError
from skfolio.optimization import HierarchicalRiskParity as TheirHierarchy
from skfolio.optimization import MeanRisk, ObjectiveFunction
from skfolio.optimization import RiskBudgeting as TheirBudgeting

from benchmarks.rows import Row
from controller.strategy.constraints import Constraints
from controller.strategy.optimisers.hierarchical import HierarchicalRiskParity
from controller.strategy.optimisers.mean_variance import MeanVariance
from controller.strategy.optimisers.ratio import MaximumSharpe
from controller.strategy.optimisers.risk import RiskBudgeting
from controller.strategy.protocol import Moments, Optimiser

SIZES = (10, 50, 100, 500, 1_000)
LARGE = 500
PATIENCE = 1.0
"""{s} of one call above which it is made once."""
AVERSION = 10.0
Call = Callable[[], object]


def measure() -> Iterator[Row]:
    """Seconds of one solution, the best of a few; the fastest library is the peer of a row."""
    for n in SIZES:
        yield _row(f"qp.n{n}", n, MeanVariance(AVERSION), _quadratic)
    yield _row(f"max_sharpe.n{LARGE}", LARGE, MaximumSharpe(), _sharpe)
    yield _row(f"risk_parity.n{LARGE}", LARGE, RiskBudgeting(), _parity)
    yield _row(f"hrp.n{LARGE}", LARGE, HierarchicalRiskParity(), _hierarchy)


def market(n: int) -> Moments:
    """Daily returns of n assets with a common factor and twenty others, for as long as three times n."""
    chance = np.random.default_rng(n)
    loadings = np.hstack([np.full((n, 1), 0.008), chance.normal(0, 0.004, (n, 20))])
    own = chance.uniform(0.006, 0.02, n)
    returns = chance.normal(size=(3 * n, 21)) @ loadings.T + chance.normal(size=(3 * n, n)) * own
    returns += chance.uniform(0.0, 0.0008, n)
    return Moments(returns.mean(0), np.cov(returns.T), returns, 252.0)


def _row(name: str, n: int, ours: Optimiser, peers: Callable[[Moments], Mapping[str, Call]]) -> Row:
    moments = market(n)
    free = Constraints.long_only(n)
    mine = _best(lambda: ours.solve(moments, free))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tried = {peer: _best_or_none(call) for peer, call in peers(moments).items()}
    times = {peer: seconds for peer, seconds in tried.items() if seconds is not None}
    fastest = min(times, key=lambda peer: times[peer])
    shown = ", ".join(f"{peer} {seconds:.3g} s" for peer, seconds in sorted(times.items(), key=lambda each: each[1]))
    failed = "".join(f", {peer} gives up" for peer in tried if peer not in times)
    return Row(name, round(mine, 7), "s", f"{fastest} ({shown}{failed})", round(times[fastest], 7))


def _best_or_none(call: Call) -> float | None:
    """None where the library finds no answer."""
    try:
        return _best(call)
    except (OptimizationError, cp.SolverError):
        return None


def _best(call: Call) -> float:
    """Of several calls after a first one that compiles and caches; of one where that takes long."""
    first = _timed(call)
    if first > PATIENCE:
        return first
    return min(_timed(call) for _ in range(5))


def _timed(call: Call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _quadratic(moments: Moments) -> dict[str, Call]:
    mean, covariance = moments.mean, moments.covariance

    def pypfopt() -> object:
        return EfficientFrontier(mean, covariance).max_quadratic_utility(risk_aversion=AVERSION)

    def skfolio() -> object:
        # its utility is r'w - lambda w'Cw
        model = MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_aversion=AVERSION / 2)
        return model.fit(moments.returns).weights_

    def by_cvxpy() -> object:
        w = cp.Variable(len(mean))
        utility = mean @ w - AVERSION / 2 * cp.quad_form(w, cp.psd_wrap(covariance))
        return cp.Problem(cp.Maximize(utility), [cp.sum(w) == 1, w >= 0]).solve()

    def by_riskfolio() -> object:
        return _portfolio(moments).optimization(model="Classic", rm="MV", obj="Utility", l=AVERSION / 2)

    return {"PyPortfolioOpt": pypfopt, "skfolio": skfolio, "cvxpy": by_cvxpy, "Riskfolio-Lib": by_riskfolio}


def _sharpe(moments: Moments) -> dict[str, Call]:
    return {
        "PyPortfolioOpt": lambda: EfficientFrontier(moments.mean, moments.covariance).max_sharpe(risk_free_rate=0.0),
        "skfolio": lambda: MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_RATIO).fit(moments.returns),
        "Riskfolio-Lib": lambda: _portfolio(moments).optimization(model="Classic", rm="MV", obj="Sharpe"),
    }


def _parity(moments: Moments) -> dict[str, Call]:
    return {
        "skfolio": lambda: TheirBudgeting().fit(moments.returns),
        "Riskfolio-Lib": lambda: _portfolio(moments).rp_optimization(model="Classic", rm="MV"),
    }


def _hierarchy(moments: Moments) -> dict[str, Call]:
    frame = pd.DataFrame(moments.returns)
    return {
        "PyPortfolioOpt": lambda: HRPOpt(cov_matrix=pd.DataFrame(moments.covariance)).optimize(),
        "skfolio": lambda: TheirHierarchy().fit(moments.returns),
        "Riskfolio-Lib": lambda: riskfolio.HCPortfolio(returns=frame).optimization(model="HRP", rm="MV"),
    }


def _portfolio(moments: Moments) -> riskfolio.Portfolio:
    found = riskfolio.Portfolio(returns=pd.DataFrame(moments.returns))
    found.assets_stats(method_mu="hist", method_cov="hist")
    return found
