"""What became of a vault on one path: its steps, by the engine or by compiled code, and their measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from controller.backtest.engine import Setting, run
from controller.backtest.moments import Moment
from controller.deploy.vaults import first_amounts
from controller.errors import InputError
from controller.model import Fill
from controller.planning import path, rules
from controller.planning.aftermath import balances_after
from controller.planning.budget import Bucket
from controller.strategy.periods import YEAR
from controller.units import BPS, VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
ONE: Final = 10**VALUE_DECIMALS
"""D36{quote} in one."""


class Step(NamedTuple):
    """One moment of a vault."""

    balances: tuple[int, ...]  # {qTok} before anything is done
    targets: tuple[int, ...]  # {bps}
    fills: tuple[Fill, ...]  # none where nothing is done
    owned: float = 1.0  # {1} of the vault that the first shares are; fees make it less


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one path. At what the assets were really worth, whatever the feeds said."""

    growth: float  # {1/year}
    final: float  # {quote}
    gas: float  # {quote}, paid by whoever sends
    cost: float  # {1/year} of the vault's mean value that trades lost
    drift: float  # {1} mean over the moments of the largest of any asset
    worst_drift: float  # {1}
    fall: float  # {1} largest fall from a height
    loss_budget: float  # {1} of what may be lost at once, the most that was in use
    rebalances: int


MEASURES: Final = tuple(each.name for each in fields(Outcome))


def by_engine(setting: Setting, moments: Sequence[Moment], value: int, past: pd.DataFrame | None) -> list[Step]:
    """The steps of `engine.run`."""
    ticks = run(setting, moments, value, past=past)
    return [
        Step(
            tick.balances,
            tick.targets,
            () if tick.outcome is None else tick.outcome.rebalance.fills,
            ticks[0].supply / tick.supply,
        )
        for tick in ticks
    ]


def by_compiled(setting: Setting, moments: Sequence[Moment], value: int) -> list[Step]:
    """The same steps at the speed of compiled code.

    Raises
    ------
    InputError
        When this run is not compiled; the engine itself does it.
    MissingExtraError
        Without numba.
    """
    from controller.backtest.fast import Track, refusals

    if found := refusals(setting, moments):
        raise InputError("This run is not compiled.", "Use the engine itself.", found)
    done = Track.of(setting.mandate, moments).run(setting, value)
    fills = {each.place: each.fills for each in done.rebalances}
    targets = path.targets_at(setting.mandate.path, moments[0].block.timestamp)
    held, steps = tuple(first_amounts(setting.mandate, targets, moments[0].prices, value)), []
    for place in range(len(moments)):
        steps.append(Step(held, targets, fills.get(place, ())))
        held = balances_after(held, steps[-1].fills)
    return steps


def outcome_of(setting: Setting, moments: Sequence[Moment], steps: Sequence[Step]) -> tuple[Outcome, FloatArray]:
    """Measures, and the value (T,) {quote} of the first shares at each moment."""
    held = [rules.values(step.balances, moment.worth) for step, moment in zip(steps, moments, strict=True)]
    whole = np.array([sum(row) / ONE for row in held])
    values = whole * np.array([step.owned for step in steps])
    years = (moments[-1].block.timestamp - moments[0].block.timestamp) / YEAR
    drifts = [_drift(row, step.targets) for row, step in zip(held, steps, strict=True)]
    lost = [_lost(step, moment) for step, moment in zip(steps, moments, strict=True)]
    outcome = Outcome(
        growth=float((values[-1] / values[0]) ** (1.0 / years) - 1.0),
        final=float(values[-1]),
        gas=sum(_gas(setting, step, moment) for step, moment in zip(steps, moments, strict=True)) / ONE,
        cost=float(sum(lost) / ONE / whole.mean() / years),
        drift=float(np.mean(drifts)),
        worst_drift=max(drifts),
        fall=float(1.0 - np.min(values / np.maximum.accumulate(values))),
        loss_budget=_loss_budget(setting, moments, steps, lost),
        rebalances=sum(bool(step.fills) for step in steps),
    )
    return outcome, values


def _drift(held: Sequence[int], targets: Sequence[int]) -> float:
    total = sum(held)
    return max(abs(value / total - target / BPS) for value, target in zip(held, targets, strict=True))


def _lost(step: Step, moment: Moment) -> int:
    """D36{quote} that the trades of a step have lost against the feeds."""
    prices = moment.prices
    return sum(max(f.amount_in * prices[f.sell] - f.amount_out * prices[f.buy], 0) for f in step.fills)


def _gas(setting: Setting, step: Step, moment: Moment) -> int:
    """D36{quote} that the transaction of a step has cost."""
    price = setting.gas.price if moment.gas is None else moment.gas
    return setting.gas.taken(len(step.fills)) * price if step.fills else 0


def _loss_budget(setting: Setting, moments: Sequence[Moment], steps: Sequence[Step], lost: Sequence[int]) -> float:
    """{1} the most of the loss budget's capacity that was in use."""
    limits = setting.mandate.limits
    bucket, most, since = Bucket(0, limits.loss_budget, limits.budget_window), 0, 0
    for step, moment, loss in zip(steps, moments, lost, strict=True):
        if not step.fills:
            continue
        now, total = moment.block.timestamp, sum(rules.values(step.balances, moment.prices))
        level = bucket.after(now - since).used(loss, total)
        bucket, most, since = replace(bucket, level=level), max(most, level), now
    return most / bucket.capacity if bucket.capacity else 0.0
