"""Flights in the journal: what a record of each kind holds, and the way back from records alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.chain.codec import decode_plan, encode_plan, plan_hash
from controller.chain.wire import word
from controller.errors import RevertError, StorageError
from controller.execution.documents import to_document
from controller.execution.flight import Attempt, Flight, Reply, Verdict
from controller.execution.journal import Record, RecordKind


def intent_body(chain_id: int, flight: Flight) -> dict[str, Any]:
    plan = flight.plan
    return {
        "chain_id": chain_id,
        "plan": word(encode_plan(plan)),
        "plan_hash": word(plan_hash(plan)),
        "reference_block": plan.reference_block,
        "reference_hash": word(plan.reference_hash),
        "sender": flight.sender,
        "nonce": flight.nonce,
        "gas": flight.gas,
        "budget": to_document(flight.budget),
    }


def signed_body(flight: Flight, attempt: Attempt) -> dict[str, Any]:
    return {
        "raw": word(attempt.raw),
        "transaction": word(attempt.hash),
        "nonce": flight.nonce,
        "max_fee": to_document(attempt.max_fee),
        "tip": to_document(attempt.tip),
        "forced": attempt.forced,
        "cancels": flight.cancelling if attempt.cancels else None,
    }


def broadcast_body(attempt: Attempt) -> dict[str, Any]:
    return {"transaction": word(attempt.hash)}


def outcome_body(verdict: Verdict) -> dict[str, Any]:
    return {
        "fate": verdict.fate.name,
        "reason": verdict.reason,
        "outcome": to_document(verdict.outcome),
        "revert": None if verdict.revert is None else _revert(verdict.revert),
        "paid": to_document(verdict.paid),
    }


def _revert(error: RevertError) -> dict[str, Any]:
    return {"name": error.name, "arguments": {name: to_document(value) for name, value in error.arguments.items()}}


def read_flight(intent: Record, records: Iterable[Record], *, since: float, block: int) -> Flight:
    """The flight of an open intent, from its records.

    Parameters
    ----------
    since : {s} on the injected clock, now: how long ago the bytes were sent is not known any more.
    block : number of the head now.
    """
    try:
        return _flight(intent, list(records), since, block)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StorageError(
            f"The intent {intent.seq} of the journal cannot be read: {error!r}.", "Verify the journal."
        ) from None


def _flight(intent: Record, records: list[Record], since: float, block: int) -> Flight:
    signed = [record for record in records if record.kind is RecordKind.SIGNED]
    taken = {record.body["transaction"] for record in records if record.kind is RecordKind.BROADCAST}
    return Flight(
        intent=intent.seq,
        vault=intent.vault,
        plan=decode_plan(_octets(intent.body["plan"])),
        sender=intent.body["sender"],
        nonce=intent.body["nonce"],
        gas=intent.body["gas"],
        budget=int(intent.body["budget"]),
        attempts=tuple(_attempt(record, taken, since, block) for record in signed),
        cancelling=next((record.body["cancels"] for record in signed if record.body["cancels"]), ""),
    )


def _attempt(record: Record, taken: set[str], since: float, block: int) -> Attempt:
    body = record.body
    return Attempt(
        hash=_octets(body["transaction"]),
        raw=_octets(body["raw"]),
        max_fee=int(body["max_fee"]),
        tip=int(body["tip"]),
        cancels=body["cancels"] is not None,
        forced=body["forced"],
        since=since,
        block=block,
        reply=Reply.TAKEN if body["transaction"] in taken else Reply.UNKNOWN,
    )


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
