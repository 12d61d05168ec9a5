"""The movements of a vault add up to what it holds, and nothing is told of a history that does not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from audit_evidence import gather
from audit_pieces import address
from audit_world import World
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.audit.history import Decoded
from controller.audit.movements import Charged, Flowed, GasPaid, Paid, Traded, Valued, fold, movements
from controller.chain.entries import decode_entry
from controller.errors import FindingError
from controller.model import Kind


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_movements__when_all_are_added__then_are_what_the_vault_holds(seed: int) -> None:
    world = World(seed)
    held: Counter[str] = Counter()
    for block in world.blocks.values():
        for done in block.transactions:
            if done.call.sender == address("donor"):
                for token, _, _, amount in (log for log in done.logs if isinstance(log, tuple)):
                    held[token] += amount
    found = movements(gather(world))
    for one in found:
        if isinstance(one, Traded):
            held[one.sold.token] -= one.sold.amount
            held[one.bought.token] += one.bought.amount
        elif isinstance(one, Flowed):
            for amount in one.amounts:
                held[amount.token] += amount.amount if one.comes else -amount.amount
    assert +held == +Counter(world.vault.held)
    supplies = [one.supply for one in found if isinstance(one, Flowed | Charged | Valued)]
    assert supplies[-1] == world.vault.supply


def test_movements__when_every_kind_occurs__then_each_has_its_place_and_price() -> None:
    world = World(3, steps=6)
    world.everything()
    evidence = gather(world)
    found = movements(evidence)
    for one in found:
        entry = evidence.entries[one.at.seq]
        assert (one.at.block, one.at.transaction) == (entry.block_number, entry.transaction)
        assert one.at.timestamp == evidence.headers[one.at.block].block.timestamp
    assert {one.kind for one in found if isinstance(one, Flowed)} == {
        Kind.MINTED, Kind.REDEEMED, Kind.DEPOSITED, Kind.WITHDRAWN,
    }  # fmt: skip
    for one in found:
        if isinstance(one, Traded):
            assert one.sold.value is not None
            assert one.sold.value == one.sold.amount * (one.sold.price or 0) > 0
        if isinstance(one, Flowed):
            priced = one.kind in (Kind.DEPOSITED, Kind.WITHDRAWN)
            assert all((amount.value is not None) == priced for amount in one.amounts)


def test_fold__when_a_transaction_has_several_entries__then_its_gas_is_told_once() -> None:
    world = World(11)
    evidence = gather(world)
    paid = {entry.transaction: Paid(address("payer"), 21_000, 7) for entry in evidence.entries}
    decoded = [Decoded(entry, decode_entry(entry)) for entry in evidence.entries]
    found = [one for one in fold(decoded, lambda _number: 0, paid) if isinstance(one, GasPaid)]
    assert [one.at.transaction for one in found] == list(paid)
    assert all(one.paid == 147_000 for one in found)


def test_movements__when_the_history_is_broken__then_tells_nothing() -> None:
    evidence = gather(World(2))
    with pytest.raises(FindingError, match="is missing"):
        movements(replace(evidence, entries=(*evidence.entries[:2], *evidence.entries[3:])))
