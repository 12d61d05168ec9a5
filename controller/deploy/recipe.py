"""What is deployed, in which order and with which constructor arguments: read by both drivers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from controller.errors import InputError, Mistake

STEP_REFERENCE = "@"
"""``@Ledger`` is the address of the earlier step `Ledger`."""
VALUE_REFERENCE = "$"
"""``$uniswap_v3.factory`` is a value of the network."""


@dataclass(frozen=True, slots=True)
class Step:
    """One contract. Arguments are strings; the constructor's ABI says what they mean."""

    name: str  # of the record
    contract: str  # of the compiled contract
    args: tuple[str, ...]
    needs: str = ""  # a value of the network without which the step is left out

    def arguments(self, addresses: Mapping[str, str]) -> tuple[str, ...]:
        """The arguments with `addresses` of earlier steps in the place of their names."""
        return tuple(
            addresses[arg.removeprefix(STEP_REFERENCE)] if arg.startswith(STEP_REFERENCE) else arg for arg in self.args
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    compiler: str  # what compiled the contracts, for the records
    steps: tuple[Step, ...]


def load(name: str) -> Recipe:
    """A recipe of the package: ``recipe`` for the project's own contracts, ``uniswap`` for chains without Uniswap."""
    document = json.loads(resources.files("controller.deploy").joinpath(f"{name}.json").read_text())
    return Recipe(
        compiler=document["compiler"],
        steps=tuple(
            Step(step["name"], step["contract"], tuple(step["args"]), step.get("needs", ""))
            for step in document["steps"]
        ),
    )


def resolve(recipe: Recipe, values: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps that a network has the needs of, with every value filled in; references to earlier steps stay until
    these have addresses.

    Parameters
    ----------
    values : nested mapping, e.g. ``{"uniswap_v3": {"factory": "0x..."}}``.

    Raises
    ------
    InputError
        With every missing value and every reference to something that is not deployed before.
    """
    mistakes: list[Mistake] = []
    known: set[str] = set()
    steps = []
    for step in recipe.steps:
        if step.needs and not values.get(step.needs):
            continue
        if step.name in known:
            mistakes.append(Mistake(step.name, "stands twice in the recipe"))
        args = tuple(_resolved(step.name, arg, values, known, mistakes) for arg in step.args)
        steps.append(replace(step, args=args))
        known.add(step.name)
    if mistakes:
        raise InputError("The recipe cannot be carried out.", "Complete the network's values.", tuple(mistakes))
    return tuple(steps)


def _resolved(step: str, arg: str, values: Mapping[str, Any], known: set[str], mistakes: list[Mistake]) -> str:
    if arg.startswith(STEP_REFERENCE) and arg.removeprefix(STEP_REFERENCE) not in known:
        mistakes.append(Mistake(step, f"{arg} is not deployed before it"))
    if not arg.startswith(VALUE_REFERENCE):
        return arg
    found: Any = values
    for key in arg.removeprefix(VALUE_REFERENCE).split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, str) or not found:
        mistakes.append(Mistake(step, f"the network has no {arg.removeprefix(VALUE_REFERENCE)}"))
        return arg
    return found
