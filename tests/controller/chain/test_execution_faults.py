"""The faults of a live network, on a real node behind a proxy that makes them: whatever happens, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import (
    SEND,
    Call,
    Fault,
    Forward,
    GethPool,
    Json,
    Proxy,
    altered,
    answer_lost,
    fault_proxy,
    hidden,
    refused,
)
from plan_world import PlanWorld, build

from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.chain.nodes import Node, start_node
from controller.chain.wire import word
from controller.errors import NodeError, SendError, SigningKeyError
from controller.execution import send
from controller.execution.flight import USUAL, Fate, Flight, Policy, Verdict
from controller.execution.journal import Journal, RecordKind

START = 946_684_800  # {s}
GWEI = 10**9


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with start_node("anvil", timestamp=START) as running:
        yield running


@pytest.fixture
def proxy(node: Node) -> Iterator[Proxy]:
    with fault_proxy(node.url) as running:
        yield running


@dataclass
class Keeper:
    """A vault, and a keeper whose only node is the proxy. Blocks come when a test says so."""

    world: PlanWorld
    proxy: Proxy
    pool: GethPool
    chain: Chain
    journal: Journal
    policy: Policy = USUAL
    now: float = 1_000.0

    def launch(self, **changes: Any) -> Flight:
        plan = replace(self.world.plan(**changes), journal_head=self.journal.head)
        return send.launch(
            self.chain, self.world.signer, self.journal, self.world.vault, plan, policy=self.policy, clock=self._clock
        )

    def step(self, flight: Flight) -> Flight | Verdict:
        return send.step(self.chain, self.world.signer, self.journal, flight, policy=self.policy, clock=self._clock)

    def flies(self, flight: Flight) -> Flight:
        after = self.step(flight)
        assert isinstance(after, Flight), after
        return after

    def ends(self, flight: Flight) -> Verdict:
        after = self.step(flight)
        assert isinstance(after, Verdict), after
        return after

    def mine(self) -> None:
        dev.mine(self.world.chain)

    def sent(self) -> list[str]:
        """Bytes in the order in which the node was offered them."""
        return [str(exchange.parameters[0]) for exchange in self.proxy.calls(SEND)]

    def signed(self) -> int:
        return len(self.journal.records(kind=RecordKind.SIGNED))

    def foreign(self, *, ahead: int = 0, times: int = 1) -> bytes:
        """Bytes of the same account that this keeper has not signed, at `times` the usual fees."""
        head = self.world.chain.head()
        fees = self.world.chain.fees(head)
        return self.world.signer.sign(
            {
                "type": 2,
                "chainId": self.chain.chain_id,
                "nonce": self.world.chain.mined_nonce(self.world.signer.address, head) + ahead,
                "to": self.world.owner,
                "value": 1,
                "data": b"",
                "gas": 21_000,
                "maxFeePerGas": times * (2 * fees.base + fees.tip),
                "maxPriorityFeePerGas": times * fees.tip,
            }
        )

    def _clock(self) -> float:
        return self.now


@pytest.fixture
def keeper(node: Node, proxy: Proxy, tmp_path: Path) -> Iterator[Keeper]:
    direct = Chain(node.url, node.chain_id)
    world = build(direct, node.accounts[0])
    direct.request("evm_setAutomine", False)
    with Journal.at(tmp_path / "journal.db") as journal:
        yield Keeper(world, proxy, proxy.geth_pool(), Chain(proxy.url, node.chain_id), journal)
        assert journal.verify() is None
        assert len(world.executed()) == world.nonce()
    direct.request("anvil_dropAllTransactions")
    direct.request("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    direct.request("evm_setAutomine", True)
    dev.mine(direct)


def _executed_once(keeper: Keeper, verdict: Verdict, attempt: bytes) -> None:
    assert (verdict.fate, len(keeper.world.executed())) == (Fate.EXECUTED, 1)
    assert verdict.outcome is not None
    assert verdict.outcome.transaction == attempt
    assert keeper.journal.open_intents() == []


def test_F01_base_fee_up_tenfold__then_bumped_to_it_and_executed(keeper: Keeper) -> None:
    flight = keeper.launch()
    base = 10 * keeper.world.chain.fees(keeper.world.chain.head()).base
    keeper.world.chain.request("anvil_setNextBlockBaseFeePerGas", hex(base))
    keeper.mine()
    keeper.now += 31
    flight = keeper.flies(flight)
    first, second = flight.attempts
    # the base fee falls by an eighth after an empty block
    assert second.max_fee > base * 7 // 8 * 2 > 2 * first.max_fee
    assert second.max_fee * flight.gas <= flight.budget
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), second.hash)


def test_F01_base_fee_beyond_the_budget__then_cancelled_within_it(keeper: Keeper) -> None:
    keeper.policy = replace(USUAL, budget=10**15)
    flight = keeper.launch()
    keeper.pool.holding = True
    keeper.world.chain.request("anvil_setNextBlockBaseFeePerGas", hex(20 * GWEI))
    keeper.world.chain.request("anvil_dropTransaction", word(flight.attempts[0].hash))
    keeper.mine()
    keeper.now += 31
    flight = keeper.flies(flight)
    assert flight.attempts[-1].max_fee == flight.budget // flight.gas
    keeper.mine()
    keeper.now += 31
    flight = keeper.flies(flight)
    cancel = flight.attempts[-1]
    assert cancel.cancels
    assert 21_000 * cancel.max_fee <= flight.budget
    keeper.pool.release()
    keeper.mine()
    verdict = keeper.ends(flight)
    assert verdict.fate is Fate.CANCELLED
    assert verdict.reason.endswith("reached the limit")
    assert keeper.world.executed() == []


def test_F03_dropped_from_the_pool__then_the_same_bytes_again(keeper: Keeper) -> None:
    keeper.pool.holding = True
    flight = keeper.launch()
    keeper.pool.forget(word(flight.attempts[0].hash))
    keeper.pool.holding = False
    keeper.mine()
    flight = keeper.flies(flight)
    assert keeper.sent() == [word(flight.attempts[0].raw)] * 2
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)


def test_F04_replacement_underpriced__then_one_bump_of_both_fees(keeper: Keeper) -> None:
    keeper.chain.send_raw(keeper.foreign())
    flight = keeper.launch()
    flight = keeper.flies(flight)
    first, second = flight.attempts
    assert 10 * second.max_fee >= 11 * first.max_fee
    assert 10 * second.tip >= 11 * first.tip
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), second.hash)


def test_F04_underpriced_again__then_no_loop_of_bumps(keeper: Keeper) -> None:
    keeper.chain.send_raw(keeper.foreign(times=50))
    flight = keeper.launch()
    for _ in range(5):
        flight = keeper.flies(flight)
    assert keeper.signed() == 2


@pytest.mark.parametrize(
    "words", ["already known", "AlreadyKnown", "Known transaction", "transaction already imported"]
)
def test_F05_already_known__in_any_client_s_words__then_it_counts_as_sent(keeper: Keeper, words: str) -> None:
    keeper.proxy.inject(_taken_and(words), SEND)
    flight = keeper.launch()
    assert [record.kind for record in keeper.journal.records()][-1] is RecordKind.BROADCAST
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)


def _taken_and(words: str) -> Fault:
    def fault(call: Call, forward: Forward) -> Json:
        forward(call)
        return {"error": {"code": -32000, "message": words}}

    return fault


def test_F06_nonce_too_low_because_ours_is_mined__then_executed_and_not_lost(keeper: Keeper) -> None:
    keeper.proxy.inject(answer_lost(), SEND, times=1)
    flight = keeper.launch()
    keeper.mine()
    keeper.proxy.inject(refused("nonce too low"), SEND)
    keeper.now += 999
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)


def test_F06_nonce_used_by_another_signer__then_lost_and_the_next_intent_takes_a_new_nonce(keeper: Keeper) -> None:
    keeper.pool.holding = True
    flight = keeper.launch()
    keeper.world.chain.send_raw(keeper.foreign())
    keeper.mine()
    flight = keeper.flies(flight)
    keeper.now += 2
    assert keeper.ends(flight).fate is Fate.LOST
    keeper.pool.holding = False
    anew = keeper.launch()
    assert anew.nonce == flight.nonce + 1
    keeper.mine()
    _executed_once(keeper, keeper.ends(anew), anew.attempts[0].hash)


def test_F07_a_foreign_transaction_five_nonces_ahead__then_it_stands_in_nobody_s_way(keeper: Keeper) -> None:
    keeper.chain.send_raw(keeper.foreign(ahead=5))
    flight = keeper.launch()
    assert flight.nonce == keeper.world.chain.mined_nonce(flight.sender, keeper.world.chain.head())
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)


def test_F09_receipt_hidden_though_mined__then_found_by_its_entry_and_sent_once(keeper: Keeper) -> None:
    keeper.proxy.inject(hidden(), "eth_getTransactionReceipt")
    flight = keeper.launch()
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)
    assert len(keeper.sent()) == 1


@pytest.mark.parametrize("included", [True, False])
def test_F10_a_reorg_takes_it_out__included_again_or_not__then_pending_and_the_same_bytes(
    keeper: Keeper, included: bool
) -> None:
    keeper.policy = replace(USUAL, confirmations=2)
    flight = keeper.launch()
    keeper.mine()
    flight = keeper.flies(flight)
    assert keeper.world.nonce() == 1
    raw = word(flight.attempts[0].raw)
    keeper.world.chain.request("anvil_reorg", 1, [[raw, 0]] if included else [])
    assert keeper.world.nonce() == int(included)
    keeper.pool.forget(word(flight.attempts[0].hash))
    flight = keeper.flies(flight)
    keeper.mine()
    after = keeper.step(flight)
    if isinstance(after, Flight):
        keeper.mine()
        after = keeper.ends(after)
    _executed_once(keeper, after, flight.attempts[0].hash)
    assert keeper.signed() == 1
    assert set(keeper.sent()) == {raw}


@pytest.mark.parametrize("name", ["Paused", "DeadlinePassed"])
def test_F18_F24_the_state_moves_before_inclusion__then_reverted_and_the_error_recorded_with_its_arguments(
    keeper: Keeper, name: str
) -> None:
    chain, plan_lifetime = keeper.world.chain, 50
    flight = keeper.launch(lifetime=plan_lifetime)
    held = chain.balance(flight.sender, chain.head())
    if name == "Paused":
        _pause(keeper)
    else:
        dev.set_next_timestamp(chain, flight.plan.deadline + 7)
    keeper.mine()
    verdict = keeper.ends(flight)
    assert verdict.fate is Fate.REVERTED
    assert verdict.revert is not None
    assert verdict.paid is not None
    assert verdict.paid.cost == held - chain.balance(flight.sender, chain.head())
    (record,) = keeper.journal.records(kind=RecordKind.OUTCOME)
    arguments = {} if name == "Paused" else {"deadline": flight.plan.deadline, "timestamp": chain.head().timestamp + 1}
    assert record.body["revert"]["name"] == verdict.revert.name == name
    assert list(record.body["revert"]["arguments"].values()) == list(arguments.values())
    assert keeper.world.executed() == []


def _pause(keeper: Keeper) -> None:
    """In the pool, before everything that pays less."""
    keeper.world.chain.request(
        "eth_sendTransaction",
        {
            "from": keeper.world.owner,
            "to": keeper.world.vault,
            "data": word(keeper.world.contract.encode("setPaused", True)),
            "gas": hex(100_000),
            "maxFeePerGas": hex(500 * GWEI),
            "maxPriorityFeePerGas": hex(400 * GWEI),
        },
    )


def test_F19_the_vault_would_refuse_it_by_now__then_cancelled_before_it_is_mined(keeper: Keeper) -> None:
    keeper.pool.holding = True
    flight = keeper.launch()
    _pause(keeper)
    keeper.mine()
    flight = keeper.flies(flight)
    assert [attempt.cancels for attempt in flight.attempts] == [False, True]
    held = keeper.world.chain.balance(flight.sender, keeper.world.chain.head())
    keeper.pool.release()
    keeper.mine()
    verdict = keeper.ends(flight)
    assert verdict.paid is not None
    assert verdict == Verdict(Fate.CANCELLED, reason="The chain refused: Paused().", paid=verdict.paid)
    assert verdict.paid.cost == held - keeper.world.chain.balance(flight.sender, keeper.world.chain.head())
    assert keeper.world.executed() == []


def test_F19_it_is_refused_only_because_it_was_executed__then_not_cancelled(keeper: Keeper) -> None:
    keeper.policy = replace(USUAL, confirmations=3)
    flight = keeper.launch()
    for _ in range(2):
        keeper.mine()
        flight = keeper.flies(flight)
    keeper.mine()
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)
    assert keeper.signed() == 1


def test_F22_the_deadline_passes_on_the_chain_s_clock__then_cancelled_whatever_the_own_clock_says(
    keeper: Keeper,
) -> None:
    keeper.pool.holding = True
    flight = keeper.launch(lifetime=100)
    dev.set_next_timestamp(keeper.world.chain, flight.plan.deadline)
    keeper.now -= 500
    keeper.mine()
    flight = keeper.flies(flight)
    keeper.pool.release()
    keeper.mine()
    verdict = keeper.ends(flight)
    assert (verdict.fate, verdict.reason) == (Fate.CANCELLED, f"the deadline {flight.plan.deadline} has passed")


def test_launch__when_the_network_has_a_private_endpoint__then_the_bytes_go_there_only(
    keeper: Keeper, node: Node
) -> None:
    with fault_proxy(node.url) as private:
        chain = Chain(Endpoints([keeper.proxy.url], node.chain_id, private=private.url))
        world = keeper.world
        flight = send.launch(chain, world.signer, keeper.journal, world.vault, world.plan(), policy=keeper.policy)
        keeper.mine()
        verdict = send.step(chain, world.signer, keeper.journal, flight, policy=keeper.policy)
        assert {exchange.method for exchange in private.calls()} == {"eth_chainId", SEND}
    assert keeper.sent() == []
    assert isinstance(verdict, Verdict)
    _executed_once(keeper, verdict, flight.attempts[0].hash)


def test_launch__when_account_or_vault_have_an_open_intent__then_refused(keeper: Keeper) -> None:
    flight = keeper.launch()
    with pytest.raises(SendError, match="is still open"):
        keeper.launch()
    keeper.mine()
    assert keeper.ends(flight).fate is Fate.EXECUTED
    assert keeper.launch().nonce == flight.nonce + 1


def test_launch__when_the_budget_does_not_pay_for_one_attempt__then_nothing_is_recorded(keeper: Keeper) -> None:
    keeper.policy = replace(USUAL, budget=1)
    with pytest.raises(SendError, match="the limit is 0"):
        keeper.launch()
    assert keeper.journal.records() == []


def test_launch__when_the_node_refuses_for_good__then_refused_with_its_words(keeper: Keeper) -> None:
    keeper.proxy.inject(refused("insufficient funds for gas * price + value"), SEND)
    verdict = keeper.ends(keeper.launch())
    assert verdict == Verdict(Fate.REFUSED, reason="insufficient funds for gas * price + value")


def test_launch__when_the_signer_does_not_sign__then_closed_as_unsent(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    _signing_fails(monkeypatch, keeper)
    with pytest.raises(SigningKeyError):
        keeper.launch()
    assert keeper.journal.open_intents() == []
    assert [record.body["fate"] for record in keeper.journal.records(kind=RecordKind.OUTCOME)] == ["UNSENT"]
    assert keeper.sent() == []


def test_bump__when_the_signer_does_not_sign__then_the_same_bytes_go_out_again(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.pool.holding = True
    flight = keeper.launch()
    keeper.mine()
    keeper.now += 31
    _signing_fails(monkeypatch, keeper)
    with pytest.raises(SigningKeyError):
        keeper.step(flight)
    assert keeper.sent() == [word(flight.attempts[0].raw)] * 2


def _signing_fails(monkeypatch: pytest.MonkeyPatch, keeper: Keeper) -> None:
    def sign(*_: object) -> bytes:
        raise SigningKeyError("The signer is away.")

    monkeypatch.setattr(type(keeper.world.signer), "sign", sign)


def test_resume__after_a_bump__then_all_hashes_are_watched_and_the_older_one_counts(keeper: Keeper) -> None:
    keeper.pool.holding = True
    flight = keeper.launch()
    keeper.mine()
    keeper.now += 31
    flight = keeper.flies(flight)
    assert len(flight.attempts) == 2
    keeper.world.chain.send_raw(flight.attempts[0].raw)
    keeper.mine()
    (resumed,) = send.resume(keeper.chain, keeper.journal, clock=lambda: keeper.now)
    assert [attempt.hash for attempt in resumed.attempts] == [attempt.hash for attempt in flight.attempts]
    _executed_once(keeper, keeper.ends(resumed), flight.attempts[0].hash)


def test_F10_a_receipt_from_another_branch__then_it_counts_for_nothing(keeper: Keeper) -> None:
    flight = keeper.launch()
    _pause(keeper)
    keeper.mine()
    elsewhere = {"blockHash": "0x" + "ab" * 32}
    rule = keeper.proxy.inject(altered(lambda receipt: {**receipt, **elsewhere}), "eth_getTransactionReceipt")
    flight = keeper.flies(flight)
    rule.clear()
    assert keeper.ends(flight).fate is Fate.REVERTED


def test_step__when_the_node_does_not_answer__then_the_flight_stays_good(keeper: Keeper) -> None:
    flight = keeper.launch()
    keeper.mine()
    rule = keeper.proxy.inject(refused("busy"), "eth_getBlockByNumber")
    with pytest.raises(NodeError):
        keeper.step(flight)
    rule.clear()
    _executed_once(keeper, keeper.ends(flight), flight.attempts[0].hash)
