"""How a run did, and how sure that is: the usual measures by skfolio, with intervals by the stationary bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, MissingExtraError

FloatArray = npt.NDArray[np.float64]
RESAMPLES: Final = 1_000
CONFIDENCE: Final = 0.95
LEAST: Final = 12
"""Returns below which nothing is said of them."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One headline number and the interval that chance alone leaves it."""

    value: float
    low: float
    high: float


def measures(
    returns: FloatArray, periods_per_year: float, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Measure]:
    """Of simple returns (T,), yearly where a year matters, with 95% intervals.

    The stationary bootstrap (Politis and Romano, JASA 1994) draws blocks of random length, on average the cube root of
    T, so that what follows each other stays together; intervals are its percentiles.

    Raises
    ------
    InputError
        For fewer than 12 returns.
    """
    if len(returns) < LEAST:
        raise InputError(f"{len(returns)} returns say nothing about a rule.", "Give a longer history.")
    try:
        from arch.bootstrap import StationaryBootstrap
        from skfolio import measures as library
    except ImportError:
        raise MissingExtraError("research", "skfolio") from None
    named = _named(library, periods_per_year)

    def each(sample: FloatArray) -> FloatArray:
        return np.array([measure(sample) for measure in named.values()])

    drawn = StationaryBootstrap(max(len(returns) ** (1.0 / 3.0), 2.0), returns, seed=np.random.default_rng(seed))
    found = np.array([each(np.asarray(sample[0][0], dtype=np.float64)) for sample in drawn.bootstrap(resamples)])
    if not np.isfinite(values := each(returns)).all():
        raise InputError("The value never falls, so that no risk can be measured.", "Give a longer history.")
    low, high = np.nanquantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return {
        name: Measure(float(values[place]), float(low[place]), float(high[place])) for place, name in enumerate(named)
    }


def _named(library: Any, per_year: float) -> Mapping[str, Callable[[FloatArray], float]]:
    """Each measure as a function of returns. Ratios are against a rate of zero."""

    def growth(r: FloatArray) -> float:
        return float(np.exp(np.log1p(r).sum() * per_year / len(r)) - 1.0)

    def drawdown(r: FloatArray) -> float:
        return float(library.max_drawdown(library.get_drawdowns(r, compounded=True)))

    def ratio(over: float, under: float) -> float:
        return over / under if under > 0.0 else float("nan")

    root = per_year**0.5
    return {
        "return": growth,
        "volatility": lambda r: float(library.standard_deviation(r)) * root,
        "sharpe": lambda r: ratio(float(library.mean(r)) * root, float(library.standard_deviation(r))),
        "sortino": lambda r: ratio(float(library.mean(r)) * root, float(library.semi_deviation(r))),
        "drawdown": drawdown,
        "calmar": lambda r: ratio(growth(r), drawdown(r)),
        "cvar": lambda r: float(library.cvar(r, beta=CONFIDENCE)),
    }


def returns_of(series: Sequence[int | None]) -> FloatArray:
    """(T - 1,) simple returns of D36{quote/share}, over the ticks that have a value."""
    known = np.array([float(value) for value in series if value is not None])
    found: FloatArray = known[1:] / known[:-1] - 1.0
    return found


def tracking_error(ours: Sequence[int | None], theirs: Sequence[int | None], periods_per_year: float) -> float:
    """{1/year**0.5} standard deviation of the difference of returns, over the ticks at which both have a value."""
    both = [(one, other) for one, other in zip(ours, theirs, strict=True) if one is not None and other is not None]
    if len(both) < 3:
        raise InputError(f"{len(both)} values say nothing about a rule.", "Give a longer history.")
    gaps = returns_of([one for one, _ in both]) - returns_of([other for _, other in both])
    return float(gaps.std(ddof=1) * periods_per_year**0.5)
