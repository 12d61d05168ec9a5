"""What a rule about when and how far to rebalance costs and how far it lets weights drift, by simulation.

Prices are correlated geometric Brownian motions without a trend: which asset will do best is not known when a mandate
is written. All rules see the same paths, so that their differences are far more precise than their levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, Mistake

FloatArray = npt.NDArray[np.float64]

LOOKS = 365
"""{1/year} how often a keeper looks; on chain prices move every day."""
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Rule:
    """When a rebalance is due, and where it ends.

    Parameters
    ----------
    name : for people.
    band : {1} drift of any asset at which one is due; infinite for none.
    destination : {1} largest drift of any asset after it.
    every : {year} period of a calendar; zero for none. With a band, whichever is first.
    """

    name: str
    band: float = math.inf
    destination: float = 0.0
    every: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule comes to; everything is a mean over paths and time.

    Parameters
    ----------
    rebalances : {1/year}
    turnover : {1/year} value sold over the portfolio's value.
    cost : {1/year} what trading takes from the portfolio, fixed costs included.
    drift : {1} largest drift of any asset.
    worst : {1} drift that is exceeded one day in twenty.
    risk : {1/year} certainty equivalent of being off target, gamma/2 (w - t)' Sigma (w - t).
    """

    rule: Rule
    rebalances: float
    turnover: float
    cost: float
    drift: float
    worst: float
    risk: float

    @property
    def total(self) -> float:
        """{1/year} what one would pay to be at the target always and for nothing."""
        return self.cost + self.risk


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rules are tried on.

    Parameters
    ----------
    targets : (n,) {1} summing to 1.
    covariance : (n, n) {1/year} of log returns.
    risk_aversion : {1} gamma, relative.
    cost : {1} lost on each unit of value sold: pool fee and price impact.
    fixed : {1} gas of one rebalance over the portfolio's value.
    """

    targets: FloatArray
    covariance: FloatArray
    risk_aversion: float
    cost: float
    fixed: float

    def checked(self) -> Setting:
        """Itself.

        Raises
        ------
        InputError
            With every number that is out of its range.
        """
        mistakes = []
        size = len(self.targets)
        if size < 2 or not np.isfinite(self.targets).all() or np.any(self.targets < 0):
            mistakes.append(Mistake("targets", "must be two or more shares of the value, none below zero"))
        elif not math.isclose(float(self.targets.sum()), 1, abs_tol=1e-9):
            mistakes.append(Mistake("targets", f"sum to {self.targets.sum():.6f} and not to 1"))
        if self.covariance.shape != (size, size) or not np.isfinite(self.covariance).all():
            mistakes.append(Mistake("covariance", f"must be {size} by {size} finite numbers"))
        elif not np.allclose(self.covariance, self.covariance.T) or np.linalg.eigvalsh(self.covariance)[0] < -1e-9:
            mistakes.append(Mistake("covariance", "is not symmetric and positive semidefinite"))
        if not (math.isfinite(self.risk_aversion) and self.risk_aversion > 0):
            mistakes.append(Mistake("risk aversion", f"{self.risk_aversion!r} is not a number above 0"))
        for name, value in (("cost", self.cost), ("gas", self.fixed)):
            if not 0 <= value < 1:
                mistakes.append(Mistake(name, f"is {value:.2%} of what it is paid for; must be from 0% to below 100%"))
        if mistakes:
            raise InputError("There is nothing to advise on.", "Correct what is named.", tuple(mistakes))
        return self


def simulate(
    rules: Sequence[Rule],
    setting: Setting,
    *,
    seed: int,
    years: float = 10.0,
    paths: int = 64,
    looks: int = LOOKS,
    progress: Callable[[float], None] = lambda done: None,
) -> list[Outcome]:
    """Every rule on the same paths, which start at the targets.

    Parameters
    ----------
    seed : of the paths; the same seed gives the same outcomes.
    years : {year} length of a path; paths : how many; looks : {1/year} how often a rule is asked.
    progress : called with the share that is done.
    """
    setting.checked()
    generator = np.random.default_rng(seed)
    size, steps = len(setting.targets), max(1, round(years * looks))
    spread = _root(setting.covariance)
    root = spread / math.sqrt(looks)
    trend = -np.diag(setting.covariance) / (2 * looks)
    weights = np.broadcast_to(setting.targets, (len(rules), paths, size)).copy()
    bands = np.array([[rule.band] for rule in rules])
    ends = np.array([[rule.destination] for rule in rules])
    periods = np.array([max(rule.every * looks, 1.0) if rule.every else math.inf for rule in rules])
    tally = _Tally.of(len(rules), paths, steps)
    for step in range(1, steps + 1):
        weights *= np.exp(generator.standard_normal((paths, size)) @ root.T + trend)
        weights /= weights.sum(axis=2, keepdims=True)
        drift = np.abs(weights - setting.targets).max(axis=2)
        dated = np.floor(step / periods) > np.floor((step - 1) / periods)
        # a calendar rebalances what is off its destination, a band what has reached it
        due = (drift >= bands) | (dated[:, None] & (drift > ends + 1e-12))
        rows = np.nonzero(due)[0]
        if len(rows):
            before = weights[due]
            weights[due] = after = _towards(before, setting.targets, ends[rows])
            drift[due] = np.abs(after - setting.targets).max(axis=1)
            tally.count += np.bincount(rows, minlength=len(rules))
            tally.sold += np.bincount(rows, np.abs(after - before).sum(axis=1) / 2, minlength=len(rules))
        tally.drifts[:, step - 1] = drift
        tally.variance += (((weights - setting.targets) @ spread) ** 2).sum(axis=(1, 2))
        if step % 100 == 0 or step == steps:
            progress(step / steps)
    return tally.outcomes(rules, setting, years)


@dataclass(slots=True)
class _Tally:
    """Sums over paths and steps, one for each rule."""

    count: FloatArray
    sold: FloatArray  # {1}
    variance: FloatArray  # {1/year} of the difference to the target
    drifts: npt.NDArray[np.float32]  # (rules, steps, paths) {1}

    @classmethod
    def of(cls, rules: int, paths: int, steps: int) -> _Tally:
        return cls(np.zeros(rules), np.zeros(rules), np.zeros(rules), np.zeros((rules, steps, paths), np.float32))

    def outcomes(self, rules: Sequence[Rule], setting: Setting, years: float) -> list[Outcome]:
        _, steps, paths = self.drifts.shape
        found = []
        for number, rule in enumerate(rules):
            count, sold = (float(total[number]) / (years * paths) for total in (self.count, self.sold))
            found.append(
                Outcome(
                    rule=rule,
                    rebalances=count,
                    turnover=sold,
                    cost=setting.cost * sold + setting.fixed * count,
                    drift=float(self.drifts[number].mean(dtype=np.float64)),
                    worst=float(np.quantile(self.drifts[number], 0.95)),
                    risk=setting.risk_aversion / 2 * float(self.variance[number]) / (steps * paths),
                )
            )
        return found


def _root(covariance: FloatArray) -> FloatArray:
    """A matrix square root, also of a singular covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)), dtype=np.float64)


def _towards(weights: FloatArray, targets: FloatArray, ends: FloatArray) -> FloatArray:
    """(k, n) the nearest weights of which none is off its target by more than its destination.

    Each is clip(w - nu, t - d, t + d), with nu such that they sum to 1.
    """
    bottom, top = np.maximum(targets - ends, 0), targets + ends
    low, high = -np.ones((len(weights), 1)), np.ones((len(weights), 1))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = np.clip(weights - middle, bottom, top).sum(axis=1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found = np.clip(weights - (low + high) / 2, bottom, top)
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float64)
