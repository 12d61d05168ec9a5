"""One view of everything: what there is and where, what is owed, what will come and go, and which vault targets make
the whole match the household's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from controller.planning.flows import route_in
from controller.units import BPS, show_value, to_decimal


@dataclass(frozen=True, slots=True)
class Position:
    """So much of one asset in one place."""

    where: str
    asset: str
    group: str  # the household's name for assets of its kind
    value: int  # D36{quote}, rounded down


@dataclass(frozen=True, slots=True)
class Debt:
    """What is owed."""

    name: str
    value: int  # D36{quote} above zero


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Money that will come, or go."""

    name: str
    amount: int  # D36{quote}, below zero where it goes
    times: tuple[int, ...]  # {s} within the coming year


@dataclass(frozen=True, slots=True)
class VaultPart:
    """A vault as a part of the whole."""

    vault: str
    assets: tuple[str, ...]
    groups: tuple[str, ...]  # of each asset
    values: tuple[int, ...]  # D36{quote}
    targets: tuple[int, ...]  # {bps}
    least: tuple[int, ...]  # {bps} that the mandate allows
    most: tuple[int, ...]  # {bps}


@dataclass(frozen=True, slots=True)
class Share:
    """One group of the whole."""

    group: str
    value: int  # D36{quote}
    weight: Fraction  # {1} of all assets
    target: int  # {bps} zero where the household wants none


@dataclass(frozen=True, slots=True)
class Advice:
    """The targets that one vault should have, given what lies elsewhere."""

    vault: str
    assets: tuple[str, ...]
    now: tuple[int, ...]  # {bps}
    targets: tuple[int, ...]  # {bps} sum 10,000
    reasons: tuple[str, ...]  # why the whole cannot match; empty: it does


@dataclass(frozen=True)
class View:
    """The whole household."""

    positions: tuple[Position, ...]
    debts: tuple[Debt, ...]
    scheduled: tuple[Scheduled, ...]
    shares: tuple[Share, ...]
    advice: tuple[Advice, ...]

    @property
    def assets(self) -> int:
        """D36{quote}."""
        return sum(position.value for position in self.positions)

    @property
    def debt(self) -> int:
        """D36{quote}."""
        return sum(debt.value for debt in self.debts)

    @property
    def net_worth(self) -> int:
        """D36{quote}."""
        return self.assets - self.debt

    @property
    def coming(self) -> int:
        """D36{quote} that the coming year brings, less what it takes."""
        return sum(each.amount * len(each.times) for each in self.scheduled)


def view(
    elsewhere: Sequence[Position],
    vaults: Sequence[VaultPart],
    debts: Sequence[Debt],
    scheduled: Sequence[Scheduled],
    target: Mapping[str, int],
) -> View:
    """Everything together; `target` {bps} by group, sum 10,000, or empty where the household has none."""
    inside = [position for part in vaults for position in _positions(part)]
    everything = (*inside, *elsewhere)
    sums, total = _by_group(everything), sum(position.value for position in everything)
    groups = dict.fromkeys([*target, *sums])
    shares = tuple(
        Share(group, sums.get(group, 0), Fraction(sums.get(group, 0), total or 1), target.get(group, 0))
        for group in groups
    )
    advice = _advise(everything, vaults, target) if target else ()
    return View(everything, tuple(debts), tuple(scheduled), shares, tuple(advice))


def _by_group(positions: Iterable[Position]) -> dict[str, int]:
    """D36{quote} of each group."""
    sums: dict[str, int] = defaultdict(int)
    for position in positions:
        sums[position.group] += position.value
    return dict(sums)


SWEEPS = 1_000
"""So often at most are several vaults gone through until none moves by more than a hundredth of a basis point."""


def _advise(positions: Sequence[Position], vaults: Sequence[VaultPart], target: Mapping[str, int]) -> list[Advice]:
    """Every vault against what lies elsewhere, the other vaults as they are advised themselves.

    One vault's best answer is a minimum of the sum of squared values by target, in that vault's values alone, so going
    through the vaults again and again comes as near as one wishes to the minimum in all of them together.
    """
    sums, fine = _by_group(positions), BPS * 100
    held = [dict(_by_group(_positions(part))) for part in vaults]
    advice: list[Advice] = []
    for _ in range(SWEEPS if len(vaults) > 1 else 1):
        advice, moved = [], False
        for place, part in enumerate(vaults):
            outside = {group: value - held[place].get(group, 0) for group, value in sums.items()}
            one, wanted = _advise_one(part, outside, target)
            advice.append(one)
            wanted = wanted or held[place]
            shift = max(abs(wanted.get(group, 0) - held[place].get(group, 0)) for group in {*wanted, *held[place]})
            moved |= shift * fine > sum(part.values)
            held[place] = wanted
            sums = {group: outside.get(group, 0) + wanted.get(group, 0) for group in {*outside, *wanted}}
        if not moved:
            break
    return advice


def _positions(part: VaultPart) -> list[Position]:
    """What a vault holds."""
    return [
        Position(part.vault, asset, group, value)
        for asset, group, value in zip(part.assets, part.groups, part.values, strict=True)
    ]


def _advise_one(
    part: VaultPart, outside: Mapping[str, int], target: Mapping[str, int]
) -> tuple[Advice, dict[str, int]]:
    """The vault's targets, and D36{quote} of each group that it would hold.

    What the vault holds is spread as a deposit into what lies elsewhere: by equal fractional deviation, which is an
    exact match where there is one, and as near as it goes where there is none.
    """
    total = sum(part.values)
    there = [group for group in dict.fromkeys(part.groups) if target.get(group)]
    reasons = list(_unmatched(part, outside, target, total))
    if not total or not there:
        return Advice(part.vault, part.assets, part.targets, part.targets, tuple(reasons or ["it holds nothing"])), {}
    held, weights = [outside.get(group, 0) for group in there], [target[group] for group in there]
    wanted = dict(zip(there, route_in(held, weights, total), strict=True))
    targets = rounded_weights(_by_asset(part, wanted))
    for asset, weight, least, most in zip(part.assets, targets, part.least, part.most, strict=True):
        if not least <= weight <= most:
            limits = f"{to_decimal(least, 2)}% to {to_decimal(most, 2)}%"
            reasons.append(f"{asset} would need {to_decimal(weight, 2)}% of the vault, its mandate allows {limits}")
    return Advice(part.vault, part.assets, part.targets, targets, tuple(reasons)), wanted


def _unmatched(part: VaultPart, outside: Mapping[str, int], target: Mapping[str, int], total: int) -> Iterable[str]:
    """What keeps the whole from its target, whatever the vault holds, by a hundredth of a basis point of it or more."""
    whole = sum(outside.values()) + total
    for group, value in outside.items():
        wanted = target.get(group, 0) * whole // BPS
        if (value - wanted) * BPS * 100 > total:
            much = show_value(value), show_value(wanted)
            yield f"{much[0]} of {group} lie elsewhere, more than the {much[1]} that the whole wants"
    for group, weight in target.items():
        missing = weight * whole // BPS - outside.get(group, 0)
        if missing * BPS * 100 > total and group not in part.groups:
            yield f"{show_value(missing)} of {group} are missing, and the vault has no asset of that kind"


def _by_asset(part: VaultPart, wanted: Mapping[str, int]) -> list[Fraction]:
    """D36{quote} of each asset: a group is spread as the vault's targets spread it now, evenly where they say
    nothing."""
    sums: dict[str, int] = defaultdict(int)
    for group, target in zip(part.groups, part.targets, strict=True):
        sums[group] += target
    return [
        wanted.get(group, 0) * (Fraction(target, sums[group]) if sums[group] else Fraction(1, part.groups.count(group)))
        for group, target in zip(part.groups, part.targets, strict=True)
    ]


def rounded_weights(values: Sequence[Fraction | int]) -> tuple[int, ...]:
    """{bps} that sum to exactly 10,000: each rounded down, and what is missing one each to the largest remainders."""
    total = sum(values, Fraction(0))
    exact = [value * BPS / total for value in values]
    weights = [int(each) for each in exact]
    order = sorted(range(len(exact)), key=lambda index: (weights[index] - exact[index], index))
    for index in order[: BPS - sum(weights)]:
        weights[index] += 1
    return tuple(weights)
