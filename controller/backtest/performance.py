"""How a run did, and how sure that is: the usual measures by skfolio, with intervals by the stationary bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from controller.backtest.moments import Moment
from controller.errors import InputError, MissingExtraError
from controller.model import TickRecord
from controller.units import VALUE_DECIMALS

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
    library, bootstrap = _tools(len(returns))
    named = _named(library, periods_per_year)

    def each(sample: FloatArray) -> FloatArray:
        return np.array([measure(sample) for measure in named.values()])

    found = np.array([each(sample) for sample in _drawn(bootstrap, returns, resamples, seed)])
    if not np.isfinite(values := each(returns)).all():
        raise InputError("The value never falls, so that no risk can be measured.", "Give a longer history.")
    return dict(zip(named, _with_intervals(values, found), strict=True))


def differences(
    series: FloatArray, periods_per_year: float, measure: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Measure]:
    """By how much the first of several series is ahead of each of the others, with intervals from the same draws of
    them all, so that what moves all of them alike does not count.

    Parameters
    ----------
    series : (n, T) simple returns.
    measure : one of those of `measures`.

    Raises
    ------
    InputError
        For fewer than 12 returns.
    """
    library, bootstrap = _tools(series.shape[1])
    each = _named(library, periods_per_year)[measure]

    def lead(sample: FloatArray) -> FloatArray:
        values = np.array([each(column) for column in sample.T])
        ahead: FloatArray = values[0] - values[1:]
        return ahead

    if len(series) < 2:
        return []
    found = np.array([lead(sample) for sample in _drawn(bootstrap, series.T, resamples, seed)])
    return _with_intervals(lead(series.T), found)


def _tools(count: int) -> tuple[Any, Any]:
    if count < LEAST:
        raise InputError(f"{count} returns say nothing about a rule.", "Give a longer history.")
    try:
        from arch.bootstrap import StationaryBootstrap
        from skfolio import measures as library
    except ImportError:
        raise MissingExtraError("research", "skfolio") from None
    return library, StationaryBootstrap


def _drawn(bootstrap: Any, returns: FloatArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Samples of rows."""
    drawn = bootstrap(max(len(returns) ** (1.0 / 3.0), 2.0), returns, seed=np.random.default_rng(seed))
    for sample in drawn.bootstrap(resamples):
        yield np.asarray(sample[0][0], dtype=np.float64)


def _with_intervals(values: FloatArray, found: FloatArray) -> list[Measure]:
    low, high = np.nanquantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return [Measure(float(value), float(low[place]), float(high[place])) for place, value in enumerate(values)]


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


def flows_with_ends(moments: Sequence[Moment], ticks: Sequence[TickRecord]) -> list[tuple[int, float]]:
    """{s} and {quote} of an owner of all shares: what the vault began with and each flow below zero where it was paid
    in, and what it is worth in the end."""
    one = 10**VALUE_DECIMALS
    found = [(ticks[0].block.timestamp, -ticks[0].value / one)]
    found += [(moment.block.timestamp, -moment.flow / one) for moment in moments[1:] if moment.flow]
    return [*found, (ticks[-1].block.timestamp, ticks[-1].value / one)]


def money_weighted(flows: Sequence[tuple[int, float]]) -> float | None:
    """{1/year} the rate at which what was paid in is worth what came out: that of an owner with these flows.

    Parameters
    ----------
    flows : {s} and {quote}, paid in below zero, and at the end what the vault is worth; None where no rate solves it.
    """
    try:
        import pyxirr
    except ImportError:
        raise MissingExtraError("research", "pyxirr") from None
    found = pyxirr.xirr([datetime.fromtimestamp(time, UTC).date() for time, _ in flows], [each for _, each in flows])
    return None if found is None else float(found)
