"""Sending on real nodes: what happens is recorded, and happens once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from plan_world import PlanWorld, same_hash

from controller.chain import dev
from controller.errors import RevertError, SendError, StorageError
from controller.execution.journal import Journal, Record, RecordKind
from controller.execution.send import recover, submit

STEPS = [RecordKind.INTENT, RecordKind.SIGNED, RecordKind.BROADCAST, RecordKind.OUTCOME]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.at(tmp_path / "journal.db") as opened:
        yield opened
        assert opened.verify() is None


def _kinds(journal: Journal) -> list[RecordKind]:
    return [record.kind for record in journal.records()]


def test_submit__when_all_is_well__then_executed_once_and_recorded(world: PlanWorld, journal: Journal) -> None:
    plan = world.plan()
    outcome = submit(world.chain, world.signer, journal, world.vault, plan)
    assert same_hash(plan, outcome.rebalance)
    assert outcome.rebalance.keeper == world.signer.address
    assert outcome.rebalance.journal_head == plan.journal_head
    assert outcome.gas_used > 21_000
    assert world.chain.block(outcome.block.number) == outcome.block
    assert world.executed() == [outcome.rebalance]
    assert _kinds(journal) == STEPS
    assert journal.open_intents(world.vault) == []


def test_submit__when_the_vault_refuses__then_nothing_is_recorded(world: PlanWorld, journal: Journal) -> None:
    with pytest.raises(RevertError, match="NonceMismatch"):
        submit(world.chain, world.signer, journal, world.vault, world.plan(nonce=3))
    assert journal.records() == []


def test_submit__when_it_reverts_once_mined__then_named_and_closed(world: PlanWorld, journal: Journal) -> None:
    plan = world.plan()
    dev.transact(world.chain, world.owner, world.vault, world.contract.encode("setPaused", True))
    with pytest.raises(RevertError) as caught:
        submit(world.chain, world.signer, journal, world.vault, plan, gas=300_000)
    assert caught.value.name == "Paused"
    assert journal.records(kind=RecordKind.OUTCOME)[0].body["fate"] == "REVERTED"
    assert recover(world.chain, journal, world.vault) == ()


def test_submit__when_gas_costs_too_much__then_nothing_is_sent(world: PlanWorld, journal: Journal) -> None:
    with pytest.raises(SendError, match="the limit is 1"):
        submit(world.chain, world.signer, journal, world.vault, world.plan(), max_fee=1)
    assert journal.records() == []


def test_F02_the_account_is_dry__then_says_how_much_is_missing_before_anything_is_signed(
    world: PlanWorld, journal: Journal
) -> None:
    with pytest.raises(SendError, match=r"holds .* wei and may need"):
        submit(world.chain, world.signer, journal, world.vault, world.plan(), gas=10**14)
    assert journal.records() == []


def test_submit__when_an_earlier_one_was_executed__then_not_a_second(world: PlanWorld, journal: Journal) -> None:
    plan = world.plan()
    submit(world.chain, world.signer, journal, world.vault, plan)
    with pytest.raises(RevertError, match="NonceMismatch"):
        submit(world.chain, world.signer, journal, world.vault, plan)
    assert len(world.executed()) == 1


class _Full(Journal):
    """A disk that fills up at a given kind of record."""

    full_at = RecordKind.SIGNED

    def append(self, kind: RecordKind, *arguments: object, **named: object) -> Record:
        if kind is self.full_at:
            raise StorageError("database or disk is full")
        return super().append(kind, *arguments, **named)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [RecordKind.INTENT, RecordKind.SIGNED])
def test_F25_the_disk_is_full__then_nothing_leaves(world: PlanWorld, tmp_path: Path, kind: RecordKind) -> None:
    with _Full.at(tmp_path / "full.db") as journal:
        journal.full_at = kind
        before = world.chain.nonce(world.signer.address)
        with pytest.raises(StorageError):
            submit(world.chain, world.signer, journal, world.vault, world.plan())
    assert world.chain.nonce(world.signer.address) == before
    assert world.executed() == []


def test_recover__when_another_plan_took_the_nonce__then_superseded(
    world: PlanWorld, journal: Journal, tmp_path: Path
) -> None:
    plan = world.plan()
    _leave_open(world, journal, plan_lifetime=10_000)
    with Journal.at(tmp_path / "other.db") as other:
        outcome = submit(world.chain, world.signer, other, world.vault, plan)
    assert recover(world.chain, journal, world.vault) == ()
    body = journal.records(kind=RecordKind.OUTCOME)[0].body
    assert (body["fate"], len(world.executed())) == ("SUPERSEDED", 1)
    assert outcome.rebalance.plan_hash.hex() in body["reason"]


def test_recover__when_the_deadline_has_passed__then_expired(world: PlanWorld, journal: Journal) -> None:
    _leave_open(world, journal, plan_lifetime=2)
    dev.set_next_timestamp(world.chain, world.chain.head().timestamp + 100)
    dev.mine(world.chain)
    assert recover(world.chain, journal, world.vault) == ()
    assert journal.records(kind=RecordKind.OUTCOME)[0].body["fate"] == "EXPIRED"


def test_recover__when_the_account_nonce_was_used__then_lost(world: PlanWorld, journal: Journal) -> None:
    _leave_open(world, journal, plan_lifetime=10_000)
    dev.transact(world.chain, world.signer.address, world.owner, value=1)
    assert recover(world.chain, journal, world.vault) == ()
    assert journal.records(kind=RecordKind.OUTCOME)[0].body["fate"] == "LOST"
    assert world.executed() == []


def test_recover__when_the_chain_is_another__then_refuses(world: PlanWorld, journal: Journal) -> None:
    journal.append(RecordKind.INTENT, world.vault, {"chain_id": 5})
    with pytest.raises(StorageError, match="open intent for chain 5"):
        recover(world.chain, journal, world.vault)


def test_F09_the_receipt_is_hidden__then_found_by_the_ledger(
    world: PlanWorld, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.chain), "receipt", lambda *_: None)
    outcome = submit(world.chain, world.signer, journal, world.vault, world.plan())
    assert world.executed() == [outcome.rebalance]
    assert _kinds(journal) == STEPS


def test_submit__when_more_confirmations_are_asked__then_waits_for_them(world: PlanWorld, journal: Journal) -> None:
    def mine(_: float) -> None:
        dev.mine(world.chain)

    outcome = submit(world.chain, world.signer, journal, world.vault, world.plan(), confirmations=4, sleep=mine)
    assert world.chain.head().number >= outcome.block.number + 3


def test_submit__when_time_is_up__then_open_and_recoverable(world: PlanWorld, journal: Journal) -> None:
    ticks = iter(range(1_000))
    with pytest.raises(SendError, match="not confirmed after 3 seconds"):
        submit(
            world.chain,
            world.signer,
            journal,
            world.vault,
            world.plan(),
            confirmations=50,
            timeout=3,
            clock=lambda: float(next(ticks)),
            sleep=lambda _: None,
        )
    assert len(journal.open_intents(world.vault)) == 1
    recovered = recover(world.chain, journal, world.vault)
    assert [same for same in recovered if same.rebalance in world.executed()] == list(recovered)
    assert len(recovered) == 1
    assert journal.open_intents(world.vault) == []


def _leave_open(world: PlanWorld, journal: Journal, plan_lifetime: int) -> None:
    """An intent that was signed, but whose bytes no node ever got."""
    plan = replace(world.plan(lifetime=plan_lifetime), journal_head=b"\x09" * 32)

    class StopError(Exception):
        pass

    def stop(*_: object) -> bytes:
        raise StopError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.chain), "send_raw", stop)
        with pytest.raises(StopError):
            submit(world.chain, world.signer, journal, world.vault, plan)
    assert _kinds(journal) == STEPS[:2]
