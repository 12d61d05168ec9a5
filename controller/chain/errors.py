"""Revert data and the errors of nodes, turned into names. Knows the custom errors of every compiled contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from typing import Any, Final

from controller.chain.abi import Item, decode
from controller.chain.artifacts import load
from controller.errors import InputError, Retry, RevertError
from controller.model import Cause, Period, Power

SOURCES: Final = (
    "IVault",
    "IPriceOracle",
    "IVenue",
    "IVaultFactory",
    "IMandateChecker",
    "Vault",
    "VaultFactory",
    "VaultLens",
    "MandateChecker",
    "Ledger",
    "ChainlinkOracle",
    "UniswapV3Venue",
    "UniswapV2Venue",
)
"""Interfaces first: where two contracts declare the same error, the name is the same anyway."""

_ERROR: Final = bytes.fromhex("08c379a0")
_PANIC: Final = bytes.fromhex("4e487b71")
_PANICS: Final = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "value outside its enum",
    0x22: "storage byte array wrongly encoded",
    0x31: "pop on an empty array",
    0x32: "array index out of bounds",
    0x41: "out of memory",
    0x51: "call to an uninitialised function pointer",
}
_HALT: Final = re.compile(
    r"VM Exception|EVM error|invalid opcode|invalid jump|stack (under|over)flow|out of gas", re.IGNORECASE
)

_NEXT = Retry.NEXT_BLOCK
_NEVER = Retry.NEVER
HINTS: Final[Mapping[str, tuple[str, Retry]]] = {
    "Unauthorised": ("Use a key that holds the role; evenkeel vault list shows whose vault it is.", _NEVER),
    "Paused": ("Only the owner can unpause; redeeming stays open meanwhile.", _NEVER),
    "Locked": ("Another call of this vault was under way; read again at the next block.", _NEXT),
    "NonceMismatch": ("The vault has moved on: make a new plan from a fresh snapshot.", _NEXT),
    "DeadlinePassed": ("Make a new plan; if it comes back, allow a longer deadline.", _NEXT),
    "ReferenceBlockMismatch": ("The plan was made on another branch or too long ago: make a new one.", _NEXT),
    "NoTrades": ("A plan carries at least one trade.", _NEVER),
    "CoolingDown": ("Wait until the cool-down of the mandate is over.", _NEXT),
    "NotDue": ("Nothing to do: no drift has reached its band, or the next period has not begun.", _NEXT),
    "NoValue": ("Mint shares first: the vault holds nothing of value.", _NEVER),
    "TradeTooSmall": ("Leave this trade out, or trade more of it.", _NEXT),
    "OutputTooLow": ("The venue gives less than the oracle's floor: trade less, take another route or wait.", _NEXT),
    "AmountInMismatch": ("The pool could not take the whole amount: trade less or take another route.", _NEXT),
    "TargetCrossed": ("The trade is too large: make a new plan at the current prices.", _NEXT),
    "DestinationMissed": ("The trades do not reach the destination: make a new plan at the current prices.", _NEXT),
    "NoProgress": ("A part has to trade an asset that is in breach: make a new plan.", _NEXT),
    "PartsNotAllowed": ("The mandate has no window, so a rebalance is made at once: make a new plan.", _NEVER),
    "TooManyTrades": ("Make a plan of fewer trades.", _NEVER),
    "LossBudgetExceeded": ("The budget gives back half of itself in each budget window: wait, or trade less.", _NEXT),
    "TurnoverBudgetExceeded": (
        "The budget gives back half of itself in each budget window: wait, or trade less.",
        _NEXT,
    ),
    "LossTooHigh": ("The trades lose more than the mandate allows: trade less, take another route or wait.", _NEXT),
    "PriceStale": (
        "The feed has not updated within its heartbeat: wait for it; never widen a heartbeat to pass.",
        _NEXT,
    ),
    "PriceNotPositive": ("The feed answers nonsense: check it before anything else.", _NEXT),
    "PriceOutOfBounds": ("The price left the bounds of the mandate: check feed and bounds.", _NEXT),
    "RoundIncomplete": ("The feed is between two rounds: read again at the next block.", _NEXT),
    "PriceDeviates": ("Feed and pool disagree: wait until they meet; find out which of them is wrong.", _NEXT),
    "TwapUnreadable": (
        "The pool remembers too little: anybody can call increaseObservationCardinalityNext on it.",
        _NEXT,
    ),
    "SequencerDown": ("Wait until the network's sequencer is up again, and for the grace period after that.", _NEXT),
    "SequencerInGrace": ("The network's sequencer has just come back: wait for the rest of the grace period.", _NEXT),
    "FlowsNotAllowed": ("The mandate has no spread: mint and redeem in kind instead.", _NEVER),
    "FlowAwayFromTarget": ("Take the amounts that the vault proposes: leave the assets out of the command.", _NEXT),
    "SharesBelowMinimum": ("Prices have moved: look at the preview again.", _NEXT),
    "SharesAboveMaximum": ("Prices have moved: look at the preview again.", _NEXT),
    "NotSubmitted": ("It loosens something: announce it first with evenkeel vault submit.", _NEVER),
    "AlreadySubmitted": ("It waits already: see evenkeel vault pending.", _NEVER),
    "TimelockRunning": ("Wait until the timelock is over: see evenkeel vault pending.", _NEXT),
    "SubmissionExpired": ("Announce it again with evenkeel vault submit.", _NEVER),
    "PowerRenounced": ("The owner has given this up for good.", _NEVER),
    "TargetStepTooSoon": ("Wait until the delay between two target changes is over.", _NEXT),
    "TargetStepTooLarge": ("Move in several steps, each within the mandate's max_step.", _NEVER),
    "TargetOutOfBounds": ("Keep to the mandate's minimum and maximum weights.", _NEVER),
    "AssetStillHeld": ("Give the asset a target of zero first, and let the vault sell it.", _NEVER),
    "FeedUnreadable": ("No feed answers at that address: check the mandate's feed on this chain.", _NEVER),
    "PriceImplausible": ("Token, feed or pool is wired wrongly: compare the addresses in the mandate.", _NEVER),
    "NotAContract": ("There is no code at that address on this chain: check the address and the network.", _NEVER),
    "RouteInvalid": ("No pool of that fee exists for the pair: check the route.", _NEVER),
}
_ENUMS: Final[Mapping[str, type[IntEnum]]] = {"Cause": Cause, "Period": Period, "Power": Power}
_UNKNOWN_HINT: Final = "The error is none of Evenkeel's: it comes from a token, a pool or a feed."


@cache
def known_errors() -> Mapping[bytes, Item]:
    """Every custom error of the compiled contracts by selector."""
    return {item.selector: item for name in reversed(SOURCES) for item in load(name).abi.errors.values()}


def _plain(value: Any) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return tuple(_plain(inner) for inner in value)
    return value


def _named(data: bytes) -> tuple[str, dict[str, object]]:
    selector, arguments = data[:4], data[4:]
    if not data:
        return "Unknown", {"reason": "no revert data"}
    if selector == _ERROR:
        return "Error", {"reason": decode(["string"], arguments)[0]}
    if selector == _PANIC:
        code = decode(["uint256"], arguments)[0]
        return "Panic", {"code": code, "reason": _PANICS.get(code, "unknown code")}
    item = known_errors().get(selector)
    if item is None:
        return "Unknown", {"data": "0x" + data.hex()}
    named = item.decode_arguments(arguments)
    shown = {name: _plain(value) for name, value in named.items()}
    return item.name, shown | {name: _ENUMS[enum](named[name]).name for name, enum in item.enums.items()}


def decode_revert(data: bytes) -> RevertError:
    """The named error behind revert data; never fails, what cannot be read is ``Unknown``."""
    try:
        name, arguments = _named(data)
    except (InputError, ValueError):  # no such arguments, or none of the enum's values
        name, arguments = "Unknown", {"data": "0x" + data.hex()}
    hint, retry = HINTS.get(name, (_UNKNOWN_HINT if name == "Unknown" else "", _NEXT))
    error = RevertError(name, arguments, data, hint)
    error.retry = retry
    return error


def name_revert(data: bytes) -> str:
    """Revert data in one word with its arguments, e.g. ``PriceStale(feed=0x…, updatedAt=1, heartbeat=2)``."""
    error = decode_revert(data)
    return f"{error.name}({', '.join(f'{key}={value}' for key, value in error.arguments.items())})"


def _data_of(error: Mapping[str, Any]) -> bytes:
    # anvil and geth: data is the hex itself; ganache: the same for a call, an object with `result` for an estimate
    data = error.get("data")
    if isinstance(data, Mapping):
        data = data.get("result") or data.get("data")
    if not isinstance(data, str) or not data.startswith("0x"):
        return b""
    try:
        return bytes.fromhex(data[2:])
    except ValueError:
        return b""


def revert_of(error: Mapping[str, Any]) -> RevertError | None:
    """The revert that a JSON-RPC error object reports; None when it reports something else."""
    message = str(error.get("message", ""))
    data = _data_of(error)
    if error.get("code") == 3 or "revert" in message.lower():
        return decode_revert(data)
    if _HALT.search(message):
        return RevertError("Unknown", {"reason": message[:200]}, data, _UNKNOWN_HINT)
    return None
