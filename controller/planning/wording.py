"""Violations in words and numbers for people."""

from __future__ import annotations

from controller.model import Snapshot
from controller.planning import due
from controller.planning.checks import Violation
from controller.units import BPS, show_bps, show_value


def explain(snapshot: Snapshot, refused: Violation) -> str:
    """What a plan would have broken."""
    limits, found = snapshot.mandate.limits, dict(refused.arguments)
    if refused.name == "LossTooHigh":
        return f"the trades would lose {show_value(found['loss'])}, at most {show_value(found['maximum'])} is allowed"
    if refused.name == "OutputTooLow":
        short = BPS * (found["minimum"] - found["amountOut"]) // found["minimum"]
        return (
            f"trade {found['trade']} would return {found['amountOut']}, at least {found['minimum']} is required "
            f"({limits.max_slippage} bps from the oracle); {short} bps are missing"
        )
    if refused.name == "TradeTooSmall":
        value, minimum = show_value(found["value"]), show_value(found["minimum"])
        return f"trade {found['trade']} is worth {value}, the smallest is {minimum}"
    if refused.name == "TooManyTrades":
        return f"{found['count']} trades would reach the destination, a plan may have {found['maximum']}"
    where = due.name(snapshot, found["asset"])
    if refused.name == "DestinationMissed":
        return f"{where} would end {show_bps(found['drift'])} bps off, outside its destination"
    return f"{where} would cross its target of {found['target']} bps"
