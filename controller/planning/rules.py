"""The arithmetic of the contract's rules, in the same integers (contracts/libraries/Rules.sol; shared vectors in
tests/vectors/rules.json).

Ratios are compared cross-multiplied, so a comparison is exact at the boundary; only a drift that is shown is divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.model import Mandate
from controller.units import BPS, D18, div_up


@dataclass(frozen=True, slots=True)
class Bands:
    """Band and destination of a mandate."""

    band: int  # {bps} zero: none
    relative_band: int  # {bps of the target} zero: none
    drift: int  # {bps} absolute destination
    relative_drift: int  # {bps of the target} relative destination
    tolerance: int  # D36{quote * bps} of the destination: the smallest trade

    @classmethod
    def of(cls, mandate: Mandate) -> Bands:
        trigger, end = mandate.trigger, mandate.destination
        # D36{quote * bps} = {bps} * D36{quote}
        tolerance = BPS * mandate.min_trade_value
        return cls(trigger.band, trigger.relative_band, end.drift, end.relative_drift, tolerance)

    def is_breach(self, off: int, target: int, total: int) -> bool:
        """Whether the drift of an asset has reached its band, the absolute one or the one relative to its target,
        whichever is nearer; inclusive. An asset without a target has no relative band.

        Parameters
        ----------
        off : D36{quote * bps} deviation of the asset.
        target : {bps}
        total : D36{quote} of the vault.
        """
        if self.band and off >= self.band * total:
            return True
        return bool(self.relative_band and target) and off * BPS >= self.relative_band * target * total

    def breaches(self, held: Sequence[int], targets: Sequence[int]) -> int:
        """Bitmap of the assets in breach; `held` in D36{quote}, `targets` in {bps}."""
        total = sum(held)
        found = [
            self.is_breach(deviation(value, target, total), target, total)
            for value, target in zip(held, targets, strict=True)
        ]
        return bitmap(found)

    def reach(self, target: int, total: int) -> int:
        """D36{quote * bps} the most deviation that the destination allows: the absolute one belongs to the absolute
        band, the relative one to the relative band, of both the nearer; without bands there is the absolute one."""
        relative = self.relative_drift * target * total // BPS
        if not self.relative_band:
            return self.drift * total
        return min(self.drift * total, relative) if self.band else relative

    def is_inside(self, off: int, target: int, total: int) -> bool:
        """Whether an asset is inside its destination, give or take the smallest trade; inclusive."""
        return off - self.tolerance <= self.reach(target, total)


def bitmap(flags: Sequence[bool]) -> int:
    """One bit for each asset, asset 0 lowest."""
    return sum(flag << asset for asset, flag in enumerate(flags))


def values(balances: Sequence[int], prices: Sequence[int]) -> tuple[int, ...]:
    """D36{quote} of each asset, exact: {qTok} * D36{quote/qTok}."""
    return tuple(balance * price for balance, price in zip(balances, prices, strict=True))


def excess(value: int, target: int, total: int) -> int:
    """D36{quote * bps} by which an asset is above (positive) or below its target: v * 10,000 - t * V."""
    return value * BPS - target * total


def deviation(value: int, target: int, total: int) -> int:
    """D36{quote * bps} by which an asset is off its target."""
    return abs(excess(value, target, total))


def side(value: int, target: int, total: int) -> int:
    """1 above the target, 0 exactly on it, -1 below."""
    off = excess(value, target, total)
    return (off > 0) - (off < 0)


def drift(off: int, total: int) -> int:
    """D18{1} of a deviation D36{quote * bps}, rounded down; zero in a vault without value."""
    return off * D18 // (total * BPS) if total else 0


def relative_drift(off: int, target: int, total: int) -> int:
    """D18{1} of a deviation D36{quote * bps} in parts of the target, rounded down; zero without a target or value."""
    return off * D18 // (total * target) if total and target else 0


def largest_drift(held: Sequence[int], targets: Sequence[int]) -> int:
    """D18{1} largest absolute drift of a vault, rounded down; `held` in D36{quote}, `targets` in {bps}."""
    total = sum(held)
    return drift(max(deviation(value, target, total) for value, target in zip(held, targets, strict=True)), total)


def is_crossed(*, sold: bool, bought: bool, before: int, after: int) -> bool:
    """Whether trading took an asset away from its target or past it; `before` and `after` as `side` says.

    What is sold has to be above its target before and not below it after; what is bought the other way round.
    """
    return (sold and (before <= 0 or after < 0)) or (bought and (before >= 0 or after > 0))


def max_loss_value(total: int, max_loss: int) -> int:
    """D36{quote} the most that one plan may lose, rounded down."""
    return total * max_loss // BPS


def floor_up(amount_in: int, price_sell: int, price_buy: int, max_slippage: int) -> int:
    """{qTok of buy} the least that a trade must return, rounded up.

    amount_in{qTok of sell} * price_sell * (10,000 - max_slippage) / (price_buy * 10,000), prices in D36{quote/qTok}.
    """
    return div_up(amount_in * price_sell * (BPS - max_slippage), price_buy * BPS)
