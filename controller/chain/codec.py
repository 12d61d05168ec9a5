"""Model types to ABI tuples and back, in the exact order of contracts/types/Types.sol."""

from __future__ import annotations

from typing import Any, Final

from eth_utils.crypto import keccak

from controller.chain.abi import decode, encode
from controller.errors import InputError
from controller.model import Asset, Feed, Fill, Mandate, Plan, Rebalance, Roles, Scope, Trade

FEED: Final = "(address,uint32,uint8,uint128,uint128)"
ASSET: Final = f"(address,uint8,uint16,{FEED})"
MANDATE: Final = (
    f"(bytes32,bytes32,bytes32,address,uint8,uint16,uint16,uint16,uint16,uint32,uint128,address[],{ASSET}[])"
)
ROLES: Final = "(address,address,address[])"
TRADE: Final = "(uint8,uint8,uint8,uint128,uint128,bytes)"
PLAN: Final = f"(uint40,uint40,uint64,bytes32,bytes32,{TRADE}[])"
FILL: Final = "(uint8,uint8,uint8,uint256,uint256)"
REBALANCE: Final = f"(address,uint40,bytes32,bytes32,uint256,uint256,uint256,uint256,uint256[],uint80[],{FILL}[])"

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
        int(mandate.scope),
        mandate.band,
        mandate.destination,
        mandate.max_slippage,
        mandate.max_loss,
        mandate.cooldown,
        mandate.min_trade,
        mandate.venues,
        tuple(asset_to_abi(asset) for asset in mandate.assets),
    )


def mandate_from_abi(values: tuple[Any, ...]) -> Mandate:
    name, symbol, file_hash, oracle, scope, *limits, venues, assets = values
    band, destination, max_slippage, max_loss, cooldown, min_trade = limits
    return Mandate(
        name=name_from_bytes(name),
        symbol=name_from_bytes(symbol),
        file_hash=file_hash,
        oracle=oracle,
        scope=Scope(scope),
        band=band,
        destination=destination,
        max_slippage=max_slippage,
        max_loss=max_loss,
        cooldown=cooldown,
        min_trade=min_trade,
        venues=tuple(venues),
        assets=tuple(asset_from_abi(asset) for asset in assets),
    )


def feed_to_abi(feed: Feed) -> tuple[Any, ...]:
    return feed.source, feed.heartbeat, feed.decimals, feed.min_answer, feed.max_answer


def asset_to_abi(asset: Asset) -> tuple[Any, ...]:
    return asset.token, asset.decimals, asset.target, feed_to_abi(asset.feed)


def asset_from_abi(values: tuple[Any, ...]) -> Asset:
    token, decimals, target, feed = values
    return Asset(token, decimals, target, Feed(*feed))


def roles_to_abi(roles: Roles) -> tuple[Any, ...]:
    return roles.owner, roles.guardian, roles.keepers


def roles_from_abi(values: tuple[Any, ...]) -> Roles:
    owner, guardian, keepers = values
    return Roles(owner, guardian, tuple(keepers))


# ---- plan


def plan_to_abi(plan: Plan) -> tuple[Any, ...]:
    return (
        plan.nonce,
        plan.deadline,
        plan.reference_block,
        plan.reference_hash,
        plan.journal_head,
        tuple(
            (trade.sell, trade.buy, trade.venue, trade.amount_in, trade.min_out, trade.route) for trade in plan.trades
        ),
    )


def plan_from_abi(values: tuple[Any, ...]) -> Plan:
    nonce, deadline, reference_block, reference_hash, journal_head, trades = values
    return Plan(
        nonce, deadline, reference_block, reference_hash, journal_head, tuple(Trade(*trade) for trade in trades)
    )


def encode_plan(plan: Plan) -> bytes:
    return encode([PLAN], [plan_to_abi(plan)])


def decode_plan(data: bytes) -> Plan:
    return plan_from_abi(decode([PLAN], data)[0])


def plan_hash(plan: Plan) -> bytes:
    """keccak256(abi.encode(plan)), as the vault computes it."""
    return keccak(encode_plan(plan))


# ---- rebalance


def rebalance_to_abi(rebalance: Rebalance) -> tuple[Any, ...]:
    return (
        rebalance.keeper,
        rebalance.nonce,
        rebalance.plan_hash,
        rebalance.journal_head,
        rebalance.drift_before,
        rebalance.drift_after,
        rebalance.value_before,
        rebalance.value_after,
        rebalance.prices,
        rebalance.rounds,
        tuple((fill.sell, fill.buy, fill.venue, fill.amount_in, fill.amount_out) for fill in rebalance.fills),
    )


def rebalance_from_abi(values: tuple[Any, ...]) -> Rebalance:
    keeper, nonce, planned, journal_head, drift_before, drift_after, value_before, value_after, *lists = values
    prices, rounds, fills = lists
    return Rebalance(
        keeper=keeper,
        nonce=nonce,
        plan_hash=planned,
        journal_head=journal_head,
        drift_before=drift_before,
        drift_after=drift_after,
        value_before=value_before,
        value_after=value_after,
        prices=tuple(prices),
        rounds=tuple(rounds),
        fills=tuple(Fill(*fill) for fill in fills),
    )
