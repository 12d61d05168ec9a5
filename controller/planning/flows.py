"""How money that comes in or goes out is spread over the assets (contracts/libraries/FlowRules.sol; shared vectors in
tests/vectors/flows.json).

Equal fractional deviation (A. Brandt, "Optimal lazy portfolio rebalancing"): what comes in fills the assets whose value
is lowest in proportion to their targets to one common level, what goes out is taken from the highest, down to one. The
level is a whole number of D36{quote / bps}, rounded towards the smaller flow.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.planning.rules import Bands
from controller.units import BPS, div_up


def route_in(held: Sequence[int], targets: Sequence[int], amount: int) -> tuple[int, ...]:
    """D36{quote} that a deposit of `amount` D36{quote} buys of each asset; together short of it by less than 10,000.

    Parameters
    ----------
    held : D36{quote} of each asset before.
    targets : {bps}, sum 10,000.
    """
    kept = list(range(len(held)))
    while True:
        total, weight = sum(held[asset] for asset in kept) + amount, sum(targets[asset] for asset in kept)
        below = [asset for asset in kept if held[asset] * weight <= total * targets[asset]]
        if below == kept:
            break
        kept = below
    level = total // weight
    return tuple(max(level * target - value, 0) for value, target in zip(held, targets, strict=True))


def route_out(held: Sequence[int], targets: Sequence[int], amount: int) -> tuple[int, ...]:
    """D36{quote} that a withdrawal of `amount` D36{quote} takes of each asset; together short of it by less than
    10,000.

    Assets without a target pay before all others, in proportion to their values while they suffice.

    Parameters
    ----------
    amount : D36{quote} at most what is held.
    """
    untargeted = sum(value for value, target in zip(held, targets, strict=True) if not target)
    if amount < untargeted:
        return tuple(0 if target else value * amount // untargeted for value, target in zip(held, targets, strict=True))
    kept = list(range(len(held)))
    while True:
        total, weight = sum(held[asset] for asset in kept) - amount, sum(targets[asset] for asset in kept)
        above = [asset for asset in kept if held[asset] * weight >= total * targets[asset]]
        if above == kept:
            break
        kept = above
    level = div_up(total, weight)
    return tuple(max(value - level * target, 0) for value, target in zip(held, targets, strict=True))


def is_above(value: int, target: int, total: int, tolerance: int) -> bool:
    """Whether an asset is above its target by more than the `tolerance` D36{quote * bps}."""
    return value * BPS > target * total + tolerance


def is_below(value: int, target: int, total: int, tolerance: int) -> bool:
    """Whether an asset is below its target by more than the `tolerance` D36{quote * bps}."""
    return value * BPS + tolerance < target * total


def deposit_into_band(held: Sequence[int], targets: Sequence[int], bands: Bands) -> int:
    """D36{quote} the least deposit after which no asset is in breach any more, spread as `route_in` says.

    No drift grows with a deposit so spread, so the least is found by halving; the rounding of the route makes it at
    most 10,000 D36{quote} more than it would have to be.
    """

    def enough(amount: int) -> bool:
        after = [value + more for value, more in zip(held, route_in(held, targets, amount), strict=True)]
        return not bands.breaches(after, targets)

    # Once the vault has grown 10,000 times, even an asset that was all of it is below any band of 1 {bps} and above.
    low, high = -1, BPS * (sum(held) + 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
