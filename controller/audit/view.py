"""What the entries come to against the vault's own word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from controller.audit import fees
from controller.audit.evidence import SelfView
from controller.audit.issues import Issue, differs, unchecked
from controller.audit.state import State
from controller.model import Status

NAMES = ("mandate", "owner", "pending_owner", "strategist", "guardian", "supply")


def check_view(state: State, view: SelfView, timestamp: int) -> Iterator[Issue]:
    """Mandate, roles, shares, budgets, the open rebalance, fees, and what is announced, at `timestamp` {s}."""
    for name in NAMES:
        recorded, chain = getattr(state, name), getattr(view, name)
        if recorded != chain:
            yield differs(f"the vault's {name.replace('_', ' ')}", recorded, chain)
    yield from _check_status(state, view, timestamp)
    for keeper, allowed in view.keepers.items():
        if allowed != (keeper in state.keepers):
            yield differs(f"keeper {keeper}", keeper in state.keepers, allowed)
    for call_hash, executable_at in view.executable_at.items():
        said = state.announced.get(call_hash)
        recorded = said.executable_at if said else 0
        if executable_at != recorded:
            yield differs(f"when the call 0x{call_hash.hex()} can be made", recorded, executable_at)


def _check_status(state: State, view: SelfView, timestamp: int) -> Iterator[Issue]:
    folded = state.status(timestamp)
    for each in fields(Status):
        name, recorded, chain = each.name, getattr(folded, each.name), getattr(view.status, each.name)
        if name == "breaches" and state.breaches is None:
            yield unchecked("which assets the open rebalance is about is not known")
        elif name == "last_fee" and fees.is_rounded_away(state) and recorded <= chain:
            continue
        elif recorded != chain:
            yield differs(f"the vault's {name.replace('_', ' ')}", recorded, chain)
