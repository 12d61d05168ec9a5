"""Large orders over time: how much of what is left to trade now.

Almgren and Chriss, "Optimal execution of portfolio transactions" (Journal of Risk 3(2), 2001): with temporary impact
linear in the rate of trading and a risk that grows with what is still held, what is left at time t of an order that
ends at T is ``X * sinh(kappa * (T - t)) / sinh(kappa * T)``. kappa, in {1/s}, is the root of risk aversion times
variance by impact; its inverse is how long an order lives that nobody hurries. At kappa = 0 the order is sold evenly.

What is left now and what will be left after the next interval are in the ratio of two such terms, whatever was traded
before. So a slice depends on the end alone, and a keeper that restarts goes on as if it had not.

The decimal module gives the same digits on every machine; the `math` module does not promise them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal

from controller.units import D18

_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Slicing:
    """A schedule of parts within the mandate's window."""

    urgency: int  # D18{1/s} kappa; zero sells evenly
    interval: int  # {s} between two parts

    @classmethod
    def optimal(cls, ratio: int, interval: int) -> Slicing:
        """The schedule that minimises cost and risk together where parts come every `interval` {s}.

        2 * (cosh(kappa * tau) - 1) / tau**2 = lambda * sigma**2 / eta (Almgren and Chriss, equations 13 to 16, without
        permanent impact).

        Parameters
        ----------
        ratio : D18{1/s**2} risk aversion times variance by temporary impact.
        """
        # cosh(kappa * tau) = 1 + ratio * tau**2 / 2, and arcosh(y) = ln(y + sqrt(y**2 - 1))
        more = _EXACT.divide(Decimal(ratio * interval * interval), Decimal(2 * D18))
        root = _EXACT.sqrt(_EXACT.multiply(more, _EXACT.add(more, Decimal(2))))
        angle = _EXACT.ln(_EXACT.add(_EXACT.add(more, Decimal(1)), root))
        return cls(int(_EXACT.divide(_EXACT.multiply(angle, Decimal(D18)), Decimal(interval))), interval)

    def share(self, left: int) -> int:
        """D18{1} of what is left to trade, to be traded now, rounded up.

        Parameters
        ----------
        left : {s} until the order has to be done.
        """
        if left <= self.interval:
            return D18
        kept = remaining(self.urgency, left - self.interval, left)
        return D18 - int(_EXACT.multiply(kept, Decimal(D18)))


def remaining(urgency: int, left: int, whole: int) -> Decimal:
    """{1} of an order of `whole` {s} that is still there when `left` {s} are left; `urgency` D18{1/s}."""
    if urgency == 0:
        return _EXACT.divide(Decimal(left), Decimal(whole))
    kappa = _EXACT.divide(Decimal(urgency), Decimal(D18))
    return _EXACT.divide(_sinh(kappa, left), _sinh(kappa, whole))


def _sinh(kappa: Decimal, seconds: int) -> Decimal:
    grown = _EXACT.exp(_EXACT.multiply(kappa, Decimal(seconds)))
    return _EXACT.subtract(grown, _EXACT.divide(Decimal(1), grown))
