"""Runs of the engine at the speed of compiled code: the same trades to the last unit, or a refusal by name.

Everything is decided in the engine's integers (`backtest.compiled`), and a test drives both over the same random paths.
What is not compiled is left to the engine: `refusals` names it, and a rebalance that has to be made in parts is found
on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from controller.backtest.engine import LATER, Setting
from controller.backtest.moments import Moment
from controller.backtest.paper import Proportional
from controller.deploy.vaults import first_amounts
from controller.errors import InputError, MissingExtraError, Mistake
from controller.model import Fill, Mandate, Reason, Trigger, TriggerKind
from controller.planning import calendar, path
from controller.strategy.periods import YEAR
from controller.units import VALUE_DECIMALS

if TYPE_CHECKING:
    from controller.backtest.compiled.walk import Path

FEWER: Final = 60
"""Assets of a mandate, for bitmaps of one machine word."""
ROOM: Final = 4_096
"""Trades that are kept at first; a run with more begins anew with room for all."""


@dataclass(frozen=True, slots=True)
class Rebalanced:
    """What one moment brought."""

    place: int  # of the moment
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class FastRun:
    """One run, as far as it is kept."""

    values: npt.NDArray[np.float64]  # (T,) {quote} before the trades of each moment
    rebalances: tuple[Rebalanced, ...]
    balances: tuple[int, ...]  # {qTok} at the end
    reasons: dict[int, Reason | None]  # by moment, why nothing was done where exact arithmetic said so; None: not due


@dataclass(frozen=True, slots=True)
class Measured:
    """Many runs, with no more of each than its measures."""

    done: npt.NDArray[np.bool_]  # (C,) false where the engine has to do it
    table: npt.NDArray[np.float64]  # (C, 13), columns as `compiled.runs.MEASURES`


def refusals(setting: Setting, moments: Sequence[Moment]) -> tuple[Mistake, ...]:
    """Why this is not compiled; empty: it is, unless a rebalance has to be made in parts."""
    return (*_of_setting(setting, moments[0], moments[-1]), *_of_moments(setting.mandate, moments))


def _of_setting(setting: Setting, begin: Moment, end: Moment) -> list[Mistake]:
    mandate, found = setting.mandate, []
    if not isinstance(setting.market, Proportional):
        found.append(Mistake("market", f"{type(setting.market).__name__}: only proportional costs are compiled"))
    for each in fields(setting):
        usual = each.default if each.default_factory is MISSING else each.default_factory()
        if each.name not in {"mandate", "market", "tolerance", "gas"} and getattr(setting, each.name) != usual:
            found.append(Mistake(each.name, "is compiled only as it is by default"))
    if mandate.fees.management or mandate.fees.performance:
        found.append(Mistake("fees", "are not compiled"))
    if len(mandate.assets) >= FEWER:
        found.append(Mistake("assets", f"{len(mandate.assets)}: fewer than {FEWER} are compiled"))
    first, last = begin.block.timestamp, end.block.timestamp + LATER
    between = {knot.weights for knot in mandate.path if first < knot.time <= last}
    if between | {path.targets_at(mandate.path, first)} != {path.targets_at(mandate.path, last)}:
        found.append(Mistake("path", "targets that move are not compiled"))
    return found


def _of_moments(mandate: Mandate, moments: Sequence[Moment]) -> list[Mistake]:
    found = [
        Mistake(each.name, "of a moment is compiled only as it is by default")
        for each in fields(Moment)
        if each.name not in {"block", "prices"} and any(getattr(one, each.name) != each.default for one in moments)
    ]
    scales = [asset.price_from_answer(1) for asset in mandate.assets]
    if any(price % scale for moment in moments for price, scale in zip(moment.prices, scales, strict=True)):
        found.append(Mistake("prices", "that no feed could give are not compiled"))
    return found


@dataclass
class Track:
    """A history made ready for any number of mandates over the same assets."""

    moments: Sequence[Moment]
    path: Path
    years: float  # from the first moment to the last
    refused: tuple[Mistake, ...]  # what of the moments is not compiled
    begun: dict[tuple[int, int, int], npt.NDArray[np.int64]] = field(default_factory=dict)  # {s} by calendar

    @classmethod
    def of(cls, mandate: Mandate, moments: Sequence[Moment]) -> Track:
        """Of the mandate's assets; raises `MissingExtraError` without numba."""
        walked, wide = _compiled()
        scales = [asset.price_from_answer(1) for asset in mandate.assets]
        rows = [[p // scale for p, scale in zip(moment.prices, scales, strict=True)] for moment in moments]
        answers = np.array(rows, dtype=np.int64)
        times = np.array([moment.block.timestamp for moment in moments], dtype=np.int64)
        units = np.array([scale / 10**VALUE_DECIMALS for scale in scales])
        reals = np.ascontiguousarray(answers.T.astype(np.float64))
        path_ = walked.Path(answers, wide.to_words(scales), reals, units, times, times + LATER)
        refused = tuple(_of_moments(mandate, moments))
        return cls(moments, path_, float(times[-1] - times[0]) / YEAR, refused)

    def refusals(self, setting: Setting) -> tuple[Mistake, ...]:
        """As above, of these moments."""
        return (*_of_setting(setting, self.moments[0], self.moments[-1]), *self.refused)

    def run(self, setting: Setting, value: int, balances: Sequence[int] | None = None) -> FastRun:
        """As `engine.run` with the same moments, with what was done and why nothing was.

        Raises
        ------
        InputError
            With everything that is not compiled; the engine itself does it.
        """
        _, wide = _compiled()
        found = self.refusals(setting)
        if found:
            raise InputError("This run is not compiled.", "Use the engine itself.", found)
        held, room, values = self._balances([setting], value), ROOM, np.empty(len(self.moments))
        if balances is not None:
            held = wide.to_words(list(balances))[None]
        while True:
            now, log = held.copy(), _log(room, len(values))
            if not self._measured([setting], now, log, values).done[0]:
                raise InputError("A rebalance of this run has to be made in parts.", "Use the engine itself.")
            if log.counts[1] <= room:
                return FastRun(values, _rebalances(log), tuple(wide.from_words(now[0])), _reasons(log))
            room = int(log.counts[1])

    def measure(self, settings: Sequence[Setting], value: int) -> Measured:
        """Measures of many runs, each without `refusals`."""
        return self._measured(settings, self._balances(settings, value), _log(0, 0), np.empty(len(self.moments)))

    def _measured(self, settings: Sequence[Setting], balances: Any, log: Any, values: Any) -> Measured:
        _, wide = _compiled()
        from controller.backtest.compiled.runs import MEASURES, run_many

        said = [_prescribed(setting, self.moments[0]) for setting in settings]
        calendars = {_key(setting.mandate.trigger): setting.mandate.trigger for setting in settings}
        rows = {key: row for row, key in enumerate(calendars)}
        answers, table = np.zeros(len(settings), dtype=np.int64), np.full((len(settings), len(MEASURES)), np.nan)
        run_many(
            np.array([rules for rules, _, _ in said]),
            wide.to_words([smallest for _, smallest, _ in said]),
            np.array([targets for _, _, targets in said]),
            np.array([rows[_key(setting.mandate.trigger)] for setting in settings]),
            np.array([self.starts(trigger) for trigger in calendars.values()]),
            balances,
            self.path,
            self.years,
            log,
            values,
            answers,
            table,
        )
        return Measured(answers == 0, table)

    def starts(self, trigger: Trigger) -> npt.NDArray[np.int64]:
        """(T,) {s} when the calendar's period of each moment began; zero before the anchor, or without a calendar."""
        key = _key(trigger)
        if key not in self.begun:
            now = [moment.block.timestamp + LATER for moment in self.moments]
            found = [calendar.period_start(trigger, time) for time in now] if trigger.every else [0] * len(now)
            self.begun[key] = np.array(found, dtype=np.int64)
        return self.begun[key]

    def _balances(self, settings: Sequence[Setting], value: int) -> Any:
        """(C, n, 4) {qTok} of a vault that begins on target."""
        _, wide = _compiled()
        known: dict[tuple[int, ...], Any] = {}
        for setting in settings:
            targets = path.targets_at(setting.mandate.path, self.moments[0].block.timestamp)
            if targets not in known:
                known[targets] = wide.to_words(_first(setting.mandate, self.moments[0], value))
        return np.array(
            [known[path.targets_at(each.mandate.path, self.moments[0].block.timestamp)] for each in settings]
        )


def _compiled() -> tuple[Any, Any]:
    try:
        from controller.backtest.compiled import walk, wide
    except ImportError:
        raise MissingExtraError("research", "numba") from None
    return walk, wide


def _first(mandate: Mandate, moment: Moment, value: int) -> list[int]:
    targets = path.targets_at(mandate.path, moment.block.timestamp)
    return list(first_amounts(mandate, targets, moment.prices, value))


def _prescribed(setting: Setting, first: Moment) -> tuple[list[int], int, npt.NDArray[np.int64]]:
    """A row of rules, the smallest trade D36{quote} and the targets {bps}."""
    mandate = setting.mandate
    trigger, end, limits = mandate.trigger, mandate.destination, mandate.limits
    rules = [
        int(trigger.kind),
        trigger.band,
        trigger.relative_band,
        trigger.cooldown,
        end.drift,
        end.relative_drift,
        int(end.scope),
        end.window,
        limits.max_slippage,
        limits.max_loss,
        limits.loss_budget,
        limits.turnover_budget,
        limits.budget_window,
        limits.max_trades,
        setting.market.cost if isinstance(setting.market, Proportional) else 0,
    ]
    targets = path.targets_at(mandate.path, first.block.timestamp)
    return rules, mandate.min_trade_value, np.array(targets, dtype=np.int64)


def _key(trigger: Trigger) -> tuple[int, int, int]:
    if trigger.kind is TriggerKind.THRESHOLD:
        return 0, 0, 0
    return int(trigger.period), trigger.every, trigger.anchor


def _log(room: int, moments: int) -> Any:
    walked, wide = _compiled()
    return walked.Log(
        np.zeros((room, 3), dtype=np.int64),
        np.zeros((2 * room, wide.WORDS), dtype=np.uint64),
        np.full(moments, walked.UNSEEN, dtype=np.int64),
        np.zeros(2, dtype=np.int64),
        np.zeros(2),
    )


def _rebalances(log: Any) -> tuple[Rebalanced, ...]:
    _, wide = _compiled()
    count = int(log.counts[1])
    amounts = wide.from_words(log.amounts[: 2 * count])
    fills = [
        (int(place), Fill(int(sell), int(buy), 0, amounts[2 * trade], amounts[2 * trade + 1]))
        for trade, (place, sell, buy) in enumerate(log.places[:count])
    ]
    return tuple(
        Rebalanced(place, tuple(fill for _, fill in group)) for place, group in groupby(fills, key=lambda each: each[0])
    )


def _reasons(log: Any) -> dict[int, Reason | None]:
    from controller.backtest.compiled.deciding import REASONS

    traded = {int(place) for place in log.places[: int(log.counts[1]), 0]}
    return {
        place: REASONS.get(int(answer))
        for place, answer in enumerate(log.reasons)
        if answer <= 0 and place not in traded
    }
