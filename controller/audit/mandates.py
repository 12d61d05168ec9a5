"""The mandate at its creation, and every change of it: by the owner, and of its path by the strategist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from controller.audit import prices
from controller.audit.evidence import BlockEvidence, Missing
from controller.audit.issues import RECORD_IS_FALSE, Issue, unchecked
from controller.audit.sound import flaws
from controller.audit.state import State
from controller.chain.entries import Created, MandateSet, TargetsSet
from controller.planning.path import targets_at
from controller.units import show_value


def check_sound(payload: Created | MandateSet, vault: str) -> Iterator[Issue]:
    """A mandate that no vault may have."""
    return (Issue(words, RECORD_IS_FALSE) for words in flaws(payload.mandate, vault))


def is_unsound(state: State, payload: MandateSet | TargetsSet, vault: str) -> bool:
    """Whether nothing can be judged by what an entry puts in force."""
    moved = payload.mandate if isinstance(payload, MandateSet) else replace(state.mandate, path=payload.path)
    return any(flaws(moved, vault))


def check_dropped(state: State, payload: MandateSet, held: Sequence[int], block: BlockEvidence) -> Iterator[Issue]:
    """No asset leaves the mandate while the vault holds more of it than the smallest trade; `held` {qTok}."""
    kept = {asset.token for asset in payload.mandate.assets}
    for index, (asset, amount) in enumerate(zip(state.mandate.assets, held, strict=True)):
        if asset.token in kept or not amount:
            continue
        price = prices.bounds(asset, block)
        if isinstance(price, Missing):
            yield unchecked(f"what is left of the dropped asset {index} could not be valued: {price.reason}")
        elif amount * price[0] > state.mandate.min_trade_value:
            worth, most = show_value(amount * price[0]), show_value(state.mandate.min_trade_value)
            yield Issue(f"asset {index} was dropped while the vault held {worth} of it, at most {most} may be left")


def check_targets(state: State, payload: TargetsSet, timestamp: int, vault: str) -> Iterator[Issue]:
    """The strategist's step: from where the targets were, within step and delay, to a sound path."""
    limits, path = state.mandate.limits, payload.path
    moved = replace(state.mandate, path=path)
    wrong = list(flaws(moved, vault))
    yield from (Issue(words, RECORD_IS_FALSE) for words in wrong)
    if wrong:
        return
    begun = targets_at(state.mandate.path, timestamp)
    if len(path) > 2 or path[0].time != timestamp or (len(path) == 2 and path[0].weights != begun):
        yield Issue(f"the new path does not begin at {timestamp} with the targets of that moment, {list(begun)}")
    step = max(abs(old - new) for old, new in zip(begun, path[-1].weights, strict=True))
    if step > limits.max_step:
        yield Issue(f"a target was moved by {step} bps at once, the mandate's step is {limits.max_step} bps")
    next_ = state.last_target_change + limits.step_delay
    if state.last_target_change and timestamp < next_:
        yield Issue(f"targets were moved at {timestamp}, the delay after the last time ran until {next_}")
