"""What a person chose, and the risk aversion that follows by closed forms: five questions, scored openly.

Three answers each imply a coefficient of relative risk aversion, if the person is a Merton investor, who holds
``S / (sigma * gamma)`` of stocks in a market with Sharpe ratio S and volatility sigma:

- the loss L that is bearable in one year of twenty: the year's return is normal with mean S**2 / gamma and standard
  deviation S / gamma, so L = (z * S - S**2) / gamma and ``gamma = S * (z - S) / L``;
- the sure fee f that spares an even chance of winning or losing b: f = gamma * b**2 / 2 (Pratt, Econometrica 1964),
  ``gamma = 2 * f / b**2``;
- the share of stocks that feels right: ``gamma = S / (sigma * share)`` (Merton, Review of Economics and Statistics
  1969).

Their geometric mean is the tolerance. The other two answers, savings and years, are wealth that is not in the portfolio
and does not fall with it: with savings s a year for T years at the rate r, worth h = s * (1 - (1 + r)**-T) / r of the
portfolio, the portfolio is to be held as by ``gamma / (1 + h)`` (Bodie, Merton and Samuelson, Journal of Economic
Dynamics and Control 1992). As T shrinks the share of stocks falls: that is the glide path.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from eth_utils.crypto import keccak

from controller.units import BPS

ONE_IN_TWENTY: Final = 1.6448536269514722
"""{1} standard deviations below the mean that a normal year ends in one case of twenty."""
STAKE: Final = 2_000
"""{bps} of everything that the even chance of the second question wins or loses."""
LEAST, MOST = 1.0, 25.0
"""{1} risk aversion is kept within: below 1, more risk lowers even the growth of wealth (Kelly)."""
DISAGREEMENT: Final = 4.0
"""Answers whose risk aversions lie so many times apart do not describe one person."""
YEAR: Final = 31_557_600
"""{s} of 365.25 days."""


@dataclass(frozen=True, slots=True)
class Market:
    """What the closed forms assume of stocks."""

    sharpe: float = 0.35  # {1} expected excess return by volatility, a year
    volatility: float = 0.16  # {1/year}
    rate: float = 0.02  # {1/year} real and safe


@dataclass(frozen=True, slots=True)
class Answers:
    """To the five questions."""

    bad_year: int  # {bps} of the portfolio: the largest bearable loss in one year of twenty
    fee: int  # {bps} of everything: paid to be spared an even chance of 20% more or 20% less
    stocks: int  # {bps} of everything: the share of stocks that feels right
    savings: int  # {bps} of today's portfolio that is added every year
    years: int  # until the money is needed


@dataclass(frozen=True, slots=True)
class Goal:
    name: str
    amount: int  # D18{quote}
    at: int  # {s}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An asset that is never held, whatever it would earn."""

    token: str  # by symbol
    reason: str


@dataclass(frozen=True, slots=True)
class TaxHints:
    """What taxes suggest, as constraints that a strategy may take: nothing here computes a tax."""

    residence: str = ""  # two letters of a country; empty: not said
    method: str = ""  # which lots a sale uses, by the name of the tax reports; empty: not said
    turnover: int | None = None  # {bps of the portfolio per year} sold at most; None: no limit
    keep: tuple[tuple[str, int], ...] = ()  # by symbol: not to be sold before {s}


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that a person chose."""

    name: str
    answers: Answers
    market: Market = Market()
    goals: tuple[Goal, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    tax: TaxHints = TaxHints()

    @property
    def hash(self) -> bytes:
        """keccak256 of the choices in canonical JSON: the order and layout of a file do not matter."""
        return bytes(keccak(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()))


@dataclass(frozen=True, slots=True)
class Risk:
    """What the answers amount to."""

    scores: tuple[tuple[str, float], ...]  # {1} the risk aversion that each of the first three answers implies
    tolerance: float  # {1} their geometric mean
    outside: float  # {1} wealth outside the portfolio, in portfolios
    aversion: float  # {1} that the portfolio is to be held by
    stocks: float  # {1} the share of stocks that follows, at most everything
    volatility: float  # {1/year} of that portfolio

    @property
    def is_consistent(self) -> bool:
        """Whether the answers may describe one person."""
        implied = [score for _, score in self.scores]
        return max(implied) < DISAGREEMENT * min(implied)


def outside_wealth(answers: Answers, market: Market, elapsed: float = 0.0) -> float:
    """{1} the present value of what will still be saved after `elapsed` {years}, in portfolios of today."""
    years = max(answers.years - elapsed, 0.0)
    annuity = (1 - (1 + market.rate) ** -years) / market.rate if market.rate else years
    return answers.savings / BPS * annuity


def assess(answers: Answers, market: Market | None = None, elapsed: float = 0.0) -> Risk:
    """Scores the answers, as they will hold after `elapsed` {years}."""
    market = market or Market()
    sharpe, stake = market.sharpe, STAKE / BPS
    scores = (
        ("bad_year", sharpe * (ONE_IN_TWENTY - sharpe) * BPS / answers.bad_year),
        ("fee", 2 * answers.fee / BPS / stake**2),
        ("stocks", sharpe / market.volatility * BPS / answers.stocks),
    )
    product = 1.0
    for _, score in scores:
        product *= score
    tolerance = float(product ** (1 / len(scores)))
    outside = outside_wealth(answers, market, elapsed)
    aversion = min(max(tolerance / (1 + outside), LEAST), MOST)
    stocks = min(sharpe / (market.volatility * aversion), 1.0)
    return Risk(scores, tolerance, outside, aversion, stocks, stocks * market.volatility)


def glide(profile: Profile, start: int, steps: int) -> tuple[tuple[int, int], ...]:
    """How the share of stocks falls until the money is needed.

    Parameters
    ----------
    start : {s} at which the profile begins to hold.
    steps : how many parts of equal length the years are cut into, at least 1.

    Returns
    -------
    {s} and {bps} of stocks, `steps` + 1 of them; `planning.glide` makes a target path of them.
    """
    years = profile.answers.years
    points = []
    for step in range(steps + 1):
        elapsed = years * step / steps
        share = assess(profile.answers, profile.market, elapsed).stocks
        points.append((start + round(elapsed * YEAR), round(share * BPS)))
    return tuple(points)
