"""From a strategy's weights to what its strategist may do about them: within the mandate's step, delay and bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.errors import InputError, Mistake
from controller.model import Snapshot
from controller.units import BPS


@dataclass(frozen=True, slots=True)
class Move:
    """New targets for a vault."""

    wanted: tuple[int, ...]  # {bps} of the strategy
    targets: tuple[int, ...]  # {bps} as near to them as one step goes
    earliest: int  # {s} when they may be set; the past: now

    @property
    def is_whole(self) -> bool:
        """Whether one step gets there."""
        return self.targets == self.wanted


def propose(snapshot: Snapshot, wanted: Sequence[int]) -> Move | None:
    """The targets to set now, or None where they stand already.

    Where the step allows less, all assets go the same part of their way, so that none moves by more than the step and
    the sum stays 10,000.

    Raises
    ------
    InputError
        When the weights are no targets of this mandate: every asset that is out of its bounds is named.
    """
    _check(snapshot, wanted)
    limits, now = snapshot.mandate.limits, snapshot.targets
    off = [new - old for new, old in zip(wanted, now, strict=True)]
    largest = max(map(abs, off))
    if largest == 0 or limits.max_step == 0:
        return None
    last = snapshot.status.last_target_change
    earliest = last + limits.step_delay if last else 0
    if largest <= limits.max_step:
        return Move(tuple(wanted), tuple(wanted), earliest)
    targets = [old + step for old, step in zip(now, _steps(off, limits.max_step, largest), strict=True)]
    return Move(tuple(wanted), tuple(targets), earliest)


def _steps(off: Sequence[int], most: int, largest: int) -> list[int]:
    """{bps} the same part of every way, at most `most`: rounded down, and what is then missing on either side one each
    to its largest remainders. Both sides sum to the same, which is at least `most`."""
    total = sum(change for change in off if change > 0) * most // largest
    steps = [0] * len(off)
    for sign in (1, -1):
        side = [asset for asset, change in enumerate(off) if change * sign > 0]
        exact = {asset: abs(off[asset]) * most for asset in side}
        missing = total - sum(part // largest for part in exact.values())
        rounded_up = sorted(side, key=lambda asset: (-(exact[asset] % largest), asset))[:missing]
        for asset in side:
            steps[asset] = sign * (exact[asset] // largest + (asset in rounded_up))
    return steps


def _check(snapshot: Snapshot, wanted: Sequence[int]) -> None:
    assets = snapshot.mandate.assets
    mistakes = []
    if len(wanted) != len(assets) or sum(wanted) != BPS:
        mistakes.append(Mistake("weights", f"{list(wanted)} are not {len(assets)} weights that sum to {BPS}"))
    else:
        mistakes = [
            Mistake(asset.token, f"{weight} bps is outside of {asset.min_weight} to {asset.max_weight} bps")
            for asset, weight in zip(assets, wanted, strict=True)
            if not asset.min_weight <= weight <= asset.max_weight
        ]
    if mistakes:
        raise InputError("The strategy's weights are no targets of this vault.", "Check it.", tuple(mistakes))
