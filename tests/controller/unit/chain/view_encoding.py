"""What the lens would answer, encoded by eth_abi from the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from hypothesis import strategies as st
from model_strategies import ADDRESSES, AMOUNTS, DUES, MANDATES, STATUSES, WORDS, tuples_of, uint

from controller.chain.abi import encode
from controller.chain.artifacts import load
from controller.chain.codec import mandate_to_abi
from controller.model import BlockRef, Cause, Due, Price, Snapshot

TYPES = load("IVaultLens").abi.functions["snapshots"].outputs
BLOCK = BlockRef(7, b"\x07" * 32, 70)
SNAPSHOTS = st.builds(
    Snapshot,
    st.just(1),
    st.just(BLOCK),
    ADDRESSES,
    st.booleans(),
    uint(256),
    WORDS.map(lambda word: word[:27]),
    uint(40),
    MANDATES,
    tuples_of(uint(16), 16),
    STATUSES,
    DUES,
    AMOUNTS,
    tuples_of(st.builds(Price, uint(256), uint(80), uint(40)), 16),
)


def view(snapshot: Snapshot, failures: Sequence[bytes] = (), due_failure: bytes = b"") -> tuple[Any, ...]:
    """`failures` of its prices, from the first on."""
    reasons = [*failures, *[b""] * len(snapshot.prices)]
    prices = [
        (price.value, price.round_id, price.updated_at, why)
        for price, why in zip(snapshot.prices, reasons, strict=False)
    ]
    *status, renounced = astuple(snapshot.status)
    return (
        snapshot.vault,
        b"",
        snapshot.registered,
        (*status, sum(1 << power for power in renounced)),
        snapshot.supply,
        snapshot.ledger_head,
        snapshot.ledger_count,
        mandate_to_abi(snapshot.mandate),
        snapshot.targets,
        snapshot.balances,
        prices,
        (*astuple(snapshot.due)[:-1], due_failure),
    )


def failed(vault: str, failure: bytes, like: Snapshot) -> tuple[Any, ...]:
    """As the lens leaves everything else empty."""
    nothing = mandate_to_abi(like.mandate)
    empty = Due(False, Cause(0), 0, 0, 0, 0, 0, 0, ())
    status = (0, 0, 0, 0, False, 0, 0, 0, 0, 0, 0)
    return (vault, failure, True, status, 0, bytes(27), 0, nothing, (), (), (), (*astuple(empty)[:-1], b""))


def answer(views: Sequence[tuple[Any, ...]]) -> bytes:
    return encode(TYPES, [list(views)])
