"""Model types to ABI tuples and back, in the exact order of contracts/types/Types.sol."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any, Final

from eth_utils.crypto import keccak

from controller.chain.abi import checksum, decode, encode
from controller.errors import InputError
from controller.model import (
    Asset,
    Cause,
    Destination,
    Due,
    Feed,
    Fees,
    Fill,
    Knot,
    Limits,
    Mandate,
    Period,
    Plan,
    Power,
    Rebalance,
    Roles,
    Scope,
    Sequencer,
    Status,
    Trade,
    Trigger,
    TriggerKind,
    Twap,
)

TWAP: Final = "(uint24,uint24,uint16,uint8)"
FEED: Final = f"(address,uint32,uint8,uint16,uint128,uint128,{TWAP})"
ASSET: Final = f"(address,uint8,uint16,uint16,{FEED})"
SEQUENCER: Final = "(address,uint32)"
TRIGGER: Final = "(uint8,uint16,uint16,uint8,uint16,uint40,uint32)"
DESTINATION: Final = "(uint16,uint16,uint8,uint32)"
LIMITS: Final = "(uint16,uint16,uint16,uint32,uint32,uint128,uint8,uint16,uint32)"
FEES: Final = "(address,uint16,uint16)"
KNOT: Final = "(uint40,uint16[])"
MANDATE: Final = (
    f"(bytes32,bytes32,bytes32,address,{SEQUENCER},{TRIGGER},{DESTINATION},{LIMITS},{FEES},uint16,uint32,"
    f"address[],{ASSET}[],{KNOT}[])"
)
ROLES: Final = "(address,address,address,address[])"
TRADE: Final = "(uint8,uint8,uint8,uint128,uint128,bytes)"
PLAN: Final = f"(uint40,uint40,uint64,bytes32,bytes32,bool,{TRADE}[])"
FILL: Final = "(uint8,uint8,uint8,uint256,uint256)"
MASK128: Final = (1 << 128) - 1
REBALANCE: Final = ("uint256", "bytes32", "bytes32", "uint256", "uint256", "uint256", "uint256[]")

NAME_BYTES: Final = 31
"""The most that a name or symbol may take in UTF-8, so that its bytes32 always ends in a zero."""


def name_to_bytes(name: str) -> bytes:
    """bytes32, left-aligned."""
    raw = name.encode()
    if len(raw) > NAME_BYTES or b"\0" in raw:
        raise InputError(f"The name {name!r} does not fit: at most {NAME_BYTES} bytes of UTF-8, none of them zero.")
    return raw.ljust(32, b"\0")


def name_from_bytes(raw: bytes) -> str:
    """What is no UTF-8 is shown escaped: a name is for people, and no decision rests on it."""
    return raw.rstrip(b"\0").decode(errors="backslashreplace")


# ---- mandate and roles


def mandate_to_abi(mandate: Mandate) -> tuple[Any, ...]:
    return (
        name_to_bytes(mandate.name),
        name_to_bytes(mandate.symbol),
        mandate.file_hash,
        mandate.oracle,
        astuple(mandate.sequencer),
        astuple(mandate.trigger),
        astuple(mandate.destination),
        astuple(mandate.limits),
        astuple(mandate.fees),
        mandate.spread,
        mandate.timelock,
        mandate.venues,
        tuple(astuple(asset) for asset in mandate.assets),
        path_to_abi(mandate.path),
    )


def mandate_from_abi(values: tuple[Any, ...]) -> Mandate:
    name, symbol, file_hash, oracle, sequencer, trigger, destination, limits, fees, *rest = values
    spread, timelock, venues, assets, path = rest
    return Mandate(
        name=name_from_bytes(name),
        symbol=name_from_bytes(symbol),
        file_hash=file_hash,
        oracle=oracle,
        sequencer=Sequencer(*sequencer),
        trigger=_trigger(trigger),
        destination=_destination(destination),
        limits=Limits(*limits),
        fees=Fees(*fees),
        spread=spread,
        timelock=timelock,
        venues=tuple(venues),
        assets=tuple(_asset(asset) for asset in assets),
        path=path_from_abi(path),
    )


def _trigger(values: tuple[Any, ...]) -> Trigger:
    kind, band, relative_band, period, every, anchor, cooldown = values
    return Trigger(TriggerKind(kind), band, relative_band, Period(period), every, anchor, cooldown)


def _destination(values: tuple[Any, ...]) -> Destination:
    drift, relative_drift, scope, window = values
    return Destination(drift, relative_drift, Scope(scope), window)


def _asset(values: tuple[Any, ...]) -> Asset:
    token, decimals, min_weight, max_weight, feed = values
    source, heartbeat, feed_decimals, deviation, min_answer, max_answer, twap = feed
    second = Twap(*twap)
    read = Feed(source, heartbeat, feed_decimals, deviation, min_answer, max_answer, second)
    return Asset(token, decimals, min_weight, max_weight, read)


def path_to_abi(path: tuple[Knot, ...]) -> tuple[Any, ...]:
    return tuple((knot.time, knot.weights) for knot in path)


def path_from_abi(values: tuple[Any, ...]) -> tuple[Knot, ...]:
    return tuple(Knot(time, tuple(weights)) for time, weights in values)


def sequencer_word(mandate: Mandate) -> int:
    """What `IPriceOracle.prices` takes first: the uptime feed and its grace."""
    return mandate.sequencer.grace << 160 | int(mandate.sequencer.feed, 16)


def feed_words(mandate: Mandate) -> list[int]:
    """What it takes second: three words for each asset (contracts/libraries/MandateCodec.sol)."""
    words = []
    for asset in mandate.assets:
        feed, twap = asset.feed, asset.feed.twap
        own = feed.heartbeat << 224 | feed.deviation << 208 | feed.decimals << 200 | asset.decimals << 192
        own |= asset.min_weight << 176 | asset.max_weight << 160 | int(asset.token, 16)
        source = twap.base << 224 | twap.max_deviation << 208 | twap.window << 184 | twap.fee << 160
        words += [own, source | int(feed.source, 16), feed.max_answer << 128 | feed.min_answer]
    return words


def roles_to_abi(roles: Roles) -> tuple[Any, ...]:
    return roles.owner, roles.strategist, roles.guardian, roles.keepers


def roles_from_abi(values: tuple[Any, ...]) -> Roles:
    owner, strategist, guardian, keepers = values
    return Roles(owner, strategist, guardian, tuple(keepers))


# ---- what a vault answers


def status_from_abi(values: tuple[Any, ...]) -> Status:
    status = Status(*values)
    return replace(status, renounced=tuple(power for power in Power if values[-1] >> power & 1))


def due_from_abi(values: tuple[Any, ...], failure: str) -> Due:
    """`failure` is the last of the `values`, in words."""
    due = Due(*values)
    return replace(due, cause=Cause(due.cause), moves=tuple(due.moves), failure=failure)


# ---- plan


def plan_to_abi(plan: Plan) -> tuple[Any, ...]:
    return (
        plan.nonce,
        plan.deadline,
        plan.reference_block,
        plan.reference_hash,
        plan.journal_head,
        plan.part,
        tuple(
            (trade.sell, trade.buy, trade.venue, trade.amount_in, trade.min_out, trade.route) for trade in plan.trades
        ),
    )


def plan_from_abi(values: tuple[Any, ...]) -> Plan:
    nonce, deadline, reference_block, reference_hash, journal_head, part, trades = values
    swaps = tuple(Trade(*trade) for trade in trades)
    return Plan(nonce, deadline, reference_block, reference_hash, journal_head, part, swaps)


def encode_plan(plan: Plan) -> bytes:
    return encode([PLAN], [plan_to_abi(plan)])


def decode_plan(data: bytes) -> Plan:
    return plan_from_abi(decode([PLAN], data)[0])


def plan_hash(plan: Plan) -> bytes:
    """keccak256(abi.encode(plan)), as the vault computes it."""
    return keccak(encode_plan(plan))


# ---- rebalance


def rebalance_to_abi(rebalance: Rebalance) -> tuple[Any, ...]:
    """As contracts/libraries/RebalanceCodec.sol packs it."""
    fills = [
        word
        for fill in rebalance.fills
        for word in (fill.sell << 192 | fill.buy << 160 | fill.venue << 128 | fill.amount_in, fill.amount_out)
    ]
    head = int(rebalance.keeper, 16) << 96 | rebalance.nonce << 56 | int(rebalance.cause) << 48
    return (
        head | int(rebalance.open) << 40 | len(rebalance.fills),
        rebalance.plan_hash,
        rebalance.journal_head,
        rebalance.drift_before << 128 | rebalance.drift_after,
        rebalance.value_before,
        rebalance.value_after,
        (*rebalance.prices, *rebalance.rounds, *fills),
    )


def rebalance_from_abi(*values: Any) -> Rebalance:
    head, planned, journal_head, drifts, value_before, value_after, words = values
    number = head & 0xFFFFFFFFFF
    count, odd = divmod(len(words) - 2 * number, 2)
    if odd or count < 0:
        raise ValueError(f"{len(words)} words cannot hold {number} fills and two words for each asset")
    fills = words[2 * count :]
    return Rebalance(
        keeper=checksum((head >> 96).to_bytes(20, "big")),
        nonce=head >> 56 & 0xFFFFFFFFFF,
        cause=Cause(head >> 48 & 0xFF),
        open=bool(head >> 40 & 0xFF),
        plan_hash=planned,
        journal_head=journal_head,
        drift_before=drifts >> 128,
        drift_after=drifts & MASK128,
        value_before=value_before,
        value_after=value_after,
        prices=tuple(words[:count]),
        rounds=tuple(words[count : 2 * count]),
        fills=tuple(
            Fill(names >> 192, names >> 160 & 0xFFFFFFFF, names >> 128 & 0xFFFFFFFF, names & MASK128, amount_out)
            for names, amount_out in zip(fills[::2], fills[1::2], strict=True)
        ),
    )
