"""Glide paths for goals: from today's targets to safe ones as the date comes near, proposed as a mandate's target
path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from controller.model import Knot
from controller.planning.path import targets_at
from controller.wealth.goals import MONTH, MONTHS, Assumptions, Goal, Outcome, Progress, simulate

YEARS: Final = (0, 1, 2, 3, 5, 7, 10, 15, 20)
"""Years before the end over which a glide is tried; zero is none."""


@dataclass(frozen=True, slots=True)
class Glide:
    """One path, and what becomes of the goal under it."""

    years: int  # over which it falls; zero: it does not
    path: tuple[Knot, ...]
    outcome: Outcome


def glide_path(weights: Sequence[int], safe: Sequence[int], years: int, now: int, end: int) -> tuple[Knot, ...]:
    """The targets {bps} stay until so many years before `end` {s}, and move to the `safe` ones on a line; by `end` they
    are there."""
    if not years:
        return (Knot(0, tuple(weights)),)
    begin = max(end - years * MONTHS * MONTH, now)
    return (Knot(begin, tuple(weights)), Knot(max(end, begin + 1), tuple(safe)))


def propose(
    goal: Goal,
    safe: Sequence[int],
    assumptions: Assumptions,
    *,
    now: int,
    paths: int,
    seed: int,
    progress: Progress = lambda part: None,
) -> tuple[Glide, ...]:
    """Glides of all `YEARS` that there is time for, in the same futures, the most probable first; of equal ones the one
    whose bad futures are better.

    Parameters
    ----------
    safe : {bps} targets at the end, in the order of the assumptions' assets.
    """
    weights, span = targets_at(goal.path, now), max(goal.at - now, 0) / (MONTH * MONTHS)
    glides, spans = [], [years for years in YEARS if years <= span or not years]
    for done, years in enumerate(spans, start=1):
        path = glide_path(weights, safe, years, now, goal.at)
        tried = simulate([replace(goal, path=path)], assumptions, now=now, paths=paths, seed=seed).outcomes[0]
        glides.append(Glide(years, path, tried))
        progress(done / len(spans))
    return tuple(sorted(glides, key=lambda one: (-one.outcome.chance.share, -one.outcome.wealth[0])))
