"""What became of a vault on one path: its ticks, by the engine or by compiled code, and their measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from controller.backtest.engine import Setting, run
from controller.backtest.moments import Moment
from controller.deploy.vaults import first_amounts
from controller.errors import InputError
from controller.model import Fill
from controller.planning import budget, path, rules
from controller.planning.aftermath import balances_after, lost
from controller.strategy.periods import YEAR
from controller.units import BPS, VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
ONE: Final = 10**VALUE_DECIMALS
"""D36{quote} in one."""


class Tick(NamedTuple):
    """One tick, as both the engine and compiled code tell it."""

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


def by_engine(setting: Setting, moments: Sequence[Moment], value: int, past: pd.DataFrame | None) -> list[Tick]:
    """The ticks of `engine.run`."""
    ticks = run(setting, moments, value, past=past)
    return [
        Tick(
            tick.balances,
            tick.targets,
            () if tick.outcome is None else tick.outcome.rebalance.fills,
            ticks[0].supply / tick.supply,
        )
        for tick in ticks
    ]


def by_compiled(setting: Setting, moments: Sequence[Moment], value: int) -> list[Tick]:
    """The same ticks at the speed of compiled code.

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
    held, ticks = tuple(first_amounts(setting.mandate, targets, moments[0].prices, value)), []
    for place in range(len(moments)):
        ticks.append(Tick(held, targets, fills.get(place, ())))
        held = balances_after(held, ticks[-1].fills)
    return ticks


def outcome_of(setting: Setting, moments: Sequence[Moment], ticks: Sequence[Tick]) -> tuple[Outcome, FloatArray]:
    """Measures, and the value (T,) {quote} of the first shares at each moment."""
    held = [rules.values(tick.balances, moment.worth) for tick, moment in zip(ticks, moments, strict=True)]
    whole = np.array([sum(row) / ONE for row in held])
    values = whole * np.array([tick.owned for tick in ticks])
    years = (moments[-1].block.timestamp - moments[0].block.timestamp) / YEAR
    drifts = [_drift(row, tick.targets) for row, tick in zip(held, ticks, strict=True)]
    losses = [lost(tick.fills, moment.prices) for tick, moment in zip(ticks, moments, strict=True)]
    outcome = Outcome(
        growth=float((values[-1] / values[0]) ** (1.0 / years) - 1.0),
        final=float(values[-1]),
        gas=sum(
            setting.gas.cost(setting.gas.taken(len(tick.fills)), moment)
            for tick, moment in zip(ticks, moments, strict=True)
            if tick.fills
        )
        / ONE,
        cost=float(sum(losses) / ONE / whole.mean() / years),
        drift=float(np.mean(drifts)),
        worst_drift=max(drifts),
        fall=float(1.0 - np.min(values / np.maximum.accumulate(values))),
        loss_budget=_loss_budget(setting, moments, ticks, losses),
        rebalances=sum(bool(tick.fills) for tick in ticks),
    )
    return outcome, values


def _drift(held: Sequence[int], targets: Sequence[int]) -> float:
    total = sum(held)
    return max(abs(value / total - target / BPS) for value, target in zip(held, targets, strict=True))


def _loss_budget(setting: Setting, moments: Sequence[Moment], ticks: Sequence[Tick], losses: Sequence[int]) -> float:
    """{1} the most of the loss budget's capacity that was in use."""
    limits = setting.mandate.limits
    uses = (
        (moment.block.timestamp, loss, sum(rules.values(tick.balances, moment.prices)))
        for tick, moment, loss in zip(ticks, moments, losses, strict=True)
        if tick.fills
    )
    capacity = budget.capacity(limits.loss_budget)
    return budget.most_used(uses, limits.loss_budget, limits.budget_window) / capacity if capacity else 0.0
