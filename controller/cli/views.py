"""JSON views of the model: amounts are strings, because they outgrow what JSON numbers can carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controller.model import Cause, Decision, Due, NoTrade, Outcome, Plan, Snapshot, TickRecord

CAUSES = {
    Cause.THRESHOLD: "A rebalance is due: an asset has reached its band",
    Cause.CALENDAR: "A rebalance is due: a period has begun",
    Cause.THRESHOLD_AND_CALENDAR: "A rebalance is due: an asset has reached its band, and a period has begun",
    Cause.OPEN: "A rebalance is due: one that was opened goes on",
    Cause.IN_BAND: "Nothing is due: every asset is inside its band",
    Cause.BEFORE_PERIOD: "Nothing is due: the next period has not begun",
    Cause.COOLING_DOWN: "Nothing is due: the last rebalance is not long enough ago",
    Cause.PAUSED: "Nothing is due: the vault is paused",
    Cause.NO_VALUE: "Nothing is due: the vault holds nothing of value",
    Cause.PRICE_UNUSABLE: "Nothing is due: a price cannot be used",
}


def due_document(due: Due, symbols: Sequence[str]) -> dict[str, object]:
    """The vault's own answer. Drifts are D18{1}, `total` and `moves` D36."""
    return {
        "due": due.due,
        "cause": due.cause.name,
        "next": due.next,
        "breaches": [symbol for index, symbol in enumerate(symbols) if due.breaches >> index & 1],
        "largest_drift": str(due.largest_drift),
        "largest_relative_drift": str(due.largest_relative_drift),
        "turnover_drift": str(due.turnover_drift),
        "total": str(due.total),
        "moves": {symbol: str(move) for symbol, move in zip(symbols, due.moves, strict=False)},
        "failure": due.failure,
    }


def snapshot_document(
    snapshot: Snapshot, seen: TickRecord, why_not: NoTrade | None, symbol: Callable[[str], str]
) -> dict[str, object]:
    """A vault at one block. `value` and `price` are D36, drifts D18{1}, what is used of the budgets D14{1}."""
    mandate, status = snapshot.mandate, snapshot.status
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
        "cause": snapshot.due.cause.name,
        "next": snapshot.due.next,
        "largest_relative_drift": str(snapshot.due.largest_relative_drift),
        "trigger": mandate.trigger.kind.name.lower(),
        "band_bps": mandate.trigger.band,
        "relative_band_bps": mandate.trigger.relative_band,
        "destination_bps": mandate.destination.drift,
        "relative_destination_bps": mandate.destination.relative_drift,
        "loss_used": str(status.loss_used),
        "loss_budget_bps": mandate.limits.loss_budget,
        "turnover_used": str(status.turnover_used),
        "turnover_budget_bps": mandate.limits.turnover_budget,
        "open_until": status.open_until,
        "paused": status.paused,
        "nonce": status.nonce,
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
                "target_bps": target,
            }
            for asset, target, balance, price in zip(
                mandate.assets, snapshot.targets, snapshot.balances, snapshot.prices, strict=True
            )
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
        "part": plan.part,
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
        "cause": done.cause.name,
        "open": done.open,
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
