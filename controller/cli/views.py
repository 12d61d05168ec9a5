"""JSON views of the model: amounts are strings, because they outgrow what JSON numbers can carry."""

from __future__ import annotations

from collections.abc import Callable

from controller.model import Decision, NoTrade, Outcome, Plan, Snapshot, TickRecord


def snapshot_document(
    snapshot: Snapshot, seen: TickRecord, why_not: NoTrade | None, symbol: Callable[[str], str]
) -> dict[str, object]:
    """A vault at one block. `value` and `price` are D36, `drift` is D18{1}."""
    mandate = snapshot.mandate
    return {
        "vault": snapshot.vault,
        "name": mandate.name,
        "block": snapshot.block.number,
        "block_hash": "0x" + snapshot.block.hash.hex(),
        "timestamp": snapshot.block.timestamp,
        "due": why_not is None,
        "reason": why_not.reason.value if why_not else "",
        "detail": why_not.detail if why_not else "",
        "value": str(seen.value),
        "drift": str(seen.drift),
        "band_bps": mandate.band,
        "destination_bps": mandate.destination,
        "paused": snapshot.paused,
        "nonce": snapshot.nonce,
        "supply": str(snapshot.supply),
        "assets": [
            {
                "symbol": symbol(asset.token),
                "token": asset.token,
                "decimals": asset.decimals,
                "balance": str(balance),
                "price": str(price.value),
                "price_failure": price.failure,
                "value": str(balance * price.value),
                "target_bps": asset.target,
            }
            for asset, balance, price in zip(mandate.assets, snapshot.balances, snapshot.prices, strict=True)
        ],
    }


def decision_document(decision: Decision) -> dict[str, object]:
    """A plan, or the reason for none."""
    if isinstance(decision, NoTrade):
        return {"plan": None, "reason": decision.reason.value, "detail": decision.detail}
    return {"plan": plan_document(decision), "reason": "", "detail": ""}


def plan_document(plan: Plan) -> dict[str, object]:
    return {
        "nonce": plan.nonce,
        "deadline": plan.deadline,
        "reference_block": plan.reference_block,
        "reference_hash": "0x" + plan.reference_hash.hex(),
        "trades": [
            {
                "sell": trade.sell,
                "buy": trade.buy,
                "venue": trade.venue,
                "amount_in": str(trade.amount_in),
                "min_out": str(trade.min_out),
                "route": "0x" + trade.route.hex(),
            }
            for trade in plan.trades
        ],
    }


def tick_document(record: TickRecord) -> dict[str, object]:
    """What a tick saw, decided and did."""
    return {
        "vault": record.vault,
        "block": record.block.number,
        "timestamp": record.block.timestamp,
        "value": str(record.value),
        "drift": str(record.drift),
        "reason": record.reason.value if record.reason else "",
        "detail": record.detail,
        "plan_hash": "0x" + record.plan_hash.hex() if record.plan_hash else None,
        "outcome": outcome_document(record.outcome) if record.outcome else None,
        "error": record.error,
    }


def outcome_document(outcome: Outcome) -> dict[str, object]:
    done = outcome.rebalance
    return {
        "transaction": "0x" + outcome.transaction.hex(),
        "block": outcome.block.number,
        "gas_used": outcome.gas_used,
        "gas_price": str(outcome.gas_price),
        "drift_before": str(done.drift_before),
        "drift_after": str(done.drift_after),
        "value_before": str(done.value_before),
        "value_after": str(done.value_after),
        "fills": [
            {
                "sell": fill.sell,
                "buy": fill.buy,
                "amount_in": str(fill.amount_in),
                "amount_out": str(fill.amount_out),
            }
            for fill in done.fills
        ],
    }
