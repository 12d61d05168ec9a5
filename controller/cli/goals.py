"""A goals file beside the vaults that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controller.cli.session import Session
from controller.config import goals_file
from controller.config.files import read_file
from controller.config.goals_file import GoalTable
from controller.errors import InputError, Mistake
from controller.model import Knot, Snapshot
from controller.units import BPS, D18
from controller.wealth.flows import valued
from controller.wealth.goals import Assumptions, Goal


@dataclass(frozen=True)
class GoalPlan:
    """What is simulated."""

    goals: tuple[Goal, ...]
    assumptions: Assumptions
    now: int  # {s} of the newest block


def read_goals(file: Path, network: str, url: str | None, networks: Path | None, deployments: Path) -> GoalPlan:
    """The goals with what their vaults hold and are to hold.

    Raises
    ------
    InputError
        With every mistake of the file, and every asset of a vault of which it says nothing.
    """
    parsed = goals_file.parse(read_file(file))
    assumptions = Assumptions(parsed.assets, parsed.means, parsed.volatilities, parsed.correlations)
    if not assumptions.is_possible():
        raise InputError("No returns have these correlations together.", "Bring some of them nearer to zero.")
    session = Session.open(network, url, networks, deployments)
    now, goals, mistakes = session.chain.head().timestamp, [], []
    for index, table in enumerate(parsed.goals):
        if table.at <= now:
            mistakes.append(Mistake(f"goals[{index}].at", "is past"))
        try:
            goals.append(_goal(session, table, parsed.assets))
        except ValueError as error:
            mistakes.append(Mistake(f"goals[{index}]", str(error)))
    if mistakes:
        raise InputError("The goals file has mistakes.", "Correct them and try again.", tuple(mistakes))
    return GoalPlan(tuple(goals), assumptions, now)


def _goal(session: Session, table: GoalTable, assets: Sequence[str]) -> Goal:
    """Amounts as the simulation counts them: it estimates, and trades nothing."""
    goal = Goal(
        name=table.name,
        value=0.0,
        path=(),
        at=table.at,
        amount=(table.amount or 0) / D18,
        income=(table.income or 0) / D18,
        until=table.until or 0,
        monthly=table.monthly / D18,
    )
    if table.weights is not None:
        weights = tuple(table.weights.get(asset, 0) for asset in assets)
        return replace(goal, value=(table.value or 0) / D18, path=(Knot(0, weights),))
    snapshot = session.snapshot(table.vault)
    names = [session.symbol(asset.token) for asset in snapshot.mandate.assets]
    unknown = [name for name in names if name not in assets]
    if unknown:
        raise ValueError(f"its vault holds {', '.join(unknown)}, of which [assets] says nothing")
    # {quote} = D36{quote} / 10^36 * {bps} / {bps}
    value = sum(valued(snapshot)) / D18 / D18 * table.share / BPS
    return replace(goal, value=value, path=_path(snapshot, names, assets))


def _path(snapshot: Snapshot, names: Sequence[str], assets: Sequence[str]) -> tuple[Knot, ...]:
    """The vault's targets in the order of the file's assets."""
    return tuple(
        Knot(knot.time, tuple(dict(zip(names, knot.weights, strict=True)).get(asset, 0) for asset in assets))
        for knot in snapshot.mandate.path
    )
