"""An owner's call to a vault in words: what would be different afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from controller.chain.artifacts import load
from controller.chain.codec import mandate_from_abi
from controller.errors import InputError
from controller.model import ZERO_ADDRESS, Mandate, Power
from controller.report.wording import duration, points

SHARES = frozenset(
    {
        *("band", "relative_band", "drift", "relative_drift", "max_slippage", "max_loss", "loss_budget"),
        *("turnover_budget", "max_step", "management", "performance", "spread"),
        *("min_weight", "max_weight", "weights", "deviation", "max_deviation"),
    }
)
"""Fields in {bps}."""
TIMES = frozenset({"cooldown", "window", "budget_window", "step_delay", "timelock", "heartbeat", "grace"})
"""Fields in {s}."""
NOBODY = "nobody"


def moment(timestamp: int) -> str:
    """A chain time for people."""
    try:
        return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):
        return f"second {timestamp}"


def describe(call: bytes, mandate: Mandate) -> tuple[str, ...]:
    """What a call would do to a vault whose mandate is `mandate`, a sentence for each thing."""
    items = {item.selector: item for item in load("IVault").abi.functions.values()}
    item = items.get(call[:4])
    if item is None:
        return (f"an unknown call, 0x{call.hex()}",)
    try:
        given = item.decode_arguments(call[4:])
    except InputError:
        return (f"{item.name} with arguments that cannot be read, 0x{call.hex()}",)
    if item.name == "setMandate":
        wanted = mandate_from_abi(given["mandate_"])
        return tuple(differences(mandate, wanted)) or ("the mandate that is in force already",)
    if item.name == "setKeeper":
        return (f"{given['keeper']} may {'' if given['allowed'] else 'no longer '}rebalance",)
    if item.name in ("setStrategist", "setGuardian", "proposeOwner"):
        (who,) = given.values()
        role = {"setStrategist": "strategist", "setGuardian": "guardian"}.get(item.name, "next owner")
        return (f"the {role} is {NOBODY if who == ZERO_ADDRESS else who}",)
    if item.name == "renounce":
        return (f"the owner gives up {Power(given['power']).name} for good",)
    if item.name == "declare":
        return (f"the owner declares 0x{given['statement'].hex()}",)
    return (f"{item.name}({', '.join(f'{name}={value}' for name, value in given.items())})",)


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """``limits.max_loss: 0.5%, then 1%`` for each field that differs."""
    if is_dataclass(old) and is_dataclass(new):
        for field in fields(old):
            inner = f"{where}.{field.name}" if where else field.name
            yield from differences(getattr(old, field.name), getattr(new, field.name), inner)
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif old != new:
        yield f"{where}: {_shown(where, old)}, then {_shown(where, new)}"


def _shown(where: str, value: Any) -> str:
    """A value in the words of its field."""
    name = where.rpartition(".")[2].partition("[")[0]
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, tuple):
        return f"{len(value)} of them"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if name in SHARES:
        return points(value)
    if name in TIMES:
        return duration(value)
    if name in ("time", "anchor"):
        return moment(value)
    return str(value)
